//! What an update does to one field.

/// Keep what is stored, set a value, or clear. (`Option<Option<T>>` says the same and hides which is which.)
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Patch<T> {
    /// Leave the field as it is.
    #[default]
    Keep,
    /// Store this.
    Set(T),
    /// Store nothing: NULL, or the field's empty value.
    Clear,
}

impl<T: PartialEq> Patch<T> {
    /// Applies to a nullable field; tells whether the field changed.
    pub fn apply(self, field: &mut Option<T>) -> bool {
        match self {
            Self::Keep => false,
            Self::Set(value) => replace(field, Some(value)),
            Self::Clear => replace(field, None),
        }
    }

    /// Applies to a field that always has a value; clearing stores `empty`.
    pub fn apply_or(self, field: &mut T, empty: T) -> bool {
        match self {
            Self::Keep => false,
            Self::Set(value) => replace(field, value),
            Self::Clear => replace(field, empty),
        }
    }
}

fn replace<T: PartialEq>(field: &mut T, value: T) -> bool {
    let changed = *field != value;
    *field = value;
    changed
}
