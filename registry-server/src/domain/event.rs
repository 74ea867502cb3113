//! Events: what the registry remembers of every committed change.

use super::id::{ModelId, ReleaseId};
use super::name::ModelName;

super::closed_set! {
    /// What happened to a resource.
    EventType {
        /// It was created.
        Created = "CREATED",
        /// Fields of it changed.
        Updated = "UPDATED",
        /// Its lifecycle state changed.
        StateChanged = "STATE_CHANGED",
    }
}

super::closed_set! {
    /// The kind of a resource.
    ResourceKind {
        /// A model.
        Model = "MODEL",
        /// A release.
        Release = "RELEASE",
    }
}

/// Which row a change was of. The writer stamps that row with the revision of the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A model.
    Model(ModelId),
    /// A release.
    Release(ReleaseId),
}

impl Subject {
    /// Its kind.
    #[must_use]
    pub const fn kind(self) -> ResourceKind {
        match self {
            Self::Model(_) => ResourceKind::Model,
            Self::Release(_) => ResourceKind::Release,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(self) -> String {
        match self {
            Self::Model(id) => id.to_string(),
            Self::Release(id) => id.to_string(),
        }
    }
}

/// One change of one resource, recorded in the transaction that makes it.
#[derive(Debug, Clone)]
pub struct Event {
    /// What happened.
    pub event_type: EventType,
    /// To what.
    pub subject: Subject,
    /// Its name, for people.
    pub name: String,
    /// The model it is or belongs to.
    pub model: ModelId,
    /// The fields that changed, by their names in the contract.
    pub changed_fields: Vec<&'static str>,
}

impl Event {
    /// Something happened to a model.
    #[must_use]
    pub fn model(event_type: EventType, id: ModelId, name: &ModelName, changed_fields: Vec<&'static str>) -> Self {
        Self { event_type, subject: Subject::Model(id), name: name.to_string(), model: id, changed_fields }
    }

    /// Something happened to a release.
    #[must_use]
    pub fn release(
        event_type: EventType,
        id: ReleaseId,
        name: String,
        model: ModelId,
        changed_fields: Vec<&'static str>,
    ) -> Self {
        Self { event_type, subject: Subject::Release(id), name, model, changed_fields }
    }
}
