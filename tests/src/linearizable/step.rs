//! What an operation means for the alias: what it must be before, and what it is after.

use super::{Call, Operation, Outcome, Value};
use std::collections::BTreeMap;

/// What an alias is: absent, or one of the values of the history.
pub(super) type State = Option<usize>;

/// The values of a history, as numbers.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<Value, usize>);

impl Values {
    fn number(&mut self, value: &Value) -> usize {
        let next = self.0.len();
        *self.0.entry(value.clone()).or_insert(next)
    }

    fn state(&mut self, value: Option<&Value>) -> State {
        value.map(|value| self.number(value))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The other way round.
    pub(super) fn value(&self, state: State) -> Option<Value> {
        self.0.iter().find(|(_, number)| Some(**number) == state).map(|(value, _)| value.clone())
    }
}

/// What the alias must be before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Anything,
    /// Any value.
    Presence,
    Exactly(State),
    /// The answer is none to this call.
    Miracle,
}

/// What an operation means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    needs: Needs,
    /// What the alias is after it, unless as before.
    makes: Option<State>,
    /// Whether it has happened for certain.
    pub(super) answered: bool,
}

impl Step {
    pub(super) fn new(operation: &Operation, values: &mut Values) -> Self {
        let answered = operation.outcome != Outcome::Unknown;
        let (needs, makes) = match (&operation.call, &operation.outcome) {
            (Call::Set { to }, Outcome::Ok | Outcome::Unknown) => (Needs::Anything, Some(Some(values.number(to)))),
            (Call::CompareAndSet { expected, to }, Outcome::Ok | Outcome::Unknown) => {
                let (from, to) = (values.state(expected.as_ref()), Some(values.number(to)));
                (Needs::Exactly(from), (from != to).then_some(to))
            }
            (Call::Delete { expected: None }, Outcome::Ok | Outcome::Unknown) => (Needs::Presence, Some(None)),
            (Call::Delete { expected }, Outcome::Ok | Outcome::Unknown) => {
                (Needs::Exactly(values.state(expected.as_ref())), Some(None))
            }
            (Call::Delete { .. } | Call::Get, Outcome::Absent) => (Needs::Exactly(None), None),
            (Call::Get, Outcome::Seen(value)) => (Needs::Exactly(Some(values.number(value))), None),
            (Call::CompareAndSet { expected, .. }, Outcome::Moved { current }) if current != expected => {
                (Needs::Exactly(values.state(current.as_ref())), None)
            }
            (Call::Delete { expected: expected @ Some(_) }, Outcome::Moved { current }) if current != expected => {
                (Needs::Exactly(values.state(current.as_ref())), None)
            }
            _ => (Needs::Miracle, None),
        };
        Self { needs, makes, answered }
    }

    /// What it leads to, if it can be next.
    pub(super) fn after(self, state: State) -> Option<State> {
        let possible = match self.needs {
            Needs::Anything => true,
            Needs::Presence => state.is_some(),
            Needs::Exactly(needed) => needed == state,
            Needs::Miracle => false,
        };
        possible.then(|| self.makes.unwrap_or(state))
    }

    /// The one thing that it needs the alias to be, if it is one.
    pub(super) const fn needs(self) -> Option<State> {
        match self.needs {
            Needs::Exactly(state) => Some(state),
            _ => None,
        }
    }

    /// What it makes of the alias, if anything.
    pub(super) const fn makes(self) -> Option<State> {
        self.makes
    }

    /// Whether it leaves the alias as it is, wherever in the order it can be.
    pub(super) const fn only_looks(self) -> bool {
        self.makes.is_none()
    }
}
