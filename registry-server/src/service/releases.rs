//! Use cases on releases, except finding one (`resolve.rs`).

use super::changes::Changes;
use super::{Lifecycle, Registry, later};
use crate::domain::document::Document;
use crate::domain::event::{Event, EventType};
use crate::domain::filter::ReleaseFilter;
use crate::domain::model::{Labels, ModelRef, View};
use crate::domain::name::{Digest, ImageTag};
use crate::domain::page::{List, Page};
use crate::domain::release::{NewRelease, ReleaseIdentity, ReleaseOrder, ReleasePatch, ReleaseRef, ReleaseState, Transition};
use crate::domain::{Context, Error, Etag, Kind, Patch};
use crate::store::entity::{model, release};
use crate::store::releases::{self, OfModel, Release};
use crate::store::{Tx, models};
use std::sync::Arc;

impl Registry {
    /// Registers a release of a live model, and gives it the next number of that model.
    ///
    /// # Errors
    /// [`Error::NotFound`] (the model, or the base release), [`Error::Deleted`], [`Error::Exists`].
    pub async fn create_release(&self, ctx: &Context, new: NewRelease) -> Result<Release, Error> {
        let create = |tx: Tx, new: Arc<NewRelease>| async move {
            let model = numbered(&tx, &new.model).await?;
            let release = registered(&tx, &new, model);
            releases::insert(&tx, &release).await?;
            tx.record(event(EventType::Created, &release, Changes::default()));
            Ok(release)
        };
        self.store.write(ctx, new, create).await
    }

    /// Reads a release; a soft-deleted one only by id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_release(&self, release: &ReleaseRef, view: View) -> Result<Release, Error> {
        releases::get(&self.store.snapshot().await?, release, view).await
    }

    /// Reads releases, in the order asked for.
    ///
    /// # Errors
    /// [`Error::NotFound`] if one of them is not there.
    pub async fn get_releases(&self, wanted: &[ReleaseRef], view: View) -> Result<Vec<Release>, Error> {
        releases::get_many(&self.store.snapshot().await?, wanted, view).await
    }

    /// Reads a page of the releases of one model, or of all.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the model is not there.
    pub async fn list_releases(
        &self,
        of: Option<&ModelRef>,
        list: &List<ReleaseFilter, ReleaseOrder>,
    ) -> Result<Page<Release>, Error> {
        let snapshot = self.store.snapshot().await?;
        let revision = match &list.resume {
            Some(resume) => resume.revision,
            None => self.store.current_revision(&snapshot).await?,
        };
        let model = match of {
            Some(model) => Some(models::get_id(&snapshot, model).await?),
            None => None,
        };
        let (rows, more, total) = releases::list(&snapshot, model, list).await?;
        Ok(Page { rows, more, total, revision })
    }

    /// Changes the fields of a live release that the patch names. A patch that changes nothing writes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Deleted`], [`Error::EtagMismatch`], [`Error::Immutable`].
    pub async fn update_release(&self, ctx: &Context, release: ReleaseRef, patch: ReleasePatch) -> Result<Release, Error> {
        let update = |tx: Tx, command: Arc<(ReleaseRef, ReleasePatch)>| async move {
            let (release, patch) = &*command;
            let mut release = releases::lock(&tx, release).await?;
            lifecycle(&release, patch.etag.as_ref()).may_change()?;
            let changes = apply(patch.clone(), &mut release)?;
            if changes.is_empty() {
                return Ok(release);
            }
            touch(&mut release.row, &tx);
            releases::update(&tx, &release.row).await?;
            if changes.contains("labels") {
                releases::put_labels(&tx, release.row.id, &release.labels).await?;
            }
            tx.record(event(EventType::Updated, &release, changes));
            Ok(release)
        };
        self.store.write(ctx, (release, patch), update).await
    }

    /// Takes a live release one step through its life. A step to where it is changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Deleted`], [`Error::EtagMismatch`], [`Error::InvalidTransition`].
    pub async fn transition_release(&self, ctx: &Context, step: Transition) -> Result<Release, Error> {
        let transition = |tx: Tx, step: Arc<Transition>| async move {
            let Transition { release, target, reason, etag } = &*step;
            let mut release = releases::lock(&tx, release).await?;
            lifecycle(&release, etag.as_ref()).may_change()?;
            if release.row.state == *target {
                return Ok(release);
            }
            release.row.state.step_to(*target, release.row.digest.as_ref())?;
            let changes = enter(&mut release.row, *target, reason.clone(), &tx);
            releases::update(&tx, &release.row).await?;
            tx.record(event(EventType::StateChanged, &release, changes));
            Ok(release)
        };
        self.store.write(ctx, step, transition).await
    }
}

/// The live model with its next number taken, or why there is none.
async fn numbered(tx: &Tx, wanted: &ModelRef) -> Result<model::Model, Error> {
    match models::next_number(tx, wanted).await? {
        Some(model) => Ok(model),
        None => {
            let deleted = models::get(tx, wanted, View::Basic).await?;
            Err(Error::Deleted { kind: Kind::Model, name: deleted.row.name.to_string() })
        }
    }
}

fn event(event_type: EventType, release: &Release, changes: Changes) -> Event {
    Event::release(event_type, release.row.id, release.key().to_string(), release.row.model_id, changes.into_inner())
}

fn lifecycle<'a>(release: &Release, etag: Option<&'a Etag>) -> Lifecycle<'a> {
    let release::Model { revision, delete_time, .. } = &release.row;
    Lifecycle { kind: Kind::Release, name: release.key().to_string(), revision: *revision, delete_time: *delete_time, etag }
}

fn registered(tx: &Tx, new: &NewRelease, model: model::Model) -> Release {
    let ctx = tx.ctx();
    let NewRelease {
        model: _,
        version,
        tag,
        digest,
        quantization,
        platform,
        size_bytes,
        state,
        release_notes,
        metadata,
        storage_path,
        mlflow_url,
        training,
        labels,
        base_release_id,
    } = new.clone();
    let row = release::Model {
        id: ctx.new_id(),
        model_id: model.id,
        number: model.last_release_number,
        version,
        tag,
        digest,
        quantization,
        platform,
        size_bytes,
        state,
        promote_time: (state == ReleaseState::Active).then(|| ctx.now()),
        state_reason: None,
        release_notes,
        metadata,
        storage_path,
        mlflow_url,
        training,
        base_release_id,
        create_time: ctx.now(),
        update_time: ctx.now(),
        delete_time: None,
        purge_time: None,
        revision: tx.revision(),
        created_by: ctx.actor().clone(),
        updated_by: ctx.actor().clone(),
    };
    let model::Model { name, storage_path, repository, .. } = model;
    Release { row, model: OfModel { name, storage_path, repository }, labels }
}

fn apply(patch: ReleasePatch, release: &mut Release) -> Result<Changes, Error> {
    let ReleasePatch {
        etag: _,
        identity,
        digest,
        tag,
        size_bytes,
        release_notes,
        metadata,
        storage_path,
        mlflow_url,
        training,
        labels,
    } = patch;
    let row = &mut release.row;
    same_identity(identity, row)?;
    let unchanged = row.tag.clone();
    let mut changes = Changes::default();
    changes.note("digest", set_once(digest, &mut row.digest)?);
    changes.note("tag", with_default(tag, row)?.apply_or(&mut row.tag, unchanged));
    changes.note("size_bytes", size_bytes.apply(&mut row.size_bytes));
    changes.note("release_notes", release_notes.apply(&mut row.release_notes));
    changes.note("metadata", metadata.apply_or(&mut row.metadata, Document::default()));
    changes.note("storage_path", storage_path.apply(&mut row.storage_path));
    changes.note("mlflow_url", mlflow_url.apply(&mut row.mlflow_url));
    changes.note("training", training.apply(&mut row.training));
    changes.note("labels", labels.apply_or(&mut release.labels, Labels::new()));
    Ok(changes)
}

/// What was built never changes; a caller who says otherwise means another release.
fn same_identity(sent: ReleaseIdentity, row: &release::Model) -> Result<(), Error> {
    let ReleaseIdentity { version, digest, quantization, platform, base_release_id } = sent;
    let differs = [
        ("release.version", version.is_some_and(|version| version != row.version)),
        ("release.digest", digest.is_some_and(|digest| row.digest.as_ref().is_some_and(|stored| *stored != digest))),
        ("release.quantization", quantization.is_some_and(|quantization| quantization != row.quantization)),
        ("release.platform", platform.is_some_and(|platform| platform != row.platform)),
        ("release.base_release_id", base_release_id.is_some_and(|base| row.base_release_id != Some(base))),
    ];
    match differs.into_iter().find(|(_, differs)| *differs) {
        Some((path, _)) => Err(Error::Immutable { path }),
        None => Ok(()),
    }
}

/// Clearing the tag brings back the one that a release gets when it names none.
fn with_default(tag: Patch<ImageTag>, row: &release::Model) -> Result<Patch<ImageTag>, Error> {
    match tag {
        Patch::Clear => ImageTag::of(row.version.as_str(), row.quantization.as_str())
            .map(Patch::Set)
            .map_err(|refused| Error::invalid(refused.at("release.tag"))),
        other => Ok(other),
    }
}

/// A digest can be set where there is none, and then never again.
fn set_once(patch: Patch<Digest>, stored: &mut Option<Digest>) -> Result<bool, Error> {
    let before = stored.clone();
    let changed = patch.apply(stored);
    if changed && before.is_some() { Err(Error::Immutable { path: "release.digest" }) } else { Ok(changed) }
}

/// Enters a state. Only the first promotion counts as one.
fn enter(row: &mut release::Model, target: ReleaseState, reason: Option<String>, tx: &Tx) -> Changes {
    let mut changes = Changes::default();
    changes.note("state", true);
    changes.note("state_reason", row.state_reason != reason);
    changes.note("promote_time", target == ReleaseState::Active && row.promote_time.is_none());
    row.state = target;
    row.state_reason = reason;
    if changes.contains("promote_time") {
        row.promote_time = Some(later(tx.ctx().now(), row.create_time));
    }
    touch(row, tx);
    changes
}

fn touch(row: &mut release::Model, tx: &Tx) {
    row.update_time = later(tx.ctx().now(), row.update_time);
    row.updated_by = tx.ctx().actor().clone();
    row.revision = tx.revision();
}
