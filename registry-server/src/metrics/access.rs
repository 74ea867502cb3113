//! Who was not let in, by what was wrong.

use super::book::Book;
use super::calls::Labels;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// What was wrong with a call that was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It had no credentials.
    Missing,
    /// What it had cannot be read as credentials, or there were several.
    Malformed,
    /// There are no such credentials, or they are not valid any more.
    Invalid,
    /// Its credentials are good, and do not suffice.
    Role,
}

impl Failure {
    const ALL: [Self; 4] = [Self::Missing, Self::Malformed, Self::Invalid, Self::Role];

    const fn label(self) -> Labels<1> {
        let kind = match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Invalid => "invalid",
            Self::Role => "role",
        };
        [("kind", kind)]
    }
}

/// The calls that were not let in.
#[derive(Debug, Clone)]
pub struct Access(Family<Labels<1>, Counter>);

impl Access {
    pub(super) fn new(book: &mut Book) -> Self {
        let failures = Family::default();
        let help = "Calls that were not let in: without credentials (missing), with unreadable (malformed), unknown or expired ones (invalid), or with too low a role (role)";
        book.add("registry_auth_failures", &["kind"], help, failures.clone());
        for failure in Failure::ALL {
            drop(failures.get_or_create(&failure.label()));
        }
        Self(failures)
    }

    /// Counts one more.
    pub fn failed(&self, failure: Failure) {
        self.0.get_or_create(&failure.label()).inc();
    }
}
