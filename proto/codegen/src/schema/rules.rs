//! `buf.validate.field`: the rules that there is code for, and a refusal of every other.

use prost_reflect::{DynamicMessage, Value};
use prost_types::Duration;

use super::field::{Kind, Shape};
use super::options::members;
use crate::error::Error;

pub(super) const RULES: &str = "buf.validate.field";

const DURATION: &str = "google.protobuf.Duration";

/// The name of a rule is its path below `buf.validate.field`, as in `string.max_len`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Check {
    StringMinLen(u64),
    StringMaxLen(u64),
    StringPattern(String),
    StringUuid,
    StringNotIn(Vec<String>),
    EnumDefinedOnly,
    EnumIn(Vec<i32>),
    Int32Gte(i32),
    Int32Lte(i32),
    Int64Gte(i64),
    Int64Lte(i64),
    DoubleFinite,
    DurationGte(Bound),
    DurationLte(Bound),
    MinItems(u64),
    MaxItems(u64),
    MaxPairs(u64),
    BytesMaxLen(u64),
}

/// A limit of a duration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bound {
    pub(crate) seconds: i64,
    pub(crate) nanos: i32,
}

/// The checks of one value.
#[derive(Debug, Default)]
pub(crate) struct Checks(pub(crate) Vec<Check>);

/// The rules of a field.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// Of the field itself.
    pub(crate) own: Checks,
    /// Of each item, if it is repeated.
    pub(crate) items: Checks,
    /// Of each key, if it is a map.
    pub(crate) keys: Checks,
    /// Of each value, if it is a map.
    pub(crate) values: Checks,
    /// Whether zero or "" means that the field is unset.
    pub(crate) ignore_zero: bool,
}

impl Rules {
    pub(super) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// The first rule that is not for a field like this.
    pub(super) fn misfit(&self, kind: &Kind, shape: Shape) -> Option<&'static str> {
        let value = match kind {
            Kind::Map(value) => value,
            other => other,
        };
        let own = self.own.0.iter().find(|check| match check {
            Check::MinItems(_) | Check::MaxItems(_) => shape != Shape::Repeated,
            Check::MaxPairs(_) => shape != Shape::Map,
            check => matches!(shape, Shape::Repeated | Shape::Map) || !check.fits(kind),
        });
        let items = self.items.0.iter().find(|check| shape != Shape::Repeated || !check.fits(kind));
        let keys = self.keys.0.iter().find(|check| shape != Shape::Map || !check.fits(&Kind::String));
        let values = self.values.0.iter().find(|check| shape != Shape::Map || !check.fits(value));
        own.or(items).or(keys).or(values).map(Check::rule)
    }

    fn all(&self) -> impl Iterator<Item = &Check> {
        [&self.own, &self.items, &self.keys, &self.values].into_iter().flat_map(|checks| &checks.0)
    }
}

impl Checks {
    /// Whether no empty string passes.
    pub(super) fn refuse_empty(&self) -> bool {
        self.0.iter().any(|check| match check {
            Check::StringMinLen(least) => *least > 0,
            Check::StringPattern(pattern) => regex::Regex::new(pattern).is_ok_and(|regex| !regex.is_match("")),
            Check::StringUuid => true,
            Check::StringNotIn(refused) => refused.iter().any(String::is_empty),
            _ => false,
        })
    }
}

impl Check {
    fn rule(&self) -> &'static str {
        match self {
            Self::StringMinLen(_) => "string.min_len",
            Self::StringMaxLen(_) => "string.max_len",
            Self::StringPattern(_) => "string.pattern",
            Self::StringUuid => "string.uuid",
            Self::StringNotIn(_) => "string.not_in",
            Self::EnumDefinedOnly => "enum.defined_only",
            Self::EnumIn(_) => "enum.in",
            Self::Int32Gte(_) => "int32.gte",
            Self::Int32Lte(_) => "int32.lte",
            Self::Int64Gte(_) => "int64.gte",
            Self::Int64Lte(_) => "int64.lte",
            Self::DoubleFinite => "double.finite",
            Self::DurationGte(_) => "duration.gte",
            Self::DurationLte(_) => "duration.lte",
            Self::MinItems(_) => "repeated.min_items",
            Self::MaxItems(_) => "repeated.max_items",
            Self::MaxPairs(_) => "map.max_pairs",
            Self::BytesMaxLen(_) => "bytes.max_len",
        }
    }

    fn fits(&self, kind: &Kind) -> bool {
        match self {
            Self::StringMinLen(_) | Self::StringMaxLen(_) | Self::StringPattern(_) | Self::StringUuid | Self::StringNotIn(_) => {
                matches!(kind, Kind::String)
            }
            Self::EnumDefinedOnly | Self::EnumIn(_) => matches!(kind, Kind::Enum(_)),
            Self::Int32Gte(_) | Self::Int32Lte(_) => matches!(kind, Kind::Int32),
            Self::Int64Gte(_) | Self::Int64Lte(_) => matches!(kind, Kind::Int64),
            Self::DoubleFinite => matches!(kind, Kind::Double),
            Self::DurationGte(_) | Self::DurationLte(_) => kind.message() == Some(DURATION),
            Self::BytesMaxLen(_) => matches!(kind, Kind::Bytes),
            Self::MinItems(_) | Self::MaxItems(_) | Self::MaxPairs(_) => false,
        }
    }
}

/// The refusal of a rule that there is no code for.
pub(super) fn unknown(element: &str, rule: &str) -> Error {
    Error::at(element, format_args!("the generator has no code for the validation rule `{rule}`"))
}

pub(super) fn read(element: &str, option: Option<Value>) -> Result<Rules, Error> {
    let mut rules = Rules::default();
    for (group, value) in members(option) {
        match (group.as_str(), value.as_enum_number()) {
            ("ignore", Some(1)) => rules.ignore_zero = true,
            ("repeated" | "map" | "string" | "enum" | "int32" | "int64" | "double" | "bytes" | "duration", _) => {
                read_group(element, &group, value, &mut rules)?
            }
            _ => return Err(unknown(element, &group)),
        }
    }
    Ok(rules)
}

fn read_group(element: &str, group: &str, value: Value, rules: &mut Rules) -> Result<(), Error> {
    for (name, value) in members(Some(value)) {
        let rule = format!("{group}.{name}");
        match rule.as_str() {
            "repeated.items" => rules.items = inner(element, &rule, value)?,
            "map.keys" => rules.keys = inner(element, &rule, value)?,
            "map.values" => rules.values = inner(element, &rule, value)?,
            _ => rules.own.0.extend(check(element, &rule, &value)?),
        }
    }
    Ok(())
}

/// The rules of items, keys or values, which have none themselves.
fn inner(element: &str, rule: &str, value: Value) -> Result<Checks, Error> {
    let Rules { own, items, keys, values, ignore_zero } = read(element, Some(value))?;
    if ignore_zero || [items, keys, values].iter().any(|checks| !checks.0.is_empty()) {
        return Err(unknown(element, rule));
    }
    Ok(own)
}

/// A rule that is switched off (`uuid: false`) is none.
fn check(element: &str, rule: &str, value: &Value) -> Result<Option<Check>, Error> {
    let check = match (rule, value) {
        ("string.min_len", Value::U64(least)) => Check::StringMinLen(*least),
        ("string.max_len", Value::U64(most)) => Check::StringMaxLen(*most),
        ("string.pattern", Value::String(pattern)) => Check::StringPattern(sound(element, pattern)?),
        ("string.uuid", Value::Bool(true)) => Check::StringUuid,
        ("string.not_in", Value::List(refused)) => {
            Check::StringNotIn(refused.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        ("enum.defined_only", Value::Bool(true)) => Check::EnumDefinedOnly,
        ("enum.in", Value::List(numbers)) => Check::EnumIn(numbers.iter().filter_map(Value::as_i32).collect()),
        ("int32.gte", Value::I32(least)) => Check::Int32Gte(*least),
        ("int32.lte", Value::I32(most)) => Check::Int32Lte(*most),
        ("int64.gte", Value::I64(least)) => Check::Int64Gte(*least),
        ("int64.lte", Value::I64(most)) => Check::Int64Lte(*most),
        ("double.finite", Value::Bool(true)) => Check::DoubleFinite,
        ("duration.gte", Value::Message(least)) => Check::DurationGte(bound(least)?),
        ("duration.lte", Value::Message(most)) => Check::DurationLte(bound(most)?),
        ("repeated.min_items", Value::U64(least)) => Check::MinItems(*least),
        ("repeated.max_items", Value::U64(most)) => Check::MaxItems(*most),
        ("map.max_pairs", Value::U64(most)) => Check::MaxPairs(*most),
        ("bytes.max_len", Value::U64(most)) => Check::BytesMaxLen(*most),
        (_, Value::Bool(false)) => return Ok(None),
        _ => return Err(unknown(element, rule)),
    };
    Ok(Some(check))
}

fn bound(value: &DynamicMessage) -> Result<Bound, Error> {
    let Duration { seconds, nanos } = value.transcode_to()?;
    Ok(Bound { seconds, nanos })
}

/// The pattern, if it is a regular expression and speaks of the whole string.
fn sound(element: &str, pattern: &str) -> Result<String, Error> {
    match regex::Regex::new(pattern) {
        Ok(_) if pattern.starts_with('^') && pattern.ends_with('$') => Ok(pattern.to_owned()),
        Ok(_) => Err(Error::at(element, "its pattern must begin with ^ and end with $")),
        Err(error) => Err(Error::at(element, format_args!("its pattern is no regular expression: {error}"))),
    }
}
