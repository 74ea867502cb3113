//! What is told of those members of a family for which something stands that was here: in what that differs. Nothing of it is changed.
//!
//! May not: decide what stands for what, or write.

use super::plan::Plan;
use super::{Family, Member};
use crate::domain::Error;
use crate::domain::import::{Change, Fate};
use crate::domain::model::{Labels, ModelRef, View};
use crate::domain::release::ReleaseRef;
use crate::domain::{ArtifactId, ReleaseId};
use crate::store::differences::{self, Difference};
use crate::store::releases::Release;
use crate::store::{Tx, models, releases, stored};
use std::collections::HashMap;

/// By this rule.
const RULE: &str = "merged";
/// How many releases are looked at at a time.
const AT_ONCE: usize = 500;

/// Every value that is not what it was to be.
///
/// # Errors
/// Those of the database.
pub(super) async fn changes(tx: &Tx, family: &Family, plan: &Plan) -> Result<Vec<Change>, Error> {
    let mut changes = Vec::new();
    if matches!(plan.of_model, Fate::Merged(_)) {
        changes.extend(told(&family.model, of_model(tx, family, plan).await?));
    }
    of_releases(tx, family, plan, &mut changes).await?;
    of_aliases(tx, family, plan, &mut changes).await?;
    of_artifacts(tx, family, plan, &mut changes).await?;
    Ok(changes)
}

fn told<T>(member: &Member<T>, differences: Vec<Difference>) -> impl Iterator<Item = Change> {
    let origin = member.origins.first().cloned();
    let change = move |(column, from, to)| Some(Change { origin: origin.clone()?, column, from, to, rule: RULE });
    differences.into_iter().filter_map(change)
}

fn of_labels(wanted: &Labels, here: &Labels) -> Option<Difference> {
    (wanted != here).then(|| ("labels".to_owned(), Some(format!("{wanted:?}")), Some(format!("{here:?}"))))
}

async fn of_model(tx: &Tx, family: &Family, plan: &Plan) -> Result<Vec<Difference>, Error> {
    let here = models::get(tx, &ModelRef::Id(plan.model.id), View::Full).await?;
    let wanted = &family.model.row;
    let mut found = differences::between(&wanted.row, &here.row);
    if wanted.tags != here.tags {
        found.push(("tags".to_owned(), Some(format!("{:?}", wanted.tags)), Some(format!("{:?}", here.tags))));
    }
    found.extend(of_labels(&wanted.labels, &here.labels));
    Ok(found)
}

async fn of_releases(tx: &Tx, family: &Family, plan: &Plan, changes: &mut Vec<Change>) -> Result<(), Error> {
    let ids: Vec<ReleaseId> = plan.stands_for.values().copied().collect();
    let mut here: HashMap<ReleaseId, Release> = HashMap::new();
    for some in ids.chunks(AT_ONCE) {
        let refs: Vec<ReleaseRef> = some.iter().map(|id| ReleaseRef::Id(*id)).collect();
        here.extend(releases::get_many(tx, &refs, View::Full).await?.into_iter().map(|release| (release.row.id, release)));
    }
    for member in &family.releases {
        let Some(here) = plan.stands_for.get(&member.row.row.id).and_then(|id| here.get(id)) else { continue };
        let mut found = differences::between(&member.row.row, &here.row);
        found.extend(of_labels(&member.row.labels, &here.labels));
        changes.extend(told(member, found));
    }
    Ok(())
}

async fn of_aliases(tx: &Tx, family: &Family, plan: &Plan, changes: &mut Vec<Change>) -> Result<(), Error> {
    let merged: Vec<_> = family.aliases.iter().zip(&plan.aliases).filter(|(_, fate)| matches!(fate, Fate::Merged(_))).collect();
    if merged.is_empty() {
        return Ok(());
    }
    let here = stored::aliases(tx, plan.model.id).await?;
    for (member, _) in merged {
        let wanted = plan.becomes.get(&member.row.release_id).map(|(id, _)| id.to_string());
        let points_to = here.get(&member.row.alias).map(ToString::to_string);
        changes.extend(told(member, vec![("release_id".to_owned(), wanted, points_to)]));
    }
    Ok(())
}

async fn of_artifacts(tx: &Tx, family: &Family, plan: &Plan, changes: &mut Vec<Change>) -> Result<(), Error> {
    let ids: Vec<ArtifactId> = plan.artifact_stands_for.values().copied().collect();
    let here = stored::artifact_rows(tx, &ids).await?;
    for member in &family.artifacts {
        let Some(here) = plan.artifact_stands_for.get(&member.row.id).and_then(|id| here.get(id)) else { continue };
        changes.extend(told(member, differences::between(&member.row, here)));
    }
    Ok(())
}
