//! Headers of our own that the door reads and writes.

use crate::domain::{Error, Refused, Revision};
use http::HeaderMap;
use tokio::time::{Instant, sleep_until};

/// When the caller gives up, if he has said so.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(pub Option<Instant>);

impl Deadline {
    /// Comes to an end when the deadline has passed.
    pub(super) async fn passed(self) {
        match self.0 {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }
}

/// Says that an answer is that of an earlier call with the same request id.
pub(super) const REPLAYED: &str = "x-replayed";
/// Asks that what is read be at least as new as a revision.
const MIN_REVISION: &str = "x-min-revision";

/// The revision that what is read must have, if the caller wants one.
///
/// # Errors
/// [`Error::Invalid`] if it is none.
pub fn min_revision(headers: &HeaderMap) -> Result<Option<Revision>, Error> {
    let Some(value) = headers.get(MIN_REVISION) else { return Ok(None) };
    let number: Option<i64> = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|number| *number >= 0);
    let refused = || Error::invalid(Refused::new("INT64", "is not a revision").at(MIN_REVISION));
    number.map(|number| Some(Revision::new(number))).ok_or_else(refused)
}
