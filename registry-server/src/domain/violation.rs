//! What is wrong with a field, said so that the caller can mend it.

/// Why a value was refused, before it is known in which field it stood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{description}")]
pub struct Refused {
    reason: &'static str,
    description: String,
}

impl Refused {
    /// `reason` is a rule id in upper case, `description` a sentence for the caller.
    pub fn new(reason: &'static str, description: impl Into<String>) -> Self {
        Self { reason, description: description.into() }
    }

    /// The rule id in upper case.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.reason
    }

    /// The same, with the field it stood in.
    #[must_use]
    pub fn at(self, field: impl Into<String>) -> Violation {
        Violation { field: field.into(), reason: self.reason.to_owned(), description: self.description }
    }
}

/// Everything that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violations {
    /// The first of them.
    pub list: Vec<Violation>,
    /// How many there are, with those that are not in the list.
    pub total: usize,
}

impl From<Vec<Violation>> for Violations {
    fn from(list: Vec<Violation>) -> Self {
        Self { total: list.len(), list }
    }
}

impl std::fmt::Display for Violations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.list.first(), self.total.saturating_sub(1)) {
            (None, _) => f.write_str("the request is invalid"),
            (Some(only), 0) => write!(f, "{}: {}", only.field, only.description),
            (Some(first), more) => write!(f, "{}: {} (and {more} more)", first.field, first.description),
        }
    }
}

/// One broken rule of one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path from the request, for example `model.tags[3]`.
    pub field: String,
    /// The rule id in upper case, for example `STRING_MAX_LEN`.
    pub reason: String,
    /// A sentence for the caller.
    pub description: String,
}
