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
        sound(at, self);
    }
}

/// Whether it is a duration at all. One that is not has no other rules checked.
pub(crate) fn sound(at: &mut Collector, value: &Duration) -> bool {
    let Duration { seconds, nanos } = *value;
    let signs_agree = seconds.signum() * i64::from(nanos.signum()) >= 0;
    let sound =
        (-LONGEST_SECONDS..=LONGEST_SECONDS).contains(&seconds) && (-MOST_NANOS..=MOST_NANOS).contains(&nanos) && signs_agree;
    if !sound {
        at.report("DURATION_RANGE", || {
            format!(
                "must have at most {LONGEST_SECONDS} seconds and {MOST_NANOS} nanos, of the same sign, \
                 has {seconds} seconds and {nanos} nanos"
            )
        });
    }
    sound
}

pub(crate) fn at_least(at: &mut Collector, value: &Duration, least: &Duration) {
    if parts(value) < parts(least) {
        at.report("DURATION_GTE", || format!("must be at least {least}, is {value}"));
    }
}

pub(crate) fn at_most(at: &mut Collector, value: &Duration, most: &Duration) {
    if parts(value) > parts(most) {
        at.report("DURATION_LTE", || format!("must be at most {most}, is {value}"));
    }
}

/// In the order of sound durations.
fn parts(value: &Duration) -> (i64, i32) {
    (value.seconds, value.nanos)
}
