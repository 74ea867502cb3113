//! CreateModel and BatchCreateModels.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::{model_fields, options, setters};
use crate::{Call, Model, ModelSource};

/// Registers a model. Made by [`Client::create_model`](crate::Client::create_model).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct CreateModel {
    pub(super) call: Call<pb::CreateModelRequest>,
}

impl CreateModel {
    /// The field of the request that holds the values.
    const RESOURCE: &str = "model";

    fn write(&mut self, _field: &str) -> &mut Model {
        self.call.request.model.get_or_insert_default()
    }

    /// Adds a free word to find the model by.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.write("tags").tags.push(tag.into());
        self
    }

    /// Adds several such words.
    pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.write("tags").tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Adds a key-value pair that lists can be filtered by.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.write("labels").labels.insert(key.into(), value.into());
        self
    }

    /// Adds several such pairs.
    pub fn labels(mut self, labels: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.write("labels").labels.extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// How the registry came to know the model. Default: [`ModelSource::Manual`].
    pub fn source(mut self, source: ModelSource) -> Self {
        self.write("source").set_source(source);
        self
    }

    /// Whether the base model is a custom one (true) or one of those that are recommended (false). Default: false.
    pub fn custom_base_model(mut self, custom: bool) -> Self {
        self.write("is_custom_base_model").is_custom_base_model = custom;
        self
    }

    /// Only checks everything and stores nothing. The answer is what would have been, with an empty `id` and revision 0.
    pub fn validate_only(mut self) -> Self {
        self.call.request.validate_only = true;
        self
    }
}

model_fields!(setters for CreateModel);

sends!(write CreateModel -> Model, |response, _| response.model.ok_or("the answer holds no model"));

/// Registers several models, all or none. Made by [`Client::batch_create_models`](crate::Client::batch_create_models).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct BatchCreateModels {
    pub(super) call: Call<pb::BatchCreateModelsRequest>,
}

options!(BatchCreateModels: validate_only);

sends!(write BatchCreateModels -> Vec<Model>, |response, request| {
    // The answers are told apart by their places, so that one too few would be attributed to the wrong requests.
    Some(response.models)
        .filter(|models| models.len() == request.requests.len())
        .ok_or("the answer does not hold one model for each request")
});
