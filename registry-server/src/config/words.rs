//! How a setting is read that is more than a word: lengths of time, sizes, counts. A rule that only one area has is there.
//!
//! May not: repeat what it was given.

use bytesize::ByteSize;
use std::time::Duration;

/// A whole number of seconds.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).map_err(|_| "expected a whole number of seconds".to_owned())
}

/// A length of time in words, such as `30d` or `1h 30m`.
pub(super) fn length(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(length) if length.is_zero() => Err("must be longer than nothing".to_owned()),
        Ok(length) => Ok(length),
        Err(error) => Err(format!("expected a length of time such as 30d, 12h or 90s: {error}")),
    }
}

/// The same, and nothing at all.
pub(super) fn pause(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("expected a length of time such as 1s, 500ms or 0s: {error}"))
}

/// A number of bytes in words, such as `50GiB`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    match text.parse::<ByteSize>() {
        Ok(ByteSize(bytes)) if bytes > 0 && i64::try_from(bytes).is_ok() => Ok(bytes),
        _ => Err("expected a size such as 50GiB, 500MB or 1048576".to_owned()),
    }
}

/// The same, and none at all.
pub(super) fn room(text: &str) -> Result<u64, String> {
    match text.parse::<ByteSize>() {
        Ok(ByteSize(bytes)) if i64::try_from(bytes).is_ok() => Ok(bytes),
        _ => Err("expected a size such as 64MiB, 1GB or 0".to_owned()),
    }
}

/// A count of places, of which there must be one.
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number, 1 or more".to_owned()),
        Ok(count) => Ok(count),
    }
}
