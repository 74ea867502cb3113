//! Rules of times and durations: what protobuf itself says of them.

use prost_types::{Duration, Timestamp};

use super::{Collector, Validate};

/// 0001-01-01T00:00:00Z
const FIRST_SECOND: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z
const LAST_SECOND: i64 = 253_402_300_799;
/// Ten thousand years, more or less.
const LONGEST_SECONDS: i64 = 315_576_000_000;
const MOST_NANOS: i32 = 999_999_999;

impl Validate for Timestamp {
    fn validate(&self, at: &mut Collector) {
        let Self { seconds, nanos } = *self;
        if !(FIRST_SECOND..=LAST_SECOND).contains(&seconds) || !(0..=MOST_NANOS).contains(&nanos) {
            at.report("TIMESTAMP_RANGE", || {
                format!(
                    "must lie in the years 1 to 9999 and have 0 to {MOST_NANOS} nanos, has {seconds} seconds and {nanos} nanos"
                )
            });
        }
    }
}

impl Validate for Duration {
    fn validate(&self, at: &mut Collector) {
        let Self { seconds, nanos } = *self;
        let signs_agree = seconds.signum() * i64::from(nanos.signum()) >= 0;
        if !(-LONGEST_SECONDS..=LONGEST_SECONDS).contains(&seconds)
            || !(-MOST_NANOS..=MOST_NANOS).contains(&nanos)
            || !signs_agree
        {
            at.report("DURATION_RANGE", || {
                format!(
                    "must have at most {LONGEST_SECONDS} seconds and {MOST_NANOS} nanos, of the same sign, \
                     has {seconds} seconds and {nanos} nanos"
                )
            });
        }
    }
}
