//! Compiles the protos to descriptors, without protoc. Knows which files there are; reads no options.

use std::path::Path;

use prost_reflect::DescriptorPool;
use protox::Compiler;
use protox::file::{ChainFileResolver, FileResolver, GoogleFileResolver, IncludeFileResolver};

use crate::error::Error;

/// Not imported by the contract, and needed by whoever decodes the details of an error.
const ERROR_DETAILS: &str = "google/rpc/error_details.proto";

/// A compiled contract.
pub struct Contract {
    pool: DescriptorPool,
    descriptor_set: Vec<u8>,
}

impl Contract {
    /// Compiles every proto below `modelregistry/v1` in the given directory.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or does not compile.
    pub fn load(proto_dir: &Path) -> Result<Self, Error> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(proto_dir.join("modelregistry/v1"))? {
            let name = entry?.file_name();
            files.push(format!("modelregistry/v1/{}", name.to_string_lossy()));
        }
        files.retain(|file| file.ends_with(".proto"));
        files.sort();
        files.push(ERROR_DETAILS.to_owned());
        Self::compile(files_below(proto_dir), &files)
    }

    /// Compiles the named files, which the resolver finds.
    ///
    /// # Errors
    ///
    /// If a file is not found or does not compile.
    pub fn compile(resolver: impl FileResolver + 'static, files: &[String]) -> Result<Self, Error> {
        let mut compiler = Compiler::with_file_resolver(resolver);
        compiler.include_imports(true).include_source_info(true).open_files(files)?;
        // Only this encoding keeps the custom options; `file_descriptor_set()` drops them.
        Ok(Self { pool: compiler.descriptor_pool(), descriptor_set: compiler.encode_file_descriptor_set() })
    }

    /// The descriptors, for reading options.
    #[must_use]
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// The descriptors as a `google.protobuf.FileDescriptorSet` with imports, comments and custom options.
    #[must_use]
    pub fn descriptor_set(&self) -> &[u8] {
        &self.descriptor_set
    }
}

/// Finds the files of the contract, those of others, and the well-known types.
#[must_use]
pub fn files_below(proto_dir: &Path) -> ChainFileResolver {
    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(proto_dir.to_owned()));
    resolver.add(IncludeFileResolver::new(proto_dir.join("third_party")));
    resolver.add(GoogleFileResolver::new());
    resolver
}
