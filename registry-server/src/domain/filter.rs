//! Conditions on models, releases and artifacts. Fields are ANDed, the values of one field are alternatives unless its
//! name says otherwise; an empty filter matches everything.

use super::id::ReleaseId;
use super::model::ModelSource;
use super::release::ReleaseState;
use super::time::Timestamp;

/// A condition on one label. A missing label matches only `Exists(false)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSelector {
    /// The key.
    pub key: String,
    /// What holds for its value.
    pub condition: LabelCondition,
}

/// What holds for the value of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelCondition {
    /// It is this.
    Equals(String),
    /// It is there and is not this.
    NotEquals(String),
    /// It is one of these.
    Any(Vec<String>),
    /// It is there, or it is not.
    Exists(bool),
}

/// From a time (inclusive) to a time (exclusive).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub before: Option<Timestamp>,
}

/// A condition on models.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract documents every field of ModelFilter")]
pub struct ModelFilter {
    pub companies: Vec<String>,
    pub base_models: Vec<String>,
    pub parameter_counts: Vec<String>,
    pub server_types: Vec<String>,
    pub sources: Vec<ModelSource>,
    pub tags_all: Vec<String>,
    pub tags_any: Vec<String>,
    pub tags_none: Vec<String>,
    pub is_custom_base_model: Option<bool>,
    pub requires_gpu: Option<bool>,
    pub name_prefix: String,
    pub text_query: String,
    pub create_time: TimeRange,
    pub update_time: TimeRange,
    pub tasks: Vec<String>,
    pub labels: Vec<LabelSelector>,
    pub any_of: Vec<ModelFilter>,
    pub none_of: Vec<ModelFilter>,
}

/// A condition on releases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract documents every field of ReleaseFilter")]
pub struct ReleaseFilter {
    pub versions: Vec<String>,
    pub tags: Vec<String>,
    pub digests: Vec<String>,
    pub quantizations: Vec<String>,
    pub platforms: Vec<String>,
    pub states: Vec<ReleaseState>,
    pub companies: Vec<String>,
    pub create_time: TimeRange,
    pub text_query: String,
    pub environments: Vec<String>,
    pub labels: Vec<LabelSelector>,
    pub base_release_ids: Vec<ReleaseId>,
    pub any_of: Vec<ReleaseFilter>,
    pub none_of: Vec<ReleaseFilter>,
}

/// A condition on artifacts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract documents every field of ArtifactFilter")]
pub struct ArtifactFilter {
    pub artifact_types: Vec<String>,
    pub platforms: Vec<String>,
    pub python_versions: Vec<String>,
    pub checksums: Vec<String>,
    pub name_prefix: String,
}
