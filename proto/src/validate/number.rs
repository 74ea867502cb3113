//! Rules of numbers, enums and counts.

use super::Collector;

pub(crate) fn at_least(at: &mut Collector, rule: &str, value: i64, least: i64) {
    if value < least {
        at.report(rule, || format!("must be at least {least}, is {value}"));
    }
}

pub(crate) fn at_most(at: &mut Collector, rule: &str, value: i64, most: i64) {
    if value > most {
        at.report(rule, || format!("must be at most {most}, is {value}"));
    }
}

pub(crate) fn finite(at: &mut Collector, value: f64) {
    if !value.is_finite() {
        at.report("DOUBLE_FINITE", || format!("must be a finite number, is {value}"));
    }
}

/// Whether the number is a value of the enum.
pub(crate) fn defined(at: &mut Collector, value: i32, defined: bool, name: &str) -> bool {
    if !defined {
        at.report("ENUM_DEFINED_ONLY", || format!("must be a value of {name}, is {value}"));
    }
    defined
}

pub(crate) fn one_of(at: &mut Collector, value: i32, allowed: &[i32], names: &[&str]) {
    if !allowed.contains(&value) {
        at.report("ENUM_IN", || format!("must be one of {}, is {value}", names.join(", ")));
    }
}

pub(crate) fn min_items(at: &mut Collector, found: usize, least: usize) {
    if found < least {
        at.report("REPEATED_MIN_ITEMS", || format!("must have at least {least} items, has {found}"));
    }
}

pub(crate) fn max_items(at: &mut Collector, found: usize, most: usize) {
    if found > most {
        at.report("REPEATED_MAX_ITEMS", || format!("must have at most {most} items, has {found}"));
    }
}

pub(crate) fn max_pairs(at: &mut Collector, found: usize, most: usize) {
    if found > most {
        at.report("MAP_MAX_PAIRS", || format!("must have at most {most} pairs, has {found}"));
    }
}

pub(crate) fn max_bytes(at: &mut Collector, found: usize, most: usize) {
    if found > most {
        at.report("BYTES_MAX_LEN", || format!("must have at most {most} bytes, has {found}"));
    }
}
