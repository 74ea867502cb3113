//! Points in time, as other databases write them.
//!
//! May not: guess a time zone. What names none is UTC.

use crate::domain::Timestamp;

const DAY: i64 = 86_400_000_000;

/// Reads `YYYY-MM-DD`, followed by nothing or by a space or `T` and `HH:MM[:SS[.f…]]` and nothing, `Z` or an offset from UTC. What is
/// finer than a microsecond is cut off.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    let days = days(date)?;
    let rest = match rest.strip_prefix(['T', ' ']) {
        Some(rest) => rest,
        None if rest.is_empty() => return days.checked_mul(DAY).map(Timestamp::from_micros),
        None => return None,
    };
    let (clock, offset) = match rest.find(['Z', '+', '-']) {
        Some(at) => rest.split_at_checked(at)?,
        None => (rest, ""),
    };
    let micros = days.checked_mul(DAY)?.checked_add(micros(clock)?)?.checked_sub(minutes(offset)?.checked_mul(60_000_000)?)?;
    Some(Timestamp::from_micros(micros))
}

/// A moment in the same form, for people: in UTC, to the microsecond.
#[must_use]
pub fn written(time: Timestamp) -> String {
    let (seconds, nanos) = (time.micros().div_euclid(1_000_000), time.micros().rem_euclid(1_000_000) * 1000);
    let nanos = i32::try_from(nanos).unwrap_or(0);
    prost_types::Timestamp { seconds, nanos }.to_string()
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if year == 0 || !(1..=length).contains(&day) || parts.next().is_some() {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1 - 719_468)
}

/// Microseconds since midnight.
fn micros(clock: &str) -> Option<i64> {
    let mut parts = clock.trim_end().split(':');
    let (hours, minutes) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (seconds, fraction) = match parts.next() {
        None => (0, 0),
        Some(part) => match part.split_once('.') {
            None => (digits(part, 2)?, 0),
            Some((seconds, fraction)) => (digits(seconds, 2)?, millionths(fraction)?),
        },
    };
    let valid = hours < 24 && minutes < 60 && seconds < 60 && parts.next().is_none();
    valid.then_some(((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction)
}

fn millionths(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let six: String = fraction.chars().chain(std::iter::repeat('0')).take(6).collect();
    six.parse().ok()
}

/// Minutes east of UTC.
fn minutes(offset: &str) -> Option<i64> {
    let (sign, rest) = match offset.split_at_checked(1) {
        None => return offset.is_empty().then_some(0),
        Some(("Z", "")) => return Some(0),
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) => return None,
    };
    let plain = rest.replace(':', "");
    let (hours, minutes) = plain.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { 0 } else { digits(minutes, 2)? };
    Some(sign * (digits(hours, 2)? * 60 + minutes))
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_are_read_to_the_microsecond() {
        for (text, micros) in [
            ("1970-01-01 00:00:00", 0),
            ("1969-12-31 23:59:59.999999", -1),
            ("2025-09-01 13:53:31.596853", 1_756_734_811_596_853),
            ("2025-09-01T13:53:31.596853Z", 1_756_734_811_596_853),
            ("2025-09-01 15:53:31.596853+02", 1_756_734_811_596_853),
            ("2025-09-01T08:23:31.596853-05:30", 1_756_734_811_596_853),
            ("2025-10-21 02:41:20.89241", 1_761_014_480_892_410),
            ("9999-12-31 23:59:59", 253_402_300_799_000_000),
            ("2000-02-29", 951_782_400_000_000),
            ("0001-01-01 00:00", -62_135_596_800_000_000),
        ] {
            assert_eq!(parse(text).map(|time| time.micros()), Some(micros), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_guessed() {
        for text in [
            "",
            "unknown",
            "infinity",
            "2025-02-29",
            "2025-13-01",
            "25-01-01",
            "2025-01-01 24:00:00",
            "2025-01-01x",
            "0044-03-15 BC",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
