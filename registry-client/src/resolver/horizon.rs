//! Which events have been seen of which model, as far as it matters for the answers that are on their way.

use std::collections::HashMap;

/// How many models are told apart.
const MODELS: usize = 10_000;

/// The highest revision of the events that have been seen, by model.
#[derive(Debug)]
pub(super) struct Horizon {
    /// Applies to all models that are not in the map.
    floor: i64,
    seen: HashMap<String, i64>,
}

impl Horizon {
    /// All events after this revision will be seen.
    pub(super) fn from(revision: i64) -> Self {
        Self { floor: revision, seen: HashMap::new() }
    }

    pub(super) fn see(&mut self, model_id: &str, revision: i64) {
        if let Some(seen) = self.seen.get_mut(model_id) {
            *seen = revision.max(*seen);
            return;
        }
        if self.seen.len() >= MODELS {
            self.floor = self.seen.drain().map(|(_, revision)| revision).fold(self.floor, i64::max);
        }
        self.seen.insert(model_id.to_owned(), revision);
    }

    /// Whether an answer about the model that was read at this revision or later has everything in it that has been seen, so that
    /// whatever it lacks will be seen.
    pub(super) fn covers(&self, model_id: &str, revision: i64) -> bool {
        revision >= self.floor && self.seen.get(model_id).is_none_or(|&seen| revision >= seen)
    }
}
