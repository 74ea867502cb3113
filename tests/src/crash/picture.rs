//! A model with everything that belongs to it, as it is in the database, and what a change of all of it may make of it.

use super::family::Step;
use crate::database::connect;
use registry_server::domain::ModelId;
use registry_server::domain::event::EventType;
use registry_server::store::entity::{
    alias, alias_move, artifact, deployment, event, model, model_label, model_tag, release, release_label,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, PrimaryKeyToColumn, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};
use std::collections::BTreeSet;

/// Rows that belong to nothing, by what they are.
const ORPHANS: [(&str, &str); 12] = [
    ("releases", "model_id NOT IN (SELECT id FROM models)"),
    ("releases", "base_release_id NOT IN (SELECT id FROM releases)"),
    ("release_labels", "release_id NOT IN (SELECT id FROM releases)"),
    ("model_labels", "model_id NOT IN (SELECT id FROM models)"),
    ("model_tags", "model_id NOT IN (SELECT id FROM models)"),
    ("release_aliases", "model_id NOT IN (SELECT id FROM models)"),
    ("release_aliases", "release_id NOT IN (SELECT id FROM releases)"),
    ("release_alias_moves", "model_id NOT IN (SELECT id FROM models)"),
    ("artifacts", "model_id NOT IN (SELECT id FROM models)"),
    ("artifacts", "release_id NOT IN (SELECT id FROM releases)"),
    ("deployments", "model_id NOT IN (SELECT id FROM models)"),
    ("deployments", "release_id NOT IN (SELECT id FROM releases)"),
];

/// All rows of one model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    model: Option<model::Model>,
    tags: Vec<model_tag::Model>,
    labels: Vec<model_label::Model>,
    releases: Vec<release::Model>,
    release_labels: Vec<release_label::Model>,
    aliases: Vec<alias::Model>,
    moves: Vec<alias_move::Model>,
    artifacts: Vec<artifact::Model>,
    deployments: Vec<deployment::Model>,
}

/// Of a table, the rows of a model, in the order of their keys.
macro_rules! rows {
    ($db:expr, $table:ident, $id:expr) => {{
        let mut rows = $table::Entity::find().filter($table::Column::ModelId.eq($id));
        for key in <$table::PrimaryKey as sea_orm::Iterable>::iter() {
            rows = rows.order_by_asc(key.into_column());
        }
        rows.all($db).await.expect("rows")
    }};
}

impl Picture {
    pub(super) async fn of(id: ModelId, url: &str) -> Self {
        let db = connect(url).await;
        let release_labels = release_label::Entity::find()
            .filter(release_label::Column::ReleaseId.in_subquery(sea_orm::QueryTrait::into_query(
                release::Entity::find().select_only().column(release::Column::Id).filter(release::Column::ModelId.eq(id)),
            )))
            .order_by_asc(release_label::Column::ReleaseId)
            .order_by_asc(release_label::Column::Key);
        let picture = Self {
            model: model::Entity::find_by_id(id).one(&db).await.expect("a model"),
            tags: rows!(&db, model_tag, id),
            labels: rows!(&db, model_label, id),
            releases: rows!(&db, release, id),
            release_labels: release_labels.all(&db).await.expect("labels"),
            aliases: rows!(&db, alias, id),
            moves: rows!(&db, alias_move, id),
            artifacts: rows!(&db, artifact, id),
            deployments: rows!(&db, deployment, id),
        };
        db.close().await.expect("a connection that closes");
        picture
    }

    /// How many rows it has, by table.
    fn counts(&self) -> [usize; 9] {
        let Self { model, tags, labels, releases, release_labels, aliases, moves, artifacts, deployments } = self;
        let of_model = [usize::from(model.is_some()), tags.len(), labels.len(), artifacts.len()];
        let of_releases = [releases.len(), release_labels.len(), aliases.len(), moves.len(), deployments.len()];
        let [model, tags, labels, artifacts] = of_model;
        let [releases, release_labels, aliases, moves, deployments] = of_releases;
        [model, tags, labels, releases, release_labels, aliases, moves, artifacts, deployments]
    }

    /// What is deleted and what is there, for people.
    pub(super) fn summary(&self) -> String {
        let model = self
            .model
            .as_ref()
            .map_or("no model", |model| if model.delete_time.is_some() { "a deleted model" } else { "a model" });
        let deleted = self.releases.iter().filter(|release| release.delete_time.is_some()).count();
        format!("{model}, {} releases of which {deleted} are deleted, {} aliases", self.releases.len(), self.aliases.len())
    }

    /// What a step has an event for. Aliases are hidden and shown with their model, and deployments stay: they have events only when
    /// they go for good.
    fn subjects(&self, step: Step) -> BTreeSet<String> {
        let releases = self.releases.iter().map(|release| release.id.to_string());
        let aliases = self.aliases.iter().filter(|_| step == Step::Purge);
        let aliases = aliases.map(|alias| format!("{}/{}", alias.model_id, alias.alias));
        let artifacts = self.artifacts.iter().map(|artifact| artifact.id.to_string());
        let deployments = self.deployments.iter().filter(|_| step == Step::Purge).map(|deployment| deployment.id.to_string());
        let model = self.model.iter().map(|model| model.id.to_string());
        releases.chain(aliases).chain(artifacts).chain(deployments).chain(model).collect()
    }

    /// Why this is not what a step at a revision makes of `before`. All its rows have changed at that revision and to the
    /// same end, and nothing else about them.
    pub(super) fn complaint(&self, step: Step, revision: i64, before: &Self) -> Option<String> {
        if step == Step::Purge {
            return (self.counts() != [0; 9]).then(|| format!("purged, and there is {}", self.summary()));
        }
        let deleted = step == Step::Delete;
        let mut then = self.clone();
        let models = then.model.iter_mut().zip(&before.model).map(|(now, before)| {
            let changed = (now.revision.number(), now.delete_time.is_some(), now.purge_time.is_some());
            (now.revision, now.delete_time, now.purge_time) = (before.revision, before.delete_time, before.purge_time);
            now.update_time = before.update_time;
            changed
        });
        let releases = then.releases.iter_mut().zip(&before.releases).map(|(now, before)| {
            let changed = (now.revision.number(), now.delete_time.is_some(), now.purge_time.is_some());
            (now.revision, now.delete_time, now.purge_time) = (before.revision, before.delete_time, before.purge_time);
            now.update_time = before.update_time;
            changed
        });
        let artifacts = then.artifacts.iter_mut().zip(&before.artifacts).map(|(now, before)| {
            let changed = (now.revision.number(), now.delete_time.is_some(), now.purge_time.is_some());
            (now.revision, now.delete_time, now.purge_time) = (before.revision, before.delete_time, before.purge_time);
            now.update_time = before.update_time;
            changed
        });
        let odd = models.chain(releases).chain(artifacts).filter(|changed| *changed != (revision, deleted, deleted)).count();
        if odd > 0 {
            return Some(format!(
                "{odd} rows of {} are not of revision {revision}, or not as they are meant to be",
                self.releases.len() + self.artifacts.len() + 1
            ));
        }
        (then != *before).then(|| format!("{step:?} has changed more than it says: {}, now {}", before.summary(), self.summary()))
    }

    /// The events of a call, which are all of one revision: that of the step and of every row. `None` if there are none.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) async fn events(&self, step: Step, request_id: &str, url: &str) -> Result<Option<i64>, String> {
        let db = connect(url).await;
        let of_call = event::Entity::find().filter(event::Column::RequestId.eq(request_id));
        let Some(first) = of_call.one(&db).await.expect("an event") else { return Ok(None) };
        let all = event::Entity::find().filter(event::Column::Revision.eq(first.revision)).order_by_asc(event::Column::Position);
        let all = all.all(&db).await.expect("events");
        let more = event::Entity::find().filter(event::Column::RequestId.eq(request_id));
        let more = more.filter(event::Column::Revision.ne(first.revision)).all(&db).await.expect("events");
        db.close().await.expect("a connection that closes");
        let kind = match step {
            Step::Delete => EventType::Deleted,
            Step::Undelete => EventType::Undeleted,
            Step::Purge => EventType::Purged,
        };
        let (expected, last) = (self.subjects(step), all.len() - 1);
        let of_step = |event: &event::Model| event.event_type == kind && event.request_id == request_id;
        let in_place = |(place, event): (usize, &event::Model)| {
            usize::try_from(event.position) == Ok(place) && event.last_in_revision == (place == last)
        };
        let subjects: BTreeSet<String> = all.iter().map(|event| event.resource_id.clone()).collect();
        let whole = all.len() == expected.len()
            && subjects == expected
            && all.iter().all(of_step)
            && all.iter().enumerate().all(in_place);
        if whole && more.is_empty() {
            return Ok(Some(first.revision.number()));
        }
        Err(format!(
            "{step:?} of {} resources has {} and {} events, not all of them as they must be",
            expected.len(),
            all.len(),
            more.len()
        ))
    }
}

/// What belongs to nothing.
pub(super) async fn orphans(url: &str) -> Vec<String> {
    let db = connect(url).await;
    let mut found = Vec::new();
    for (table, orphaned) in ORPHANS {
        let count = count(&db, &format!("SELECT count(*) FROM {table} WHERE {orphaned}")).await;
        if count > 0 {
            found.push(format!("{count} rows of {table} where {orphaned}"));
        }
    }
    db.close().await.expect("a connection that closes");
    found
}

async fn count(db: &DatabaseConnection, sql: &str) -> i64 {
    let backend: DbBackend = db.get_database_backend();
    let row = db.query_one_raw(Statement::from_string(backend, sql)).await.expect("a count").expect("a row");
    row.try_get_by_index(0).expect("a number")
}
