//! The fields of a model that `create` and `update` both write.

use clap::{Args, ValueEnum};
use registry_client::ModelSource;
use registry_client::pb;

use crate::arguments::{message, pair, structure};
use crate::failure::Failure;

/// What is said of a model.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fields")]
pub(super) struct Fields {
    /// A name for people, in any script
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// What a reader should know, in Markdown
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// What the model does, for example text-generation
    #[arg(long, value_name = "TEXT")]
    task: Option<String>,
    /// The base model or architecture, for example llama-3
    #[arg(long, value_name = "TEXT")]
    base_model: Option<String>,
    /// Whether that is a custom one, and none that is recommended
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    custom_base_model: Option<bool>,
    /// The number of parameters, for example 7B
    #[arg(long, value_name = "TEXT")]
    parameter_count: Option<String>,
    /// The customer or company
    #[arg(long, value_name = "TEXT")]
    company: Option<String>,
    /// The container repository that images of the releases are pushed to
    #[arg(long, value_name = "TEXT")]
    repository: Option<String>,
    /// The kind of server that serves it, for example vllm
    #[arg(long, value_name = "TEXT")]
    server_type: Option<String>,
    /// Whether serving it needs a GPU
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    requires_gpu: Option<bool>,
    /// A word to find it by; can be given several times, or with commas
    #[arg(long = "tag", value_name = "WORD", value_delimiter = ',')]
    tags: Vec<String>,
    /// A label to find it by; can be given several times
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// Any JSON object, or @FILE
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// How it was trained, as the JSON of TrainingMetadata, or @FILE
    #[arg(long, value_name = "JSON")]
    training: Option<String>,
    /// How the registry came to know it
    #[arg(long, value_name = "SOURCE")]
    source: Option<Source>,
}

/// The sources of the contract.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Source {
    /// Somebody has registered it
    Manual,
    /// A scan came upon it
    Filesystem,
    /// Its files have disappeared
    Orphaned,
}

impl From<Source> for ModelSource {
    fn from(source: Source) -> Self {
        match source {
            Source::Manual => Self::Manual,
            Source::Filesystem => Self::Filesystem,
            Source::Orphaned => Self::Orphaned,
        }
    }
}

impl Fields {
    /// Writes what was said into the message, and gives the names of those fields.
    pub(super) fn write(self, model: &mut pb::Model) -> Result<Vec<&'static str>, Failure> {
        let Self { display_name, description, task, base_model, parameter_count, company, repository, server_type, .. } = &self;
        let mut written = Vec::new();
        for (name, said, field) in [
            ("display_name", display_name, &mut model.display_name),
            ("description", description, &mut model.description),
            ("task", task, &mut model.task),
            ("base_model", base_model, &mut model.base_model),
            ("parameter_count", parameter_count, &mut model.parameter_count),
            ("company", company, &mut model.company),
            ("repository", repository, &mut model.repository),
            ("server_type", server_type, &mut model.server_type),
        ] {
            if said.is_some() {
                field.clone_from(said);
                written.push(name);
            }
        }
        self.write_others(model, &mut written)?;
        Ok(written)
    }

    /// Those that are no texts.
    fn write_others(self, model: &mut pb::Model, written: &mut Vec<&'static str>) -> Result<(), Failure> {
        if let Some(custom) = self.custom_base_model {
            model.is_custom_base_model = custom;
            written.push("is_custom_base_model");
        }
        if self.requires_gpu.is_some() {
            model.requires_gpu = self.requires_gpu;
            written.push("requires_gpu");
        }
        if let Some(source) = self.source {
            model.set_source(source.into());
            written.push("source");
        }
        if !self.tags.is_empty() {
            model.tags = self.tags;
            written.push("tags");
        }
        if !self.labels.is_empty() {
            model.labels = self.labels.into_iter().collect();
            written.push("labels");
        }
        if let Some(metadata) = &self.metadata {
            model.metadata = Some(structure("--metadata", metadata)?);
            written.push("metadata");
        }
        if let Some(training) = &self.training {
            model.training = Some(message("--training", "TrainingMetadata", training)?);
            written.push("training");
        }
        Ok(())
    }
}
