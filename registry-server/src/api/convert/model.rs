//! `Model`.

use super::{document, etag, mask_error, patched, time, training};
use crate::api::violations::Violations;
use crate::domain::model::{ModelOrder, ModelPatch, ModelSource, NewModel, View};
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

/// A model to register. What only the server writes is ignored.
pub(in crate::api) fn new(message: pb::Model) -> Result<NewModel, Error> {
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
    let name = at.field("model.name", name.parse());
    let storage_path = at.field("model.storage_path", storage_path.parse());
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
pub(in crate::api) fn patch(message: pb::Model, mask: Option<&FieldMask>) -> Result<ModelPatch, Error> {
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

/// A model in full.
pub(in crate::api) fn full(model: Model) -> pb::Model {
    message(model, View::Full)
}

/// A model in a view.
pub(in crate::api) fn message(model: Model, view: View) -> pb::Model {
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
        metadata: (view == View::Full).then(|| document::message(metadata)),
        requires_gpu,
        server_type,
        source: source_message(source).into(),
        is_custom_base_model,
        training: training.map(training::message),
        create_time: Some(time::timestamp(create_time)),
        update_time: Some(time::timestamp(update_time)),
        delete_time: delete_time.map(time::timestamp),
        purge_time: purge_time.map(time::timestamp),
        etag: revision.etag().to_string(),
        revision: revision.number(),
        created_by: created_by.into(),
        updated_by: updated_by.into(),
        release_count,
        display_name,
        task,
        labels,
    }
}

/// An answer that may be of a call that was only validated.
pub(in crate::api) trait Dry {
    /// What was not stored has no id, no revision and no etag.
    fn dry(self, ctx: &Context) -> Self;
}

impl Dry for pb::Model {
    fn dry(mut self, ctx: &Context) -> Self {
        if ctx.is_dry_run() {
            (self.id, self.revision, self.etag) = (String::new(), 0, String::new());
        }
        self
    }
}
