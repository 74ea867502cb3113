//! The answers that are kept: by question, to find them; by model, to drop them; by use, to make room. Knows nothing of why.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use crate::{ModelRef, Release, ReleaseAlias};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) model: ModelRef,
    pub(super) alias: String,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) release: Arc<Release>,
    pub(super) alias: Arc<ReleaseAlias>,
    /// When it was asked for, so that it was right then or later.
    pub(super) asked: Instant,
}

#[derive(Debug)]
struct Kept {
    entry: Entry,
    used: u64,
}

#[derive(Debug, Default)]
pub(super) struct Entries {
    capacity: usize,
    kept: HashMap<Arc<Question>, Kept>,
    by_model: HashMap<String, HashSet<Arc<Question>>>,
    by_use: BTreeMap<u64, Arc<Question>>,
    uses: u64,
}

impl Entries {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    pub(super) fn get(&mut self, question: &Question) -> Option<&Entry> {
        let kept = self.kept.get_mut(question)?;
        self.uses += 1;
        if let Some(question) = self.by_use.remove(&kept.used) {
            self.by_use.insert(self.uses, question);
        }
        kept.used = self.uses;
        Some(&kept.entry)
    }

    pub(super) fn insert(&mut self, question: Question, entry: Entry) {
        self.remove(&question);
        let question = Arc::new(question);
        self.uses += 1;
        self.by_use.insert(self.uses, Arc::clone(&question));
        self.by_model.entry(entry.release.model_id.clone()).or_default().insert(Arc::clone(&question));
        self.kept.insert(question, Kept { entry, used: self.uses });
        while self.kept.len() > self.capacity {
            let Some((_, oldest)) = self.by_use.pop_first() else { return };
            self.remove(&oldest);
        }
    }

    pub(super) fn remove_model(&mut self, model_id: &str) {
        for question in self.by_model.remove(model_id).unwrap_or_default() {
            self.remove(&question);
        }
    }

    pub(super) fn clear(&mut self) {
        self.kept.clear();
        self.by_model.clear();
        self.by_use.clear();
    }

    fn remove(&mut self, question: &Question) {
        let Some(Kept { entry, used }) = self.kept.remove(question) else { return };
        self.by_use.remove(&used);
        let model_id = &entry.release.model_id;
        if let Some(questions) = self.by_model.get_mut(model_id) {
            questions.remove(question);
            if questions.is_empty() {
                self.by_model.remove(model_id);
            }
        }
    }
}
