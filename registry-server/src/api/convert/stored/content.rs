//! What is known of stored bytes, that comes with an import. Whether they are here, the storage says.

use super::{Read, required};
use crate::domain::content::ContentState;
use crate::domain::{Error, Refused};
use crate::store::entity::content::Model as Row;
use registry_proto::v1::transfer_item::StoredContent;

/// Each digest stands for so many bytes.
const CHUNK: i64 = 1024 * 1024;
/// How long a digest is.
const DIGEST: i64 = 32;

pub(super) fn read(mut read: Read<'_>, message: StoredContent) -> Result<Row, Error> {
    let StoredContent { id, sha256, size_bytes, chunk_digests, create_time } = message;
    let id = read.reference("stored_content.id", &id);
    let sha256 = read.at.field("stored_content.sha256", sha256.parse());
    let size_bytes = read.at.field("stored_content.size_bytes", size_bytes.ok_or_else(required));
    let create_time = read.time("stored_content.create_time", create_time);
    let digests = size_bytes.map(|size| (size / CHUNK + i64::from(size % CHUNK > 0)).saturating_mul(DIGEST));
    let fits = digests.is_none_or(|digests| i64::try_from(chunk_digests.len()) == Ok(digests));
    read.must("stored_content.chunk_digests", fits, || Refused::new("DIGESTS", "must have 32 bytes for every MiB"));
    read.at.finish(|| {
        Some(Row {
            id: id?,
            sha256: sha256?,
            size_bytes: size_bytes?,
            chunk_digests: chunk_digests.to_vec(),
            state: ContentState::Lost,
            create_time: create_time?,
            orphan_time: None,
        })
    })
}
