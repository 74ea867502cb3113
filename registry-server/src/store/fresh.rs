//! Whether what was read a while ago may be told now as if it was read now.
//!
//! On SQLite one process sees every write, so that is known at once. On PostgreSQL other servers write. There it is asked how far the
//! registry has come, after whoever wants to know has begun to, and what has changed up to there is applied: then nothing that was
//! committed before can be missing. One question serves all who wait: those who come while one is under way wait for the next.
//!
//! May not: keep what was read.

use super::asker::{Asker, Told};
use super::stamps::{Mark, Stamps};
use super::target::Target;
use super::{Backend, Snapshot, events, state};
use crate::domain::{Error, ModelId, RegistryId, Revision, Scope};
use crate::metrics::Work;
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

/// How long an answer may take; after that, whoever waits asks for himself.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many changes of others are looked at; if there are more, nothing that was read before them holds.
const CHANGES: u64 = 1000;

/// What is known of the newest changes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Fresh {
    stamps: Arc<Stamps>,
    /// `None` where nobody else writes.
    others: Option<Arc<Others>>,
}

/// Asking what others have written.
#[derive(Debug)]
struct Others {
    /// How many questions have begun.
    begun: Arc<AtomicU64>,
    wanted: Arc<Notify>,
    answered: watch::Receiver<Answered>,
    _asking: AbortOnDropHandle<()>,
}

/// The last answer, and the number of its question.
#[derive(Debug, Clone, Copy)]
struct Answered {
    question: u64,
    /// How far the registry had come; `None` if nobody answered.
    revision: Option<Revision>,
}

impl Fresh {
    /// Of a registry, about which others are looked at on this connection.
    pub(super) fn of(
        target: &Target,
        stamps: &Arc<Stamps>,
        (looks, registry): (&DatabaseConnection, RegistryId),
        work: &Work,
    ) -> Result<Self, DbErr> {
        let others = match target {
            Target::Sqlite(_) => None,
            Target::Postgres(url) => {
                let asker = Asker::of(url).map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?;
                let asking = Asking { asker, looks: looks.clone(), registry, replaced: false, work: work.clone() };
                Some(Arc::new(Others::asked(asking, Arc::clone(stamps))))
            }
        };
        Ok(Self { stamps: Arc::clone(stamps), others })
    }

    /// To be taken before something is read that is to be kept.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.stamps.mark()
    }

    /// Whether what was read of a model still is as it was, as of the last [`Self::confirmed`].
    #[must_use]
    pub fn holds(&self, model: ModelId, mark: Mark) -> bool {
        self.stamps.holds(model, mark)
    }

    /// Learns of everything that was committed before this was called: how far the registry had come by then. `None` if the database does not say.
    pub async fn confirmed(&self) -> Option<Revision> {
        match &self.others {
            None => Some(self.stamps.applied()),
            Some(others) => others.confirmed().await,
        }
    }

    /// Something does not hold that was read: then it is worth knowing what others have written, before it is read again.
    pub fn doubt(&self) {
        if let Some(others) = &self.others {
            others.wanted.notify_one();
        }
    }
}

impl Others {
    fn asked(asking: Asking, stamps: Arc<Stamps>) -> Self {
        let (begun, wanted) = (Arc::<AtomicU64>::default(), Arc::<Notify>::default());
        let (answers, answered) = watch::channel(Answered { question: 0, revision: None });
        let task = tokio::spawn(ask(asking, stamps, (Arc::clone(&begun), Arc::clone(&wanted)), answers));
        Self { begun, wanted, answered, _asking: AbortOnDropHandle::new(task) }
    }

    async fn confirmed(&self) -> Option<Revision> {
        // One that has begun by now may be answered by what was before.
        let next = self.begun.load(Ordering::SeqCst).saturating_add(1);
        let mut answered = self.answered.clone();
        self.wanted.notify_one();
        let answer = timeout(PATIENCE, answered.wait_for(|answered| answered.question >= next)).await.ok()?.ok()?;
        answer.revision
    }
}

/// What is needed to ask.
#[derive(Debug)]
struct Asking {
    /// On a connection of its own: whoever waits for an answer may not wait for whoever reads.
    asker: Asker,
    /// The one on which is looked for what others have done.
    looks: DatabaseConnection,
    registry: RegistryId,
    /// It was said that it is another registry.
    replaced: bool,
    work: Work,
}

async fn ask(mut asking: Asking, stamps: Arc<Stamps>, on: (Arc<AtomicU64>, Arc<Notify>), answers: watch::Sender<Answered>) {
    let (begun, wanted) = on;
    loop {
        wanted.notified().await;
        let question = begun.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        let answer = timeout(PATIENCE, asking.catch_up(&stamps)).await;
        asking.work.confirmed();
        // Whoever is not answered reads for himself, and is told what is wrong.
        answers.send_replace(Answered { question, revision: answer.ok().and_then(Result::ok) });
    }
}

impl Asking {
    /// Applies what has changed; tells up to where.
    async fn catch_up(&mut self, stamps: &Stamps) -> Result<Revision, Error> {
        let known = stamps.applied();
        let told = self.asker.how_far().await.map_err(|error| Error::Unavailable(error.into()))?;
        let Told { registry, revision: now, by_another } = told;
        if registry != self.registry {
            if !std::mem::replace(&mut self.replaced, true) {
                tracing::error!("the database holds another registry than when this server started: restart it");
            }
            self.lost(stamps, known, now);
            return Err(Error::bug("the database was replaced"));
        }
        if by_another || now < known {
            self.lost(stamps, known, now);
            return Ok(now);
        }
        if now.number().saturating_sub(known.number()) >= CHANGES.cast_signed() {
            self.jumped(stamps, now);
            return Ok(now);
        }
        if now > known { self.apply(stamps, known).await } else { Ok(now) }
    }

    /// Nothing that was read holds.
    fn lost(&self, stamps: &Stamps, known: Revision, now: Revision) {
        self.work.flushed();
        stamps.is_another(known, now);
    }

    /// Nothing holds that was read before.
    fn jumped(&self, stamps: &Stamps, now: Revision) {
        self.work.flushed();
        stamps.jumps(now);
        stamps.caught_up(now);
    }

    /// Applies what others have changed since.
    async fn apply(&self, stamps: &Stamps, known: Revision) -> Result<Revision, Error> {
        let snapshot = Snapshot(Backend::begin_read(&self.looks).await?, Scope::everything());
        let state::State { registry_id: _, revision: now, compacted_revision: compacted } = state::get(&snapshot).await?;
        let changes = events::models_changed(&snapshot, known, now, CHANGES).await?;
        // A revision without an event is that of an API key, or one that was left out when the registry was moved. It is not looked
        // which: all that can be said is that not everything is known.
        let complete = compacted <= known && u64::try_from(changes.len()).is_ok_and(|count| count < CHANGES);
        if complete && has_every(known, now, changes.iter().map(|(revision, _)| *revision)) {
            changes.iter().for_each(|(revision, model)| stamps.changed(*model, *revision));
            stamps.caught_up(now);
        } else {
            self.jumped(stamps, now);
        }
        Ok(now)
    }
}

/// Whether the revisions, in order, leave out none after one and up to another.
fn has_every(after: Revision, through: Revision, revisions: impl Iterator<Item = Revision>) -> bool {
    let mut last = after;
    for revision in revisions {
        if revision > last.next() {
            return false;
        }
        last = revision;
    }
    last == through
}
