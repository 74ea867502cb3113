//! The database itself, behind the server's back: its history and its files.

use super::Report;
use super::ledger::Ledger;
use crate::Database;
use crate::database::connect;
use registry_server::domain::{ModelId, ReleaseId, Revision};
use registry_server::store::entity::{audit_entry, event, model, release, state};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use std::collections::BTreeMap;
use std::ops::Range;

/// The history as far as it has been looked at.
#[derive(Debug, Default)]
pub(super) struct Audit {
    head: i64,
    /// What each revision was of.
    subjects: BTreeMap<i64, String>,
    /// The newest revision of each resource.
    newest: BTreeMap<String, i64>,
}

impl Audit {
    /// Looks at what was appended since the last time: numbers without a gap, each ended, and the counter at the last one;
    /// and in the audit log one call for each of them.
    pub(super) async fn go_on(&mut self, database: Database, url: &str, wrong: &mut Vec<String>) {
        let db = connect(url).await;
        let new = event::Entity::find().filter(event::Column::Revision.gt(self.head)).order_by_asc(event::Column::Revision);
        let new = new.order_by_asc(event::Column::Position).all(&db).await.expect("the events");
        let (before, mut position) = (self.head, 0);
        for event in new {
            let revision = event.revision.number();
            let expected = self.head + 1;
            if revision != expected || event.position != position {
                wrong.push(format!("event {revision}.{} where {expected}.{position} is next", event.position));
            }
            position = if event.last_in_revision { 0 } else { event.position + 1 };
            if event.last_in_revision {
                self.head = revision;
            }
            self.newest.insert(event.resource_id.clone(), revision);
            self.subjects.insert(revision, event.resource_id);
        }
        if position != 0 {
            wrong.push(format!("revision {} never ends", self.head + 1));
        }
        let counter = state::Entity::find().one(&db).await.expect("the state").expect("a row").revision.number();
        if counter != self.head {
            wrong.push(format!("the counter says {counter}, the newest event {}", self.head));
        }
        check_calls(&db, before..self.head, wrong).await;
        if database == Database::Sqlite {
            check_file(&db, wrong).await;
        }
        db.close().await.expect("a connection that closes");
    }

    /// Compares the rows with the history, and the history with what was acknowledged.
    pub(super) async fn compare(&self, url: &str, ledgers: &[Ledger], report: &mut Report) {
        let db = connect(url).await;
        let models: Vec<(ModelId, Revision)> = model::Entity::find()
            .select_only()
            .column(model::Column::Id)
            .column(model::Column::Revision)
            .into_tuple()
            .all(&db)
            .await
            .expect("models");
        let releases: Vec<(ReleaseId, Revision)> = release::Entity::find()
            .select_only()
            .column(release::Column::Id)
            .column(release::Column::Revision)
            .into_tuple()
            .all(&db)
            .await
            .expect("releases");
        db.close().await.expect("a connection that closes");
        let rows: BTreeMap<String, i64> = models
            .into_iter()
            .map(|(id, revision)| (id.to_string(), revision.number()))
            .chain(releases.into_iter().map(|(id, revision)| (id.to_string(), revision.number())))
            .collect();
        if rows != self.newest {
            let different = rows.iter().filter(|(id, revision)| self.newest.get(*id) != Some(revision)).take(5);
            report.wrong.push(format!(
                "{} rows, {} resources in the history; {:?}",
                rows.len(),
                self.newest.len(),
                different.collect::<Vec<_>>()
            ));
        }
        let known: BTreeMap<String, i64> = ledgers.iter().flat_map(known).collect();
        if rows != known {
            report.wrong.push(format!("{} rows, {} resources that a client knows of", rows.len(), known.len()));
        }
        for (revision, id) in ledgers.iter().flat_map(Ledger::writes) {
            if self.subjects.get(revision) != Some(id) {
                report.lost.insert(format!(
                    "revision {revision}, acknowledged as a write of {id}, is of {:?}",
                    self.subjects.get(revision)
                ));
            }
        }
    }
}

fn known(ledger: &Ledger) -> impl Iterator<Item = (String, i64)> {
    let models = ledger.models().map(|model| (model.id.clone(), model.revision));
    models.chain(ledger.releases().map(|release| (release.id.clone(), release.revision)))
}

/// Every change was a call that stands in the audit log once, and no call stands there whose change is not there.
async fn check_calls(db: &DatabaseConnection, changes: Range<i64>, wrong: &mut Vec<String>) {
    let new = audit_entry::Entity::find().filter(audit_entry::Column::Revision.gt(changes.start));
    let new = new.order_by_asc(audit_entry::Column::Revision).all(db).await.expect("the audit log");
    let told: Vec<i64> = new.into_iter().filter_map(|entry| entry.revision).map(Revision::number).collect();
    if !told.iter().copied().eq(changes.start + 1..=changes.end) {
        wrong.push(format!("revisions {changes:?} happened, and the audit log has {told:?}"));
    }
}

async fn check_file(db: &DatabaseConnection, wrong: &mut Vec<String>) {
    let ask = |sql: &str| Statement::from_string(DbBackend::Sqlite, sql);
    let rows = db.query_all_raw(ask("PRAGMA integrity_check")).await.expect("an integrity check");
    let said: Vec<String> = rows.iter().filter_map(|row| row.try_get_by_index(0).ok()).collect();
    if said != ["ok"] {
        wrong.push(format!("integrity_check: {said:?}"));
    }
    let orphans = db.query_all_raw(ask("PRAGMA foreign_key_check")).await.expect("a check of the foreign keys");
    if !orphans.is_empty() {
        wrong.push(format!("foreign_key_check: {} rows point nowhere", orphans.len()));
    }
}
