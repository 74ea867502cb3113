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

    /// The same, with the field it stood in.
    #[must_use]
    pub fn at(self, field: impl Into<String>) -> Violation {
        Violation { field: field.into(), reason: self.reason.to_owned(), description: self.description }
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
