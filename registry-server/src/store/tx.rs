//! The right to write.
//!
//! May not: begin or end a transaction.

use super::Source;
use super::events::{About, Picture, Recorded, Subject};
use crate::domain::event::EventType;
use crate::domain::{Context, Revision, Scope};
use sea_orm::{DatabaseTransaction, DbErr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The right to write. Only the writer makes one.
#[derive(Debug, Clone)]
pub struct Tx(Arc<Open>);

#[derive(Debug)]
struct Open {
    txn: Arc<DatabaseTransaction>,
    ctx: Context,
    revision: Revision,
    picture: Picture,
    done: Mutex<Done>,
}

/// What a use case has done.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Changes of resources, in order.
    pub(super) events: Vec<Recorded>,
    /// The API key that was changed: that is no event, and it takes a revision all the same.
    pub(super) key: Option<About>,
    /// Something was done that is no change of a resource.
    pub(super) kept: bool,
    /// The revision that the registry goes on counting from.
    pub(super) counter: Option<Revision>,
}

impl Source for Tx {
    type Conn = DatabaseTransaction;

    fn conn(&self) -> &DatabaseTransaction {
        &self.0.txn
    }

    fn scope(&self) -> &Scope {
        self.0.ctx.scope()
    }
}

impl Tx {
    /// One for each call, with the revisions that follow one another.
    pub(super) fn each<'a>(
        txn: DatabaseTransaction,
        calls: impl Iterator<Item = &'a Context>,
        first: Revision,
        picture: Picture,
    ) -> Vec<Self> {
        let (txn, mut revision) = (Arc::new(txn), first);
        let one = |ctx: &Context| {
            let open = Open { txn: Arc::clone(&txn), ctx: ctx.clone(), revision, picture, done: Mutex::default() };
            revision = revision.next();
            Self(Arc::new(open))
        };
        calls.map(one).collect()
    }

    /// The call that is served.
    #[must_use]
    pub fn ctx(&self) -> &Context {
        &self.0.ctx
    }

    /// The revision of this write, for the rows it changes.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.0.revision
    }

    /// Remembers a change, and the resource as it is now. A use case that records nothing must have written nothing.
    pub fn record<'a>(&self, event_type: EventType, subject: impl Into<Subject<'a>>, changed_fields: &[&'static str]) {
        let recorded = Recorded::new(event_type, subject.into(), changed_fields, self.0.picture);
        self.done().events.push(recorded);
    }

    /// Remembers a change of an API key.
    pub(super) fn key_changed(&self, about: About) {
        self.done().key = Some(about);
    }

    /// Says that something was written that is no change of a resource: it is committed without a revision. So it may change nothing that
    /// is told by an answer that can be kept in memory (ADR 26): nobody would know that such an answer does not hold any more.
    pub fn keep(&self) {
        self.done().kept = true;
    }

    /// Says that the registry goes on counting from a revision, if it has not come so far. Nothing is stored with the revisions that are
    /// left out: whoever says so takes them out of history, too. The write itself has no revision.
    pub fn count_from(&self, revision: Revision) {
        self.done().counter = Some(revision);
        self.keep();
    }

    fn done(&self) -> MutexGuard<'_, Done> {
        self.0.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transaction and what each has done in it, with its revision, once the use cases are over.
    pub(super) fn close(all: Vec<Self>) -> Result<(DatabaseTransaction, Vec<(Revision, Done)>), DbErr> {
        let (mut last, mut each) = (None, Vec::with_capacity(all.len()));
        for tx in all {
            let open = Arc::try_unwrap(tx.0).map_err(|_| kept())?;
            each.push((open.revision, open.done.into_inner().unwrap_or_else(PoisonError::into_inner)));
            last = Some(open.txn);
        }
        Ok((last.and_then(Arc::into_inner).ok_or_else(kept)?, each))
    }
}

fn kept() -> DbErr {
    DbErr::Custom("a use case kept its transaction".to_owned())
}
