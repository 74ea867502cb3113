//! Where the search has been: what is placed and what the alias is then.

use super::step::State;
use std::collections::HashMap;

/// A set of operations, by number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Set(Box<[u64]>);

impl Set {
    /// The empty one, with room for the numbers below `end`.
    pub(super) fn new(end: usize) -> Self {
        Self(vec![0; end.div_ceil(64)].into())
    }

    /// Adds what is not in it, takes away what is.
    pub(super) fn flip(&mut self, number: usize) {
        self.0[number / 64] ^= 1 << (number % 64);
    }

    fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one & !other == 0)
    }
}

/// The places.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<(Set, State), Vec<Set>>);

impl Seen {
    /// Whether it is new that these answered operations are placed, with the help of these unanswered ones, and that the alias
    /// is this. It is not if less help was enough: what can be reached with less can be reached with what is then left over.
    pub(super) fn is_new(&mut self, answered: &Set, unanswered: &Set, state: State) -> bool {
        let known = self.0.entry((answered.clone(), state)).or_default();
        if known.iter().any(|known| known.is_within(unanswered)) {
            return false;
        }
        known.retain(|known| !unanswered.is_within(known));
        known.push(unanswered.clone());
        true
    }
}
