//! Catapult, a registry on PostgreSQL: its models, releases, artifacts, deployments, API keys and audit log, in any of its eras.
//!
//! May not: write, or decide what is done about what is here already.

mod api_key;
mod artifact;
mod audit;
mod deployment;
mod era;
mod model;
mod release;

pub use api_key::Salt;

use super::names::{self, Given};
use super::source::{Source, place};
use super::{Portion, System, Trouble};
use crate::domain::import::Origin;
use crate::domain::name::Actor;
use crate::domain::{ModelId, ReleaseId};
use crate::service::families::Family;
use crate::store::legacy::{Row, Table};
use era::Era;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// What whoever imports is called, where nobody else is known.
pub(super) fn actor() -> Actor {
    Actor::import(Catapult::NAME)
}

/// The order of everything: as it was made.
const BY_TIME: [&str; 2] = ["created_at", "id"];
/// The order where nothing else is needed.
const BY_ID: [&str; 1] = ["id"];
/// How many parents are named at a time.
const PARENTS: usize = 500;

/// An open Catapult.
#[derive(Debug)]
pub struct Catapult {
    source: Source,
    era: Era,
    salt: Option<Salt>,
    stage: Stage,
    /// What the models are called here whose names had to be changed, by id.
    renamed: HashMap<String, String>,
    /// The paths of live artifacts that were given away.
    paths: artifact::Kept,
    /// The models and the releases that were read: what is of others is of nothing.
    read: Read,
}

/// What was read, by the ids of the old system.
#[derive(Debug, Default)]
struct Read {
    models: HashSet<String>,
    releases: HashSet<String>,
}

/// Tables of which each row is of a row of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Child {
    Release,
    Artifact,
    Deployment,
}

/// How far it has come.
#[derive(Debug)]
enum Stage {
    ApiKeys,
    Models(VecDeque<Row>, Option<Vec<String>>),
    Orphans(Child, Option<Vec<String>>),
    AuditLogs(Option<Vec<String>>),
    Others(usize, Option<Vec<String>>),
    End,
}

impl Catapult {
    /// In a database.
    ///
    /// # Errors
    /// A sentence that says what was expected and what was found.
    pub fn of(source: Source, salt: Option<Salt>) -> Result<Self, Trouble> {
        let era = Era::of(&source)?;
        Ok(Self {
            source,
            era,
            salt,
            stage: Stage::ApiKeys,
            renamed: HashMap::new(),
            paths: artifact::Kept::default(),
            read: Read::default(),
        })
    }

    /// Gives names to the models whose own are refused, before any of them is used: who has a good one keeps it.
    async fn rename(&mut self) -> Result<(), Trouble> {
        let (mut good, mut bad, mut after) = (Vec::new(), Vec::new(), None::<Vec<String>>);
        loop {
            let rows = self.source.page(&self.era.models.1, &BY_TIME, after.as_deref()).await?;
            let Some(last) = rows.last() else { break };
            after = Some(place(last, &BY_TIME));
            for mut row in rows {
                let (id, name) = (row.remove("id").flatten(), row.remove("name").flatten());
                let (id, name) = (id.unwrap_or_default(), name.unwrap_or_default());
                if names::model(&name) == name && !name.is_empty() { good.push(name) } else { bad.push((id, name)) }
            }
        }
        let mut given = Given::reserved(good);
        let renamed = bad.into_iter().map(|(id, name)| {
            let to = given.give(&names::model(&name), &id, "-", names::MODEL.longest);
            (id, to)
        });
        self.renamed = renamed.collect();
        Ok(())
    }

    /// Lets artifacts keep the paths that are good, before any is given away.
    async fn reserve_paths(&mut self) -> Result<(), Trouble> {
        let Some(table) = &self.era.artifacts else { return Ok(()) };
        let mut after = None::<Vec<String>>;
        loop {
            let rows = self.source.page(table, &BY_TIME, after.as_deref()).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(place(last, &BY_TIME));
            rows.iter().filter(|row| !is_lost(row)).for_each(|row| self.paths.reserve_path(row));
        }
    }

    /// The next model, with everything of it.
    async fn family(&mut self, row: Row) -> Result<Family, Trouble> {
        let (id, model, changes) = model::translated(self.era.models.0, row, &self.renamed)?;
        let mut family = Family::of(model);
        family.changes = changes;
        let stands_for = self.releases(&mut family, id).await?;
        self.read.models.insert(id.to_string());
        self.read.releases.extend(stands_for.keys().cloned());
        self.artifacts(&mut family, id, &stands_for).await?;
        self.deployments(&mut family, id, &stands_for).await?;
        Ok(family)
    }

    /// Reads the releases of a model. Gives which release stands for which, by the ids of the old system.
    async fn releases(&self, family: &mut Family, model: ModelId) -> Result<BTreeMap<String, ReleaseId>, Trouble> {
        let only = [("image_id", vec![model.to_string()])];
        let rows = self.source.all(&self.era.releases.1, &only, &BY_TIME).await?;
        let mut siblings = release::Siblings::of(&rows);
        for row in rows {
            siblings.add(self.era.releases.0, model, row)?;
        }
        let (releases, stands_for, changes) = siblings.into_members();
        family.releases = releases;
        family.changes.extend(changes);
        Ok(stands_for)
    }

    async fn artifacts(&mut self, family: &mut Family, model: ModelId, of: &BTreeMap<String, ReleaseId>) -> Result<(), Trouble> {
        let Some(table) = &self.era.artifacts else { return Ok(()) };
        let mut rows = of_releases(&self.source, table, of, &BY_TIME).await?;
        if table.has(&["model_id"]) {
            let of_model = self.source.all(table, &[("model_id", vec![model.to_string()])], &BY_TIME).await?;
            rows.extend(of_model.into_iter().filter(|row| row.get("release_id").is_none_or(Option::is_none)));
        }
        rows.sort_by_key(|row| place(row, &BY_TIME));
        let mut names = artifact::names(&rows, of);
        for row in rows {
            let (artifact, changes) = artifact::translated(row, model, of, &mut names, &mut self.paths)?;
            family.artifacts.push(artifact);
            family.changes.extend(changes);
        }
        Ok(())
    }

    async fn deployments(&self, family: &mut Family, model: ModelId, of: &BTreeMap<String, ReleaseId>) -> Result<(), Trouble> {
        let Some(table) = &self.era.deployments else { return Ok(()) };
        for row in of_releases(&self.source, table, of, &["deployed_at", "id"]).await? {
            let (deployment, changes) = deployment::translated(row, model, of)?;
            family.deployments.push(deployment);
            family.changes.extend(changes);
        }
        Ok(())
    }

    async fn api_keys(&self) -> Result<Portion, Trouble> {
        let Some(table) = &self.era.api_keys else { return Ok(Portion::Left(Vec::new())) };
        let rows = self.source.all(table, &[], &BY_TIME).await?;
        let Some(salt) = &self.salt else {
            let why = "without the salt that its secret was hashed with (--api-key-salt-file), nobody could use it";
            let left = rows.iter().map(|row| (Origin::new("api_keys", place(row, &BY_ID).join("")), why.to_owned()));
            return Ok(Portion::Left(left.collect()));
        };
        api_key::translated(rows, salt).map(|(keys, changes)| Portion::ApiKeys(keys, changes))
    }
}

impl Read {
    /// Why a row is of nothing that was read, if it is.
    fn lacks(&self, child: Child, row: &Row) -> Option<&'static str> {
        let parent = |column: &str| row.get(column).and_then(Option::as_deref);
        let without_release = "its release is not there, or is itself of a model that is not there";
        let without_model = "its model is not there";
        let (model, release) = match child {
            Child::Release => (parent("image_id"), None),
            Child::Artifact => (parent("model_id"), parent("release_id")),
            Child::Deployment => (None, Some(parent("release_id").unwrap_or_default())),
        };
        match (release, model) {
            (Some(release), _) => (!self.releases.contains(release)).then_some(without_release),
            (None, Some(model)) => (!self.models.contains(model)).then_some(without_model),
            (None, None) => Some("it belongs to no model"),
        }
    }
}

/// Whether an artifact says of nothing that it belongs to that.
fn is_lost(row: &Row) -> bool {
    ["release_id", "model_id"].iter().all(|parent| row.get(*parent).is_none_or(Option::is_none))
}

/// The rows of a table that belong to some releases.
async fn of_releases(
    source: &Source,
    table: &Table,
    of: &BTreeMap<String, ReleaseId>,
    order: &[&str],
) -> Result<Vec<Row>, Trouble> {
    let ids: Vec<String> = of.keys().cloned().collect();
    let mut rows = Vec::new();
    for some in ids.chunks(PARENTS) {
        rows.extend(source.all(table, &[("release_id", some.to_vec())], order).await?);
    }
    Ok(rows)
}

/// An id of the old system, which are UUIDs.
///
/// # Errors
/// [`Trouble`] with the table and what stands there.
pub(super) fn id<T: std::str::FromStr>(origin: &Origin) -> Result<T, Trouble> {
    let Origin { table, key } = origin;
    key.parse().map_err(|_| Trouble(format!("the id `{key}` of a row of {table} is not a UUID")))
}

/// Where a row is.
pub(super) fn origin(table: &'static str, row: &Row) -> Origin {
    Origin::new(table, row.get("id").cloned().flatten().unwrap_or_default())
}

impl System for Catapult {
    const NAME: &'static str = "catapult";

    fn described(&self) -> String {
        let Table { schema, .. } = &self.era.models.1;
        format!("Catapult: {} (schema {schema})", self.era.name)
    }

    async fn counts(&mut self) -> Result<BTreeMap<&'static str, u64>, Trouble> {
        let mut counts = BTreeMap::new();
        for (name, table) in self.era.tables() {
            counts.insert(name, self.source.count(table).await?);
        }
        Ok(counts)
    }

    async fn next(&mut self) -> Result<Option<Portion>, Trouble> {
        loop {
            match std::mem::replace(&mut self.stage, Stage::End) {
                Stage::ApiKeys => {
                    self.rename().await?;
                    self.reserve_paths().await?;
                    self.stage = Stage::Models(VecDeque::new(), None);
                    return self.api_keys().await.map(Some);
                }
                Stage::Models(mut rows, mut after) => {
                    if rows.is_empty() {
                        rows = self.source.page(&self.era.models.1, &BY_TIME, after.as_deref()).await?.into();
                        after = rows.back().map(|row| place(row, &BY_TIME));
                    }
                    let Some(row) = rows.pop_front() else {
                        self.stage = Stage::Orphans(Child::Release, None);
                        continue;
                    };
                    self.stage = Stage::Models(rows, after);
                    return Ok(Some(Portion::Family(Box::new(self.family(row).await?))));
                }
                Stage::Orphans(child, after) => return self.orphans(child, after).await.map(Some),
                Stage::AuditLogs(after) => {
                    if let Some(portion) = self.audit_logs(after).await? {
                        return Ok(Some(portion));
                    }
                }
                Stage::Others(index, after) => {
                    if let Some(portion) = self.others(index, after).await? {
                        return Ok(Some(portion));
                    }
                }
                Stage::End => return Ok(None),
            }
        }
    }
}

impl Catapult {
    /// What belongs to nothing: nobody keeps a database without foreign keys from having such rows.
    async fn orphans(&mut self, child: Child, after: Option<Vec<String>>) -> Result<Portion, Trouble> {
        let (name, table) = match child {
            Child::Release => (self.era.releases.0, Some(&self.era.releases.1)),
            Child::Artifact => ("artifacts", self.era.artifacts.as_ref()),
            Child::Deployment => ("deployments", self.era.deployments.as_ref()),
        };
        let rows = match table {
            Some(table) => self.source.page(table, &BY_ID, after.as_deref()).await?,
            None => Vec::new(),
        };
        self.stage = match (rows.last(), child) {
            (Some(last), child) => Stage::Orphans(child, Some(place(last, &BY_ID))),
            (None, Child::Release) => Stage::Orphans(Child::Artifact, None),
            (None, Child::Artifact) => Stage::Orphans(Child::Deployment, None),
            (None, Child::Deployment) => Stage::AuditLogs(None),
        };
        let left = rows.iter().filter_map(|row| Some((origin(name, row), self.read.lacks(child, row)?.to_owned())));
        Ok(Portion::Left(left.collect()))
    }

    async fn audit_logs(&mut self, after: Option<Vec<String>>) -> Result<Option<Portion>, Trouble> {
        let rows = match &self.era.audit_logs {
            Some(table) => self.source.page(table, &BY_TIME, after.as_deref()).await?,
            None => Vec::new(),
        };
        let Some(last) = rows.last() else {
            self.stage = Stage::Others(0, None);
            return Ok(None);
        };
        self.stage = Stage::AuditLogs(Some(place(last, &BY_TIME)));
        audit::translated(rows).map(|(entries, changes)| Some(Portion::AuditEntries(entries, changes)))
    }

    /// What there is no place for.
    async fn others(&mut self, index: usize, after: Option<Vec<String>>) -> Result<Option<Portion>, Trouble> {
        let Some((name, table)) = self.era.others.get(index) else { return Ok(None) };
        let rows = self.source.page(table, &BY_ID, after.as_deref()).await?;
        self.stage = match rows.last() {
            Some(last) => Stage::Others(index, Some(place(last, &BY_ID))),
            None => Stage::Others(index + 1, None),
        };
        let why = "this registry keeps no builds, benchmarks or evaluations";
        Ok(Some(Portion::Left(rows.iter().map(|row| (origin(name, row), why.to_owned())).collect())))
    }
}
