//! One item as one line: the JSON that Protocol Buffers define for its message, with the fields of every object in the order of their
//! names. Numbers come back as they were: 64-bit integers are texts, and doubles have as many digits as it takes.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor};
use registry_client::pb;

/// The message, as the contract describes it.
static DESCRIPTOR: LazyLock<Option<MessageDescriptor>> = LazyLock::new(|| {
    let pool = DescriptorPool::decode(registry_proto::FILE_DESCRIPTOR_SET).ok()?;
    pool.get_message_by_name("modelregistry.v1.TransferItem")
});

fn descriptor() -> Result<MessageDescriptor, String> {
    DESCRIPTOR.clone().ok_or_else(|| "the contract of this program describes no items".to_owned())
}

/// A line without its end.
pub(super) fn to_line(item: &pb::TransferItem) -> Result<String, String> {
    let encoded = item.encode_to_vec();
    let message = DynamicMessage::decode(descriptor()?, encoded.as_slice()).map_err(|error| error.to_string())?;
    let mut json = serde_json::to_value(&message).map_err(|error| error.to_string())?;
    // Maps come in no particular order. This does nothing where objects are sorted anyway.
    json.sort_all_objects();
    serde_json::to_string(&json).map_err(|error| error.to_string())
}

/// A line that names a field this program does not know is refused: whatever it says would be lost.
pub(super) fn from_line(line: &[u8]) -> Result<pb::TransferItem, String> {
    let mut json = serde_json::Deserializer::from_slice(line);
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let message =
        DynamicMessage::deserialize_with_options(descriptor()?, &mut json, &options).map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())?;
    let item: pb::TransferItem = message.transcode_to().map_err(|error| error.to_string())?;
    if item.encoded_len() == 0 {
        return Err("it holds no item".to_owned());
    }
    Ok(item)
}
