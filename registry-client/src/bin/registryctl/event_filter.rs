//! Which events are meant.

use clap::{Args, ValueEnum};
use registry_client::{Client, EventFilter, EventType, ModelRef, ResourceKind};

use crate::arguments;
use crate::failure::Failure;

/// Filters that are given several times let through what meets one of them; different filters must all be met.
#[derive(Debug, Args)]
pub struct Filter {
    /// Only this model and what belongs to it: a name, or id:UUID; can be given several times
    #[arg(long = "model", value_name = "MODEL", value_parser = arguments::model)]
    models: Vec<ModelRef>,
    /// The kind of what has changed
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<Kind>,
    /// What has happened to it
    #[arg(long = "event", value_name = "EVENT", value_delimiter = ',')]
    types: Vec<Type>,
}

/// The kinds of the contract.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// Models
    Model,
    /// Releases
    Release,
    /// Aliases of releases
    ReleaseAlias,
    /// Artifacts
    Artifact,
    /// Deployments
    Deployment,
    /// API keys, which are in the audit log and in no event
    ApiKey,
}

impl From<Kind> for ResourceKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Model => Self::Model,
            Kind::Release => Self::Release,
            Kind::ReleaseAlias => Self::ReleaseAlias,
            Kind::Artifact => Self::Artifact,
            Kind::Deployment => Self::Deployment,
            Kind::ApiKey => Self::ApiKey,
        }
    }
}

/// The types of the contract.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Type {
    /// It was created
    Created,
    /// Some of its fields were changed, or an alias was moved
    Updated,
    /// It was moved to another state
    StateChanged,
    /// It was deleted
    Deleted,
    /// It was brought back
    Undeleted,
    /// It was removed for good
    Purged,
}

impl From<Type> for EventType {
    fn from(event: Type) -> Self {
        match event {
            Type::Created => Self::Created,
            Type::Updated => Self::Updated,
            Type::StateChanged => Self::StateChanged,
            Type::Deleted => Self::Deleted,
            Type::Undeleted => Self::Undeleted,
            Type::Purged => Self::Purged,
        }
    }
}

impl Filter {
    /// As the registry takes it, which knows models by their ids.
    pub async fn message(self, client: &Client) -> Result<EventFilter, Failure> {
        let Self { models, kinds, types } = self;
        let mut model_ids = Vec::new();
        for model in models {
            model_ids.push(client.get_model(model).send().await?.id);
        }
        Ok(EventFilter {
            resource_kinds: kinds.into_iter().map(|kind| ResourceKind::from(kind).into()).collect(),
            event_types: types.into_iter().map(|event| EventType::from(event).into()).collect(),
            model_ids,
        })
    }
}
