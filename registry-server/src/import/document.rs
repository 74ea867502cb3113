//! JSON of other databases, as the documents that this registry holds: numbers are doubles here, depth and size are limited.
//!
//! May not: lose a digit without saying so.

use crate::api::imported::{MAX_DOCUMENT_BYTES, MAX_DOCUMENT_DEPTH, document_bytes};
use crate::domain::document::Document;
use serde_json::{Map, Value};

/// Reads JSON. A number that a double cannot hold becomes a text of the same digits; tells how many did.
#[must_use]
pub fn parse(text: &str) -> Option<(Value, usize)> {
    let (exact, replaced) = quoted_numbers(text);
    // What holds a NUL cannot be stored by every database.
    let value = serde_json::from_str(&exact).ok()?;
    Some((value, replaced))
}

/// The same JSON, with those numbers that a double cannot hold in quotes.
fn quoted_numbers(text: &str) -> (String, usize) {
    let (mut out, mut replaced, mut rest) = (String::with_capacity(text.len()), 0, text);
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let is_text = from.starts_with('"');
        let end = if is_text { end_of_text(from) } else { end_of_number(from) };
        let (token, after) = from.split_at(end);
        if is_text || is_exact(token) {
            out.push_str(token);
        } else {
            replaced += 1;
            out.extend(["\"", token, "\""]);
        }
        rest = after;
    }
    out.push_str(rest);
    (out, replaced)
}

fn end_of_text(from: &str) -> usize {
    let mut escaped = false;
    let closing = from.char_indices().skip(1).find(|(_, c)| {
        let closes = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        closes
    });
    closing.map_or(from.len(), |(at, _)| at + 1)
}

fn end_of_number(from: &str) -> usize {
    from.find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'))).unwrap_or(from.len())
}

/// Whether a double says the same as these digits: written with as few digits as tell it from its neighbours, it has them again.
fn is_exact(number: &str) -> bool {
    let Ok(double) = number.parse::<f64>() else { return true };
    double.is_finite() && decimal(number) == decimal(&format!("{double:e}"))
}

/// A number as its digits without zeros around them, and the power of ten of the last one.
fn decimal(number: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let negative = mantissa.starts_with('-');
    let mantissa = mantissa.trim_start_matches('-');
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.parse().ok()?;
    let all = format!("{whole}{fraction}");
    let digits = all.trim_end_matches('0');
    let zeros = i64::try_from(all.len() - digits.len()).ok()?;
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some((false, String::new(), 0));
    }
    Some((negative, digits.to_owned(), exponent + zeros - i64::try_from(fraction.len()).ok()?))
}

/// The document with what is too deep in it written as text; tells the members of it that were changed.
#[must_use]
pub fn flattened(members: Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
    let mut changed = Vec::new();
    let flat = members.into_iter().map(|(key, value)| {
        let shallow = within(value, 2);
        if shallow.1 {
            changed.push(key.clone());
        }
        (key, shallow.0)
    });
    (flat.collect(), changed)
}

/// What lies at this level, with whatever would be deeper than there is room for as text; whether there was any.
fn within(value: Value, level: usize) -> (Value, bool) {
    match value {
        Value::Object(_) | Value::Array(_) if level > MAX_DOCUMENT_DEPTH => (Value::String(value.to_string()), true),
        Value::Object(members) => {
            let mut changed = false;
            let members = members.into_iter().map(|(key, value)| {
                let (value, deeper) = within(value, level + 1);
                changed |= deeper;
                (key, value)
            });
            (Value::Object(members.collect()), changed)
        }
        Value::Array(items) => {
            let (items, changed): (Vec<Value>, Vec<bool>) = items.into_iter().map(|item| within(item, level + 1)).unzip();
            (Value::Array(items), changed.contains(&true))
        }
        plain => (plain, false),
    }
}

/// The document without its largest members, as many as there is no room for; tells which, and what they were.
#[must_use]
pub fn fitting(mut members: Map<String, Value>) -> (Document, Vec<(String, Value)>) {
    let mut left = Vec::new();
    loop {
        let document = Document::from(members.clone());
        if document_bytes(&document) <= MAX_DOCUMENT_BYTES {
            return (document, left);
        }
        let largest = members.iter().max_by_key(|(key, value)| key.len() + value.to_string().len()).map(|(key, _)| key.clone());
        match largest.and_then(|key| members.remove(&key).map(|value| (key, value))) {
            Some(member) => left.push(member),
            None => return (document, left),
        }
    }
}

/// NUL characters, which not every database can hold, as the character that stands for what cannot be shown; whether there were any.
#[must_use]
pub fn plain(value: Value) -> (Value, bool) {
    match value {
        Value::String(text) if text.contains('\0') => (Value::String(text.replace('\0', "\u{fffd}")), true),
        Value::Array(items) => {
            let (items, changed): (Vec<Value>, Vec<bool>) = items.into_iter().map(plain).unzip();
            (Value::Array(items), changed.contains(&true))
        }
        Value::Object(members) => {
            let mut changed = false;
            let members = members.into_iter().map(|(key, value)| {
                let (value, in_value) = plain(value);
                changed |= in_value || key.contains('\0');
                (key.replace('\0', "\u{fffd}"), value)
            });
            (Value::Object(members.collect()), changed)
        }
        other => (other, false),
    }
}

#[cfg(test)]
mod tests {
    use super::{fitting, flattened, parse};
    use serde_json::{Map, Value, json};

    #[test]
    fn numbers_that_a_double_cannot_hold_keep_their_digits_as_text() {
        let text = r#"{"huge": 123456789012345678901234567890, "big": 9007199254740993, "far": 1e400, "in \"9007199254740993\" text": "-1"}"#;
        let (value, replaced) = parse(text).expect("JSON");
        assert_eq!(replaced, 3);
        assert_eq!(value["huge"], "123456789012345678901234567890");
        assert_eq!(value["big"], "9007199254740993");
        assert_eq!(value["far"], "1e400");
    }

    #[test]
    fn numbers_that_a_double_holds_stay_numbers() {
        let text = r#"[0, -0.0, 0.1, 0.0000001, 1.50, 2.5e-3, 9007199254740992, 1e21, 100, 0.30000000000000004, 5e-324]"#;
        let (value, replaced) = parse(text).expect("JSON");
        assert_eq!(replaced, 0, "{value}");
        assert_eq!(value[3], json!(1e-7));
    }

    #[test]
    fn what_is_too_deep_becomes_text() {
        let deep = (0..20).fold(json!(1), |inner, _| json!({ "in": inner }));
        let members = Map::from_iter([("deep".to_owned(), deep), ("flat".to_owned(), json!([[1]]))]);
        let (flat, changed) = flattened(members);
        assert_eq!(changed, ["deep"]);
        let depth = |mut value: &Value| (0..).find(|_| value.get("in").map(|inner| value = inner).is_none());
        assert_eq!(depth(&flat["deep"]), Some(15));
    }

    #[test]
    fn the_largest_members_make_room() {
        let members = Map::from_iter([("large".to_owned(), json!("x".repeat(70_000))), ("small".to_owned(), json!("y"))]);
        let (document, left) = fitting(members);
        assert_eq!(left.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["large"]);
        assert_eq!(document.into_inner().len(), 1);
    }
}
