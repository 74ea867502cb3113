//! Answers that are kept for retries, and the keys they are kept under.

use crate::domain::{ChangeKey, Error, Refused};
use crate::store::Answer;
use prost::Message;
use registry_proto::request::Request;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A response message that can be kept.
pub(super) struct Kept<R>(pub(super) R);

impl<R: Message + Default + 'static> Answer for Kept<R> {
    fn keep(&self) -> Vec<u8> {
        self.0.encode_to_vec()
    }

    fn recall(bytes: &[u8]) -> Option<Self> {
        R::decode(bytes).ok().map(Self)
    }
}

/// The key of the change that a request asks for, if the caller gave it one: taken out of the request, so that what is
/// left is the payload. Maps are encoded in order, so that equal requests are equal bytes.
pub(super) fn key<M: Request + Message>(request: &mut M) -> Result<Option<ChangeKey>, Error> {
    let id = request.request_id_mut().map(std::mem::take).unwrap_or_default();
    let id = change(&id, "request_id")?;
    Ok(id.map(|id| ChangeKey { id, method: M::METHOD.path(), payload: Sha256::digest(request.encode_to_vec()).into() }))
}

/// The id of a change, if the caller gave it one.
pub(super) fn change(id: &str, field: &str) -> Result<Option<Uuid>, Error> {
    let refused = |_| Error::invalid(Refused::new("STRING_UUID", "is not a UUID").at(field));
    if id.is_empty() { Ok(None) } else { Uuid::try_parse(id).map(Some).map_err(refused) }
}
