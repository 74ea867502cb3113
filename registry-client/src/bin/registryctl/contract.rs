//! The messages of the contract as the JSON that Protocol Buffers define for them. What is here holds for the file of an export, for what
//! commands print and for what they are given.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, FieldDescriptor, MessageDescriptor, SerializeOptions};
use serde_json::Value;

/// Values of google.api.FieldBehavior.
const OUTPUT_ONLY: i32 = 3;
const UNORDERED_LIST: i32 = 6;

static POOL: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(registry_proto::FILE_DESCRIPTOR_SET).ok());

/// A message of the contract by its name in the package.
pub fn descriptor(message: &str) -> Result<MessageDescriptor, String> {
    let found = POOL.as_ref().and_then(|pool| pool.get_message_by_name(&format!("modelregistry.v1.{message}")));
    found.ok_or_else(|| format!("the contract of this program describes no {message}"))
}

/// Whether only the registry writes the field.
pub fn is_output_only(field: &FieldDescriptor) -> bool {
    behaves(field, OUTPUT_ONLY)
}

/// Whether the order of its values means nothing.
pub fn is_unordered(field: &FieldDescriptor) -> bool {
    behaves(field, UNORDERED_LIST)
}

/// By what google.api.field_behavior says of it.
fn behaves(field: &FieldDescriptor, behavior: i32) -> bool {
    let extension = field.parent_pool().get_extension_by_name("google.api.field_behavior");
    extension.is_some_and(|extension| {
        let options = field.options();
        let behaviors = options.get_extension(&extension);
        behaviors.as_list().is_some_and(|list| list.iter().any(|value| value.as_enum_number() == Some(behavior)))
    })
}

/// The same message, with the names of its fields.
pub fn reflect(descriptor: MessageDescriptor, message: &impl Message) -> Result<DynamicMessage, String> {
    DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).map_err(|error| error.to_string())
}

/// As JSON: fields that are unset are left out, and those of every object are in the order of their names.
pub fn to_json(message: &DynamicMessage) -> Result<Value, String> {
    let options = SerializeOptions::new();
    let mut json = message.serialize_with_options(serde_json::value::Serializer, &options).map_err(|error| error.to_string())?;
    // Maps come in no particular order. This does nothing where objects are sorted anyway.
    json.sort_all_objects();
    Ok(json)
}

/// From JSON. What names a field this program does not know is refused: whatever it says would be lost.
pub fn from_json<M: Message + Default>(descriptor: MessageDescriptor, json: &[u8]) -> Result<M, String> {
    let mut json = serde_json::Deserializer::from_slice(json);
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let message = DynamicMessage::deserialize_with_options(descriptor, &mut json, &options).map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())?;
    message.transcode_to().map_err(|error| error.to_string())
}
