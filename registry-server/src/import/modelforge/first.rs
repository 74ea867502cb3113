//! Rows of `fine_tuned_models`.
//!
//! May not: know what else there is in the file.

use super::row::{self, Facts};
use super::{ID, Version, text};
use crate::import::Trouble;
use crate::import::translation::Translation;
use crate::service::families::Family;
use crate::store::legacy::Row;

/// The model that is made of a row.
///
/// # Errors
/// If its name is none.
pub(super) fn family(old: Row, name: &str) -> Result<Family, Trouble> {
    let origin = Version::First.origin(&old);
    let facts = ["model_name", "creation_date", "model_path"].map(|column| text(&old, column));
    let id = row::id(Version::First, text(&old, ID), &facts);
    let is_described_as_custom = row::is_described_as_custom(&old);
    let mut old = Translation::of(origin, old);
    let (name, title) = row::name(&mut old, "model_name", name)?;
    let storage_path = row::path(&mut old, "model_path")?;
    let said = row::time(&mut old, "creation_date");
    let create_time = row::created(&mut old, "creation_date", said);
    let facts = Facts {
        id,
        name,
        title,
        storage_path,
        is_described_as_custom,
        training: None,
        create_time,
        update_time: create_time,
        is_deleted: false,
    };
    Ok(row::family(old, Version::First, facts))
}
