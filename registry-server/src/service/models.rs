//! Use cases on models.

use super::changes::Changes;
use super::{Lifecycle, Registry, artifacts, deployments as of_deployments, done, in_use, later};
use crate::domain::artifact::Below;
use crate::domain::document::Document;
use crate::domain::error::Blockers;
use crate::domain::event::EventType;
use crate::domain::filter::ModelFilter;
use crate::domain::model::{
    DeleteModel, DeletedModel, Labels, ModelOrder, ModelPatch, ModelRef, ModelSource, NewModel, RenameModel, Tags, View,
};
use crate::domain::page::{List, Page};
use crate::domain::{Context, Error, Etag, Kind, ModelId, Revision};
use crate::store::artifacts::removal as artifact_removal;
use crate::store::deployments::Of;
use crate::store::entity::model;
use crate::store::models::{self, Model};
use crate::store::removal::{self, Purged};
use crate::store::{Tx, aliases, deployments};
use std::sync::Arc;

/// Registers models: all of them, or none.
///
/// # Errors
/// [`Error::OutsidePrefixes`], whatever there is; [`Error::Exists`] if a name is taken, also by a soft-deleted model.
pub async fn create(tx: Tx, new: Arc<Vec<NewModel>>) -> Result<Vec<Model>, Error> {
    let models: Vec<Model> = new.iter().map(|new| registered(&tx, new)).collect();
    models::insert(&tx, &models).await?;
    for model in &models {
        tx.record(EventType::Created, model, &[]);
    }
    Ok(models)
}

/// Changes the fields of a live model that the patch names. A patch that changes nothing writes nothing.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Deleted`], [`Error::EtagMismatch`], [`Error::Immutable`].
pub async fn update(tx: Tx, command: Arc<(ModelRef, ModelPatch)>) -> Result<Model, Error> {
    let (model, patch) = &*command;
    let mut model = models::lock(&tx, model).await?;
    lifecycle(&model, patch.etag.as_ref()).may_change()?;
    let changes = apply(patch.clone(), &mut model)?;
    if changes.is_empty() {
        return Ok(model);
    }
    touch(&mut model.row, &tx);
    models::update(&tx, &model.row).await?;
    if changes.contains("tags") {
        models::replace_tags(&tx, model.row.id, &model.tags).await?;
    }
    if changes.contains("labels") {
        models::replace_labels(&tx, model.row.id, &model.labels).await?;
    }
    tx.record(EventType::Updated, &model, changes.names());
    Ok(model)
}

/// Gives a live model another name. The one it has changes nothing.
///
/// # Errors
/// [`Error::OutsidePrefixes`], whatever there is; [`Error::NotFound`], [`Error::Deleted`], [`Error::EtagMismatch`],
/// [`Error::Exists`] if the name is taken.
pub async fn rename(tx: Tx, command: Arc<RenameModel>) -> Result<Model, Error> {
    let RenameModel { model, name, etag } = &*command;
    tx.ctx().scope().admit(name)?;
    let mut model = models::lock(&tx, model).await?;
    lifecycle(&model, etag.as_ref()).may_change()?;
    if model.row.name == *name {
        return Ok(model);
    }
    if let Some(holder) = models::holder(&tx, name).await? {
        return Err(models::exists(&holder));
    }
    model.row.name = name.clone();
    touch(&mut model.row, &tx);
    models::update(&tx, &model.row).await?;
    tx.record(EventType::Updated, &model, &["name"]);
    Ok(model)
}

/// What a deletion has deleted: the model, if there was one, and how many releases with it.
pub type Deletion = (Option<Model>, usize);

/// Soft-deletes a model without live deployments, and its live releases and artifacts if that is forced. Its aliases stay where they are: with the model
/// they are out of sight, and with it they come back.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Deleted`] (unless it may be missing), [`Error::EtagMismatch`], [`Error::InUse`].
pub async fn delete(tx: Tx, command: Arc<DeleteModel>) -> Result<Deletion, Error> {
    let DeleteModel { model, force, allow_missing, etag } = &*command;
    let mut model = match models::lock(&tx, model).await {
        Err(Error::NotFound { .. }) if *allow_missing => return Ok((None, 0)),
        found => found?,
    };
    match lifecycle(&model, etag.as_ref()).may_change() {
        Err(Error::Deleted { .. }) if *allow_missing => return Ok((Some(model), 0)),
        checked => checked?,
    }
    of_deployments::refuse_if_live(&tx, Of::Model(model.row.id), Kind::Model, &model.row.name).await?;
    if !force {
        refuse_if_not_empty(&tx, &model).await?;
    }
    let files = artifact_removal::delete_below(&tx, Below::Model(model.row.id)).await?;
    let gone = removal::delete_of(&tx, model.row.id).await?;
    (model.row.delete_time, model.row.purge_time) = (Some(tx.ctx().now()), Some(tx.ctx().purge_time()));
    model.release_count = Some(0);
    touch(&mut model.row, &tx);
    models::update(&tx, &model.row).await?;
    artifacts::record(&tx, EventType::Deleted, &files);
    for release in &gone {
        tx.record(EventType::Deleted, release, &[]);
    }
    tx.record(EventType::Deleted, &model, &[]);
    Ok((Some(model), gone.len()))
}

async fn refuse_if_not_empty(tx: &Tx, model: &Model) -> Result<(), Error> {
    let (first, count) = removal::live(tx, model.row.id, Blockers::NAMED).await?;
    let name = || model.row.name.to_string();
    in_use(Kind::Model, name(), "has live releases, and `force` is not set", &first, count)?;
    let (first, count) = artifact_removal::live(tx, model.row.id, Blockers::NAMED).await?;
    if count == 0 {
        return Ok(());
    }
    let blockers = Blockers { kind: Kind::Artifact, names: first.iter().map(ToString::to_string).collect(), count };
    Err(Error::InUse { kind: Kind::Model, name: name(), why: "has live artifacts, and `force` is not set", blockers })
}

/// Brings a model back, with the releases and artifacts that were deleted by the same deletion. Of a live one, nothing changes.
///
/// # Errors
/// [`Error::NotFound`], [`Error::EtagMismatch`], [`Error::Exists`] if the path of one of the artifacts is taken.
pub async fn undelete(tx: Tx, command: Arc<DeletedModel>) -> Result<Model, Error> {
    let DeletedModel { model, etag } = &*command;
    let mut model = models::lock_any(&tx, model).await?;
    lifecycle(&model, etag.as_ref()).still_is()?;
    if model.row.delete_time.is_none() {
        return Ok(model);
    }
    let back = removal::undelete_of(&tx, model.row.id, model.row.revision).await?;
    let files = artifact_removal::undelete_below(&tx, Below::Model(model.row.id), model.row.revision).await?;
    (model.row.delete_time, model.row.purge_time) = (None, None);
    model.release_count = Some(i64::try_from(back.len()).unwrap_or(i64::MAX));
    touch(&mut model.row, &tx);
    models::update(&tx, &model.row).await?;
    tx.record(EventType::Undeleted, &model, &[]);
    for release in &back {
        tx.record(EventType::Undeleted, release, &[]);
    }
    artifacts::record(&tx, EventType::Undeleted, &files);
    Ok(model)
}

/// Removes a soft-deleted model and everything below it for good.
///
/// # Errors
/// [`Error::NotFound`], [`Error::EtagMismatch`], [`Error::InvalidTransition`] if it is live, [`Error::InUse`] if
/// releases of other models are derived from its releases.
pub async fn purge(tx: Tx, command: Arc<DeletedModel>) -> Result<Revision, Error> {
    let DeletedModel { model, etag } = &*command;
    let model = models::lock_any(&tx, model).await?;
    lifecycle(&model, etag.as_ref()).may_be_purged()?;
    let all = Purged::AllOf(model.row.id);
    let (derived, count) = removal::derived_from(&tx, &all, Blockers::NAMED).await?;
    let why = "has releases that others are derived from";
    in_use(Kind::Model, model.row.name.to_string(), why, &derived, count)?;
    let names = aliases::purge(&tx, model.row.id).await?;
    let files = artifact_removal::purge(&tx, artifact_removal::Purged::All(Below::Model(model.row.id))).await?;
    let ended = deployments::purge(&tx, Of::Model(model.row.id)).await?;
    let gone = removal::purge(&tx, &all).await?;
    models::purge(&tx, model.row.id).await?;
    for alias in &names {
        tx.record(EventType::Purged, alias, &[]);
    }
    artifacts::record(&tx, EventType::Purged, &files);
    for deployment in &ended {
        tx.record(EventType::Purged, deployment, &[]);
    }
    for release in &gone {
        tx.record(EventType::Purged, release, &[]);
    }
    tx.record(EventType::Purged, &model, &[]);
    Ok(tx.revision())
}

/// Purges a model if it is due to be, and nothing is in the way: whoever came first has done it.
///
/// # Errors
/// Those of the database.
pub async fn purge_if_due(tx: Tx, id: Arc<ModelId>) -> Result<bool, Error> {
    let model = ModelRef::Id(*id);
    let due = match models::get(&tx, &model, View::Basic).await {
        Err(Error::NotFound { .. }) => false,
        found => found?.row.purge_time.is_some_and(|time| time <= tx.ctx().now()),
    };
    match due {
        true => done(purge(tx, Arc::new(DeletedModel { model, etag: None })).await),
        false => Ok(false),
    }
}

impl Registry {
    /// Reads a model; a soft-deleted one only by id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_model(&self, ctx: &Context, model: &ModelRef, view: View) -> Result<Model, Error> {
        models::get(&self.store.glance(ctx.scope()), model, view).await
    }

    /// Reads models, in the order asked for.
    ///
    /// # Errors
    /// [`Error::NotFound`] if one of them is not there.
    pub async fn get_models(&self, ctx: &Context, wanted: &[ModelRef], view: View) -> Result<Vec<Model>, Error> {
        models::get_many(&self.store.glance(ctx.scope()), wanted, view).await
    }

    /// Reads a page of models.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list_models(&self, ctx: &Context, list: &List<ModelFilter, ModelOrder>) -> Result<Page<Model>, Error> {
        let snapshot = self.store.snapshot(ctx.scope()).await?;
        let revision = self.revision_of(&snapshot, list.resume.as_ref()).await?;
        let (rows, more, total) = models::list(&snapshot, list).await?;
        Ok(Page { rows, more, total, revision })
    }
}

fn lifecycle<'a>(model: &Model, etag: Option<&'a Etag>) -> Lifecycle<'a> {
    let model::Model { name, revision, delete_time, .. } = &model.row;
    Lifecycle { kind: Kind::Model, name: name.to_string(), revision: *revision, delete_time: *delete_time, etag }
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
