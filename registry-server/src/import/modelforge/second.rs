//! Rows of `models`.
//!
//! May not: bring back what was deleted.

use super::row::{self, Facts};
use super::{ID, Version, text};
use crate::domain::document::Document;
use crate::domain::training::Training;
use crate::import::Trouble;
use crate::import::document::{fitting, flattened};
use crate::import::translation::Translation;
use crate::service::families::Family;
use crate::store::legacy::Row;
use serde_json::Value;

const CONFIG: &str = "config";
/// How long the words for a training may be.
const WORD: usize = 50;

/// The model that is made of a row.
///
/// # Errors
/// If its name is none.
pub(super) fn family(old: Row, name: &str) -> Result<Family, Trouble> {
    let origin = Version::Second.origin(&old);
    let facts = ["name", "created_at", "path"].map(|column| text(&old, column));
    let id = row::id(Version::Second, text(&old, ID), &facts);
    let is_described_as_custom = row::is_described_as_custom(&old);
    let mut old = Translation::of(origin, old);
    let (name, title) = row::name(&mut old, "name", name)?;
    let storage_path = row::path(&mut old, "path")?;
    let (created, updated) = (row::time(&mut old, "created_at"), row::time(&mut old, "updated_at"));
    let create_time = row::created(&mut old, "created_at", created.or(updated));
    let is_active = old.truth("is_active").unwrap_or_else(|| {
        old.changed("is_active", None, Some("true".to_owned()), "null_is_active");
        true
    });
    let facts = Facts {
        id,
        name,
        title,
        storage_path,
        is_described_as_custom,
        training: training(&mut old),
        create_time,
        update_time: updated.unwrap_or(create_time),
        is_deleted: !is_active,
    };
    Ok(row::family(old, Version::Second, facts))
}

/// What is known of the training, if anything is.
fn training(old: &mut Translation) -> Option<Training> {
    let training = Training {
        strategy: old.text("strategy", WORD),
        provider: old.text("provider", WORD),
        compute_profile: old.text("compute_profile", WORD),
        hyperparameters: config(old),
        ..Training::default()
    };
    (training != Training::default()).then_some(training)
}

/// The configuration, if it is a JSON object; of one that there is no room for, what there is room for.
fn config(old: &mut Translation) -> Option<Document> {
    let members = match old.json(CONFIG)? {
        Value::Object(members) => members,
        other => {
            old.replaced(CONFIG, other.to_string(), None, "not_an_object");
            return None;
        }
    };
    let (flat, deep) = flattened(members);
    let (document, left) = fitting(flat);
    for name in deep {
        old.changed(&format!("{CONFIG}.{name}"), None, None, "too_deep");
    }
    for (name, value) in left {
        old.changed(&format!("{CONFIG}.{name}"), Some(value.to_string()), None, "metadata_too_large");
    }
    Some(document)
}
