//! What callers may do, from least to most. Which method needs which is the contract's to say.

use super::closed_set;

closed_set! {
    /// What a caller may do. Each may do all that those before it may.
    Role {
        /// Read.
        Viewer = "VIEWER",
        /// Change models, releases, aliases and artifacts.
        Operator = "OPERATOR",
        /// Manage keys, read the audit log, remove things for good.
        Admin = "ADMIN",
    }
}

impl Role {
    /// Whether a caller with this role may do what needs `needed`.
    #[must_use]
    pub const fn covers(self, needed: Self) -> bool {
        self.level() >= needed.level()
    }

    const fn level(self) -> u8 {
        match self {
            Self::Viewer => 1,
            Self::Operator => 2,
            Self::Admin => 3,
        }
    }
}
