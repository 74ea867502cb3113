//! What a span is called and what it says, by the semantic conventions of the field.
//!
//! The list of attributes is closed: whatever else a library puts into a span stays here, with the values that may be in it.

use opentelemetry::trace::Status;
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents};

/// What an attribute is sent as. What is not here is not sent.
const ATTRIBUTES: [(&str, &str); 9] = [
    ("db.operation", "db.operation.name"),
    ("db.statement", "db.query.text"),
    ("db.system", "db.system.name"),
    ("registry.batch_size", "registry.batch_size"),
    ("registry.request_id", "registry.request_id"),
    ("rpc.grpc.status_code", "rpc.grpc.status_code"),
    ("rpc.method", "rpc.method"),
    ("rpc.service", "rpc.service"),
    ("rpc.system", "rpc.system"),
];

/// The span as it is sent: without events, and an error without its text, which may repeat a value.
pub(super) fn apply(mut span: SpanData) -> SpanData {
    span.attributes = span.attributes.into_iter().filter_map(known).collect();
    span.events = SpanEvents::default();
    if let Status::Error { description } = &mut span.status {
        *description = "".into();
    }
    if let Some(name) = statement(&span) {
        span.name = name.into();
    }
    span
}

fn known(KeyValue { key, value, .. }: KeyValue) -> Option<KeyValue> {
    let (_, name) = ATTRIBUTES.iter().find(|(known, _)| *known == key.as_str())?;
    Some(KeyValue::new(Key::from_static_str(name), value))
}

/// A statement is called by what it does (`SELECT`), the rest of what the library does by its last name (`begin`, `commit`).
fn statement(span: &SpanData) -> Option<String> {
    let of_library = span.name.strip_prefix("sea_orm.")?;
    let value =
        |name: &str| span.attributes.iter().find(|attribute| attribute.key.as_str() == name).map(|found| found.value.to_string());
    match value("db.query.text") {
        Some(_) => value("db.operation.name"),
        None => Some(of_library.to_owned()),
    }
}
