//! Pages as messages: cut to what a response has room for.

use super::page_token::{Fingerprint, PageTokens};
use crate::domain::page::{Cursor, Page, Resume};
use prost::Message;

/// Where a page ends even if it holds fewer items than asked for, in encoded bytes.
const FULL: usize = 2 * 1024 * 1024;

/// A page as it is sent.
pub(super) struct Sent<M> {
    pub(super) items: Vec<M>,
    pub(super) next_page_token: String,
    pub(super) total_size: Option<i64>,
    pub(super) revision: i64,
}

/// Converts the rows of a page until it is full; the token leads to the first row that is not in it.
pub(super) fn sent<T, M: Message>(
    page: Page<T>,
    tokens: &PageTokens,
    fingerprint: &Fingerprint,
    cursor: impl Fn(&T) -> Cursor,
    convert: impl Fn(T) -> M,
) -> Sent<M> {
    let Page { rows, mut more, total, revision } = page;
    let (mut items, mut bytes, mut last) = (Vec::with_capacity(rows.len()), 0, None);
    for row in rows {
        let place = cursor(&row);
        let item = convert(row);
        bytes += item.encoded_len();
        if bytes > FULL && last.is_some() {
            more = true;
            break;
        }
        items.push(item);
        last = Some(place);
    }
    let next = last.filter(|_| more).map(|after| tokens.seal(fingerprint, &Resume { after, revision }));
    Sent { items, next_page_token: next.unwrap_or_default(), total_size: total, revision: revision.number() }
}
