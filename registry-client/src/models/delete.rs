//! DeleteModel, UndeleteModel and PurgeModel.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::options;
use crate::{Call, Model};

/// Soft-deletes a model. Made by [`Client::delete_model`](crate::Client::delete_model).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct DeleteModel {
    pub(super) call: Call<pb::DeleteModelRequest>,
}

impl DeleteModel {
    /// Deletes the live releases of the model with it. Without this, a model that has some is not deleted: the call fails with
    /// [`ErrorReason::ResourceInUse`](crate::ErrorReason::ResourceInUse), and [`Error::blockers`](crate::Error::blockers) names some.
    pub fn force(mut self) -> Self {
        self.call.request.force = true;
        self
    }

    /// Also succeeds if there is no such model, or it is deleted already.
    pub fn allow_missing(mut self) -> Self {
        self.call.request.allow_missing = true;
        self
    }
}

options!(DeleteModel: etag, validate_only);

/// What was deleted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeletedModel {
    /// The model as it was stored, soft-deleted. Unset only if there was none and [`allow_missing`](DeleteModel::allow_missing) was set.
    pub model: Option<Model>,
    /// How many releases were deleted with it.
    pub deleted_release_count: i64,
}

sends!(write DeleteModel -> DeletedModel, |response, request| {
    let pb::DeleteModelResponse { model, deleted_release_count } = response;
    if model.is_none() && !request.allow_missing {
        return Err("the answer holds no model");
    }
    Ok(DeletedModel { model, deleted_release_count })
});

/// Brings a soft-deleted model back. Made by [`Client::undelete_model`](crate::Client::undelete_model).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct UndeleteModel {
    pub(super) call: Call<pb::UndeleteModelRequest>,
}

options!(UndeleteModel: etag);

sends!(write UndeleteModel -> Model, |response, _| response.model.ok_or("the answer holds no model"));

/// Removes a soft-deleted model for good. Made by [`Client::purge_model`](crate::Client::purge_model). The answer is the revision of the
/// removal.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct PurgeModel {
    pub(super) call: Call<pb::PurgeModelRequest>,
}

options!(PurgeModel: etag);

sends!(write PurgeModel -> i64, |response, _| {
    Some(response.revision).filter(|revision| *revision > 0).ok_or("the answer holds no revision")
});
