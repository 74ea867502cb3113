//! The fields of a release that `create` and `update` both write.

use clap::Args;
use registry_client::pb;

use crate::arguments::{message, pair, structure};
use crate::failure::Failure;

/// What is said of a release.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fields")]
pub(super) struct Fields {
    /// What was built: sha256: or sha512: and hexadecimal digits. Can be said once
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// The tag of the image
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// The size of the image
    #[arg(long, value_name = "BYTES")]
    size_bytes: Option<i64>,
    /// What has changed, in Markdown
    #[arg(long, value_name = "TEXT")]
    release_notes: Option<String>,
    /// Where its files are, if not at the storage path of the model
    #[arg(long, value_name = "URI")]
    storage_path: Option<String>,
    /// The MLflow run, experiment or model version that it comes from
    #[arg(long, value_name = "URL")]
    mlflow_url: Option<String>,
    /// A label to find it by; can be given several times
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// Any JSON object, or @FILE
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// How it was trained, if otherwise than the model says: the JSON of TrainingMetadata, or @FILE
    #[arg(long, value_name = "JSON")]
    training: Option<String>,
}

impl Fields {
    /// Writes what was said into the message, and gives the names of those fields.
    pub(super) fn write(self, release: &mut pb::Release) -> Result<Vec<&'static str>, Failure> {
        let Self { digest, tag, size_bytes, release_notes, storage_path, mlflow_url, labels, metadata, training } = self;
        let mut written = Vec::new();
        for (name, said, field) in [
            ("digest", digest, &mut release.digest),
            ("release_notes", release_notes, &mut release.release_notes),
            ("storage_path", storage_path, &mut release.storage_path),
            ("mlflow_url", mlflow_url, &mut release.mlflow_url),
        ] {
            if said.is_some() {
                *field = said;
                written.push(name);
            }
        }
        if let Some(tag) = tag {
            release.tag = tag;
            written.push("tag");
        }
        if size_bytes.is_some() {
            release.size_bytes = size_bytes;
            written.push("size_bytes");
        }
        if !labels.is_empty() {
            release.labels = labels.into_iter().collect();
            written.push("labels");
        }
        if let Some(metadata) = metadata {
            release.metadata = Some(structure("--metadata", &metadata)?);
            written.push("metadata");
        }
        if let Some(training) = training {
            release.training = Some(message("--training", "TrainingMetadata", &training)?);
            written.push("training");
        }
        Ok(written)
    }
}
