//! Use cases on aliases.

use super::Registry;
use crate::domain::alias::{AliasFilter, DeleteAlias, Expected, SetAlias};
use crate::domain::event::EventType;
use crate::domain::model::{ModelRef, View};
use crate::domain::name::AliasName;
use crate::domain::page::{Page, PageSize, Resume};
use crate::domain::release::ReleaseState;
use crate::domain::{Context, Error, Kind, ModelId, ReleaseId, Revision, Timestamp};
use crate::store::aliases::{self, Alias};
use crate::store::entity::{alias, alias_move};
use crate::store::releases::Release;
use crate::store::{Tx, models, releases};
use std::sync::Arc;
use std::time::Duration;

/// How many aliases a model has at the most: they are names that people know.
pub(super) const MAX_ALIASES: u64 = 1000;
/// What times are counted in.
pub(super) const TICK: Duration = Duration::from_micros(1);

/// Creates an alias, or moves it if it is where it was expected. To where it points already, nothing changes.
///
/// # Errors
/// [`Error::NotFound`] and [`Error::Deleted`] (the release), [`Error::InvalidTransition`] if it is yanked,
/// [`Error::AliasMoved`], [`Error::LimitExceeded`] if the model has too many.
pub async fn set(tx: Tx, command: Arc<SetAlias>) -> Result<Alias, Error> {
    let SetAlias { release, alias, expected, reason } = &*command;
    let release = releases::get(&tx, release, View::Basic).await?;
    may_be_pointed_to(&release)?;
    let before = aliases::find(&tx, release.row.model_id, alias).await?;
    is_where_expected(*expected, alias, before.as_ref())?;
    if let Some(unmoved) = before.as_ref().filter(|before| before.row.release_id == release.row.id) {
        return Ok(unmoved.clone());
    }
    if before.is_none() {
        refuse_if_too_many(&tx, &release).await?;
    }
    let last = aliases::last_times(&tx, release.row.model_id, &[alias]).await?;
    let time = move_time(&tx, last.get(alias).copied());
    let after = moved(&tx, &release, alias, before.as_ref(), time);
    aliases::put(&tx, &after.row, before.is_none()).await?;
    let from = before.as_ref().map(|before| before.row.release_id);
    aliases::log(&tx, vec![logged(&tx, &after, time, from, Some(release.row.id), reason.clone())]).await?;
    match before {
        None => tx.record(EventType::Created, &after, &[]),
        Some(_) => tx.record(EventType::Updated, &after, &["release_id", "previous_release_id"]),
    }
    Ok(after)
}

/// Deletes an alias; its history stays. Tells the revision of that, if there was something to delete.
///
/// # Errors
/// [`Error::NotFound`] (the model, or the alias unless it may be missing), [`Error::AliasMoved`].
pub async fn delete(tx: Tx, command: Arc<DeleteAlias>) -> Result<Option<Revision>, Error> {
    let DeleteAlias { model, alias, expected, allow_missing } = &*command;
    let model = live(&tx, model).await?;
    let Some(before) = aliases::find(&tx, model, alias).await? else {
        return if *allow_missing { Ok(None) } else { Err(missing(&command.model, alias)) };
    };
    is_where_expected(expected.map_or(Expected::Anything, Expected::Release), alias, Some(&before))?;
    remove(&tx, &[before], None).await?;
    Ok(Some(tx.revision()))
}

/// The id of a model that is live.
async fn live(tx: &Tx, model: &ModelRef) -> Result<ModelId, Error> {
    let model = models::get(tx, model, View::Basic).await?;
    match model.row.delete_time {
        Some(_) => Err(Error::Deleted { kind: Kind::Model, name: model.row.name.to_string() }),
        None => Ok(model.row.id),
    }
}

/// Deletes aliases of one model that are there: by as many statements, however many there are.
pub(super) async fn remove(tx: &Tx, aliases: &[Alias], reason: Option<&str>) -> Result<(), Error> {
    let Some(first) = aliases.first() else { return Ok(()) };
    let names: Vec<&AliasName> = aliases.iter().map(|alias| &alias.row.alias).collect();
    let last = aliases::last_times(tx, first.row.model_id, &names).await?;
    aliases::remove(tx, first.row.model_id, &names).await?;
    let moves = aliases.iter().map(|alias| {
        let time = move_time(tx, last.get(&alias.row.alias).copied());
        logged(tx, alias, time, Some(alias.row.release_id), None, reason.map(str::to_owned))
    });
    aliases::log(tx, moves.collect()).await?;
    for alias in aliases {
        tx.record(EventType::Deleted, alias, &[]);
    }
    Ok(())
}

/// A release that a name may stand for: live, and not withdrawn.
fn may_be_pointed_to(release: &Release) -> Result<(), Error> {
    if release.row.delete_time.is_some() {
        return Err(Error::Deleted { kind: Kind::Release, name: release.key().to_string() });
    }
    match release.row.state {
        ReleaseState::Yanked => Err(Error::InvalidTransition {
            kind: Kind::Release,
            from: ReleaseState::Yanked.as_str(),
            to: "ALIASED",
            why: "no alias can point to a yanked release",
        }),
        ReleaseState::Candidate | ReleaseState::Active | ReleaseState::Deprecated | ReleaseState::Archived => Ok(()),
    }
}

async fn refuse_if_too_many(tx: &Tx, release: &Release) -> Result<(), Error> {
    let actual = aliases::count(tx, release.row.model_id).await?;
    if actual < MAX_ALIASES {
        return Ok(());
    }
    let subject = format!("the aliases of model `{}`", release.model.name);
    Err(Error::LimitExceeded { subject, limit: MAX_ALIASES, actual: actual.saturating_add(1) })
}

fn is_where_expected(expected: Expected, alias: &AliasName, before: Option<&Alias>) -> Result<(), Error> {
    let current = before.map(|before| before.row.release_id);
    if expected.holds(current) {
        return Ok(());
    }
    let revision = before.map_or(Revision::ZERO, |before| before.row.revision);
    Err(Error::AliasMoved { alias: alias.to_string(), current, revision })
}

/// The time of a move: later than the one before it, whatever the clocks of the servers do.
fn move_time(tx: &Tx, last: Option<Timestamp>) -> Timestamp {
    last.map_or(tx.ctx().now(), |last| tx.ctx().now().max(last.after(TICK)))
}

fn moved(tx: &Tx, release: &Release, alias: &AliasName, before: Option<&Alias>, time: Timestamp) -> Alias {
    let row = alias::Model {
        model_id: release.row.model_id,
        alias: alias.clone(),
        release_id: release.row.id,
        previous_release_id: before.map(|before| before.row.release_id),
        create_time: before.map_or(time, |before| before.row.create_time),
        update_time: time,
        updated_by: tx.ctx().actor().clone(),
        revision: tx.revision(),
    };
    Alias { row, model: release.model.name.clone() }
}

fn logged(
    tx: &Tx,
    alias: &Alias,
    time: Timestamp,
    from: Option<ReleaseId>,
    to: Option<ReleaseId>,
    reason: Option<String>,
) -> alias_move::Model {
    alias_move::Model {
        model_id: alias.row.model_id,
        alias: alias.row.alias.clone(),
        revision: tx.revision(),
        move_time: time,
        moved_by: tx.ctx().actor().clone(),
        from_release_id: from,
        to_release_id: to,
        reason,
    }
}

pub(super) fn missing(model: &ModelRef, alias: &AliasName) -> Error {
    Error::not_found(Kind::Alias, format!("{model}@{alias}"))
}

impl Registry {
    /// Reads a page of aliases.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the model or the release is not there.
    pub async fn list_aliases(
        &self,
        ctx: &Context,
        of: &AliasFilter,
        resume: Option<&Resume>,
        size: PageSize,
    ) -> Result<Page<Alias>, Error> {
        let snapshot = self.store.snapshot(ctx.scope()).await?;
        let revision = self.revision_of(&snapshot, resume).await?;
        let model = match &of.model {
            Some(model) => Some(models::find_id(&snapshot, model).await?),
            None => None,
        };
        let release = match &of.release {
            Some(release) => Some(releases::get_id(&snapshot, release).await?),
            None => None,
        };
        let (rows, more) = aliases::list(&snapshot, model, release, resume.map(|resume| &resume.after), size).await?;
        Ok(Page { rows, more, total: None, revision })
    }

    /// Reads a page of the moves of an alias, newest first; also of one that was deleted.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the model is not there, or never had such an alias.
    pub async fn alias_history(
        &self,
        ctx: &Context,
        model: &ModelRef,
        alias: &AliasName,
        resume: Option<&Resume>,
        size: PageSize,
    ) -> Result<Page<alias_move::Model>, Error> {
        let snapshot = self.store.snapshot(ctx.scope()).await?;
        let revision = self.revision_of(&snapshot, resume).await?;
        let id = models::get_id(&snapshot, model).await?;
        let (rows, more) = aliases::history(&snapshot, id, alias, resume.map(|resume| &resume.after), size).await?;
        if rows.is_empty() && resume.is_none() {
            return Err(missing(model, alias));
        }
        Ok(Page { rows, more, total: None, revision })
    }
}
