//! The arguments that several verbs have: what an artifact belongs to, and the fields that can be written at any time.

use clap::Args;
use registry_client::{ArtifactParent, Client, Reference, pb};

use crate::arguments::{Build, structure};
use crate::failure::Failure;
use crate::which;

/// What an artifact belongs to.
#[derive(Debug, Args)]
pub(super) struct Parent {
    /// What it belongs to: MODEL (the model as a whole), or a release such as MODEL:1.2.0, MODEL@production, MODEL:latest or id:UUID
    #[arg(value_parser = which::reference)]
    parent: Reference,

    #[command(flatten)]
    build: ReleaseBuild,
}

/// Which of the builds of a version; artifacts have a platform of their own.
#[derive(Debug, Args)]
pub(super) struct ReleaseBuild {
    /// The quantization of that release, if there are several
    #[arg(long, value_name = "TEXT")]
    release_quantization: Option<String>,

    /// The platform of that release, if there are several
    #[arg(long, value_name = "OS/ARCH")]
    release_platform: Option<String>,
}

impl From<ReleaseBuild> for Build {
    fn from(build: ReleaseBuild) -> Self {
        let ReleaseBuild { release_quantization, release_platform } = build;
        Self { quantization: release_quantization, platform: release_platform }
    }
}

impl Parent {
    /// Finds out which one it is.
    pub(super) async fn find(self, client: &Client) -> Result<ArtifactParent, Failure> {
        let Self { parent, build } = self;
        Ok(which::parent(client, parent, &build.into()).await?.into())
    }
}

/// What is said of an artifact.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fields")]
pub(super) struct Fields {
    /// What it runs on, for example linux_x86_64 or any
    #[arg(long, value_name = "TEXT")]
    platform: Option<String>,
    /// The version of Python that it is for, for example 3.12
    #[arg(long, value_name = "TEXT")]
    python_version: Option<String>,
    /// Who or what made it, if that is not the caller
    #[arg(long, value_name = "TEXT")]
    uploaded_by: Option<String>,
    /// Any JSON object, or @FILE
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
}

impl Fields {
    /// Writes what was said into the message, and gives the names of those fields.
    pub(super) fn write(self, artifact: &mut pb::Artifact) -> Result<Vec<&'static str>, Failure> {
        let Self { platform, python_version, uploaded_by, metadata } = self;
        let mut written = Vec::new();
        for (name, said, field) in [
            ("platform", platform, &mut artifact.platform),
            ("python_version", python_version, &mut artifact.python_version),
            ("uploaded_by", uploaded_by, &mut artifact.uploaded_by),
        ] {
            if said.is_some() {
                *field = said;
                written.push(name);
            }
        }
        if let Some(metadata) = metadata {
            artifact.metadata = Some(structure("--metadata", &metadata)?);
            written.push("metadata");
        }
        Ok(written)
    }
}
