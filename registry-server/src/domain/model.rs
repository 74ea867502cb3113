//! Models: how one is referred to, registered and changed.

use super::document::Document;
use super::id::ModelId;
use super::name::{ModelName, StoragePath};
use super::patch::Patch;
use super::revision::Etag;
use super::training::Training;
use std::collections::{BTreeMap, BTreeSet};

super::closed_set! {
    /// How the registry learned of a model.
    ModelSource {
        /// Through this API.
        Manual = "MANUAL",
        /// By a scan.
        Filesystem = "FILESYSTEM",
        /// Once by a scan; its files are gone.
        Orphaned = "ORPHANED",
    }
}

/// Refers to one model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ModelRef {
    /// By its id.
    Id(ModelId),
    /// By its unique name.
    Name(ModelName),
}

impl std::fmt::Display for ModelRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// Free-form tags: a set.
pub type Tags = BTreeSet<String>;

/// Filterable key-value pairs.
pub type Labels = BTreeMap<String, String>;

/// How much of a resource an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Without the large free-form fields and the counts.
    Basic,
    /// Everything.
    Full,
}

/// The order of a list of models. The id breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ModelOrder {
    CreateTimeDesc,
    CreateTimeAsc,
    UpdateTimeDesc,
    NameAsc,
    NameDesc,
}

/// A model to register.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the contract documents every field of Model")]
pub struct NewModel {
    pub name: ModelName,
    pub storage_path: StoragePath,
    pub repository: Option<String>,
    pub company: Option<String>,
    pub base_model: Option<String>,
    pub parameter_count: Option<String>,
    pub description: Option<String>,
    pub tags: Tags,
    pub metadata: Document,
    pub requires_gpu: Option<bool>,
    pub server_type: Option<String>,
    pub source: ModelSource,
    pub is_custom_base_model: bool,
    pub training: Option<Training>,
    pub display_name: Option<String>,
    pub task: Option<String>,
    pub labels: Labels,
}

/// What to change of a model. `name` is not changed but compared: it is immutable here.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the contract documents every field of Model")]
pub struct ModelPatch {
    pub etag: Option<Etag>,
    pub name: Option<ModelName>,
    /// `None` keeps what is stored: a model is never without one.
    pub storage_path: Option<StoragePath>,
    pub repository: Patch<String>,
    pub company: Patch<String>,
    pub base_model: Patch<String>,
    pub parameter_count: Patch<String>,
    pub description: Patch<String>,
    pub tags: Patch<Tags>,
    pub metadata: Patch<Document>,
    pub requires_gpu: Patch<bool>,
    pub server_type: Patch<String>,
    pub source: Patch<ModelSource>,
    pub is_custom_base_model: Patch<bool>,
    pub training: Patch<Training>,
    pub display_name: Patch<String>,
    pub task: Patch<String>,
    pub labels: Patch<Labels>,
}

/// To give a model another name.
#[derive(Debug, Clone)]
pub struct RenameModel {
    /// Which model.
    pub model: ModelRef,
    /// Its new name.
    pub name: ModelName,
    /// What the model must still be.
    pub etag: Option<Etag>,
}

/// To soft-delete a model.
#[derive(Debug, Clone)]
pub struct DeleteModel {
    /// Which model.
    pub model: ModelRef,
    /// With its live releases.
    pub force: bool,
    /// One that is missing or deleted already is no error.
    pub allow_missing: bool,
    /// What the model must still be.
    pub etag: Option<Etag>,
}

/// A model that is soft-deleted, to be brought back or purged.
#[derive(Debug, Clone)]
pub struct DeletedModel {
    /// Which model; a soft-deleted one is found by its name too.
    pub model: ModelRef,
    /// What the model must still be.
    pub etag: Option<Etag>,
}
