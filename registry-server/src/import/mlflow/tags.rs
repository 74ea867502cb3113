//! Tags of MLflow: a label here if it can be one, and otherwise a text in the metadata.
//!
//! May not: lose a tag, or take a label from what the importer itself has to say.

use super::text;
use crate::domain::model::Labels;
use crate::import::translation::Translation;
use crate::store::legacy::Row;
use serde_json::Value;

/// What the contract lets a label be.
const MOST: usize = 128;
const KEY: usize = 250;
const VALUE: usize = 5000;

/// The tag that makes a registered model a prompt.
const IS_PROMPT: &str = "mlflow.prompt.is_prompt";

/// Whether a registered model with these tags is a prompt.
pub(super) fn is_prompt(tags: &[Row]) -> bool {
    tags.iter().any(|tag| text(tag, "key") == IS_PROMPT && text(tag, "value").eq_ignore_ascii_case("true"))
}

/// Adds tags to the labels that are there already; what cannot be one is kept beside them.
pub(super) fn add(labels: &mut Labels, tags: Vec<Row>, of: &mut Translation) {
    for mut tag in tags {
        let key = tag.remove("key").flatten().unwrap_or_default();
        let value = tag.remove("value").flatten();
        match value {
            Some(value) if labels.len() < MOST && !labels.contains_key(&key) && is_label(&key, &value) => {
                labels.insert(key, value);
            }
            value => {
                let column = format!("tag.{key}");
                of.changed(&column, value.clone(), None, "tag_in_metadata");
                of.keep(&column, value.map_or(Value::Null, |value| Value::String(value.replace('\0', "\u{fffd}"))));
            }
        }
    }
}

fn is_label(key: &str, value: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || " ._/:-".contains(c);
    key.starts_with(|c: char| c.is_ascii_alphanumeric())
        && key.chars().all(inner)
        && key.len() <= KEY
        && value.chars().count() <= VALUE
        && !value.contains('\0')
}
