//! Which fields an update changed.

/// The names, as the contract has them, of the fields that changed.
#[derive(Debug, Default)]
pub(super) struct Changes(Vec<&'static str>);

impl Changes {
    /// Remembers `field` if it changed.
    pub(super) fn note(&mut self, field: &'static str, changed: bool) {
        if changed {
            self.0.push(field);
        }
    }

    pub(super) fn contains(&self, field: &str) -> bool {
        self.0.contains(&field)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn names(&self) -> &[&'static str] {
        &self.0
    }
}
