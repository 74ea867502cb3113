//! Events: what the registry remembers of every committed change.

use super::id::ModelId;

super::closed_set! {
    /// What happened to a resource.
    EventType {
        /// It was created.
        Created = "CREATED",
        /// Fields of it changed.
        Updated = "UPDATED",
        /// Its lifecycle state changed.
        StateChanged = "STATE_CHANGED",
        /// It was soft-deleted; an alias was deleted.
        Deleted = "DELETED",
        /// It was brought back.
        Undeleted = "UNDELETED",
        /// It was removed for good.
        Purged = "PURGED",
    }
}

super::closed_set! {
    /// The kind of a resource.
    ResourceKind {
        /// A model.
        Model = "MODEL",
        /// A release.
        Release = "RELEASE",
        /// An alias of a model.
        ReleaseAlias = "RELEASE_ALIAS",
        /// A file of a release or of a model.
        Artifact = "ARTIFACT",
        /// A deployment of a release.
        Deployment = "DEPLOYMENT",
        /// An API key: it has audit entries, and no events.
        ApiKey = "API_KEY",
    }
}

/// A condition on events. Fields are ANDed, the values of one field are alternatives; an empty one matches every event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// The resource is of one of these kinds.
    pub kinds: Vec<ResourceKind>,
    /// The event is of one of these types.
    pub types: Vec<EventType>,
    /// The resource is, or belongs to, one of these models.
    pub models: Vec<ModelId>,
}
