//! UpdateModel.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::{masked, model_fields, setters_and_clearers};
use crate::{Call, Model, ModelSource};

/// Updates a model. Made by [`Client::update_model`](crate::Client::update_model).
///
/// Each method names its field in the update mask, and nothing else does: what is not mentioned here stays as it is, whoever changed
/// it meanwhile.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct UpdateModel {
    pub(super) call: Call<pb::UpdateModelRequest>,
}

impl UpdateModel {
    /// The field of the request that holds the values.
    const RESOURCE: &str = "model";

    /// Where the files of the model are. Can be changed but not cleared.
    pub fn storage_path(mut self, path: impl Into<String>) -> Self {
        self.write("storage_path").storage_path = path.into();
        self
    }

    /// Replaces all tags by these. None clears them.
    pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.write("tags").tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// Clears [`tags`](Self::tags).
    pub fn clear_tags(mut self) -> Self {
        self.write("tags").tags.clear();
        self
    }

    /// Replaces all labels by these. None clears them.
    pub fn labels(mut self, labels: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.write("labels").labels = labels.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        self
    }

    /// Clears [`labels`](Self::labels).
    pub fn clear_labels(mut self) -> Self {
        self.write("labels").labels.clear();
        self
    }

    /// How the registry came to know the model.
    pub fn source(mut self, source: ModelSource) -> Self {
        self.write("source").set_source(source);
        self
    }

    /// Whether the base model is a custom one (true) or one of those that are recommended (false).
    pub fn custom_base_model(mut self, custom: bool) -> Self {
        self.write("is_custom_base_model").is_custom_base_model = custom;
        self
    }
}

model_fields!(setters_and_clearers for UpdateModel);
masked!(UpdateModel, model: Model);

sends!(write UpdateModel -> Model, |response, _| response.model.ok_or("the answer holds no model"));
