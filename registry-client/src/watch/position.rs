//! How far a watch has come: what has been told already, and where to go on. Talks to nobody.

use crate::Event;

/// How far a watch has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    /// All events up to this revision have been told.
    through: Option<i64>,
    /// The last event that was told, by revision and index.
    last: Option<(i64, i32)>,
}

impl Position {
    pub(super) fn at(through: Option<i64>) -> Self {
        Self { through, last: None }
    }

    /// Where to go on: nothing before it is missing. The events of a revision that was cut in the middle come again.
    pub(super) fn through(self) -> Option<i64> {
        self.through
    }

    /// Takes note of an event; false if it has been told already.
    pub(super) fn advance(&mut self, event: &Event) -> bool {
        let here = (event.revision, event.index);
        let new = Some(event.revision) > self.through && Some(here) > self.last;
        if new {
            self.last = Some(here);
        }
        if event.last_in_revision {
            self.complete(event.revision);
        }
        new
    }

    /// Takes note that all events up to a revision have come.
    pub(super) fn complete(&mut self, revision: i64) {
        self.through = self.through.max(Some(revision));
    }
}
