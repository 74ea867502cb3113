//! Runs the use cases of a batch in one transaction.
//!
//! A savepoint costs as much as a small write, and is wasted on everyone who succeeds. So a batch runs without any as long as everyone in it
//! has something to commit ([`Footing::Together`]), and those who ask for the same kind of change one behind the other are run at once. If
//! there is nothing to commit of somebody, nobody's work can be told from his: the transaction is given up, and the batch begins again
//! with a savepoint for each.
//!
//! May not: begin or end the transaction of the batch. Knows nothing of the queue.

use super::answers::Known;
use super::backend::{Backend, Failure};
use super::batch::{Failed, Outcome, Rest, Slot};
use super::events::Picture;
use super::tx::Tx;
use crate::domain::{Error, Revision};
use futures::FutureExt;
use sea_orm::{DatabaseTransaction, DbErr};
use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use tracing::Instrument;

/// How the use cases of a batch stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Footing {
    /// What one has done is undone with all the others.
    Together,
    /// Each is behind a savepoint.
    Apart,
}

impl Footing {
    /// On which a batch begins, after one like the last: one alone needs no savepoint, and of one that is only validated it is known that it
    /// is undone.
    pub(super) fn of(batch: &[Slot], last: Self) -> Self {
        match batch {
            [_] => Self::Together,
            _ if batch.iter().any(|slot| slot.job.ctx().is_dry_run()) => Self::Apart,
            _ => last,
        }
    }

    /// What this batch says about the next one, which is likely to be like it.
    pub(super) fn after(batch: &[Slot], last: Self) -> Self {
        match batch {
            [_] => last,
            _ if batch.iter().all(Slot::needs_no_undoing) => Self::Together,
            _ => Self::Apart,
        }
    }
}

/// How far a batch came.
pub(super) enum Ran {
    /// To its end: what is to be committed, and what is left to write down.
    Through(DatabaseTransaction, Rest),
    /// To somebody of whom nothing is to be committed. Nothing of this transaction counts.
    NotThrough(DatabaseTransaction),
}

/// Runs the use cases of a batch on `txn`. Each that changes something takes the next revision; one that has been done
/// before is not run.
pub(super) async fn run_all(
    batch: &mut [Slot],
    footing: Footing,
    txn: DatabaseTransaction,
    before: Revision,
    picture: Picture,
) -> Result<Ran, Failed> {
    let mut known = Known::of(&txn, batch.iter().map(|slot| slot.job.ctx())).await.map_err(Failed::before_commit)?;
    let (mut rest, mut txn) = (Rest::default(), txn);
    let alone = batch.len() == 1;
    let mut batch: Vec<&mut Slot> = batch.iter_mut().filter(|slot| alone || !slot.job.is_abandoned()).collect();
    let mut left = &mut *batch;
    while let Some(slot) = left.first_mut() {
        if let Some(answer) = known.answer(slot.job.ctx()) {
            slot.outcome = answer.map_or_else(Outcome::Failed, Outcome::Replayed);
            rest.audit(slot);
            left = left.split_at_mut(1).1;
            continue;
        }
        let next = rest.last.unwrap_or(before).next();
        let (now, later) = left.split_at_mut(if footing == Footing::Together { company(left, &known) } else { 1 });
        left = later;
        match footing {
            Footing::Apart => run_apart(now, &txn, next, picture).await?,
            Footing::Together => {
                txn = run(now, txn, next, picture).await.map_err(Failed::before_commit)?;
                if !alone && now.iter().any(|slot| slot.found_it_away()) {
                    // Begun again, the batch would wait for it again.
                    let cause = DbErr::Custom("a use case found the database away".to_owned());
                    return Err(Failed::in_rollback(Some(Failure::Unavailable), cause));
                }
                if !alone && !now.iter().all(|slot| slot.is_to_be_committed()) {
                    return Ok(Ran::NotThrough(txn));
                }
            }
        }
        now.iter_mut().for_each(|slot| rest.take(slot, &mut known));
        if now.iter().any(|slot| slot.found_it_away()) {
            break;
        }
    }
    Ok(Ran::Through(txn, rest))
}

/// How many of them are run at once: the first one, and those right behind it that go with it, see what it sees and are asked for once.
fn company(slots: &[&mut Slot], known: &Known) -> usize {
    let Some((first, others)) = slots.split_first() else { return 0 };
    let mut keys = HashSet::new();
    let mut is_new = |slot: &Slot| {
        let ctx = slot.job.ctx();
        ctx.key().is_none_or(|key| keys.insert((ctx.actor().clone(), key.id)))
    };
    is_new(first);
    let joins = |other: &&&mut Slot| {
        let (one, ctx) = (first.job.ctx(), other.job.ctx());
        first.job.goes_with(&*other.job) && ctx.scope() == one.scope() && known.answer(ctx).is_none() && is_new(other)
    };
    1 + others.iter().take_while(joins).count()
}

/// Runs the use case of one, or of several that go together, on `txn`; gives the transaction back for the writer to end.
async fn run(
    slots: &mut [&mut Slot],
    txn: DatabaseTransaction,
    first: Revision,
    picture: Picture,
) -> Result<DatabaseTransaction, DbErr> {
    slots.iter_mut().for_each(|slot| slot.begin());
    let each = Tx::each(txn, slots.iter().map(|slot| slot.job.ctx()), first, picture);
    let ran = AssertUnwindSafe(use_case(slots, each.clone())).catch_unwind().await;
    let ran = ran.unwrap_or_else(|_| Err(Error::bug("a use case panicked")));
    let (txn, done) = Tx::close(each)?;
    match ran {
        Ok(()) => slots.iter_mut().zip(done).for_each(|(slot, (revision, done))| slot.finish(revision, done)),
        // Of several, whose fault it was nobody knows: they are run apart.
        Err(error) => slots.iter_mut().take(1).zip([error]).for_each(|(slot, error)| slot.outcome = Outcome::Failed(error)),
    }
    Ok(txn)
}

async fn use_case(slots: &mut [&mut Slot], mut each: Vec<Tx>) -> Result<(), Error> {
    let Some((first, others)) = slots.split_first_mut() else { return Ok(()) };
    let span = first.job.span().clone();
    match each.pop() {
        Some(tx) if others.is_empty() => first.job.run(tx).instrument(span).await,
        last => {
            each.extend(last);
            let others = others.iter_mut().map(|slot| &mut *slot.job).collect();
            first.job.run_with(others, each).instrument(span).await
        }
    }
}

/// Runs use cases, which is one, so that they can be undone alone.
async fn run_apart(slots: &mut [&mut Slot], txn: &DatabaseTransaction, next: Revision, picture: Picture) -> Result<(), Failed> {
    let savepoint = Backend::savepoint(txn).await.map_err(Failed::before_commit)?;
    let savepoint = run(slots, savepoint, next, picture).await.map_err(Failed::before_commit)?;
    if slots.iter().all(|slot| slot.is_to_be_committed()) {
        return savepoint.commit().await.map_err(Failed::before_commit);
    }
    // SQLite ends the whole transaction by itself when it runs out of space or cannot read its file: then there is
    // nothing to roll back to, and what went wrong is what the use case was told.
    let Err(error) = savepoint.rollback().await else { return Ok(()) };
    Err(Failed::in_rollback(slots.iter().find_map(|slot| slot.failure()), error))
}
