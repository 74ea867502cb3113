//! Use cases on models.

use super::changes::Changes;
use super::{Lifecycle, Registry, later};
use crate::domain::document::Document;
use crate::domain::event::{Event, EventType};
use crate::domain::filter::ModelFilter;
use crate::domain::model::{Labels, ModelOrder, ModelPatch, ModelRef, ModelSource, NewModel, Tags, View};
use crate::domain::page::{List, Page};
use crate::domain::{Context, Error, Kind};
use crate::store::Tx;
use crate::store::entity::model;
use crate::store::models::{self, Model};
use std::sync::Arc;

impl Registry {
    /// Registers a model.
    ///
    /// # Errors
    /// [`Error::Exists`] if the name is taken, also by a soft-deleted model.
    pub async fn create_model(&self, ctx: &Context, new: NewModel) -> Result<Model, Error> {
        let create = |tx: Tx, new: Arc<NewModel>| async move {
            let model = registered(&tx, &new);
            models::insert(&tx, &model).await?;
            tx.record(Event::model(EventType::Created, model.row.id, &model.row.name, Vec::new()));
            Ok(model)
        };
        self.store.write(ctx, new, create).await
    }

    /// Reads a model; a soft-deleted one only by id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_model(&self, model: &ModelRef, view: View) -> Result<Model, Error> {
        models::get(&self.store.snapshot().await?, model, view).await
    }

    /// Reads models, in the order asked for.
    ///
    /// # Errors
    /// [`Error::NotFound`] if one of them is not there.
    pub async fn get_models(&self, wanted: &[ModelRef], view: View) -> Result<Vec<Model>, Error> {
        models::get_many(&self.store.snapshot().await?, wanted, view).await
    }

    /// Reads a page of models.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list_models(&self, list: &List<ModelFilter, ModelOrder>) -> Result<Page<Model>, Error> {
        let snapshot = self.store.snapshot().await?;
        let revision = match &list.resume {
            Some(resume) => resume.revision,
            None => self.store.current_revision(&snapshot).await?,
        };
        let (rows, more, total) = models::list(&snapshot, list).await?;
        Ok(Page { rows, more, total, revision })
    }

    /// Changes the fields of a live model that the patch names. A patch that changes nothing writes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Deleted`], [`Error::EtagMismatch`], [`Error::Immutable`].
    pub async fn update_model(&self, ctx: &Context, model: ModelRef, patch: ModelPatch) -> Result<Model, Error> {
        let update = |tx: Tx, command: Arc<(ModelRef, ModelPatch)>| async move {
            let (model, patch) = &*command;
            let mut model = models::lock(&tx, model).await?;
            lifecycle(&model, patch).may_change()?;
            let changes = apply(patch.clone(), &mut model)?;
            if changes.is_empty() {
                return Ok(model);
            }
            touch(&mut model.row, &tx);
            models::update(&tx, &model.row).await?;
            if changes.contains("tags") {
                models::put_tags(&tx, model.row.id, &model.tags, false).await?;
            }
            if changes.contains("labels") {
                models::put_labels(&tx, model.row.id, &model.labels).await?;
            }
            tx.record(Event::model(EventType::Updated, model.row.id, &model.row.name, changes.into_inner()));
            Ok(model)
        };
        self.store.write(ctx, (model, patch), update).await
    }
}

fn lifecycle<'a>(model: &Model, patch: &'a ModelPatch) -> Lifecycle<'a> {
    let model::Model { name, revision, delete_time, .. } = &model.row;
    Lifecycle {
        kind: Kind::Model,
        name: name.to_string(),
        revision: *revision,
        delete_time: *delete_time,
        etag: patch.etag.as_ref(),
    }
}

fn registered(tx: &Tx, new: &NewModel) -> Model {
    let ctx = tx.ctx();
    let NewModel {
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
        display_name,
        task,
        labels,
    } = new.clone();
    let row = model::Model {
        id: ctx.new_id(),
        name,
        storage_path,
        repository,
        company,
        base_model,
        parameter_count,
        description,
        metadata,
        requires_gpu: Some(requires_gpu.unwrap_or(true)),
        server_type,
        source,
        is_custom_base_model,
        training,
        display_name,
        task,
        last_release_number: 0,
        create_time: ctx.now(),
        update_time: ctx.now(),
        delete_time: None,
        purge_time: None,
        revision: tx.revision(),
        created_by: ctx.actor().clone(),
        updated_by: ctx.actor().clone(),
    };
    Model { row, tags, labels, release_count: Some(0) }
}

fn apply(patch: ModelPatch, model: &mut Model) -> Result<Changes, Error> {
    let ModelPatch {
        etag: _,
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
        display_name,
        task,
        labels,
    } = patch;
    let row = &mut model.row;
    if name.is_some_and(|name| name != row.name) {
        return Err(Error::Immutable { path: "model.name" });
    }
    let mut changes = Changes::default();
    changes.note("storage_path", storage_path.is_some_and(|path| std::mem::replace(&mut row.storage_path, path.clone()) != path));
    changes.note("repository", repository.apply(&mut row.repository));
    changes.note("company", company.apply(&mut row.company));
    changes.note("base_model", base_model.apply(&mut row.base_model));
    changes.note("parameter_count", parameter_count.apply(&mut row.parameter_count));
    changes.note("description", description.apply(&mut row.description));
    changes.note("tags", tags.apply_or(&mut model.tags, Tags::new()));
    changes.note("metadata", metadata.apply_or(&mut row.metadata, Document::default()));
    changes.note("requires_gpu", requires_gpu.apply(&mut row.requires_gpu));
    changes.note("server_type", server_type.apply(&mut row.server_type));
    changes.note("source", source.apply_or(&mut row.source, ModelSource::Manual));
    changes.note("is_custom_base_model", is_custom_base_model.apply_or(&mut row.is_custom_base_model, false));
    changes.note("training", training.apply(&mut row.training));
    changes.note("display_name", display_name.apply(&mut row.display_name));
    changes.note("task", task.apply(&mut row.task));
    changes.note("labels", labels.apply_or(&mut model.labels, Labels::new()));
    Ok(changes)
}

fn touch(row: &mut model::Model, tx: &Tx) {
    row.update_time = later(tx.ctx().now(), row.update_time);
    row.updated_by = tx.ctx().actor().clone();
    row.revision = tx.revision();
}
