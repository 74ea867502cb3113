//! Answers that are given again, as the bytes that they were sent as, for as long as nothing has changed that they tell of.
//!
//! Kept is only what a handler says depends on one model and on nothing else ([`DependsOn`]), with when it was read; whether it still
//! holds, the store knows ([`Fresh`]). What is kept takes no more memory than it may: what is seldom asked for goes.
//!
//! May not: know messages, or decide what depends on what; give an answer to anybody for whom there are other models than for
//! whoever it was made for.

mod asked;
mod weight;

pub use asked::Asked;

use crate::domain::{ModelId, Revision};
use crate::metrics;
use crate::store::{Fresh, Mark};
use asked::Question;
use bytes::Bytes;
use metrics::CacheOutcome;
use quick_cache::sync::{Cache as Entries, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder};
use std::sync::Arc;
use weight::{TYPICAL, Weight};

/// How large a request may be whose answer is kept.
pub const MAX_QUESTION: usize = 2 * 1024;
/// How large an answer may be that is kept.
const MAX_ANSWER: usize = 32 * 1024;

/// Said by a handler of its answer: it tells of this model and what belongs to it, and of nothing else. Not of the time; not of
/// another model; not of anything that can change without an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DependsOn(pub ModelId);

/// What is kept. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cache {
    entries: Arc<Entries<Question, Kept, Weight>>,
    fresh: Fresh,
    metrics: metrics::Cache,
    /// Whether what is kept is given for ever, for the tests to find.
    #[cfg(feature = "sabotage")]
    stale: bool,
}

/// An answer.
#[derive(Debug, Clone)]
struct Kept {
    model: ModelId,
    read: Mark,
    message: Bytes,
}

impl Cache {
    /// With room for so many bytes; `None` if that is none.
    #[must_use]
    pub fn new(bytes: u64, fresh: Fresh, metrics: metrics::Cache) -> Option<Self> {
        let typical = usize::try_from(bytes / TYPICAL).unwrap_or(usize::MAX);
        let options = OptionsBuilder::new().estimated_items_capacity(typical).weight_capacity(bytes).build().ok()?;
        let entries = Entries::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default());
        let cache = Self {
            entries: Arc::new(entries),
            fresh,
            metrics,
            #[cfg(feature = "sabotage")]
            stale: false,
        };
        (bytes > 0).then_some(cache)
    }

    /// The same, which gives what it keeps for ever if that is to be so.
    #[cfg(feature = "sabotage")]
    #[must_use]
    pub(crate) fn sabotaged(mut self, sabotage: &crate::sabotage::Sabotage) -> Self {
        self.stale = sabotage.gives_stale_answers();
        self
    }

    /// The answer that is kept, if it is what would be answered now; and is of the revision `least` at least.
    pub async fn recall(&self, asked: &Asked<'_>, least: Option<Revision>) -> Option<Bytes> {
        let Some(kept) = self.entries.get(asked) else {
            self.metrics.count(CacheOutcome::Miss);
            return None;
        };
        let outcome = self.judge(&kept, least).await;
        self.metrics.count(outcome);
        (outcome == CacheOutcome::Hit).then_some(kept.message)
    }

    async fn judge(&self, kept: &Kept, least: Option<Revision>) -> CacheOutcome {
        #[cfg(feature = "sabotage")]
        if self.stale {
            return CacheOutcome::Hit;
        }
        if !self.fresh.holds(kept.model, kept.read) {
            self.fresh.doubt();
            return CacheOutcome::Stale;
        }
        match self.fresh.confirmed().await {
            Some(now) if least.is_none_or(|least| least <= now) => {
                if self.fresh.holds(kept.model, kept.read) {
                    CacheOutcome::Hit
                } else {
                    CacheOutcome::Stale
                }
            }
            // The handler knows how to wait for a revision, and what to say if the database does not answer.
            Some(_) | None => CacheOutcome::Passed,
        }
    }

    /// Notes that a call was not one whose answer can be kept.
    pub fn pass(&self) {
        self.metrics.count(CacheOutcome::Passed);
    }

    /// To be taken before an answer is made that is to be kept.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.fresh.mark()
    }

    /// Keeps an answer that was made after this mark, and depends on this.
    pub fn keep(&self, asked: &Asked<'_>, read: Mark, DependsOn(model): DependsOn, message: &Bytes) {
        if message.len() > MAX_ANSWER {
            return;
        }
        if !self.fresh.holds(model, read) {
            // It was changed meanwhile; or it is not known yet that others had not changed it before.
            return self.fresh.doubt();
        }
        // Copied: it may be part of a larger buffer, which would be kept with it.
        let kept = Kept { model, read, message: Bytes::copy_from_slice(message) };
        self.entries.insert(asked.to_question(), kept);
        self.metrics.holds(self.entries.len(), self.entries.weight());
    }
}
