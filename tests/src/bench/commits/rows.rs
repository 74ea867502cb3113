//! Rows like those that the server wrote for one call.

use registry_server::domain::{ModelId, Revision};
use registry_server::store::entity::{answer, audit_entry, event, model, release, state};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Rows {
    /// The release.
    Release,
    /// All that the server writes for it: the release, its number in its model, the event, the answer that is kept, the entry of the audit
    /// log and the counter of revisions. One writer only: the counter is its own.
    All,
}

impl Rows {
    /// As it is told.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::All => "all",
        }
    }
}

/// The last call that a database has of a server, to be copied.
pub(super) struct Template {
    release: release::Model,
    event: event::Model,
    answer: answer::Model,
    entry: audit_entry::Model,
    models: Vec<ModelId>,
    /// How many were copied, of which round.
    count: AtomicI64,
    seed: u64,
}

impl Template {
    /// Reads it.
    pub(super) async fn read(db: &DatabaseConnection, seed: u64) -> Self {
        let event = event::Entity::find().order_by_desc(event::Column::Revision).one(db).await;
        let event = event.expect("a table").expect("an event");
        let id: Uuid = event.resource_id.parse().expect("an id");
        let release = release::Entity::find().filter(release::Column::Id.eq(id)).one(db).await;
        let answer = answer::Entity::find().order_by_desc(answer::Column::CreateTime).one(db).await;
        let entry = audit_entry::Entity::find().order_by_desc(audit_entry::Column::CreateTime).one(db).await;
        let models = model::Entity::find().select_only().column(model::Column::Id).into_tuple().all(db).await;
        Self {
            release: release.expect("a table").expect("a release"),
            answer: answer.expect("a table").expect("an answer"),
            entry: entry.expect("a table").expect("an entry"),
            event,
            models: models.expect("a table"),
            count: AtomicI64::new(1),
            seed,
        }
    }

    /// A copy with ids, numbers and keys of its own, of one model after the other.
    pub(super) fn copy(&self) -> Copied {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut copied = Copied {
            release: self.release.clone(),
            event: self.event.clone(),
            answer: self.answer.clone(),
            entry: self.entry.clone(),
        };
        let (id, seed) = (Uuid::now_v7(), i64::try_from(self.seed).unwrap_or_default());
        // Spread over the models as chance would.
        let nth = usize::try_from(count).unwrap_or_default().wrapping_mul(0x9E37_79B9) % self.models.len();
        let (number, revision) = (seed * 100_000_000 + count, Revision::new(self.event.revision.number() + count));
        copied.release.id = id.into();
        copied.release.model_id = self.models[nth];
        copied.release.number = number;
        copied.release.version = format!("b{seed}.0.{count}").parse().expect("a version");
        copied.release.revision = revision;
        copied.event.revision = revision;
        copied.event.resource_id = id.to_string();
        copied.event.model_id = Some(copied.release.model_id);
        copied.answer.request_id = Uuid::now_v7();
        copied.entry.id = Uuid::now_v7().into();
        copied.entry.revision = Some(revision);
        copied
    }
}

/// What one transaction writes.
pub(super) struct Copied {
    release: release::Model,
    event: event::Model,
    answer: answer::Model,
    entry: audit_entry::Model,
}

impl Copied {
    pub(super) async fn insert(self, txn: &DatabaseTransaction, rows: Rows) -> Result<(), DbErr> {
        let Self { release, event, answer, entry } = self;
        let (model, number, revision) = (release.model_id, release.number, release.revision);
        release::Entity::insert(release.into_active_model().reset_all()).exec_without_returning(txn).await?;
        if rows == Rows::Release {
            return Ok(());
        }
        let numbered = model::Entity::update_many().col_expr(model::Column::LastReleaseNumber, Expr::val(number));
        numbered.filter(model::Column::Id.eq(model)).exec(txn).await?;
        event::Entity::insert(event.into_active_model().reset_all()).exec_without_returning(txn).await?;
        answer::Entity::insert(answer.into_active_model().reset_all()).exec_without_returning(txn).await?;
        audit_entry::Entity::insert(entry.into_active_model().reset_all()).exec_without_returning(txn).await?;
        let counted = state::Entity::update_many().col_expr(state::Column::Revision, Expr::val(revision));
        counted.filter(state::Column::Id.eq(1)).exec(txn).await?;
        Ok(())
    }
}
