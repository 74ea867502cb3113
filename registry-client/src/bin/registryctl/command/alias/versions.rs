//! The versions behind ids, for people: what aliases and their history name are ids alone.

use std::collections::BTreeMap;

use registry_client::{Client, Error, ReleaseId};

use crate::failure::Failure;

/// What is known already.
pub(super) struct Versions {
    client: Client,
    known: BTreeMap<String, String>,
}

impl Versions {
    pub(super) fn of(client: &Client) -> Self {
        Self { client: client.clone(), known: BTreeMap::new() }
    }

    /// The version of a release, with what else tells it from others; the id of one that is gone.
    pub(super) async fn get(&mut self, id: &str) -> Result<String, Failure> {
        if id.is_empty() {
            return Ok(String::new());
        }
        if let Some(version) = self.known.get(id) {
            return Ok(version.clone());
        }
        let version = match self.client.get_release(ReleaseId::new(id)).send().await {
            Ok(release) => [Some(release.version), release.quantization].into_iter().flatten().collect::<Vec<_>>().join(" "),
            Err(Error::NotFound(_)) => format!("id:{id}"),
            Err(error) => return Err(error.into()),
        };
        self.known.insert(id.to_owned(), version.clone());
        Ok(version)
    }
}
