//! Times and durations, in microseconds. What is finer is cut off.

use crate::domain::Timestamp;
use crate::domain::training::Span;
use std::time::Duration;

const SECOND: i64 = 1_000_000;

pub(in crate::api) fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    let micros = time.micros();
    prost_types::Timestamp { seconds: micros.div_euclid(SECOND), nanos: nanos(micros.rem_euclid(SECOND)) }
}

pub(in crate::api) fn parse_timestamp(time: prost_types::Timestamp) -> Timestamp {
    let prost_types::Timestamp { seconds, nanos } = time;
    Timestamp::from_micros(seconds.saturating_mul(SECOND).saturating_add(i64::from(nanos) / 1000))
}

/// The first microsecond that is not before this time: what was stored at or after the one is what was stored at or after the other.
pub(in crate::api) fn parse_bound(time: prost_types::Timestamp) -> Timestamp {
    let finer = i64::from(time.nanos % 1000 != 0);
    Timestamp::from_micros(parse_timestamp(time).micros().saturating_add(finer))
}

pub(in crate::api) fn duration(span: Span) -> prost_types::Duration {
    let micros = span.micros();
    prost_types::Duration { seconds: micros / SECOND, nanos: nanos(micros % SECOND) }
}

pub(in crate::api) fn parse_duration(span: prost_types::Duration) -> Span {
    let prost_types::Duration { seconds, nanos } = span;
    Span::from_micros(seconds.saturating_mul(SECOND).saturating_add(i64::from(nanos) / 1000))
}

/// A length of time that the rules of the contract have found to be positive.
pub(in crate::api) fn length(span: prost_types::Duration) -> Duration {
    Duration::try_from(span).unwrap_or_default()
}

/// Less than a second of microseconds always fits.
fn nanos(micros: i64) -> i32 {
    i32::try_from(micros * 1000).unwrap_or(0)
}
