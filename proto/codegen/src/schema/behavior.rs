//! `google.api.field_behavior`. The rule: every field of every message says exactly one of REQUIRED, OPTIONAL and OUTPUT_ONLY;
//! IMMUTABLE comes on top of the first two. Members of a oneof are OPTIONAL: what is required is the oneof.

use prost_reflect::{DynamicMessage, FieldDescriptor, Value};

use super::options;
use crate::error::Error;

pub(super) const BEHAVIOR: &str = "google.api.field_behavior";
pub(super) const SET_ONCE: &str = "modelregistry.v1.set_once";
pub(super) const PARTIAL: &str = "modelregistry.v1.partial";

/// Who may write a field, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Behavior {
    pub(crate) required: bool,
    pub(crate) output_only: bool,
    pub(crate) immutable: bool,
    pub(crate) set_once: bool,
}

pub(super) fn read(field: &FieldDescriptor, options: &DynamicMessage) -> Result<Behavior, Error> {
    let at = |what: &str| Err(Error::at(field.full_name(), what));
    let mut behavior =
        Behavior { set_once: options::extension(options, SET_ONCE) == Some(Value::Bool(true)), ..Behavior::default() };
    let mut optional = false;
    for name in names(options) {
        match name.as_str() {
            "OPTIONAL" => optional = true,
            "REQUIRED" => behavior.required = true,
            "OUTPUT_ONLY" => behavior.output_only = true,
            "IMMUTABLE" => behavior.immutable = true,
            "UNORDERED_LIST" if field.is_list() => {}
            "UNORDERED_LIST" => return at("UNORDERED_LIST is for repeated fields"),
            other => return at(&format!("the generator has no code for the field behaviour {other}")),
        }
    }
    match (u8::from(optional) + u8::from(behavior.required) + u8::from(behavior.output_only), behavior) {
        (0, _) => at("has no field behaviour: say REQUIRED, OPTIONAL or OUTPUT_ONLY"),
        (1, Behavior { output_only: true, immutable: true, .. }) => at("an OUTPUT_ONLY field cannot be IMMUTABLE too"),
        (1, Behavior { set_once: true, immutable: false, .. }) => at("only an IMMUTABLE field can be `set_once`"),
        (1, Behavior { set_once: true, .. }) if !field.supports_presence() => at("`set_once` needs a field that can be unset"),
        (1, _) => Ok(behavior),
        _ => at("REQUIRED, OPTIONAL and OUTPUT_ONLY exclude each other"),
    }
}

fn names(options: &DynamicMessage) -> Vec<String> {
    let Some((extension, Value::List(values))) = options.extensions().find(|(extension, _)| extension.full_name() == BEHAVIOR)
    else {
        return Vec::new();
    };
    let kind = extension.kind();
    let name = |value: &Value| {
        let number = value.as_enum_number()?;
        kind.as_enum()?.get_value(number).map(|value| value.name().to_owned())
    };
    values.iter().map(|value| name(value).unwrap_or_else(|| "that has no name".to_owned())).collect()
}
