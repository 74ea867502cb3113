//! `Model`.

use super::{document, etag, mask_error, patched, refs, time, training};
use crate::api::violations::Violations;
use crate::domain::model::{
    DeleteModel, DeletedModel, ModelOrder, ModelPatch, ModelRef, ModelSource, NewModel, RenameModel, View,
};
use crate::domain::{Context, Error};
use crate::store::entity::model::Model as Row;
use crate::store::models::Model;
use prost_types::FieldMask;
use registry_proto::mask::{ModelField, ModelMask};
use registry_proto::v1 as pb;

pub(in crate::api) const FULL: View = View::Full;
pub(in crate::api) const BASIC: View = View::Basic;

/// What a view that is not given means depends on the method.
pub(in crate::api) fn view(view: i32, unspecified: View) -> View {
    match pb::ModelView::try_from(view).unwrap_or_default() {
        pb::ModelView::Unspecified => unspecified,
        pb::ModelView::Basic => View::Basic,
        pb::ModelView::Full => View::Full,
    }
}

pub(in crate::api) fn order(order: i32) -> ModelOrder {
    use pb::list_models_request::Order;
    match Order::try_from(order).unwrap_or_default() {
        Order::Unspecified | Order::CreateTimeDesc => ModelOrder::CreateTimeDesc,
        Order::CreateTimeAsc => ModelOrder::CreateTimeAsc,
        Order::UpdateTimeDesc => ModelOrder::UpdateTimeDesc,
        Order::NameAsc => ModelOrder::NameAsc,
        Order::NameDesc => ModelOrder::NameDesc,
    }
}

/// Unset means: not said. An unknown number has been refused before.
pub(in crate::api) fn source(source: i32) -> Option<ModelSource> {
    match pb::ModelSource::try_from(source).unwrap_or_default() {
        pb::ModelSource::Unspecified => None,
        pb::ModelSource::Manual => Some(ModelSource::Manual),
        pb::ModelSource::Filesystem => Some(ModelSource::Filesystem),
        pb::ModelSource::Orphaned => Some(ModelSource::Orphaned),
    }
}

fn source_message(source: ModelSource) -> pb::ModelSource {
    match source {
        ModelSource::Manual => pb::ModelSource::Manual,
        ModelSource::Filesystem => pb::ModelSource::Filesystem,
        ModelSource::Orphaned => pb::ModelSource::Orphaned,
    }
}

/// A model to register.
pub(in crate::api) fn create(message: pb::CreateModelRequest) -> Result<Vec<NewModel>, Error> {
    let pb::CreateModelRequest { model, validate_only: _, request_id: _ } = message;
    Ok(vec![new("model", model.unwrap_or_default())?])
}

/// Models to register.
pub(in crate::api) fn create_many(message: pb::BatchCreateModelsRequest) -> Result<Vec<NewModel>, Error> {
    let pb::BatchCreateModelsRequest { requests, validate_only: _, request_id: _ } = message;
    refs::each("requests", requests, |field, request| {
        let pb::CreateModelRequest { model, validate_only: _, request_id: _ } = request.unwrap_or_default();
        new(&format!("{field}.model"), model.unwrap_or_default())
    })
}

/// What to change of which model.
pub(in crate::api) fn update(message: pb::UpdateModelRequest) -> Result<(ModelRef, ModelPatch), Error> {
    let pb::UpdateModelRequest { model_ref, model, update_mask, validate_only: _, request_id: _ } = message;
    let patch = patch(model.unwrap_or_default(), update_mask.as_ref())?;
    Ok((refs::model("model_ref", model_ref)?, patch))
}

/// Which model to give which name.
pub(in crate::api) fn rename(message: pb::RenameModelRequest) -> Result<RenameModel, Error> {
    let pb::RenameModelRequest { model_ref, new_name, etag, validate_only: _, request_id: _ } = message;
    let model = refs::model("model_ref", model_ref)?;
    let mut at = Violations::default();
    let name = at.field("new_name", new_name.parse());
    let etag = at.optional("etag", self::etag(&etag));
    at.finish(|| Some(RenameModel { model, name: name?, etag: etag? }))
}

/// Which model to delete.
pub(in crate::api) fn delete(message: pb::DeleteModelRequest) -> Result<DeleteModel, Error> {
    let pb::DeleteModelRequest { model_ref, force, allow_missing, etag, validate_only: _, request_id: _ } = message;
    let model = refs::model("model_ref", model_ref)?;
    let mut at = Violations::default();
    let etag = at.optional("etag", self::etag(&etag));
    at.finish(|| Some(DeleteModel { model, force, allow_missing, etag: etag? }))
}

/// Which model to bring back.
pub(in crate::api) fn undelete(message: pb::UndeleteModelRequest) -> Result<DeletedModel, Error> {
    let pb::UndeleteModelRequest { model_ref, etag, request_id: _ } = message;
    deleted(model_ref, &etag)
}

/// Which model to remove for good.
pub(in crate::api) fn purge(message: pb::PurgeModelRequest) -> Result<DeletedModel, Error> {
    let pb::PurgeModelRequest { model_ref, etag, request_id: _ } = message;
    deleted(model_ref, &etag)
}

fn deleted(model: Option<pb::ModelRef>, etag: &str) -> Result<DeletedModel, Error> {
    let model = refs::model("model_ref", model)?;
    let mut at = Violations::default();
    let etag = at.optional("etag", self::etag(etag));
    at.finish(|| Some(DeletedModel { model, etag: etag? }))
}

/// `field` is the path of the model in the request. What only the server writes is ignored.
fn new(field: &str, message: pb::Model) -> Result<NewModel, Error> {
    let pb::Model {
        id: _,
        name,
        storage_path,
        repository,
        company,
        base_model,
        parameter_count,
        description,
        tags,
        metadata,
        requires_gpu,
        server_type,
        source,
        is_custom_base_model,
        training,
        create_time: _,
        update_time: _,
        delete_time: _,
        purge_time: _,
        etag: _,
        revision: _,
        created_by: _,
        updated_by: _,
        release_count: _,
        display_name,
        task,
        labels,
    } = message;
    let mut at = Violations::default();
    let name = at.field(&format!("{field}.name"), name.parse());
    let storage_path = at.field(&format!("{field}.storage_path"), storage_path.parse());
    at.finish(|| {
        Some(NewModel {
            name: name?,
            storage_path: storage_path?,
            repository,
            company,
            base_model,
            parameter_count,
            description,
            tags: tags.into_iter().collect(),
            metadata: metadata.map(document::parse).unwrap_or_default(),
            requires_gpu,
            server_type,
            source: self::source(source).unwrap_or(ModelSource::Manual),
            is_custom_base_model,
            training: training.map(training::parse),
            display_name,
            task,
            labels,
        })
    })
}

/// What an update changes: the fields that the mask names, or without one those that are set.
fn patch(message: pb::Model, mask: Option<&FieldMask>) -> Result<ModelPatch, Error> {
    let mask = ModelMask::parse(mask, &message).map_err(mask_error)?;
    let named = |field| mask.contains(field);
    let pb::Model {
        id: _,
        name,
        storage_path,
        repository,
        company,
        base_model,
        parameter_count,
        description,
        tags,
        metadata,
        requires_gpu,
        server_type,
        source,
        is_custom_base_model,
        training,
        create_time: _,
        update_time: _,
        delete_time: _,
        purge_time: _,
        etag,
        revision: _,
        created_by: _,
        updated_by: _,
        release_count: _,
        display_name,
        task,
        labels,
    } = message;
    let mut at = Violations::default();
    let etag = at.optional("model.etag", self::etag(&etag));
    let name = at.optional("model.name", super::given(name).map(|name| name.parse()));
    let storage_path = at.optional("model.storage_path", named(ModelField::StoragePath).then(|| storage_path.parse()));
    at.finish(|| {
        Some(ModelPatch {
            etag: etag?,
            name: name?,
            storage_path: storage_path?,
            repository: patched(named(ModelField::Repository), repository),
            company: patched(named(ModelField::Company), company),
            base_model: patched(named(ModelField::BaseModel), base_model),
            parameter_count: patched(named(ModelField::ParameterCount), parameter_count),
            description: patched(named(ModelField::Description), description),
            tags: patched(named(ModelField::Tags), Some(tags.into_iter().collect())),
            metadata: patched(named(ModelField::Metadata), metadata.map(document::parse)),
            requires_gpu: patched(named(ModelField::RequiresGpu), requires_gpu),
            server_type: patched(named(ModelField::ServerType), server_type),
            source: patched(named(ModelField::Source), self::source(source)),
            is_custom_base_model: patched(named(ModelField::IsCustomBaseModel), Some(is_custom_base_model)),
            training: patched(named(ModelField::Training), training.map(training::parse)),
            display_name: patched(named(ModelField::DisplayName), display_name),
            task: patched(named(ModelField::Task), task),
            labels: patched(named(ModelField::Labels), Some(labels)),
        })
    })
}

/// A model as it was written; without id, revision and etag if it was only validated.
pub(in crate::api) fn written(model: Model, ctx: &Context) -> pb::Model {
    let mut message = message(model, View::Full);
    if ctx.is_dry_run() {
        (message.id, message.revision, message.etag) = (String::new(), 0, String::new());
    }
    message
}

/// A model in a view.
pub(in crate::api) fn message(model: Model, view: View) -> pb::Model {
    let full = view == View::Full;
    let Model { row, tags, labels, release_count } = model;
    let Row {
        id,
        name,
        storage_path,
        repository,
        company,
        base_model,
        parameter_count,
        description,
        metadata,
        requires_gpu,
        server_type,
        source,
        is_custom_base_model,
        training,
        display_name,
        task,
        last_release_number: _,
        create_time,
        update_time,
        delete_time,
        purge_time,
        revision,
        created_by,
        updated_by,
    } = row;
    pb::Model {
        id: id.to_string(),
        name: name.into(),
        storage_path: storage_path.into(),
        repository,
        company,
        base_model,
        parameter_count,
        description,
        tags: tags.into_iter().collect(),
        metadata: full.then(|| document::message(metadata)),
        requires_gpu,
        server_type,
        source: source_message(source).into(),
        is_custom_base_model,
        training: training.filter(|_| full).map(training::message),
        create_time: Some(time::timestamp(create_time)),
        update_time: Some(time::timestamp(update_time)),
        delete_time: delete_time.map(time::timestamp),
        purge_time: purge_time.map(time::timestamp),
        etag: revision.etag().to_string(),
        revision: revision.number(),
        created_by: created_by.into(),
        updated_by: updated_by.into(),
        release_count: release_count.filter(|_| full),
        display_name,
        task,
        labels,
    }
}
