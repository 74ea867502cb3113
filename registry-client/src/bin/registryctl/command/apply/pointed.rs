//! The release that a document belongs to. What a document says of it in several ways must be said of the same one.

use registry_client::{Client, Reference, Release, ReleaseId, ReleaseSelector};

use crate::arguments::{Build, described};
use crate::failure::Failure;

/// A release in the words of a document; what it does not say is empty.
pub(super) struct Which<'a> {
    pub(super) id: &'a str,
    pub(super) model: &'a str,
    pub(super) version: &'a str,
    pub(super) build: Build,
}

impl Which<'_> {
    /// The release, or why there is none that all of it is true of.
    pub(super) async fn find(self, client: &Client) -> Result<Release, Failure> {
        let Self { id, model, version, build } = self;
        if id.is_empty() {
            let selector = ReleaseSelector::Version(version.to_owned());
            return build.resolve(client, Reference::Release { model: model.to_owned(), selector }).await;
        }
        let release = client.get_release(ReleaseId::new(id)).send().await?;
        let quantization = release.quantization.as_deref().unwrap_or_default();
        let agrees = [
            ("modelName", said(model), release.model_name.as_str()),
            ("version", said(version), release.version.as_str()),
            ("quantization", build.quantization.as_deref(), quantization),
            ("platform", build.platform.as_deref(), release.platform.as_str()),
        ];
        for (field, said, is) in agrees {
            if let Some(said) = said.filter(|said| *said != is) {
                let which = described(&release);
                return Err(Failure::Refused(format!(
                    "releaseId is that of {which}, and {field} says `{said}`: say one of them"
                )));
            }
        }
        Ok(release)
    }
}

fn said(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
