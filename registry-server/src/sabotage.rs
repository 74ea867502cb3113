//! Faults that are built in on purpose, to show that the tests find them. Nothing of it is in a build without the feature
//! `sabotage`, and no flag of the binary reaches it.

use crate::domain::release::{Resolve, Selector};
use crate::service::Resolved;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Which safety is off. By default none is.
#[derive(Debug, Clone, Default)]
pub struct Sabotage {
    aliases: Option<AliasCache>,
}

#[derive(Debug, Clone)]
struct AliasCache {
    age: Duration,
    answers: Arc<Mutex<HashMap<String, (Instant, Resolved)>>>,
}

impl AliasCache {
    fn answers(&self) -> MutexGuard<'_, HashMap<String, (Instant, Resolved)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sabotage {
    /// Answers what an alias stands for from memory, for that long.
    #[must_use]
    pub fn cache_aliases(age: Duration) -> Self {
        Self { aliases: Some(AliasCache { age, answers: Arc::default() }) }
    }

    /// The answer that is remembered.
    pub(crate) fn recall(&self, reference: &Resolve) -> Option<Resolved> {
        let cache = self.aliases.as_ref()?;
        let answers = cache.answers();
        let (given, answer) = answers.get(&reference.to_string())?;
        (given.elapsed() < cache.age).then(|| answer.clone())
    }

    /// Remembers an answer.
    pub(crate) fn remember(&self, reference: &Resolve, answer: &Resolved) {
        if let (Some(cache), Selector::Alias(_, None)) = (&self.aliases, &reference.selector) {
            cache.answers().insert(reference.to_string(), (Instant::now(), answer.clone()));
        }
    }
}
