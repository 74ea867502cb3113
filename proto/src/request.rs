//! What all requests of the contract have in common. Sends nothing and handles nothing.

use crate::method::Method;

#[rustfmt::skip]
#[path = "generated/request.rs"]
mod generated;

/// A request of the contract: the method it is for, and what every request of its kind has. With the feature `server` it is
/// also a `validate::Validate`.
pub trait Request: bound::Checked {
    /// The method it is for.
    const METHOD: Method;

    /// The id of the logical change it asks for (`request_id`), if the method has one; empty if the caller gave none.
    fn request_id(&self) -> Option<&str> {
        None
    }

    /// The same, to be filled in or taken out.
    fn request_id_mut(&mut self) -> Option<&mut String> {
        None
    }

    /// Whether everything is to be checked and nothing to be stored (`validate_only`).
    fn validate_only(&self) -> bool {
        false
    }
}

/// What the server needs of every request on top; clients do without the rules.
mod bound {
    #[cfg(feature = "server")]
    pub trait Checked: crate::validate::Validate {}

    #[cfg(feature = "server")]
    impl<M: crate::validate::Validate> Checked for M {}

    #[cfg(not(feature = "server"))]
    pub trait Checked {}

    #[cfg(not(feature = "server"))]
    impl<M> Checked for M {}
}
