//! What a document says of a message: its values, which of its fields it names, and which state of the thing it was written for.

use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, ReflectMessage as _, Value as Reflected};
use serde_json::{Map, Value};

use crate::contract;
use crate::failure::Failure;

pub(super) type Object = Map<String, Value>;

/// A JSON object within a message.
const STRUCT: &str = "google.protobuf.Struct";

/// What a document says.
pub(super) struct Said<M> {
    pub(super) message: &'static str,
    /// The values.
    pub(super) values: M,
    /// The fields that callers write and that the document names. Another one stays as it is.
    fields: Vec<FieldDescriptor>,
    /// Which state of the thing the document was written for, if it says so.
    etag: Option<String>,
}

impl<M: Message + Default> Said<M> {
    pub(super) fn read(message: &'static str, mut object: Object) -> Result<Self, String> {
        let descriptor = contract::descriptor(message)?;
        let etag = match descriptor.get_field_by_name("etag") {
            Some(_) => text(&mut object, &["etag"])?.filter(|etag| !etag.is_empty()),
            None => None,
        };
        let written = object.keys().filter_map(|key| field(&descriptor, key));
        let fields = written.filter(|field| !contract::is_output_only(field)).collect();
        let values = contract::from_json(descriptor, Value::Object(object).to_string().as_bytes())?;
        Ok(Self { message, values, fields, etag })
    }

    /// What a change is to be made to: what the document was written for or, if it does not say, what was just read.
    pub(super) fn etag(&self, current: &str) -> String {
        self.etag.clone().unwrap_or_else(|| current.to_owned())
    }

    /// That it may be created: what was written for something that was there is not for something else.
    pub(super) fn is_new(&self) -> Result<(), Failure> {
        match &self.etag {
            None => Ok(()),
            Some(etag) => Err(Failure::Missing(format!(
                "it is not there any more, and the document is for its state {etag}: leave `etag` out to create it anew"
            ))),
        }
    }

    /// The fields that are to be unset and that are there, as after a creation that has chosen a value.
    pub(super) fn unset(&self, current: &M) -> Result<Vec<String>, String> {
        let wanted = contract::reflect(contract::descriptor(self.message)?, &self.values)?;
        let unset = |name: &String| wanted.descriptor().get_field_by_name(name).is_some_and(|field| !wanted.has_field(&field));
        Ok(self.differing(current)?.into_iter().filter(unset).collect())
    }

    /// The fields that are said and that are otherwise there.
    pub(super) fn differing(&self, current: &M) -> Result<Vec<String>, String> {
        let reflect = |values: &M| contract::reflect(contract::descriptor(self.message)?, values);
        let (wanted, current) = (reflect(&self.values)?, reflect(current)?);
        let differing = self.fields.iter().filter(|field| !is_same(field, &wanted, &current));
        Ok(differing.map(|field| field.name().to_owned()).collect())
    }
}

/// Takes a text out of the object.
pub(super) fn text(object: &mut Object, keys: &[&str]) -> Result<Option<String>, String> {
    match keys.iter().find_map(|key| object.remove(*key).map(|value| (key, value))) {
        None | Some((_, Value::Null)) => Ok(None),
        Some((_, Value::String(text))) => Ok(Some(text)),
        Some((key, _)) => Err(format!("`{key}` is no text")),
    }
}

/// In either spelling.
fn field(descriptor: &MessageDescriptor, key: &str) -> Option<FieldDescriptor> {
    descriptor.get_field_by_json_name(key).or_else(|| descriptor.get_field_by_name(key))
}

fn is_same(field: &FieldDescriptor, one: &DynamicMessage, other: &DynamicMessage) -> bool {
    let (first, second) = (one.get_field(field), other.get_field(field));
    let sorted = |value: &Reflected| {
        let mut texts: Vec<String> = value.as_list()?.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect();
        texts.sort();
        texts.dedup();
        Some(texts)
    };
    if contract::is_unordered(field) {
        return sorted(&first) == sorted(&second);
    }
    (is_set(field, one) == is_set(field, other)) && (first == second || !is_set(field, one))
}

/// An object that holds nothing says as much as none.
fn is_set(field: &FieldDescriptor, message: &DynamicMessage) -> bool {
    let value = message.get_field(field);
    let is_empty = |object: &DynamicMessage| object.descriptor().full_name() == STRUCT && object.fields().next().is_none();
    message.has_field(field) && !value.as_message().is_some_and(is_empty)
}
