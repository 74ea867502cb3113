//! RenameModel.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::options;
use crate::{Call, Model};

/// Gives a model another name. Made by [`Client::rename_model`](crate::Client::rename_model).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct RenameModel {
    pub(super) call: Call<pb::RenameModelRequest>,
}

options!(RenameModel: etag, validate_only);

sends!(write RenameModel -> Model, |response, _| response.model.ok_or("the answer holds no model"));
