//! Rules of JSON documents and of update masks: everything that has them has the same.

use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{FieldMask, Struct, Value};

use super::{Collector, Validate, number, text};

/// How large a document is in protobuf encoding, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024;
/// How many objects and lists lie in each other; the document itself is the first.
pub const MAX_DOCUMENT_DEPTH: usize = 16;

impl Validate for Struct {
    fn validate(&self, at: &mut Collector) {
        let found = self.encoded_len();
        if found > MAX_DOCUMENT_BYTES {
            return at
                .report("STRUCT_MAX_BYTES", || format!("must have at most {MAX_DOCUMENT_BYTES} bytes encoded, has {found}"));
        }
        object(self, 1, at);
    }
}

impl Validate for FieldMask {
    fn validate(&self, at: &mut Collector) {
        at.field("paths", |at| {
            for (index, path) in self.paths.iter().enumerate() {
                at.index(index, |at| {
                    text::plain(at, path);
                });
            }
        });
    }
}

fn object(object: &Struct, level: usize, at: &mut Collector) {
    if too_deep(level, at) {
        return;
    }
    for (key, value) in &object.fields {
        at.key(key, |at| {
            at.of_key(|at| {
                text::plain(at, key);
            });
            member(value, level, at);
        });
    }
}

fn member(value: &Value, level: usize, at: &mut Collector) {
    match &value.kind {
        None => at.report("VALUE_KIND", || "must be null, a number, a string, a boolean, an object or a list".to_owned()),
        Some(Kind::NullValue(0) | Kind::BoolValue(_)) => {}
        Some(Kind::NullValue(other)) => {
            number::defined(at, *other, false, "google.protobuf.NullValue");
        }
        Some(Kind::NumberValue(value)) => number::finite(at, *value),
        Some(Kind::StringValue(value)) => {
            text::plain(at, value);
        }
        Some(Kind::StructValue(value)) => object(value, level + 1, at),
        Some(Kind::ListValue(list)) => {
            if !too_deep(level + 1, at) {
                for (index, value) in list.values.iter().enumerate() {
                    at.index(index, |at| member(value, level + 1, at));
                }
            }
        }
    }
}

fn too_deep(level: usize, at: &mut Collector) -> bool {
    let too_deep = level > MAX_DOCUMENT_DEPTH;
    if too_deep {
        at.report("STRUCT_MAX_DEPTH", || format!("must be at most {MAX_DOCUMENT_DEPTH} levels deep"));
    }
    too_deep
}
