//! Messages and gRPC stubs, by way of tonic-prost-build. Configures it; generates nothing by itself.

use prost::Message as _;
use prost_types::FileDescriptorSet;

use crate::PACKAGE;
use crate::contract::Contract;
use crate::emit;
use crate::error::Error;
use crate::schema::Schema;

/// Variants so large that the whole oneof would pay for them.
const BOXED: &[&str] = &[
    ".modelregistry.v1.BatchResolveReleasesResponse.Result.result.resolved",
    ".modelregistry.v1.Event.resource.model",
    ".modelregistry.v1.Event.resource.release",
    ".modelregistry.v1.Event.resource.release_alias",
    ".modelregistry.v1.Event.resource.artifact",
    ".modelregistry.v1.Event.resource.deployment",
    ".modelregistry.v1.TransferItem.resource.model",
    ".modelregistry.v1.TransferItem.resource.release",
    ".modelregistry.v1.TransferItem.resource.release_alias",
    ".modelregistry.v1.TransferItem.resource.artifact",
    ".modelregistry.v1.TransferItem.resource.deployment",
    ".modelregistry.v1.TransferItem.resource.alias_move",
    ".modelregistry.v1.TransferItem.resource.audit_entry",
    ".modelregistry.v1.TransferItem.resource.stored_content",
];

/// The module `registry_proto::v1`.
pub(crate) fn generate(contract: &Contract, schema: &Schema) -> Result<String, Error> {
    let out = tempfile::tempdir()?;
    let mut builder = tonic_prost_build::configure()
        .out_dir(out.path())
        .build_transport(false)
        .emit_rerun_if_changed(false)
        // Maps in the order of their keys: the same message always has the same encoding.
        .btree_map(".")
        // Taken out of what came over the network, and not copied.
        .bytes(".")
        .extern_path(".google.rpc.Status", "::tonic_types::Status")
        .skip_debug(schema.secretive().map(|message| format!(".{}", message.full_name)))
        .client_mod_attribute(PACKAGE, "#[cfg(feature = \"client\")]")
        .server_mod_attribute(PACKAGE, "#[cfg(feature = \"server\")]");
    for path in BOXED {
        builder = builder.boxed(path);
    }
    // The whole set, because the generator looks up every type it meets; what it makes of the packages of others is left behind.
    builder.compile_fds(FileDescriptorSet::decode(contract.descriptor_set())?)?;
    let code = std::fs::read_to_string(out.path().join(format!("{PACKAGE}.rs")))?;
    Ok(emit::headed("Package `modelregistry.v1`: its messages, and a module with the stubs of each service.", &code))
}
