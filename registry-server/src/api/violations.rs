//! Collects everything that is wrong with a message, with the path of the field.

use crate::domain;
use crate::domain::{Error, Refused, Violation};
use registry_proto::validate;
use std::collections::BTreeSet;

/// Collects violations while a message is parsed.
#[derive(Debug, Default)]
pub(super) struct Violations(Vec<Violation>);

impl Violations {
    /// The value, or `None` and a violation at `field`.
    pub(super) fn field<T>(&mut self, field: &str, parsed: Result<T, Refused>) -> Option<T> {
        parsed.map_err(|refused| self.0.push(refused.at(field))).ok()
    }

    /// The same for a value that may be absent.
    pub(super) fn optional<T>(&mut self, field: &str, parsed: Option<Result<T, Refused>>) -> Option<Option<T>> {
        match parsed {
            None => Some(None),
            Some(parsed) => self.field(field, parsed).map(Some),
        }
    }

    /// What `build` makes of the parsed values, unless something was wrong with one of them.
    pub(super) fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Error> {
        if !self.0.is_empty() {
            return Err(Error::Invalid(self.0.into()));
        }
        build().ok_or_else(|| Error::bug("a value was refused without a violation"))
    }
}

/// The violations of the contract's own rules, and those beyond them of fields that keep to these.
pub(super) fn both(contract: Result<(), validate::Violations>, beyond: Result<(), validate::Violations>) -> Result<(), Error> {
    let mut found = found(contract);
    let known: BTreeSet<String> = found.list.iter().map(|violation| violation.field.clone()).collect();
    for violation in self::found(beyond).list {
        if !known.contains(&violation.field) {
            found.list.push(violation);
            found.total += 1;
        }
    }
    if found.total == 0 { Ok(()) } else { Err(Error::Invalid(found)) }
}

fn found(checked: Result<(), validate::Violations>) -> domain::Violations {
    let violation = |validate::Violation { field, reason, description }| Violation { field, reason, description };
    match checked {
        Ok(()) => Vec::new().into(),
        Err(validate::Violations { list, total }) => {
            domain::Violations { list: list.into_iter().map(violation).collect(), total }
        }
    }
}
