//! The message of a request, taken off the wire as a whole before anybody decodes it.
//!
//! Whoever sends it decides how long that takes, and until then it costs its bytes and no more: decoded, it can be many times
//! as large, and would be so for as long as its sender keeps the call open. A call of the contract has one message.

use super::Who;
use crate::domain::{Error, Limit};
use crate::shares::Share;
use axum::body::{Body, Bytes};
use bytes::{BufMut, BytesMut};
use http_body_util::BodyExt;

/// A byte that says whether it is compressed, and four of its length.
const PREFIX: usize = 5;

/// Reads all of it, at most so many bytes. Each frame that comes has its place among the bytes in hand.
pub(super) async fn read(mut body: Body, most: usize, share: &mut Share<Who>) -> Result<Bytes, Error> {
    let mut message = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Error::RequestBroken)?.into_data() else { continue };
        if message.len().saturating_add(data.len()) > most.saturating_add(PREFIX) {
            return Err(Error::RequestTooLarge { limit: most });
        }
        share.add(data.len()).map_err(|_| Error::RateLimited { limit: Limit::RequestBytesInFlight, retry: super::SOON })?;
        // Copied: a frame of one byte would hold on to the buffer that it was read into.
        message.put(data);
        // What it says it will be is not waited for if it is too much.
        if announced(&message).is_some_and(|length| length > most) {
            return Err(Error::RequestTooLarge { limit: most });
        }
    }
    Ok(message.freeze())
}

fn announced(message: &[u8]) -> Option<usize> {
    let (_, rest) = message.split_first()?;
    let length = u32::from_be_bytes(*rest.first_chunk()?);
    usize::try_from(length).ok()
}
