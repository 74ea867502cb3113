//! `registryctl artifact list`.

use clap::Args;
use registry_client::{ArtifactFilter, Reference};

use super::fields::ReleaseBuild;
use crate::arguments::Limit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::which;

/// Lists artifacts, the newest first
///
/// Filters that are given several times let through what meets one of them; different filters must all be met.
#[derive(Debug, Args)]
pub struct List {
    /// Only those of this release, or of this model and its releases. Without it, all of them
    #[arg(value_parser = which::reference)]
    parent: Option<Reference>,
    #[command(flatten)]
    build: ReleaseBuild,
    /// The name of the file begins with this
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// The kind of file
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// What it runs on
    #[arg(long = "platform", value_name = "TEXT", value_delimiter = ',')]
    platforms: Vec<String>,
    /// The version of Python
    #[arg(long = "python-version", value_name = "TEXT", value_delimiter = ',')]
    python_versions: Vec<String>,
    /// The checksum
    #[arg(long = "checksum", value_name = "CHECKSUM", value_delimiter = ',')]
    checksums: Vec<String>,
    /// Also those that are soft-deleted
    #[arg(long)]
    show_deleted: bool,
    #[command(flatten)]
    limit: Limit,
}

impl List {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { parent, build, prefix, .. } = self;
        let filter = ArtifactFilter {
            artifact_types: self.types,
            platforms: self.platforms,
            python_versions: self.python_versions,
            checksums: self.checksums,
            name_prefix: prefix.unwrap_or_default(),
        };
        let client = session.client().await?;
        let mut list = client.list_artifacts().filter(filter).page_size(self.limit.page_size());
        if let Some(parent) = parent {
            list = which::parent(&client, parent, &build.into()).await?.list(list);
        }
        if self.show_deleted {
            list = list.show_deleted();
        }
        session.output.list(list.items(), self.limit).await?;
        Ok(Exit::Done)
    }
}
