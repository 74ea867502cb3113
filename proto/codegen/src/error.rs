//! What can be wrong with a contract. Every message names the element that is to blame.

/// Why nothing was generated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The protos do not compile.
    #[error("the protos do not compile: {0:?}")]
    Compile(#[from] protox::Error),
    /// The protos compile and say something that cannot be honoured.
    #[error("{0}")]
    Contract(String),
    /// The generated text is not Rust: a bug in the generator.
    #[error("the generator wrote something that is not Rust: {0}")]
    NotRust(#[from] syn::Error),
    /// The descriptors cannot be decoded again: a bug in the compiler of the protos.
    #[error("the descriptors cannot be read: {0}")]
    Descriptor(#[from] prost::DecodeError),
    /// A file cannot be read or written.
    #[error("a file cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
}

impl Error {
    /// A sentence about one element of the contract.
    pub(crate) fn at(element: &str, what: impl std::fmt::Display) -> Self {
        Self::Contract(format!("{element}: {what}"))
    }
}
