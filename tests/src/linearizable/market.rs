//! What the operations that are not placed yet still need the alias to be, and what they can still make it.

use super::step::{State, Step};

/// Of one state: how many operations need it, how many of these were answered, and how many make it.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    needed: usize,
    demanded: usize,
    made: usize,
}

/// The counts of all states: absence first, the values by their numbers.
#[derive(Debug)]
pub(super) struct Market(Vec<Count>);

fn index(state: State) -> usize {
    state.map_or(0, |value| value + 1)
}

impl Market {
    /// With nothing in it, and room for the values below `end`.
    pub(super) fn new(end: usize) -> Self {
        // One more value, which nobody ever needs.
        Self(vec![Count::default(); end + 2])
    }

    /// An operation is not placed, or not any more.
    pub(super) fn offer(&mut self, step: Step) {
        if let Some(state) = step.needs() {
            self.0[index(state)].needed += 1;
            self.0[index(state)].demanded += usize::from(step.answered);
        }
        if let Some(state) = step.makes() {
            self.0[index(state)].made += 1;
        }
    }

    /// It is placed.
    pub(super) fn withdraw(&mut self, step: Step) {
        if let Some(state) = step.needs() {
            self.0[index(state)].needed -= 1;
            self.0[index(state)].demanded -= usize::from(step.answered);
        }
        if let Some(state) = step.makes() {
            self.0[index(state)].made -= 1;
        }
    }

    /// Whether somebody needs for certain what nobody can make. What was not answered needs nothing: it may never have happened.
    pub(super) fn misses(&self, state: State) -> bool {
        let Count { demanded, made, .. } = self.0[index(state)];
        demanded > 0 && made == 0
    }

    /// A state that is as good: values that nobody needs are all alike.
    pub(super) fn simplified(&self, state: State) -> State {
        state.map(|value| if self.0[index(state)].needed == 0 { self.0.len() - 2 } else { value })
    }
}
