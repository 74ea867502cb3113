//! Use cases on artifacts. Their bytes are not looked at here.

use super::changes::Changes;
use super::{Lifecycle, Registry, done, later};
use crate::domain::artifact::{ArtifactContentState, ArtifactPatch, DeleteArtifact, NewArtifact, Parent, ParentRef, Whose};
use crate::domain::document::Document;
use crate::domain::event::EventType;
use crate::domain::filter::ArtifactFilter;
use crate::domain::model::View;
use crate::domain::name::FilePath;
use crate::domain::page::{List, Page};
use crate::domain::upload::NewUpload;
use crate::domain::{ArtifactId, ContentId, Context, Error, Etag, Kind, ModelId, ReleaseId, Revision, Timestamp};
use crate::store::artifacts::removal::{self, Purged};
use crate::store::artifacts::{self, Artifact};
use crate::store::entity::{artifact, model};
use crate::store::{Source, Tx, models, releases};
use std::sync::Arc;

/// Registers a file that lies elsewhere as an artifact of a live release or model.
///
/// # Errors
/// [`Error::NotFound`] and [`Error::Deleted`] (the release or model), [`Error::Exists`].
pub async fn create(tx: Tx, new: Arc<NewArtifact>) -> Result<Artifact, Error> {
    register(&tx, &new, tx.ctx().new_id(), None).await
}

/// Registers an artifact under this id, with the bytes that the registry holds of it.
pub(super) async fn register(tx: &Tx, new: &NewArtifact, id: ArtifactId, content: Option<ContentId>) -> Result<Artifact, Error> {
    let owner = owner(tx, &new.parent).await?;
    let artifact = registered(tx, new, owner, id, content);
    artifacts::insert(tx, &artifact).await?;
    tx.record(EventType::Created, &artifact, &[]);
    Ok(artifact)
}

/// Whether what an upload is to belong to is live, and has no artifact of this name.
pub(super) async fn may_register(source: &impl Source, new: &NewUpload) -> Result<(), Error> {
    let (of, name) = match &new.parent {
        ParentRef::Release(release) => {
            let release = releases::get(source, release, View::Basic).await?;
            refuse_deleted(Kind::Release, release.row.delete_time, &release.key())?;
            ((release.row.model_id, Some(release.row.id)), release.key().to_string())
        }
        ParentRef::Model(model) => {
            let model = models::get(source, model, View::Basic).await?;
            refuse_deleted(Kind::Model, model.row.delete_time, &model.row.name)?;
            ((model.row.id, None), model.row.name.to_string())
        }
    };
    match artifacts::namesake(source, of, &new.name).await? {
        Some(id) => {
            Err(Error::Exists { kind: Kind::Artifact, name: format!("{name}#{}", new.name), id: id.to_string(), deleted: false })
        }
        None => Ok(()),
    }
}

fn refuse_deleted(kind: Kind, delete_time: Option<Timestamp>, name: &impl ToString) -> Result<(), Error> {
    if delete_time.is_some() { Err(Error::Deleted { kind, name: name.to_string() }) } else { Ok(()) }
}

/// What a new artifact belongs to.
struct Owner {
    model: ModelId,
    release: Option<ReleaseId>,
    parent: Parent,
}

async fn owner(tx: &Tx, parent: &ParentRef) -> Result<Owner, Error> {
    match parent {
        ParentRef::Release(release) => {
            let release = releases::lock_parent(tx, release).await?;
            let key = release.key();
            match release.row.delete_time {
                Some(_) => Err(Error::Deleted { kind: Kind::Release, name: key.to_string() }),
                None => Ok(Owner { model: release.row.model_id, release: Some(release.row.id), parent: Parent::Release(key) }),
            }
        }
        ParentRef::Model(model) => {
            let rows = models::lock_rows(tx, std::slice::from_ref(model)).await?;
            let model::Model { id, name, delete_time, .. } = rows.into_iter().next().ok_or_else(|| Error::bug("no row"))?;
            match delete_time {
                Some(_) => Err(Error::Deleted { kind: Kind::Model, name: name.to_string() }),
                None => Ok(Owner { model: id, release: None, parent: Parent::Model(name) }),
            }
        }
    }
}

/// Changes the fields of a live artifact that the patch names. A patch that changes nothing writes nothing.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Deleted`], [`Error::EtagMismatch`], [`Error::Immutable`], [`Error::Invalid`] for a path that is
/// the registry's to give, [`Error::Exists`] if another live artifact has the path.
pub async fn update(tx: Tx, command: Arc<(ArtifactId, ArtifactPatch)>) -> Result<Artifact, Error> {
    let (id, patch) = &*command;
    let mut artifact = artifacts::lock(&tx, *id).await?;
    lifecycle(&artifact, patch.etag.as_ref()).may_change()?;
    let changes = apply(patch.clone(), &mut artifact.row)?;
    if changes.is_empty() {
        return Ok(artifact);
    }
    touch(&mut artifact.row, &tx);
    artifacts::update(&tx, &artifact.row).await?;
    tx.record(EventType::Updated, &artifact, changes.names());
    Ok(artifact)
}

/// Soft-deletes an artifact: its name and its path are free from then on. Gives it, if there was one.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Deleted`] (unless it may be missing), [`Error::EtagMismatch`].
pub async fn delete(tx: Tx, command: Arc<DeleteArtifact>) -> Result<Option<Artifact>, Error> {
    let DeleteArtifact { id, allow_missing, etag } = &*command;
    let mut artifact = match artifacts::lock(&tx, *id).await {
        Err(Error::NotFound { .. }) if *allow_missing => return Ok(None),
        found => found?,
    };
    match lifecycle(&artifact, etag.as_ref()).may_change() {
        Err(Error::Deleted { .. }) if *allow_missing => return Ok(Some(artifact)),
        checked => checked?,
    }
    (artifact.row.delete_time, artifact.row.purge_time) = (Some(tx.ctx().now()), Some(tx.ctx().purge_time()));
    touch(&mut artifact.row, &tx);
    artifacts::update(&tx, &artifact.row).await?;
    tx.record(EventType::Deleted, &artifact, &[]);
    Ok(Some(artifact))
}

/// Purges an artifact that was deleted by itself if it is due to be: whoever came first has done it.
///
/// # Errors
/// Those of the database.
pub async fn purge_if_due(tx: Tx, id: Arc<ArtifactId>) -> Result<bool, Error> {
    let due = match artifacts::lock(&tx, *id).await {
        Err(Error::NotFound { .. }) => false,
        found => found?.row.purge_time.is_some_and(|time| time <= tx.ctx().now()),
    };
    match due {
        true => done(purge(&tx, *id).await),
        false => Ok(false),
    }
}

async fn purge(tx: &Tx, id: ArtifactId) -> Result<Revision, Error> {
    let gone = removal::purge(tx, Purged::One(id)).await?;
    record(tx, EventType::Purged, &gone);
    Ok(tx.revision())
}

/// Remembers what has become of many artifacts.
pub(super) fn record(tx: &Tx, event_type: EventType, artifacts: &[Artifact]) {
    for artifact in artifacts {
        tx.record(event_type, artifact, &[]);
    }
}

impl Registry {
    /// Reads an artifact, live or not.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_artifact(&self, ctx: &Context, id: ArtifactId) -> Result<Artifact, Error> {
        artifacts::get(&self.store.glance(ctx.scope()), id).await
    }

    /// Reads a page of the artifacts of one model, of one release, or of all.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the model or the release is not there.
    pub async fn list_artifacts(
        &self,
        ctx: &Context,
        of: &Whose,
        list: &List<ArtifactFilter, ()>,
    ) -> Result<Page<Artifact>, Error> {
        let snapshot = self.store.snapshot(ctx.scope()).await?;
        let revision = self.revision_of(&snapshot, list.resume.as_ref()).await?;
        let model = match &of.model {
            Some(model) => Some(models::get_id(&snapshot, model).await?),
            None => None,
        };
        let release = match &of.release {
            Some(release) => Some(releases::get_id(&snapshot, release).await?),
            None => None,
        };
        let (rows, more, total) = artifacts::list(&snapshot, (model, release), list).await?;
        Ok(Page { rows, more, total, revision })
    }
}

fn lifecycle<'a>(artifact: &Artifact, etag: Option<&'a Etag>) -> Lifecycle<'a> {
    let artifact::Model { revision, delete_time, .. } = &artifact.row;
    Lifecycle { kind: Kind::Artifact, name: artifact.to_string(), revision: *revision, delete_time: *delete_time, etag }
}

fn registered(tx: &Tx, new: &NewArtifact, owner: Owner, id: ArtifactId, content: Option<ContentId>) -> Artifact {
    let ctx = tx.ctx();
    let NewArtifact {
        parent: _,
        name,
        artifact_type,
        file_path,
        size_bytes,
        checksum,
        platform,
        python_version,
        metadata,
        uploaded_by,
    } = new.clone();
    let Owner { model, release, parent } = owner;
    let row = artifact::Model {
        id,
        model_id: model,
        release_id: release,
        name,
        artifact_type,
        file_path_hash: file_path.hash(),
        file_path,
        size_bytes,
        checksum,
        platform,
        python_version,
        metadata,
        uploaded_by,
        content_state: content.map_or(ArtifactContentState::External, |_| ArtifactContentState::Stored),
        content_id: content,
        create_time: ctx.now(),
        update_time: ctx.now(),
        delete_time: None,
        purge_time: None,
        revision: tx.revision(),
        created_by: ctx.actor().clone(),
    };
    Artifact { row, parent }
}

fn apply(patch: ArtifactPatch, row: &mut artifact::Model) -> Result<Changes, Error> {
    let ArtifactPatch {
        etag: _,
        name,
        checksum,
        artifact_type,
        file_path,
        size_bytes,
        platform,
        python_version,
        metadata,
        uploaded_by,
    } = patch;
    let differs = |path, differs| if differs { Err(Error::Immutable { path }) } else { Ok(()) };
    differs("artifact.name", name.is_some_and(|name| name != row.name))?;
    differs("artifact.checksum", checksum.is_some_and(|checksum| checksum != row.checksum))?;
    // What the registry holds, or held, is as it was found to be.
    let held = row.content_state != ArtifactContentState::External;
    differs("artifact.file_path", held && file_path.as_ref().is_some_and(|path| *path != row.file_path))?;
    differs("artifact.size_bytes", held && size_bytes.is_some_and(|size| size != row.size_bytes))?;
    let mut changes = Changes::default();
    changes.note("artifact_type", set(artifact_type, &mut row.artifact_type));
    changes.note("file_path", set(file_path, &mut row.file_path));
    changes.note("size_bytes", set(size_bytes, &mut row.size_bytes));
    changes.note("platform", platform.apply(&mut row.platform));
    changes.note("python_version", python_version.apply(&mut row.python_version));
    changes.note("metadata", metadata.apply_or(&mut row.metadata, Document::default()));
    changes.note("uploaded_by", uploaded_by.apply(&mut row.uploaded_by));
    if changes.contains("file_path") {
        row.file_path =
            FilePath::of_caller(row.file_path.as_str()).map_err(|refused| Error::invalid(refused.at("artifact.file_path")))?;
        row.file_path_hash = row.file_path.hash();
    }
    Ok(changes)
}

/// Stores what is given; tells whether that is new.
fn set<T: PartialEq>(value: Option<T>, field: &mut T) -> bool {
    match value {
        Some(value) if value != *field => {
            *field = value;
            true
        }
        Some(_) | None => false,
    }
}

fn touch(row: &mut artifact::Model, tx: &Tx) {
    row.update_time = later(tx.ctx().now(), row.update_time);
    row.revision = tx.revision();
}
