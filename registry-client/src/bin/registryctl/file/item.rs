//! One item as one line: the JSON that Protocol Buffers define for its message, with the fields of every object in the order of their
//! names. Numbers come back as they were: 64-bit integers are texts, and doubles have as many digits as it takes.

use prost::Message as _;
use registry_client::pb;

use crate::contract;

const MESSAGE: &str = "TransferItem";

/// A line without its end.
pub(super) fn to_line(item: &pb::TransferItem) -> Result<String, String> {
    let json = contract::to_json(&contract::reflect(contract::descriptor(MESSAGE)?, item)?)?;
    serde_json::to_string(&json).map_err(|error| error.to_string())
}

/// A line that names a field this program does not know is refused: whatever it says would be lost.
pub(super) fn from_line(line: &[u8]) -> Result<pb::TransferItem, String> {
    let item: pb::TransferItem = contract::from_json(contract::descriptor(MESSAGE)?, line)?;
    if item.encoded_len() == 0 {
        return Err("it holds no item".to_owned());
    }
    Ok(item)
}
