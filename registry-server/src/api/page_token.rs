//! Page tokens: opaque, versioned, authenticated, and bound to the list and to the caller they were issued for.
//!
//! `base64url(version, fingerprint of caller and list, revision of the first page, id, kind of key, key, MAC)`; the MAC
//! is HMAC-SHA256 cut to 128 bits, with a key that is drawn with the database, so that replicas and restarts
//! accept each other's tokens.

use crate::domain::page::{Cursor, Resume, SortKey};
use crate::domain::{Context, Error, Revision, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use prost::Message;
use sha2::{Digest, Sha256};
use uuid::Uuid;

const VERSION: u8 = 1;
const MAC: usize = 16;
const TIME: u8 = 0;
const TEXT: u8 = 1;

/// What a list is, apart from which page of it: who asks, method, filter, order, references, view.
pub(super) type Fingerprint = [u8; 16];

/// Fingerprints a list request whose paging fields have been cleared.
pub(super) fn fingerprint<M: Message>(ctx: &Context, method: &str, request: &M) -> Fingerprint {
    let who = Sha256::digest(ctx.actor().as_str());
    let what = Sha256::new().chain_update(who).chain_update(method).chain_update([0]);
    let digest = what.chain_update(request.encode_to_vec()).finalize();
    let mut short = Fingerprint::default();
    short.iter_mut().zip(digest).for_each(|(short, byte)| *short = byte);
    short
}

/// Seals and opens the page tokens of one registry.
#[derive(Clone)]
pub(super) struct PageTokens(Hmac<Sha256>);

impl std::fmt::Debug for PageTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PageTokens")
    }
}

impl PageTokens {
    pub(super) fn new(key: &[u8]) -> Self {
        // HMAC takes a key of any length; hashing first keeps that out of the types.
        Self(Hmac::new(&Sha256::digest(key).iter().copied().chain([0; 32]).collect::<hmac::digest::array::Array<u8, _>>()))
    }

    /// The token of the page behind `resume`.
    pub(super) fn seal(&self, fingerprint: &Fingerprint, resume: &Resume) -> String {
        let Resume { after: Cursor { key, id }, revision } = resume;
        let mut token = vec![VERSION];
        token.extend(fingerprint);
        token.extend(revision.number().to_be_bytes());
        token.extend(id.as_bytes());
        match key {
            SortKey::Time(time) => {
                token.push(TIME);
                token.extend(time.micros().to_be_bytes());
            }
            SortKey::Text(text) => {
                token.push(TEXT);
                token.extend(text.as_bytes());
            }
        }
        let mac = self.0.clone().chain_update(&token).finalize().into_bytes();
        token.extend(mac.iter().take(MAC));
        URL_SAFE_NO_PAD.encode(token)
    }

    /// Where the page begins. The empty token is the beginning.
    pub(super) fn open(&self, token: &str, fingerprint: &Fingerprint) -> Result<Option<Resume>, Error> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::InvalidPageToken)?;
        let body = self.authentic(&bytes).ok_or(Error::InvalidPageToken)?;
        let (issued_for, resume) = parse(body).ok_or(Error::InvalidPageToken)?;
        if issued_for == *fingerprint { Ok(Some(resume)) } else { Err(Error::PageTokenMismatch) }
    }

    fn authentic<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let (body, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC)?)?;
        self.0.clone().chain_update(body).verify_truncated_left(mac).ok()?;
        Some(body)
    }
}

fn parse(body: &[u8]) -> Option<(Fingerprint, Resume)> {
    let (version, body) = body.split_first()?;
    let (issued_for, body) = body.split_first_chunk::<16>()?;
    let (revision, body) = body.split_first_chunk::<8>()?;
    let (id, body) = body.split_first_chunk::<16>()?;
    let (kind, key) = body.split_first()?;
    let key = match (*version, *kind) {
        (VERSION, TIME) => SortKey::Time(Timestamp::from_micros(i64::from_be_bytes(key.try_into().ok()?))),
        (VERSION, TEXT) => SortKey::Text(String::from_utf8(key.to_vec()).ok()?),
        _ => return None,
    };
    let after = Cursor { key, id: Uuid::from_bytes(*id) };
    Some((*issued_for, Resume { after, revision: Revision::new(i64::from_be_bytes(*revision)) }))
}
