//! Reads custom options. Knows none of them.

use prost_reflect::{DynamicMessage, EnumValueDescriptor, Value};

use crate::error::Error;

/// The value of a custom option, if it is set.
pub(super) fn extension(options: &DynamicMessage, full_name: &str) -> Option<Value> {
    options.extensions().find(|(extension, _)| extension.full_name() == full_name).map(|(_, value)| value.clone())
}

/// Whether a standard option that is a bool is set.
pub(super) fn is_set(options: &DynamicMessage, name: &str) -> bool {
    options.get_field_by_name(name).is_some_and(|value| value.as_bool() == Some(true))
}

/// The fields that are set in an option that is a message, by name.
pub(super) fn members(option: Option<Value>) -> Vec<(String, Value)> {
    match option {
        Some(Value::Message(message)) => {
            message.fields().map(|(field, value)| (field.name().to_owned(), value.clone())).collect()
        }
        _ => Vec::new(),
    }
}

/// An option that the generator has no code for would be a promise that nobody keeps.
pub(super) fn refuse_extensions(element: &str, options: &DynamicMessage, known: &[&str]) -> Result<(), Error> {
    match options.extensions().find(|(extension, _)| !known.contains(&extension.full_name())) {
        None => Ok(()),
        Some((extension, _)) => {
            Err(Error::at(element, format_args!("the generator has no code for the option `{}`", extension.full_name())))
        }
    }
}

/// The comment above an enum value, as one line.
pub(super) fn comment(value: &EnumValueDescriptor) -> String {
    let file = value.parent_enum().parent_file();
    let locations = file.file_descriptor_proto().source_code_info.iter().flat_map(|info| &info.location);
    let comment =
        locations.filter(|location| location.path == value.path()).find_map(|location| location.leading_comments.as_deref());
    comment.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}
