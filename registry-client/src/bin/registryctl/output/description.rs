//! Everything that is known of one thing, a line for each field that is set, in the order and under the names of the contract.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage as _, Value};

use crate::contract;
use crate::resource::Resource;
use crate::text;

/// How much further in the fields of a field are.
const INDENT: usize = 2;

pub(super) fn of<R: Resource>(resource: &R) -> Result<String, String> {
    let message = contract::reflect(contract::descriptor(R::MESSAGE)?, resource)?;
    let mut lines = Vec::new();
    fields(&message, &mut lines)?;
    Ok(render(&lines, 0))
}

/// What is to the right of a name.
enum Content {
    /// One line of text or several.
    Text(String),
    Fields(Vec<(String, Content)>),
}

fn fields(message: &DynamicMessage, lines: &mut Vec<(String, Content)>) -> Result<(), String> {
    for field in message.descriptor().fields() {
        if message.has_field(&field) {
            lines.push((label(field.name()), content(&field, &message.get_field(&field))?));
        }
    }
    Ok(())
}

/// The name of a field as people read it: "Create time".
fn label(name: &str) -> String {
    let name = name.replace('_', " ");
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn content(field: &FieldDescriptor, value: &Value) -> Result<Content, String> {
    Ok(match value {
        Value::Message(message) => of_message(message)?,
        Value::List(values) if values.iter().any(|value| matches!(value, Value::Message(_))) => {
            let mut items = Vec::new();
            for (place, value) in values.iter().enumerate() {
                items.push((format!("{}", place.saturating_add(1)), content(field, value)?));
            }
            Content::Fields(items)
        }
        Value::List(values) => {
            let texts: Vec<String> = values.iter().map(|value| scalar(field, value)).collect();
            Content::Text(texts.join(", "))
        }
        Value::Map(entries) => {
            let mut entries: Vec<(String, String)> = entries
                .iter()
                .map(|(key, value)| (Value::from(key.clone()), value))
                .map(|(key, value)| (scalar(field, &key), scalar(field, value)))
                .collect();
            entries.sort();
            Content::Fields(entries.into_iter().map(|(key, value)| (key, Content::Text(value))).collect())
        }
        value => Content::Text(scalar(field, value)),
    })
}

/// The well-known ones have a form of their own in JSON, and it is short.
fn of_message(message: &DynamicMessage) -> Result<Content, String> {
    if message.descriptor().full_name().starts_with("google.protobuf.") {
        let json = contract::to_json(message)?;
        return Ok(Content::Text(match json {
            serde_json::Value::String(text) => text,
            json => json.to_string(),
        }));
    }
    let mut lines = Vec::new();
    fields(message, &mut lines)?;
    Ok(Content::Fields(lines))
}

fn scalar(field: &FieldDescriptor, value: &Value) -> String {
    match (value, field.kind()) {
        (Value::EnumNumber(number), Kind::Enum(described)) => {
            let found = described.get_value(*number);
            found.map_or_else(|| number.to_string(), |value| word(described.name(), value.name()))
        }
        (Value::EnumNumber(number), _) => number.to_string(),
        (Value::Bool(value), _) => value.to_string(),
        (Value::I32(value), _) => value.to_string(),
        (Value::I64(value), _) => value.to_string(),
        (Value::U32(value), _) => value.to_string(),
        (Value::U64(value), _) => value.to_string(),
        (Value::F32(value), _) => value.to_string(),
        (Value::F64(value), _) => value.to_string(),
        (Value::String(value), _) => value.clone(),
        (Value::Bytes(value), _) => value.iter().map(|byte| format!("{byte:02x}")).collect(),
        (Value::Message(message), _) => contract::to_json(message).map(|json| json.to_string()).unwrap_or_default(),
        (Value::List(_) | Value::Map(_), _) => String::new(),
    }
}

/// The name of a value without that of its enumeration, as in "ACTIVE" of "RELEASE_STATE_ACTIVE".
fn word(enumeration: &str, value: &str) -> String {
    let mut prefix = String::new();
    for letter in enumeration.chars() {
        if letter.is_uppercase() && !prefix.is_empty() {
            prefix.push('_');
        }
        prefix.extend(letter.to_uppercase());
    }
    prefix.push('_');
    value.strip_prefix(&prefix).unwrap_or(value).to_owned()
}

fn render(lines: &[(String, Content)], depth: usize) -> String {
    let indent = " ".repeat(depth.saturating_mul(INDENT));
    let texts = lines.iter().filter(|(_, content)| matches!(content, Content::Text(_)));
    let width = texts.map(|(label, _)| console::measure_text_width(&text::plain(label))).max().unwrap_or_default();
    let mut rendered = String::new();
    for (label, content) in lines {
        let label = format!("{}:", text::plain(label));
        match content {
            Content::Fields(fields) => {
                rendered += &format!("{indent}{label}\n{}", render(fields, depth.saturating_add(1)));
            }
            Content::Text(value) => {
                let label = console::pad_str(&label, width.saturating_add(1), console::Alignment::Left, None);
                // What has several lines keeps them, one under the other.
                let next = format!("\n{indent}{:width$}", "", width = width.saturating_add(3));
                let value: Vec<_> = value.lines().map(text::plain).collect();
                rendered += format!("{indent}{label}  {}", value.join(&next)).trim_end();
                rendered.push('\n');
            }
        }
    }
    rendered
}
