//! Rules of strings.

use std::sync::OnceLock;

use regex::Regex;

use super::Collector;

/// How much of a value a description repeats.
const MOST_REPEATED: usize = 64;

/// A regular expression, compiled when it is first used.
pub(crate) struct Pattern {
    text: &'static str,
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { text, regex: OnceLock::new() }
    }

    /// A pattern that is no regular expression matches nothing; the generator refuses such a pattern.
    fn matches(&self, value: &str) -> bool {
        self.regex.get_or_init(|| Regex::new(self.text).ok()).as_ref().is_some_and(|regex| regex.is_match(value))
    }
}

/// No string may hold a NUL: PostgreSQL cannot store it. What does has no other rules checked.
pub(crate) fn plain(at: &mut Collector, value: &str) -> bool {
    // On bytes, and not `value.contains('\0')`: several times as fast.
    let plain = !value.as_bytes().contains(&0);
    if !plain {
        at.report("STRING_NUL", || format!("must not contain a NUL character, is {}", clip(value)));
    }
    plain
}

pub(crate) fn min_len(at: &mut Collector, value: &str, least: usize) {
    // No string has more characters than bytes, so most need not be counted.
    let found = value.chars().take(least).count();
    if found < least {
        at.report("STRING_MIN_LEN", || format!("must have at least {}, has {found}", characters(least)));
    }
}

pub(crate) fn max_len(at: &mut Collector, value: &str, most: usize) {
    if value.len() <= most {
        return;
    }
    let found = value.chars().count();
    if found > most {
        at.report("STRING_MAX_LEN", || format!("must have at most {}, has {found}", characters(most)));
    }
}

pub(crate) fn pattern(at: &mut Collector, value: &str, pattern: &Pattern) {
    if !pattern.matches(value) {
        at.report("STRING_PATTERN", || format!("must match {}, is {}", pattern.text, clip(value)));
    }
}

pub(crate) fn not_in(at: &mut Collector, value: &str, refused: &[&str]) {
    if refused.contains(&value) {
        at.report("STRING_NOT_IN", || format!("must not be {}", clip(value)));
    }
}

/// Eight, four, four, four and twelve hexadecimal digits in either case, with hyphens between.
pub(crate) fn uuid(at: &mut Collector, value: &str) {
    let fits = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    if value.len() != 36 || !value.bytes().enumerate().all(fits) {
        at.report("STRING_UUID", || format!("must be a UUID, is {}", clip(value)));
    }
}

/// The beginning of a value, in quotes and with control characters escaped.
pub(crate) fn clip(value: &str) -> String {
    match value.char_indices().nth(MOST_REPEATED) {
        Some((end, _)) => format!("{:?}…", value.get(..end).unwrap_or_default()),
        None => format!("{value:?}"),
    }
}

fn characters(count: usize) -> String {
    if count == 1 { "1 character".to_owned() } else { format!("{count} characters") }
}
