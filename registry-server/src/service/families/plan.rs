//! What is to become of each member of a family, before anything of it is written.
//!
//! May not: write.

use super::{Family, Member, Put, ReleaseRow, merged};
use crate::domain::error::{Error, Kind};
use crate::domain::import::{Change, Fate, OnConflict, stands_for_it};
use crate::domain::name::Digest;
use crate::domain::{ArtifactId, ModelId, ReleaseId};
use crate::store::entity::{alias, artifact, deployment, model};
use crate::store::stored::{self, Known};
use crate::store::{Tx, models};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Display;

/// What is to become of a family.
pub(super) struct Plan {
    /// The model that everything goes to.
    pub(super) model: model::Model,
    pub(super) of_model: Fate,
    pub(super) releases: Vec<Fate>,
    /// The release that stands for one of the family, and the number of one that is created.
    pub(super) becomes: HashMap<ReleaseId, (ReleaseId, i64)>,
    /// The releases and artifacts that stand for some of the family.
    pub(super) stands_for: HashMap<ReleaseId, ReleaseId>,
    pub(super) artifact_stands_for: HashMap<ArtifactId, ArtifactId>,
    pub(super) aliases: Vec<Fate>,
    pub(super) artifacts: Vec<Fate>,
    pub(super) deployments: Vec<Fate>,
    changes: Vec<Change>,
}

impl Plan {
    pub(super) fn into_put(self) -> Put {
        let Self { of_model, releases, aliases, artifacts, deployments, changes, .. } = self;
        let fates = std::iter::once(of_model).chain(releases).chain(aliases).chain(artifacts).chain(deployments);
        Put { fates: fates.collect(), changes }
    }
}

/// Whether a release was built of something else than another one, as far as is known.
fn is_another(digest: Option<&Digest>, holder: &Known) -> bool {
    digest.zip(holder.digest.as_deref()).is_some_and(|(digest, of_holder)| digest.as_str() != of_holder)
}

/// Something in the way.
struct Conflict(Error);

/// Decides.
///
/// # Errors
/// [`Error::Exists`] if something is in the way and that is to be a failure.
pub(super) async fn plan(tx: &Tx, family: &Family, on_conflict: OnConflict) -> Result<Plan, Error> {
    let mut decided = decide(tx, family, on_conflict).await?;
    let Some(Conflict(error)) = decided.conflict.take() else { return Ok(decided.plan) };
    match on_conflict {
        OnConflict::Skip => {
            decided.skip(&format!("something of the model is in the way of it: {error}"));
            Ok(decided.plan)
        }
        OnConflict::Fail | OnConflict::Merge => Err(error),
    }
}

struct Decided {
    plan: Plan,
    /// The first thing in the way that nothing can stand for.
    conflict: Option<Conflict>,
    on_conflict: OnConflict,
}

async fn decide(tx: &Tx, family: &Family, on_conflict: OnConflict) -> Result<Decided, Error> {
    let (of_model, model, conflict) = of_model(tx, family).await?;
    let plan = Plan {
        model,
        of_model,
        releases: Vec::new(),
        becomes: HashMap::new(),
        stands_for: HashMap::new(),
        artifact_stands_for: HashMap::new(),
        aliases: Vec::new(),
        artifacts: Vec::new(),
        deployments: Vec::new(),
        changes: Vec::new(),
    };
    let mut decided = Decided { plan, conflict: None, on_conflict };
    if let Some(error) = conflict {
        decided.in_the_way(error, decided.plan.model.id);
    }
    decided.releases(tx, family).await?;
    decided.aliases(tx, family).await?;
    decided.artifacts(tx, family).await?;
    decided.deployments(tx, family).await?;
    if decided.on_conflict == OnConflict::Merge {
        let told = merged::changes(tx, family, &decided.plan).await?;
        decided.plan.changes.extend(told);
    }
    Ok(decided)
}

/// What becomes of the model, which model that is, and what is in its way.
async fn of_model(tx: &Tx, family: &Family) -> Result<(Fate, model::Model, Option<Error>), Error> {
    let new = &family.model.row.row;
    if let Some(here) = stored::model(tx, new.id).await? {
        return Ok((Fate::Unchanged, here, None));
    }
    match models::holder(tx, &new.name).await? {
        Some(holder) => Ok((Fate::Merged(stands_for_it(holder.id)), holder.clone(), Some(models::exists(&holder)))),
        None => Ok((Fate::Created, new.clone(), None)),
    }
}

/// Why something is not added to what is soft-deleted here, or was left out itself.
const DELETED: &str = "what it belongs to is soft-deleted here, or was left out";

impl Decided {
    /// Something is in the way. Either it stands for what was to be here, or everything ends.
    fn in_the_way(&mut self, error: Error, holder: impl Display) -> Fate {
        match self.on_conflict {
            OnConflict::Merge => {}
            OnConflict::Fail | OnConflict::Skip => {
                self.conflict.get_or_insert(Conflict(error));
            }
        }
        Fate::Merged(stands_for_it(holder))
    }

    /// Something is in the way that cannot stand for what was to be here. Either that is left out, or everything ends.
    fn in_its_way(&mut self, error: Error, why: String) -> Fate {
        match self.in_the_way(error, "") {
            Fate::Merged(_) if self.on_conflict == OnConflict::Merge => Fate::Skipped(why),
            fate => fate,
        }
    }

    /// What was not there before is left out.
    fn skip(&mut self, why: &str) {
        let plan = &mut self.plan;
        let fates = std::iter::once(&mut plan.of_model)
            .chain(&mut plan.releases)
            .chain(&mut plan.aliases)
            .chain(&mut plan.artifacts)
            .chain(&mut plan.deployments);
        for fate in fates.filter(|fate| matches!(fate, Fate::Created | Fate::Merged(_))) {
            *fate = Fate::Skipped(why.to_owned());
        }
        plan.changes.clear();
    }

    fn model_is_new(&self) -> bool {
        self.plan.of_model == Fate::Created
    }

    /// Nothing is added to a model that was soft-deleted here.
    fn model_is_gone(&self) -> bool {
        !self.model_is_new() && self.plan.model.delete_time.is_some()
    }

    async fn releases(&mut self, tx: &Tx, family: &Family) -> Result<(), Error> {
        let ids: Vec<ReleaseId> = family.releases.iter().map(|release| release.row.row.id).collect();
        let taken = stored::release_ids(tx, &ids).await?;
        let known = match self.model_is_new() {
            true => Vec::new(),
            false => stored::releases(tx, self.plan.model.id).await?,
        };
        let by_key: HashMap<_, &Known> = known.iter().map(|known| (known.key.clone(), known)).collect();
        let mut numbers: BTreeSet<i64> = known.iter().map(|known| known.number).collect();
        for release in &family.releases {
            let fate = self.of_release(release, &taken, &by_key);
            if fate == Fate::Created {
                let number = self.number(release, &mut numbers);
                self.plan.becomes.insert(release.row.row.id, (release.row.row.id, number));
            }
            self.plan.releases.push(fate);
        }
        let gone = known.iter().filter(|known| known.deleted).map(|known| known.id).collect::<HashSet<_>>();
        self.plan.becomes.retain(|_, (id, _)| !gone.contains(id));
        Ok(())
    }

    fn of_release(
        &mut self,
        release: &Member<ReleaseRow>,
        taken: &HashSet<ReleaseId>,
        by_key: &HashMap<(String, String, String), &Known>,
    ) -> Fate {
        let row = &release.row.row;
        if taken.contains(&row.id) {
            self.plan.becomes.insert(row.id, (row.id, row.number));
            return Fate::Unchanged;
        }
        if self.model_is_gone() {
            return Fate::Skipped(DELETED.to_owned());
        }
        let key = (row.version.to_string(), row.quantization.to_string(), row.platform.to_string());
        match by_key.get(&key) {
            None => Fate::Created,
            Some(holder) => {
                let name = format!("{}:{} {} {}", self.plan.model.name, key.0, key.1, key.2);
                let error = Error::Exists { kind: Kind::Release, name, id: holder.id.to_string(), deleted: holder.deleted };
                if is_another(row.digest.as_ref(), holder) {
                    return self.in_its_way(error, format!("{} has its key, and is of another digest", holder.id));
                }
                self.plan.becomes.insert(row.id, (holder.id, holder.number));
                self.plan.stands_for.insert(row.id, holder.id);
                self.in_the_way(error, holder.id)
            }
        }
    }

    /// The number of a release: its own, unless that is taken here.
    fn number(&mut self, release: &Member<ReleaseRow>, numbers: &mut BTreeSet<i64>) -> i64 {
        let wanted = release.row.row.number;
        // A number that nobody has now may have been somebody's, and numbers are never given twice.
        let lowest = if self.model_is_new() { 0 } else { self.plan.model.last_release_number };
        let highest = numbers.last().copied().unwrap_or(0).max(self.plan.model.last_release_number);
        let number = if wanted > lowest && !numbers.contains(&wanted) { wanted } else { highest.saturating_add(1) };
        numbers.insert(number);
        if number != wanted && wanted > 0 {
            let change = release.origins.first().map(|origin| Change {
                origin: origin.clone(),
                column: "number".to_owned(),
                from: Some(wanted.to_string()),
                to: Some(number.to_string()),
                rule: "number_taken",
            });
            self.plan.changes.extend(change);
        }
        number
    }

    async fn aliases(&mut self, tx: &Tx, family: &Family) -> Result<(), Error> {
        let id = self.plan.model.id;
        let here = if family.aliases.is_empty() { HashMap::new() } else { stored::aliases(tx, id).await? };
        let moved = if family.aliases.is_empty() { HashSet::new() } else { stored::moved_aliases(tx, id).await? };
        for alias in &family.aliases {
            let alias::Model { alias: name, release_id, .. } = &alias.row;
            let target = self.plan.becomes.get(release_id).map(|(id, _)| *id);
            let imported_before = self.plan.of_model == Fate::Unchanged && moved.contains(name);
            let fate = match (here.get(name), target) {
                _ if imported_before => Fate::Unchanged,
                (Some(points_to), Some(target)) if *points_to == target => Fate::Unchanged,
                (_, None) => Fate::Skipped(DELETED.to_owned()),
                _ if self.model_is_gone() => Fate::Skipped(DELETED.to_owned()),
                (Some(points_to), Some(_)) => {
                    let (name, id) = (format!("{}@{name}", self.plan.model.name), points_to.to_string());
                    let holder = format!("the alias that points to {id}");
                    self.in_the_way(Error::Exists { kind: Kind::Alias, name, id, deleted: false }, holder)
                }
                (None, Some(_)) if moved.contains(name) => Fate::Skipped("an alias of this name was deleted here".to_owned()),
                (None, Some(_)) => Fate::Created,
            };
            self.plan.aliases.push(fate);
        }
        Ok(())
    }

    async fn artifacts(&mut self, tx: &Tx, family: &Family) -> Result<(), Error> {
        let live = || family.artifacts.iter().filter(|artifact| artifact.row.delete_time.is_none());
        let ids: Vec<_> = family.artifacts.iter().map(|artifact| artifact.row.id).collect();
        let hashes: Vec<_> = live().map(|artifact| artifact.row.file_path_hash.clone()).collect();
        let here = stored::artifacts(tx, &ids).await?;
        let paths = stored::artifact_paths(tx, &hashes).await?;
        let names = match self.model_is_new() {
            true => HashMap::new(),
            false => stored::artifact_names(tx, self.plan.model.id).await?,
        };
        for artifact in &family.artifacts {
            let fate = match here.contains(&artifact.row.id) {
                true => Fate::Unchanged,
                false => self.of_artifact(&artifact.row, &names, &paths),
            };
            self.plan.artifacts.push(fate);
        }
        Ok(())
    }

    fn of_artifact(
        &mut self,
        row: &artifact::Model,
        names: &HashMap<stored::Place, ArtifactId>,
        paths: &HashMap<Vec<u8>, stored::Holder>,
    ) -> Fate {
        let release = match row.release_id {
            None => None,
            Some(release) => match self.plan.becomes.get(&release) {
                Some((id, _)) => Some(*id),
                None => return Fate::Skipped(DELETED.to_owned()),
            },
        };
        if self.model_is_gone() {
            return Fate::Skipped(DELETED.to_owned());
        }
        if row.delete_time.is_some() {
            return Fate::Created;
        }
        let place: (ModelId, Option<ReleaseId>, String) = (self.plan.model.id, release, row.name.to_string());
        let exists =
            |name: String, id: ArtifactId| Error::Exists { kind: Kind::Artifact, name, id: id.to_string(), deleted: false };
        let (holder, error) = match (names.get(&place), paths.get(&row.file_path_hash)) {
            (None, None) => return Fate::Created,
            (Some(id), _) => (*id, exists(row.name.to_string(), *id)),
            (None, Some((id, model, of))) if (*model, *of) == (place.0, place.1) => (*id, exists(row.file_path.to_string(), *id)),
            (None, Some((id, ..))) => {
                let why = format!("the artifact {id} of another model or release has its path");
                return self.in_its_way(exists(row.file_path.to_string(), *id), why);
            }
        };
        self.plan.artifact_stands_for.insert(row.id, holder);
        self.in_the_way(error, holder)
    }

    async fn deployments(&mut self, tx: &Tx, family: &Family) -> Result<(), Error> {
        let ids: Vec<_> = family.deployments.iter().map(|deployment| deployment.row.id).collect();
        let here = stored::deployments(tx, &ids).await?;
        for deployment in &family.deployments {
            let deployment::Model { id, release_id, .. } = &deployment.row;
            let fate = match self.plan.becomes.contains_key(release_id) {
                _ if here.contains(id) => Fate::Unchanged,
                true if !self.model_is_gone() => Fate::Created,
                true | false => Fate::Skipped(DELETED.to_owned()),
            };
            self.plan.deployments.push(fate);
        }
        Ok(())
    }
}
