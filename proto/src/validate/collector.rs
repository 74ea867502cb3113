//! What was found, and where. Costs nothing as long as nothing is found: a path is put together on the way back from a violation.

use std::fmt;

use super::text::clip;

/// How many violations are listed; the others are counted. More would not fit into a gRPC status.
const MOST_LISTED: usize = 24;
/// How deep filters nest below the outermost one.
const MOST_FILTER_DEPTH: u8 = 4;
/// How many conditions a filter has, with all those nested in it.
const MOST_FILTER_CONDITIONS: usize = 64;

/// A rule that a message breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field, relative to the message: `model.tags[3]`, `model.labels["k"]`. Empty for the message itself.
    pub field: String,
    /// The rule, in upper case: `STRING_MAX_LEN`.
    pub reason: String,
    /// What the rule asks for and what was found. Repeats at most 64 characters of the value.
    pub description: String,
}

/// Everything that is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations {
    /// The first 24.
    pub list: Vec<Violation>,
    /// How many there are, with those that are not in the list.
    pub total: usize,
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.list.first(), self.total.saturating_sub(1)) {
            (Some(Violation { field, description, .. }), 0) => write!(f, "{field} {description}"),
            (Some(Violation { field, description, .. }), more) => write!(f, "{field} {description} (and {more} more)"),
            (None, _) => write!(f, "nothing is wrong"),
        }
    }
}

impl std::error::Error for Violations {}

/// A filter, which can hold filters.
pub(crate) trait Conditions: Sized {
    /// How many conditions there are in it and in those that it holds.
    fn conditions(&self) -> usize;
}

/// Collects violations while a message is walked.
#[derive(Debug, Default)]
pub struct Collector {
    list: Vec<Violation>,
    total: usize,
    filter_depth: u8,
}

impl Collector {
    /// Reports a violation at the place where the walk is.
    pub fn report(&mut self, reason: &str, description: impl FnOnce() -> String) {
        self.total += 1;
        if self.list.len() < MOST_LISTED {
            self.list.push(Violation { field: String::new(), reason: reason.to_owned(), description: description() });
        }
    }

    /// Reports that what must be there is not.
    pub fn missing(&mut self) {
        self.report("REQUIRED", || "must be set".to_owned());
    }

    /// Walks into a field.
    pub fn field(&mut self, name: &str, walk: impl FnOnce(&mut Self)) {
        self.below(walk, |path| {
            if path.is_empty() || path.starts_with('[') { format!("{name}{path}") } else { format!("{name}.{path}") }
        });
    }

    /// Walks into an item of a repeated field.
    pub fn index(&mut self, index: usize, walk: impl FnOnce(&mut Self)) {
        self.below(walk, |path| subscripted(&index.to_string(), path));
    }

    /// Walks into the value of a key.
    pub fn key(&mut self, key: &str, walk: impl FnOnce(&mut Self)) {
        self.below(walk, |path| subscripted(&clip(key), path));
    }

    /// Walks into the key itself, which has the same path as its value.
    pub(crate) fn of_key(&mut self, walk: impl FnOnce(&mut Self)) {
        self.rewrite(walk, |violation| violation.description.insert_str(0, "has a key that "));
    }

    /// Walks into a filter, unless it lies too deep in others.
    pub(crate) fn filter(&mut self, filter: &impl Conditions, walk: impl FnOnce(&mut Self)) {
        if self.filter_depth > MOST_FILTER_DEPTH {
            return self.report("FILTER_MAX_DEPTH", || format!("must nest filters at most {MOST_FILTER_DEPTH} deep"));
        }
        if self.filter_depth == 0 {
            let found = filter.conditions();
            if found > MOST_FILTER_CONDITIONS {
                self.report("FILTER_MAX_CONDITIONS", || {
                    format!("must have at most {MOST_FILTER_CONDITIONS} conditions in all, has {found}")
                });
            }
        }
        self.filter_depth += 1;
        walk(self);
        self.filter_depth -= 1;
    }

    /// The verdict.
    ///
    /// # Errors
    ///
    /// If anything was reported.
    pub fn finish(self) -> Result<(), Violations> {
        let Self { list, total, filter_depth: _ } = self;
        if total == 0 { Ok(()) } else { Err(Violations { list, total }) }
    }

    fn below(&mut self, walk: impl FnOnce(&mut Self), path: impl Fn(&str) -> String) {
        self.rewrite(walk, |violation| violation.field = path(&violation.field));
    }

    /// Changes the violations that the walk finds.
    fn rewrite(&mut self, walk: impl FnOnce(&mut Self), change: impl Fn(&mut Violation)) {
        let before = self.list.len();
        walk(self);
        self.list.iter_mut().skip(before).for_each(change);
    }
}

fn subscripted(subscript: &str, path: &str) -> String {
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    format!("[{subscript}]{dot}{path}")
}
