//! Use cases on releases, except finding one (`resolve.rs`).

use super::changes::Changes;
use super::{Lifecycle, Registry, artifacts, deployments as of_deployments, done, in_use, later};
use crate::domain::artifact::Below;
use crate::domain::document::Document;
use crate::domain::error::Blockers;
use crate::domain::event::EventType;
use crate::domain::filter::ReleaseFilter;
use crate::domain::model::{Labels, ModelRef, View};
use crate::domain::name::{Digest, ImageTag};
use crate::domain::page::{List, Page};
use crate::domain::release::{
    DeleteRelease, DeletedRelease, NewRelease, ReleaseIdentity, ReleaseOrder, ReleasePatch, ReleaseRef, ReleaseState, Transition,
};
use crate::domain::{Context, Error, Etag, Kind, ModelId, Patch, Refused, ReleaseId, Revision};
use crate::store::artifacts::removal as artifact_removal;
use crate::store::deployments::Of;
use crate::store::entity::{model, release};
use crate::store::releases::{self, OfModel, Release};
use crate::store::removal::{self, Purged};
use crate::store::{Shared, Tx, UseCase, aliases, deployments, models};
use futures::FutureExt as _;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Registers releases of live models, each with the next number of its model: all of them, or none.
///
/// # Errors
/// [`Error::NotFound`] (a model, or a base release), [`Error::Deleted`], [`Error::Exists`].
pub async fn create(tx: Tx, new: Arc<Vec<NewRelease>>) -> Result<Vec<Release>, Error> {
    create_together(vec![(tx, new)]).await?.pop().ok_or_else(|| Error::bug("releases of nobody"))
}

/// The same, for one caller or for several at once.
#[must_use]
pub fn creating() -> impl UseCase<Vec<NewRelease>, Vec<Release>> {
    Shared { alone: create, together: |calls| create_together(calls).boxed() }
}

async fn create_together(calls: Vec<(Tx, Arc<Vec<NewRelease>>)>) -> Result<Vec<Vec<Release>>, Error> {
    let Some((tx, _)) = calls.first() else { return Ok(Vec::new()) };
    let new: Vec<(&Tx, &NewRelease)> = calls.iter().flat_map(|(tx, new)| new.iter().map(move |new| (tx, new))).collect();
    let models = numbered(tx, &new).await?;
    refuse_unknown_bases(tx, &new).await?;
    let releases: Vec<Release> = new.iter().zip(models).map(|((tx, new), model)| registered(tx, new, model)).collect();
    refuse_twins(&releases)?;
    releases::insert(tx, &releases).await?;
    for ((tx, _), release) in new.iter().zip(&releases) {
        tx.record(EventType::Created, release, &[]);
    }
    let mut releases = releases.into_iter();
    Ok(calls.iter().map(|(_, new)| releases.by_ref().take(new.len()).collect()).collect())
}

/// The rows of their models, each with the number that its release takes.
async fn numbered(tx: &Tx, new: &[(&Tx, &NewRelease)]) -> Result<Vec<model::Model>, Error> {
    let wanted: Vec<ModelRef> = new.iter().map(|(_, new)| new.model.clone()).collect();
    let models = match &*wanted {
        [model] => vec![models::take_numbers_of(tx, model, 1).await?],
        _ => {
            let mut models = models::lock_rows(tx, &wanted).await?;
            let taken = give_numbers(&mut models);
            models::take_numbers(tx, &taken).await?;
            models
        }
    };
    match models.iter().find(|model| model.delete_time.is_some()) {
        Some(model) => Err(Error::Deleted { kind: Kind::Model, name: model.name.to_string() }),
        None => Ok(models),
    }
}

/// Gives each of the rows, of which several may be of one model, the next number of its model; how many each model gave.
fn give_numbers(models: &mut [model::Model]) -> BTreeMap<ModelId, i64> {
    let mut taken: BTreeMap<ModelId, i64> = BTreeMap::new();
    for model in models {
        let number = taken.entry(model.id).or_default();
        *number += 1;
        model.last_release_number += *number;
    }
    taken
}

async fn refuse_unknown_bases(tx: &Tx, new: &[(&Tx, &NewRelease)]) -> Result<(), Error> {
    let bases = new.iter().filter_map(|(_, new)| new.base_release_id).collect();
    match releases::missing(tx, &bases).await?.first() {
        Some(missing) => Err(Error::not_found(Kind::Release, missing)),
        None => Ok(()),
    }
}

/// Two releases of one call with one key: which of them was meant nobody can tell.
fn refuse_twins(releases: &[Release]) -> Result<(), Error> {
    let mut seen = HashSet::new();
    match releases.iter().position(|release| !seen.insert(release.key())) {
        Some(index) => {
            let why = "has the version, quantization and platform of an earlier release of the batch";
            Err(Error::invalid(Refused::new("DUPLICATE", why).at(format!("requests[{index}].release"))))
        }
        None => Ok(()),
    }
}

/// Changes the fields of a live release that the patch names. A patch that changes nothing writes nothing.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Deleted`], [`Error::EtagMismatch`], [`Error::Immutable`].
pub async fn update(tx: Tx, command: Arc<(ReleaseRef, ReleasePatch)>) -> Result<Release, Error> {
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
        releases::replace_labels(&tx, release.row.id, &release.labels).await?;
    }
    tx.record(EventType::Updated, &release, changes.names());
    Ok(release)
}

/// Takes a live release one step through its life. A step to where it is changes nothing.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Deleted`], [`Error::EtagMismatch`], [`Error::InvalidTransition`], [`Error::InUse`] if
/// it is to be yanked and an alias points to it.
pub async fn transition(tx: Tx, step: Arc<Transition>) -> Result<Release, Error> {
    let Transition { release, target, reason, etag } = &*step;
    let mut release = releases::lock(&tx, release).await?;
    lifecycle(&release, etag.as_ref()).may_change()?;
    if release.row.state == *target {
        return Ok(release);
    }
    release.row.state.step_to(*target, release.row.digest.as_ref())?;
    if *target == ReleaseState::Yanked {
        refuse_if_aliased(&release, "cannot be yanked while an alias points to it")?;
    }
    let changes = enter(&mut release.row, *target, reason.clone(), &tx);
    releases::update(&tx, &release.row).await?;
    tx.record(EventType::StateChanged, &release, changes.names());
    Ok(release)
}

fn refuse_if_aliased(release: &Release, why: &'static str) -> Result<(), Error> {
    let Release { model, aliases, .. } = release;
    if aliases.is_empty() {
        return Ok(());
    }
    let count = u64::try_from(aliases.len()).unwrap_or(u64::MAX);
    let some = usize::try_from(Blockers::NAMED).unwrap_or(usize::MAX);
    let names = aliases.iter().take(some).map(|alias| format!("{}@{alias}", model.name)).collect();
    let blockers = Blockers { kind: Kind::Alias, names, count };
    Err(Error::InUse { kind: Kind::Release, name: release.key().to_string(), why, blockers })
}

/// Soft-deletes a release without live deployments, with its live artifacts, and the aliases that point to it if that is forced.
/// Gives it, if there was one.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Deleted`] (unless it may be missing), [`Error::EtagMismatch`], [`Error::InUse`].
pub async fn delete(tx: Tx, command: Arc<DeleteRelease>) -> Result<Option<Release>, Error> {
    let DeleteRelease { release, force, allow_missing, etag } = &*command;
    let mut release = match releases::lock(&tx, release).await {
        Err(Error::NotFound { .. }) if *allow_missing => return Ok(None),
        found => found?,
    };
    match lifecycle(&release, etag.as_ref()).may_change() {
        Err(Error::Deleted { .. }) if *allow_missing => return Ok(Some(release)),
        checked => checked?,
    }
    let of_it = Of::Release(release.row.id);
    of_deployments::refuse_if_live(&tx, of_it, Kind::Release, release.key()).await?;
    if !force {
        refuse_if_aliased(&release, "has aliases that point to it, and `force` is not set")?;
    }
    let pointing = aliases::of_release(&tx, release.row.id).await?;
    super::aliases::remove(&tx, &pointing, Some("the release was deleted")).await?;
    let files = artifact_removal::delete_below(&tx, Below::Release(release.row.id)).await?;
    release.aliases.clear();
    release.artifact_count = Some(0);
    (release.row.delete_time, release.row.purge_time) = (Some(tx.ctx().now()), Some(tx.ctx().purge_time()));
    touch(&mut release.row, &tx);
    releases::update(&tx, &release.row).await?;
    artifacts::record(&tx, EventType::Deleted, &files);
    tx.record(EventType::Deleted, &release, &[]);
    Ok(Some(release))
}

/// Brings a release of a live model back, with the artifacts that were deleted by the same deletion. Of a live one, nothing
/// changes.
///
/// # Errors
/// [`Error::NotFound`], [`Error::EtagMismatch`], [`Error::Deleted`] (the model), [`Error::Exists`] if the path of one of the
/// artifacts is taken.
pub async fn undelete(tx: Tx, command: Arc<DeletedRelease>) -> Result<Release, Error> {
    let DeletedRelease { release, etag } = &*command;
    let mut release = releases::lock_any(&tx, release).await?;
    lifecycle(&release, etag.as_ref()).still_is()?;
    if release.row.delete_time.is_none() {
        return Ok(release);
    }
    let model = models::get(&tx, &ModelRef::Id(release.row.model_id), View::Basic).await?;
    if model.row.delete_time.is_some() {
        return Err(Error::Deleted { kind: Kind::Model, name: model.row.name.to_string() });
    }
    let files = artifact_removal::undelete_below(&tx, Below::Release(release.row.id), release.row.revision).await?;
    release.artifact_count = Some(i64::try_from(files.len()).unwrap_or(i64::MAX));
    (release.row.delete_time, release.row.purge_time) = (None, None);
    touch(&mut release.row, &tx);
    releases::update(&tx, &release.row).await?;
    tx.record(EventType::Undeleted, &release, &[]);
    artifacts::record(&tx, EventType::Undeleted, &files);
    Ok(release)
}

/// Removes a soft-deleted release for good, with all its artifacts and the records of its deployments.
///
/// # Errors
/// [`Error::NotFound`], [`Error::EtagMismatch`], [`Error::InvalidTransition`] if it is live, [`Error::InUse`] if
/// others are derived from it.
pub async fn purge(tx: Tx, command: Arc<DeletedRelease>) -> Result<Revision, Error> {
    let DeletedRelease { release, etag } = &*command;
    let release = releases::lock_any(&tx, release).await?;
    lifecycle(&release, etag.as_ref()).may_be_purged()?;
    let release = Release {
        aliases: aliases::of_release(&tx, release.row.id).await?.into_iter().map(|alias| alias.row.alias).collect(),
        ..release
    };
    refuse_if_aliased(&release, "has aliases that come back with its model")?;
    let one = Purged::One(release.row.id);
    let (derived, count) = removal::derived_from(&tx, &one, Blockers::NAMED).await?;
    in_use(Kind::Release, release.key().to_string(), "has releases that are derived from it", &derived, count)?;
    let files = artifact_removal::purge(&tx, artifact_removal::Purged::All(Below::Release(release.row.id))).await?;
    let ended = deployments::purge(&tx, Of::Release(release.row.id)).await?;
    removal::purge(&tx, &one).await?;
    artifacts::record(&tx, EventType::Purged, &files);
    for deployment in &ended {
        tx.record(EventType::Purged, deployment, &[]);
    }
    tx.record(EventType::Purged, &release, &[]);
    Ok(tx.revision())
}

/// Purges a release if it is due to be, and nothing is in the way: whoever came first has done it.
///
/// # Errors
/// Those of the database.
pub async fn purge_if_due(tx: Tx, id: Arc<ReleaseId>) -> Result<bool, Error> {
    let release = ReleaseRef::Id(*id);
    let due = match releases::get(&tx, &release, View::Basic).await {
        Err(Error::NotFound { .. }) => false,
        found => found?.row.purge_time.is_some_and(|time| time <= tx.ctx().now()),
    };
    match due {
        true => done(purge(tx, Arc::new(DeletedRelease { release, etag: None })).await),
        false => Ok(false),
    }
}

impl Registry {
    /// Reads a release; a soft-deleted one only by id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_release(&self, ctx: &Context, release: &ReleaseRef, view: View) -> Result<Release, Error> {
        releases::get(&self.store.glance(ctx.scope()), release, view).await
    }

    /// Reads releases, in the order asked for.
    ///
    /// # Errors
    /// [`Error::NotFound`] if one of them is not there.
    pub async fn get_releases(&self, ctx: &Context, wanted: &[ReleaseRef], view: View) -> Result<Vec<Release>, Error> {
        releases::get_many(&self.store.glance(ctx.scope()), wanted, view).await
    }

    /// Reads a page of the releases of one model, or of all.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the model is not there.
    pub async fn list_releases(
        &self,
        ctx: &Context,
        of: Option<&ModelRef>,
        list: &List<ReleaseFilter, ReleaseOrder>,
    ) -> Result<Page<Release>, Error> {
        let snapshot = self.store.snapshot(ctx.scope()).await?;
        let revision = self.revision_of(&snapshot, list.resume.as_ref()).await?;
        let model = match of {
            Some(model) => Some(models::get_id(&snapshot, model).await?),
            None => None,
        };
        let (rows, more, total) = releases::list(&snapshot, model, list).await?;
        Ok(Page { rows, more, total, revision })
    }
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
    Release {
        row,
        model: OfModel { name, storage_path, repository },
        labels,
        aliases: Vec::new(),
        artifact_count: Some(0),
        live_deployment_count: Some(0),
    }
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
