//! GetModel and BatchGetModels.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::{Call, Model, ModelView};

/// Gets one model. Made by [`Client::get_model`](crate::Client::get_model).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct GetModel {
    pub(super) call: Call<pb::GetModelRequest>,
}

impl GetModel {
    /// How much of it. Default: [`ModelView::Full`].
    pub fn view(mut self, view: ModelView) -> Self {
        self.call.request.set_view(view);
        self
    }
}

sends!(read GetModel -> Model, |response, _| response.model.ok_or("the answer holds no model"));

/// Gets several models. Made by [`Client::batch_get_models`](crate::Client::batch_get_models).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct BatchGetModels {
    pub(super) call: Call<pb::BatchGetModelsRequest>,
}

impl BatchGetModels {
    /// How much of each. Default: [`ModelView::Full`].
    pub fn view(mut self, view: ModelView) -> Self {
        self.call.request.set_view(view);
        self
    }
}

sends!(read BatchGetModels -> Vec<Model>, |response, request| {
    // The answers are told apart by their places, so that one too few would be attributed to the wrong references.
    Some(response.models)
        .filter(|models| models.len() == request.model_refs.len())
        .ok_or("the answer does not hold one model for each reference")
});
