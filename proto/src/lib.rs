//! The contract of the model registry in Rust: messages, stubs and what is derived from the protos. Holds no conversions, no
//! defaults and no logic of a server or a client.
//!
//! Features: `client` (the default) adds the client stubs; `server` adds the server stubs, the module `validate`, the parsing of
//! update masks and `FILE_DESCRIPTOR_SET`, which `descriptor` adds alone.

pub mod field;
pub mod mask;
pub mod method;
pub mod reason;
mod redact;
pub mod request;
#[cfg(feature = "server")]
pub mod validate;
pub mod version;

#[rustfmt::skip]
#[path = "generated/v1.rs"]
#[allow(clippy::all, clippy::pedantic, clippy::restriction, missing_docs, rustdoc::all, reason = "written by tonic-prost-build")]
pub mod v1;

/// `google.rpc.Status`, as in the outcomes of batch methods.
pub use tonic_types::Status as RpcStatus;

/// The contract as an encoded `google.protobuf.FileDescriptorSet`, with comments, custom options and everything it imports, for
/// server reflection.
#[cfg(feature = "descriptor")]
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("generated/descriptor.bin");
