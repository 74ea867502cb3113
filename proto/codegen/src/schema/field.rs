//! A field: its type, its presence, who may write it and what it may hold.

use prost_reflect::{EnumDescriptor, FieldDescriptor, Value};

use super::behavior::{self, Behavior};
use super::options;
use super::rules::{self, Check, Rules};
use crate::error::Error;

/// A field of a message of our package.
pub(crate) struct Field {
    pub(crate) full_name: String,
    pub(crate) name: String,
    pub(crate) json_name: String,
    pub(crate) number: u32,
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
    /// The oneof it is a member of.
    pub(crate) oneof: Option<String>,
    pub(crate) behavior: Behavior,
    pub(crate) rules: Rules,
    /// `debug_redact`: never to be printed.
    pub(crate) secret: bool,
    /// It holds a resource that need not be whole.
    pub(crate) partial: bool,
}

/// The types that the contract uses. Of a repeated field: the type of an item.
pub(crate) enum Kind {
    String,
    Bool,
    Int32,
    Int64,
    Double,
    Bytes,
    Enum(Enumeration),
    Message(String),
    Map(Box<Kind>),
}

/// An enum, with its values in the order of the file.
pub(crate) struct Enumeration {
    pub(crate) full_name: String,
    pub(crate) values: Vec<(i32, String)>,
}

/// How a field is repeated or can be absent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Plain,
    Optional,
    Message,
    Repeated,
    Map,
    OneofMember,
}

impl Kind {
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Message(name) => Some(name),
            Self::Map(value) => value.message(),
            _ => None,
        }
    }
}

impl Field {
    /// The etag of a resource is a condition on the update, not a part of it.
    pub(crate) fn is_precondition(&self) -> bool {
        self.name == "etag"
    }

    /// Whether it is an enum that accepts numbers which are none of its values.
    pub(crate) fn accepts_any_number(&self) -> bool {
        let values = if self.shape == Shape::Repeated { &self.rules.items } else { &self.rules.own };
        matches!(self.kind, Kind::Enum(_)) && !values.0.contains(&Check::EnumDefinedOnly)
    }

    /// Whether an update mask can name it.
    pub(crate) fn is_updatable(&self) -> bool {
        let Behavior { output_only, immutable, set_once, .. } = self.behavior;
        !output_only && (!immutable || set_once) && !self.is_precondition()
    }
}

pub(super) fn read(field: &FieldDescriptor) -> Result<Field, Error> {
    let options = field.options();
    options::refuse_extensions(
        field.full_name(),
        &options,
        &[behavior::BEHAVIOR, behavior::SET_ONCE, behavior::PARTIAL, rules::RULES],
    )?;
    let field = Field {
        full_name: field.full_name().to_owned(),
        name: field.name().to_owned(),
        json_name: field.json_name().to_owned(),
        number: field.number(),
        kind: kind(field)?,
        shape: shape(field),
        oneof: field.containing_oneof().filter(|oneof| !oneof.is_synthetic()).map(|oneof| oneof.name().to_owned()),
        behavior: behavior::read(field, &options)?,
        secret: options::is_set(&options, "debug_redact"),
        partial: options::extension(&options, behavior::PARTIAL) == Some(Value::Bool(true)),
        rules: rules::read(field.full_name(), options::extension(&options, rules::RULES))?,
    };
    check(&field)?;
    Ok(field)
}

fn kind(field: &FieldDescriptor) -> Result<Kind, Error> {
    use prost_reflect::Kind as Reflected;
    let no_code = || Err(Error::at(field.full_name(), "the generator has no code for fields of this type"));
    match field.kind() {
        Reflected::String => Ok(Kind::String),
        Reflected::Bool => Ok(Kind::Bool),
        Reflected::Int32 => Ok(Kind::Int32),
        Reflected::Int64 => Ok(Kind::Int64),
        Reflected::Double => Ok(Kind::Double),
        Reflected::Bytes => Ok(Kind::Bytes),
        Reflected::Enum(name) => Ok(Kind::Enum(enumeration(&name))),
        Reflected::Message(entry) if field.is_map() => match entry.map_entry_key_field().kind() {
            Reflected::String => Ok(Kind::Map(Box::new(kind(&entry.map_entry_value_field())?))),
            _ => no_code(),
        },
        Reflected::Message(message) => Ok(Kind::Message(message.full_name().to_owned())),
        _ => no_code(),
    }
}

fn enumeration(descriptor: &EnumDescriptor) -> Enumeration {
    Enumeration {
        full_name: descriptor.full_name().to_owned(),
        values: descriptor.values().map(|value| (value.number(), value.name().to_owned())).collect(),
    }
}

fn shape(field: &FieldDescriptor) -> Shape {
    match field.containing_oneof() {
        _ if field.is_map() => Shape::Map,
        _ if field.is_list() => Shape::Repeated,
        Some(oneof) if !oneof.is_synthetic() => Shape::OneofMember,
        _ if field.kind().as_message().is_some() => Shape::Message,
        Some(_) => Shape::Optional,
        None => Shape::Plain,
    }
}

/// What each part of a field says is sound by now; this is whether the parts agree.
fn check(field: &Field) -> Result<(), Error> {
    let at = |what: &str| Err(Error::at(&field.full_name, what));
    let Field { kind, shape, behavior, rules, .. } = field;
    if behavior.output_only && !rules.is_empty() {
        return at("is OUTPUT_ONLY and has a rule, which nothing would check");
    }
    if let Some(rule) = rules.misfit(kind, *shape) {
        return at(&format!("the rule `{rule}` does not fit the type of the field"));
    }
    if field.partial && (*shape != Shape::Message || behavior.output_only) {
        return at("only a message that callers send can be `partial`");
    }
    if behavior.required
        && (*shape == Shape::OneofMember || (*shape == Shape::Plain && matches!(kind, Kind::Bool | Kind::Double)))
    {
        return at("cannot be REQUIRED: that it is unset cannot be told");
    }
    if behavior.required && matches!((kind, shape), (Kind::String, Shape::Plain | Shape::Optional)) && !rules.own.refuse_empty() {
        return at("is a REQUIRED string whose rules accept an empty one: say `min_len: 1`");
    }
    Ok(())
}
