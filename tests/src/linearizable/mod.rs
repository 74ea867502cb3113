//! Whether one order of the calls explains what concurrent clients were told about one alias: each call taking effect at one
//! moment between its request and its answer, on an alias that does as the contract says.
//!
//! May not: know of a server or a client. An alias is absent or has a value, and begins absent.

mod line;
mod market;
mod search;
mod seen;
mod step;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Mutex;
use std::time::Instant;

/// What an alias points to.
pub type Value = String;

/// What a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Point to this, whatever is there.
    Set {
        /// To what.
        to: Value,
    },
    /// Point to this if it is as expected.
    CompareAndSet {
        /// What it must point to; `None`: it must be absent.
        expected: Option<Value>,
        /// To what.
        to: Value,
    },
    /// Be absent.
    Delete {
        /// What it must point to; `None`: it is all the same.
        expected: Option<Value>,
    },
    /// Say what it is.
    Get,
}

/// What the client was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A change is done.
    Ok,
    /// What a read found.
    Seen(Value),
    /// There is no alias to delete, or to read.
    Absent,
    /// It is not what was expected, but this.
    Moved {
        /// What it is.
        current: Option<Value>,
    },
    /// There was no answer: it has happened, will happen at any time, or never.
    Unknown,
}

/// A call and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Who asked; for people only.
    pub client: usize,
    /// What for.
    pub call: Call,
    /// A moment before the request was sent.
    pub invoked: u64,
    /// A moment after the answer was there. Without meaning if the outcome is unknown.
    pub returned: u64,
    /// What came of it.
    pub outcome: Outcome,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, call, invoked, returned, outcome } = self;
        match outcome {
            Outcome::Unknown => write!(f, "client {client}, from {invoked}: {call:?}: no answer"),
            _ => write!(f, "client {client}, {invoked} to {returned}: {call:?}: {outcome:?}"),
        }
    }
}

/// What can be said of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// There is an order that explains it.
    Linearizable,
    /// There is none.
    Violation(Violation),
    /// It would take too long to tell. No proof of anything: a test fails.
    Undecided,
}

/// How far the orders lead that explain the most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The longest order that explains what is in it.
    pub placed: Vec<Operation>,
    /// What the alias is after these.
    pub holds: Option<Value>,
    /// One of these has to be next, and none can be.
    pub stuck: Vec<Operation>,
    /// These still need the alias to be what it is, and nothing that is left would make it so again.
    pub missed: Vec<Operation>,
}

/// As many of those that were placed are shown.
const SHOWN: usize = 12;

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linearizable => f.write_str("linearizable"),
            Self::Undecided => f.write_str("undecided: too many orders are possible"),
            Self::Violation(Violation { placed, holds, stuck, missed }) => {
                writeln!(f, "not linearizable: {} operations can be put in order, the last of them:", placed.len())?;
                lines(f, &placed[placed.len().saturating_sub(SHOWN)..])?;
                writeln!(f, "then it is {holds:?}, and none of these can be next:")?;
                lines(f, stuck)?;
                if !missed.is_empty() {
                    writeln!(f, "for these need it to be so, and nothing makes it so again:")?;
                    lines(f, missed)?;
                }
                Ok(())
            }
        }
    }
}

fn lines(f: &mut fmt::Formatter<'_>, operations: &[Operation]) -> fmt::Result {
    operations.iter().try_for_each(|operation| writeln!(f, "  {operation}"))
}

/// Judges the history of one alias, in any order.
#[must_use]
pub fn check(history: &[Operation]) -> Verdict {
    search::Search::new(history).run(search::MOST)
}

/// Where concurrent clients write down what they ask about one alias, and what they are told.
#[derive(Debug)]
pub struct History {
    began: Instant,
    operations: Mutex<Vec<Operation>>,
}

/// A call that is not answered yet. Who never answers it leaves its outcome unknown.
#[derive(Debug)]
pub struct Asked(usize);

impl Default for History {
    fn default() -> Self {
        Self { began: Instant::now(), operations: Mutex::default() }
    }
}

impl History {
    /// Before the request is sent.
    pub fn ask(&self, client: usize, call: Call) -> Asked {
        let invoked = self.now();
        let mut operations = self.operations.lock().expect("nobody panics with it");
        operations.push(Operation { client, call, invoked, returned: invoked, outcome: Outcome::Unknown });
        Asked(operations.len() - 1)
    }

    /// After the answer is there.
    pub fn answer(&self, asked: Asked, outcome: Outcome) {
        let returned = self.now();
        let operation = &mut self.operations.lock().expect("nobody panics with it")[asked.0];
        (operation.returned, operation.outcome) = (returned, outcome);
    }

    /// What was written down so far.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        self.operations.lock().expect("nobody panics with it").clone()
    }

    /// What can be said of it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        check(&self.operations())
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).expect("a test of less than 584 years")
    }
}
