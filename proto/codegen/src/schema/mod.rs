//! What the contract says, read out of the descriptors once and checked. Writes no Rust.

mod behavior;
mod field;
mod method;
mod options;
mod reason;
mod rules;

use std::collections::BTreeSet;

use prost_reflect::{MessageDescriptor, OneofDescriptor};

pub(crate) use field::{Enumeration, Field, Kind, Shape};
pub(crate) use method::{Idempotency, Method};
pub(crate) use reason::Reason;
pub(crate) use rules::{Bound, Check};

use crate::PACKAGE;
use crate::contract::Contract;
use crate::error::Error;

/// The type of an update mask.
pub(crate) const FIELD_MASK: &str = "google.protobuf.FieldMask";

/// In a request: the id of the logical change it asks for.
pub(crate) const REQUEST_ID: &str = "request_id";
/// In a request: whether nothing is to be stored.
pub(crate) const VALIDATE_ONLY: &str = "validate_only";

/// Everything of the contract that code is generated from, in the order of the files.
pub(crate) struct Schema {
    pub(crate) messages: Vec<Message>,
    pub(crate) methods: Vec<Method>,
    pub(crate) reasons: Vec<Reason>,
}

/// A message of our package.
pub(crate) struct Message {
    pub(crate) full_name: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) oneofs: Vec<Oneof>,
}

/// A real oneof: not the one that stands behind an `optional` field.
pub(crate) struct Oneof {
    pub(crate) name: String,
    pub(crate) required: bool,
}

impl Schema {
    pub(crate) fn read(contract: &Contract) -> Result<Self, Error> {
        let mut messages = Vec::new();
        for message in contract.pool().all_messages() {
            if message.package_name() == PACKAGE && !message.is_map_entry() {
                messages.push(read_message(&message)?);
            }
        }
        let schema = Self { messages, methods: method::read_all(contract)?, reasons: reason::read_all(contract)? };
        schema.check_requests_and_responses()?;
        schema.check_standard_fields()?;
        schema.check_enums()?;
        Ok(schema)
    }

    pub(crate) fn message(&self, full_name: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.full_name == full_name)
    }

    /// The messages that a request can hold, itself included: those that are validated.
    pub(crate) fn inputs(&self) -> Vec<&Message> {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&str> = self.methods.iter().map(|method| method.request.as_str()).collect();
        while let Some(name) = next.pop() {
            if let Some(message) = self.message(name)
                && seen.insert(name)
            {
                next.extend(message.inputs().filter_map(|field| field.kind.message()));
            }
        }
        self.messages.iter().filter(|message| seen.contains(message.full_name.as_str())).collect()
    }

    /// The messages that hold a secret.
    pub(crate) fn secretive(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| message.fields.iter().any(|field| field.secret))
    }

    /// The resources that an Update request writes: those that have an update mask.
    pub(crate) fn masked(&self) -> Result<Vec<&Message>, Error> {
        let mut resources = Vec::new();
        for request in &self.messages {
            if let Some(resource) = request.masked_resource()? {
                resources.extend(resource.kind.message().and_then(|name| self.message(name)));
            }
        }
        Ok(resources)
    }

    /// What a caller sends must be a value of the enum, or the server would have to guess.
    fn check_enums(&self) -> Result<(), Error> {
        let mut fields = self.inputs().into_iter().flat_map(Message::inputs);
        match fields.find(|field| field.accepts_any_number()) {
            Some(field) => Err(Error::at(&field.full_name, "is an enum that callers send: say `defined_only: true`")),
            None => Ok(()),
        }
    }

    /// The fields of a request that code looks for by name must be what it takes them for.
    fn check_standard_fields(&self) -> Result<(), Error> {
        for method in &self.methods {
            let Some(request) = self.message(&method.request) else {
                return Err(Error::at(&method.full_name(), "its request is not a message of this package"));
            };
            for field in &request.fields {
                let sound = match field.name.as_str() {
                    REQUEST_ID => matches!((&field.kind, field.shape), (Kind::String, Shape::Plain)),
                    VALIDATE_ONLY => matches!((&field.kind, field.shape), (Kind::Bool, Shape::Plain)),
                    _ => true,
                };
                if !sound {
                    return Err(Error::at(&field.full_name, "must be a plain string, or a plain bool if it is `validate_only`"));
                }
            }
        }
        Ok(())
    }

    /// A field of a request that is output-only, or of a response that is not, is a mistake in the contract.
    fn check_requests_and_responses(&self) -> Result<(), Error> {
        for method in &self.methods {
            for field in self.message(&method.request).into_iter().flat_map(|message| &message.fields) {
                if field.behavior.output_only {
                    return Err(Error::at(&field.full_name, "a field of a request cannot be OUTPUT_ONLY"));
                }
            }
            for field in self.message(&method.response).into_iter().flat_map(|message| &message.fields) {
                if !field.behavior.output_only {
                    return Err(Error::at(&field.full_name, "a field of a response must be OUTPUT_ONLY"));
                }
            }
        }
        Ok(())
    }
}

impl Message {
    /// The name without the package: "ReleaseRef.Name".
    pub(crate) fn name(&self) -> &str {
        self.full_name.strip_prefix(PACKAGE).map_or(self.full_name.as_str(), |name| name.trim_start_matches('.'))
    }

    /// The fields that a caller sends.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.behavior.output_only)
    }

    /// The fields that an update mask can name.
    pub(crate) fn updatable(&self) -> impl Iterator<Item = &Field> {
        self.inputs().filter(|field| field.is_updatable())
    }

    /// Whether the message can hold itself, as a filter can.
    pub(crate) fn is_recursive(&self) -> bool {
        self.inputs().any(|field| field.kind.message() == Some(&self.full_name))
    }

    /// In the request of an Update: the field with the resource that `update_mask` is about.
    pub(crate) fn masked_resource(&self) -> Result<Option<&Field>, Error> {
        let Some(mask) = self.inputs().find(|field| field.kind.message() == Some(FIELD_MASK)) else {
            return Ok(None);
        };
        let resource = self.name().strip_prefix("Update").and_then(|name| name.strip_suffix("Request"));
        let resource = resource.map(|name| format!("{PACKAGE}.{name}"));
        match self.fields.iter().find(|field| field.kind.message() == resource.as_deref() && resource.is_some()) {
            Some(field) => Ok(Some(field)),
            None => {
                Err(Error::at(&mask.full_name, "an update mask belongs into Update…Request, next to the resource it is about"))
            }
        }
    }
}

fn read_message(message: &MessageDescriptor) -> Result<Message, Error> {
    options::refuse_extensions(message.full_name(), &message.options(), &[])?;
    let real = message.oneofs().filter(|oneof| !oneof.is_synthetic());
    Ok(Message {
        full_name: message.full_name().to_owned(),
        oneofs: real.map(|oneof| read_oneof(&oneof)).collect::<Result<_, _>>()?,
        fields: message.fields().map(|field| field::read(&field)).collect::<Result<_, _>>()?,
    })
}

fn read_oneof(oneof: &OneofDescriptor) -> Result<Oneof, Error> {
    const RULES: &str = "buf.validate.oneof";
    let options = oneof.options();
    options::refuse_extensions(oneof.full_name(), &options, &[RULES])?;
    let mut required = false;
    for (rule, value) in options::members(options::extension(&options, RULES)) {
        match (rule.as_str(), value.as_bool()) {
            ("required", Some(value)) => required = value,
            _ => return Err(rules::unknown(oneof.full_name(), &format!("oneof.{rule}"))),
        }
    }
    Ok(Oneof { name: oneof.name().to_owned(), required })
}
