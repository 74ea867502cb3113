//! Every field of the contract, as a table to compare a schema or a document with. Checks nothing.

#[rustfmt::skip]
#[path = "generated/field.rs"]
mod generated;

pub use generated::FIELDS;

/// What the contract says of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The full name of the message: "modelregistry.v1.Model".
    pub message: &'static str,
    /// The name in the protos, in snake_case.
    pub name: &'static str,
    /// The name in JSON, in lowerCamelCase.
    pub json_name: &'static str,
    /// The field number.
    pub number: u32,
    /// The type; of a repeated field, the type of an item.
    pub kind: Kind,
    /// How it is repeated or can be absent.
    pub cardinality: Cardinality,
    /// Whether callers must set it.
    pub required: bool,
    /// Whether it keeps its first value.
    pub immutable: bool,
    /// Whether only the server sets it.
    pub output_only: bool,
    /// Whether it is immutable and yet can be given its first value by an update.
    pub set_once: bool,
    /// The least length of the string, in characters.
    pub min_len: Option<u32>,
    /// The greatest length of the string, in characters.
    pub max_len: Option<u32>,
    /// The most items of a repeated field, or pairs of a map.
    pub max_items: Option<u32>,
    /// The regular expression that the string must match.
    pub pattern: Option<&'static str>,
    /// Whether the string must be a UUID.
    pub uuid: bool,
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `string`
    String,
    /// `bool`
    Bool,
    /// `int32`
    Int32,
    /// `int64`
    Int64,
    /// `double`
    Double,
    /// `bytes`
    Bytes,
    /// An enum, by its full name.
    Enum(&'static str),
    /// A message, by its full name.
    Message(&'static str),
    /// A map with strings as keys.
    Map,
}

/// How a field is repeated or can be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cardinality {
    /// A scalar whose zero is the same as its absence.
    Plain,
    /// A scalar that is there or not, whatever its value.
    Optional,
    /// One message, there or not.
    Message,
    /// Any number of items.
    Repeated,
    /// Any number of pairs.
    Map,
    /// One of several fields of which at most one is set.
    OneofMember,
}
