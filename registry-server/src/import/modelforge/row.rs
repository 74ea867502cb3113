//! What both versions of ModelForge have in common: a row becomes a model without releases.
//!
//! May not: know in which columns something is, unless they are the same in both versions.

use super::{NAME, Version, text};
use crate::domain::Timestamp;
use crate::domain::import::derived_id;
use crate::domain::model::ModelSource;
use crate::domain::name::{Actor, ModelName, StoragePath};
use crate::domain::training::Training;
use crate::domain::{ModelId, Revision};
use crate::import::names;
use crate::import::translation::Translation;
use crate::import::{Trouble, time};
use crate::service::families::{Family, Member};
use crate::store::entity::model;
use crate::store::legacy::Row;
use crate::store::models::Model;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

const FLAG: &str = "is_custom_base_model";
/// What stands in the description that ModelForge writes of a model whose base is a custom one.
const CUSTOM: &str = "(Custom Model)";
/// When something was of which nobody knows when it was.
pub(super) const UNKNOWN: Timestamp = Timestamp::from_micros(0);
const SECOND: i64 = 1_000_000;
/// How long a description may be, a path, and a name for people.
const DESCRIPTION: usize = 16_384;
const PATH: usize = 1000;
const TITLE: usize = 255;

/// What is known of a row beside what its columns are called the same.
pub(super) struct Facts {
    pub(super) id: ModelId,
    pub(super) name: ModelName,
    /// What the row was called.
    pub(super) title: Option<String>,
    pub(super) storage_path: StoragePath,
    pub(super) is_described_as_custom: bool,
    pub(super) training: Option<Training>,
    pub(super) create_time: Timestamp,
    pub(super) update_time: Timestamp,
    pub(super) is_deleted: bool,
}

/// The model that is made of a row.
pub(super) fn family(mut row: Translation, version: Version, facts: Facts) -> Family {
    let Facts { id, name, title, storage_path, is_described_as_custom, training, create_time, update_time, is_deleted } = facts;
    let description = row.text("description", DESCRIPTION);
    let is_custom_base_model = flag(&mut row, is_described_as_custom);
    let base_model = row.text("base_model", 100);
    let task = row.text("task", 100);
    let labels = BTreeMap::from([
        ("legacy.table".to_owned(), version.table().to_owned()),
        ("legacy.id".to_owned(), row.text("id", 5000).unwrap_or_default()),
    ]);
    let (origin, metadata, changes) = row.into_metadata(Map::new());
    let row = model::Model {
        id,
        name,
        storage_path,
        repository: None,
        company: None,
        base_model,
        parameter_count: None,
        description,
        metadata,
        requires_gpu: None,
        server_type: None,
        source: ModelSource::Manual,
        is_custom_base_model,
        training,
        display_name: title,
        task,
        last_release_number: 0,
        create_time,
        update_time,
        delete_time: is_deleted.then_some(update_time),
        purge_time: None,
        revision: Revision::ZERO,
        created_by: Actor::import(NAME),
        updated_by: Actor::import(NAME),
    };
    let model = Model { row, tags: BTreeSet::new(), labels, release_count: None };
    Family { changes, ..Family::of(Member::of(origin, model)) }
}

/// The id of a model: that of its row, if it is unique in the world, or else one made of what never changes of the row. (The number of
/// a row alone would be that of another row in the database of somebody else.)
pub(super) fn id(version: Version, id: &str, facts: &[&str]) -> ModelId {
    match id.parse() {
        Ok(id) => id,
        Err(_) => derived_id(NAME, &[&[version.table(), id], facts].concat()),
    }
}

/// The name that was found for a row. Its own, if that is another one, is what it is shown by.
///
/// # Errors
/// If it is none.
pub(super) fn name(row: &mut Translation, column: &str, given: &str) -> Result<(ModelName, Option<String>), Trouble> {
    let own = row.take(column);
    let name = given.parse().map_err(|why| Trouble(format!("{given:?} is no name of a model: {why}")))?;
    if own.as_deref() == Some(given) {
        return Ok((name, None));
    }
    let title = own.as_deref().filter(|own| !own.is_empty()).map(|own| own.chars().take(TITLE).collect());
    let is_name = own.as_deref().is_some_and(|own| !own.is_empty() && names::model(own) == own);
    let rule = if is_name { "name_taken" } else { "name_refused" };
    row.replaced(column, own.unwrap_or_default(), Some(given.to_owned()), rule);
    Ok((name, title))
}

/// Where the files of a row are. The contract wants to know, so where a row does not say, its own place stands for it.
///
/// # Errors
/// Never: a path is any text but none.
pub(super) fn path(row: &mut Translation, column: &str) -> Result<StoragePath, Trouble> {
    let path = match row.text(column, PATH).filter(|path| !path.is_empty()) {
        Some(path) => path,
        None => {
            let place = format!("{NAME}:{}/{}", row.origin().table, row.origin().key);
            row.changed(column, Some(String::new()), Some(place.clone()), "empty_storage_path");
            place
        }
    };
    path.parse().map_err(|why| Trouble(format!("{path:?} is no path: {why}")))
}

/// A time, whose text is kept whatever it says: local times without a zone are taken for UTC, and nothing tells how wrong that is.
pub(super) fn time(row: &mut Translation, column: &str) -> Option<Timestamp> {
    let text = row.take(column)?;
    let seconds = text.parse::<i64>().ok().filter(|_| text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit()));
    let read = time::parse(&text).or(seconds.map(|seconds| Timestamp::from_micros(seconds.saturating_mul(SECOND))));
    if seconds.is_some() {
        row.changed(column, Some(text.clone()), read.map(shown), "unix_seconds");
    }
    if read.is_none() {
        row.changed(column, Some(text.clone()), None, "time_unreadable");
    }
    row.keep(column, Value::String(text));
    read
}

/// When a row was made. If it does not say, it is older than all that do.
pub(super) fn created(row: &mut Translation, column: &str, said: Option<Timestamp>) -> Timestamp {
    said.unwrap_or_else(|| {
        row.changed(column, None, Some(shown(UNKNOWN)), "time_unknown");
        UNKNOWN
    })
}

fn shown(time: Timestamp) -> String {
    let micros = time.micros();
    let nanos = i32::try_from(micros.rem_euclid(SECOND) * 1000).unwrap_or_default();
    prost_types::Timestamp { seconds: micros.div_euclid(SECOND), nanos }.to_string()
}

/// Whether the description of a row says what its flag may not: where the column was added later, it says no of every row that was
/// there before.
pub(super) fn is_described_as_custom(row: &Row) -> bool {
    text(row, "description").contains(CUSTOM)
}

fn flag(old: &mut Translation, is_described_as_custom: bool) -> bool {
    let has_column = old.has(FLAG);
    let said = old.truth(FLAG);
    let was = said.map(|said| said.to_string());
    match (said, is_described_as_custom) {
        (Some(true), _) => true,
        (Some(false) | None, true) => {
            old.changed(FLAG, was, Some("true".to_owned()), "custom_by_description");
            true
        }
        (Some(false), false) => false,
        (None, false) => {
            if has_column {
                old.changed(FLAG, was, Some("false".to_owned()), "null_is_false");
            }
            false
        }
    }
}
