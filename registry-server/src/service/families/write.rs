//! Writes what is new of a family, parents first, and records it.
//!
//! May not: decide what is new.

use super::plan::Plan;
use super::{Family, Member, ReleaseRow};
use crate::domain::Error;
use crate::domain::artifact::Parent;
use crate::domain::event::EventType;
use crate::domain::import::Fate;
use crate::domain::release::ReleaseState;
use crate::domain::{ReleaseId, Timestamp};
use crate::store::aliases::{self, Alias};
use crate::store::artifacts::{self, Artifact};
use crate::store::deployments::{self, Deployment, OfRelease};
use crate::store::entity::alias_move;
use crate::store::models::{self, Model};
use crate::store::releases::{self, Release};
use crate::store::{Tx, stored};
use std::collections::HashMap;

/// How many releases are written by one statement: each binds some thirty values, and the databases bind some ten thousand.
const AT_ONCE: usize = 500;

/// Writes it.
///
/// # Errors
/// Those of the database.
pub(super) async fn write(tx: &Tx, family: &Family, plan: &Plan) -> Result<(), Error> {
    if plan.of_model == Fate::Created {
        let model = created(tx, &family.model.row, plan);
        models::insert(tx, std::slice::from_ref(&model)).await?;
        tx.record(EventType::Created, &model, &[]);
    }
    let mut written = releases(tx, family, plan).await?;
    aliases(tx, family, plan).await?;
    if family.artifacts.is_empty() && family.deployments.is_empty() {
        return Ok(());
    }
    others(tx, family, plan, &mut written).await?;
    artifacts(tx, family, plan, &written).await?;
    deployments(tx, family, plan, &written).await
}

fn new<'a, T>(members: &'a [Member<T>], fates: &'a [Fate]) -> impl Iterator<Item = &'a T> {
    members.iter().zip(fates).filter(|(_, fate)| **fate == Fate::Created).map(|(member, _)| &member.row)
}

fn created(tx: &Tx, model: &Model, plan: &Plan) -> Model {
    let mut model = Model { release_count: Some(0), ..model.clone() };
    let highest = plan.becomes.values().map(|(_, number)| *number).max().unwrap_or(0);
    model.row.last_release_number = model.row.last_release_number.max(highest);
    model.row.purge_time = purge_time(tx, model.row.delete_time);
    model.row.revision = tx.revision();
    model
}

/// What was deleted in the old system is kept here for as long as if it were deleted now.
fn purge_time(tx: &Tx, delete_time: Option<Timestamp>) -> Option<Timestamp> {
    delete_time.map(|_| tx.ctx().purge_time())
}

/// Gives what was written, by id.
async fn releases(tx: &Tx, family: &Family, plan: &Plan) -> Result<HashMap<ReleaseId, Release>, Error> {
    let all: Vec<Release> = new(&family.releases, &plan.releases).map(|release| of_release(tx, release, plan)).collect();
    for some in all.chunks(AT_ONCE) {
        releases::insert(tx, some).await?;
    }
    for release in &all {
        tx.record(EventType::Created, release, &[]);
    }
    if let Some(highest) = all.iter().map(|release| release.row.number).max() {
        // Also above those that were deleted in the old system: who knew them there would take others for them.
        let highest = highest.max(family.model.row.row.last_release_number);
        stored::raise_release_number(tx, plan.model.id, highest).await?;
    }
    Ok(all.into_iter().map(|release| (release.row.id, release)).collect())
}

fn of_release(tx: &Tx, release: &ReleaseRow, plan: &Plan) -> Release {
    let mut release = release.shown(&plan.model);
    let row = &mut release.row;
    row.model_id = plan.model.id;
    row.number = plan.becomes.get(&row.id).map_or(row.number, |(_, number)| *number);
    row.purge_time = purge_time(tx, row.delete_time);
    row.revision = tx.revision();
    release
}

async fn aliases(tx: &Tx, family: &Family, plan: &Plan) -> Result<(), Error> {
    let mut moves = Vec::new();
    for alias in new(&family.aliases, &plan.aliases) {
        let mut row = alias.clone();
        row.model_id = plan.model.id;
        row.release_id = plan.becomes.get(&row.release_id).map_or(row.release_id, |(id, _)| *id);
        row.revision = tx.revision();
        let alias = Alias { row, model: plan.model.name.clone() };
        aliases::put(tx, &alias.row, true).await?;
        moves.push(first_move(&alias));
        tx.record(EventType::Created, &alias, &[]);
    }
    aliases::log(tx, moves).await
}

/// Of the moves before, the old system kept nothing.
fn first_move(alias: &Alias) -> alias_move::Model {
    alias_move::Model {
        model_id: alias.row.model_id,
        alias: alias.row.alias.clone(),
        revision: alias.row.revision,
        move_time: alias.row.update_time,
        moved_by: alias.row.updated_by.clone(),
        from_release_id: None,
        to_release_id: Some(alias.row.release_id),
        reason: None,
    }
}

/// Reads the releases that were here before and get something now.
async fn others(tx: &Tx, family: &Family, plan: &Plan, known: &mut HashMap<ReleaseId, Release>) -> Result<(), Error> {
    use crate::domain::model::View;
    use crate::domain::release::ReleaseRef;
    let of_artifacts = new(&family.artifacts, &plan.artifacts).filter_map(|artifact| artifact.release_id);
    let of_deployments = new(&family.deployments, &plan.deployments).map(|deployment| deployment.release_id);
    let wanted = of_artifacts.chain(of_deployments).filter_map(|id| plan.becomes.get(&id).map(|(id, _)| *id));
    let mut missing: Vec<ReleaseId> = wanted.filter(|id| !known.contains_key(id)).collect();
    missing.sort();
    missing.dedup();
    for some in missing.chunks(AT_ONCE) {
        let refs: Vec<ReleaseRef> = some.iter().map(|id| ReleaseRef::Id(*id)).collect();
        known.extend(releases::get_many(tx, &refs, View::Basic).await?.into_iter().map(|release| (release.row.id, release)));
    }
    Ok(())
}

/// The release that something of the family belongs to here.
fn owner<'a>(plan: &Plan, known: &'a HashMap<ReleaseId, Release>, id: ReleaseId) -> Result<&'a Release, Error> {
    let found = plan.becomes.get(&id).and_then(|(id, _)| known.get(id));
    found.ok_or_else(|| Error::bug("something of a family belongs to a release that is not of it"))
}

async fn artifacts(tx: &Tx, family: &Family, plan: &Plan, known: &HashMap<ReleaseId, Release>) -> Result<(), Error> {
    for row in new(&family.artifacts, &plan.artifacts) {
        let mut row = row.clone();
        let parent = match row.release_id {
            Some(release) => {
                let release = owner(plan, known, release)?;
                row.release_id = Some(release.row.id);
                Parent::Release(release.key())
            }
            None => Parent::Model(plan.model.name.clone()),
        };
        row.model_id = plan.model.id;
        row.purge_time = purge_time(tx, row.delete_time);
        row.revision = tx.revision();
        let artifact = Artifact { row, parent };
        artifacts::insert(tx, &artifact).await?;
        tx.record(EventType::Created, &artifact, &[]);
    }
    Ok(())
}

async fn deployments(tx: &Tx, family: &Family, plan: &Plan, known: &HashMap<ReleaseId, Release>) -> Result<(), Error> {
    for row in new(&family.deployments, &plan.deployments) {
        let release = owner(plan, known, row.release_id)?;
        let mut row = row.clone();
        (row.model_id, row.release_id, row.revision) = (plan.model.id, release.row.id, tx.revision());
        let state: ReleaseState = release.row.state;
        let release = OfRelease { key: release.key(), state, delete_time: release.row.delete_time };
        let deployment = Deployment { row, release };
        deployments::insert(tx, &deployment.row).await?;
        tx.record(EventType::Created, &deployment, &[]);
    }
    Ok(())
}
