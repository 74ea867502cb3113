//! Turns the contract (`proto/modelregistry/v1/*.proto`) into the Rust of `registry-proto`: messages, stubs, validation, update
//! masks, tables. Works on descriptors only; knows nothing of servers, clients or databases.

mod contract;
mod emit;
mod error;
mod naming;
mod schema;
mod stubs;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use contract::{Contract, files_below};
pub use error::Error;
use schema::Schema;

/// The package whose contract is compiled.
pub const PACKAGE: &str = "modelregistry.v1";

/// The directory that holds the contract, and that the generated files are written below.
#[must_use]
pub fn proto_dir() -> &'static Path {
    // `proto/codegen` lies inside it.
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Generates every file of `proto/src/generated/`, by its path relative to that directory.
///
/// # Errors
///
/// If the protos do not compile, or if they say something that the generator does not know how to honour: a validation rule it has
/// no code for, a method without a policy, a field without a behaviour. The error names the culprit.
pub fn generate() -> Result<BTreeMap<PathBuf, Vec<u8>>, Error> {
    generate_from(&Contract::load(proto_dir())?)
}

/// Generates the files for any contract, for example one that a test made up.
///
/// # Errors
///
/// See [`generate`].
pub fn generate_from(contract: &Contract) -> Result<BTreeMap<PathBuf, Vec<u8>>, Error> {
    let schema = Schema::read(contract)?;
    let text = [
        ("v1.rs", stubs::generate(contract, &schema)?),
        ("field.rs", emit::file("Every field of the contract.", emit::field::code(&schema))?),
        ("mask.rs", emit::file("The fields that updates write.", emit::mask::code(&schema)?)?),
        ("method.rs", emit::file("Every method of the contract.", emit::method::code(&schema))?),
        ("reason.rs", emit::file("Every error reason of the contract.", emit::reason::code(&schema))?),
        ("redact.rs", emit::file("How messages with secrets are printed.", emit::redact::code(&schema))?),
        ("request.rs", emit::file("The request of every method.", emit::request::code(&schema))?),
        ("validate.rs", emit::file("The rules of every message that a request can hold.", emit::validate::code(&schema)?)?),
    ];
    let mut files: BTreeMap<PathBuf, Vec<u8>> = text.map(|(name, text)| (PathBuf::from(name), text.into_bytes())).into();
    files.insert(PathBuf::from("descriptor.bin"), contract.descriptor_set().to_vec());
    Ok(files)
}
