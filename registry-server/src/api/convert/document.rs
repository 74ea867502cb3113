//! `google.protobuf.Struct` and JSON objects. Numbers are IEEE doubles on both sides.

use crate::domain::document::Document;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use serde_json::{Map, Number, Value as Json};

pub(in crate::api) fn message(document: Document) -> Struct {
    object(document.into_inner())
}

pub(in crate::api) fn parse(message: Struct) -> Document {
    Document::from(members(message))
}

fn object(members: Map<String, Json>) -> Struct {
    Struct { fields: members.into_iter().map(|(key, json)| (key, value(json))).collect() }
}

fn value(json: Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(flag) => Kind::BoolValue(flag),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(items) => Kind::ListValue(ListValue { values: items.into_iter().map(value).collect() }),
        Json::Object(members) => Kind::StructValue(object(members)),
    };
    Value { kind: Some(kind) }
}

fn members(message: Struct) -> Map<String, Json> {
    message.fields.into_iter().map(|(key, value)| (key, json(value))).collect()
}

/// A value without a kind and a number that is not finite have been refused before.
fn json(value: Value) -> Json {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(flag)) => Json::Bool(flag),
        Some(Kind::NumberValue(number)) => Number::from_f64(number).map_or(Json::Null, Json::Number),
        Some(Kind::StringValue(text)) => Json::String(text),
        Some(Kind::ListValue(list)) => Json::Array(list.values.into_iter().map(json).collect()),
        Some(Kind::StructValue(message)) => Json::Object(members(message)),
    }
}
