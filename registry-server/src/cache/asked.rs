//! What an answer is the answer to: the method, the message as it came, and which models there are for whoever asks.
//!
//! Two messages that mean the same and are encoded differently are two questions. May not: decode one.

use crate::domain::Scope;
use quick_cache::Equivalent;
use std::hash::{Hash, Hasher};

/// A question, while it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The path of the method.
    pub method: &'static str,
    /// Which models there are.
    pub scope: &'a Scope,
    /// The body of the request.
    pub message: &'a [u8],
}

/// The same, to be kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    method: &'static str,
    scope: Scope,
    pub(super) message: Box<[u8]>,
}

impl Asked<'_> {
    pub(super) fn to_question(self) -> Question {
        let Self { method, scope, message } = self;
        Question { method, scope: scope.clone(), message: message.into() }
    }
}

impl Question {
    const fn asked(&self) -> Asked<'_> {
        let Self { method, scope, message } = self;
        Asked { method, scope, message }
    }

    /// How many bytes its scope has elsewhere.
    pub(super) fn scope_bytes(&self) -> usize {
        self.scope.prefixes().iter().map(|prefix| size_of::<String>().saturating_add(prefix.capacity())).sum()
    }
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { method, scope, message } = self;
        method.hash(state);
        scope.prefixes().hash(state);
        message.hash(state);
    }
}

impl Hash for Question {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.asked().hash(state);
    }
}

impl Equivalent<Question> for Asked<'_> {
    fn equivalent(&self, question: &Question) -> bool {
        let Asked { method, scope, message } = question.asked();
        self.method == method && self.message == message && *self.scope == *scope
    }
}
