//! A registered model of MLflow becomes a model, with its versions and aliases.
//!
//! May not: forget a row of it.

use super::aliases::{Pointer, Pointers};
use super::batch::{self, Rows};
use super::release::{self, Version};
use super::{Key, NAME, WORKSPACE, key, tags, text};
use crate::domain::import::{Change, Origin, derived_id};
use crate::domain::model::ModelSource;
use crate::domain::name::{Actor, ModelName};
use crate::domain::{ModelId, Revision, Timestamp};
use crate::import::translation::Translation;
use crate::import::{Trouble, names};
use crate::service::families::{Family, Member};
use crate::store::entity::{alias, model};
use crate::store::legacy::Row;
use crate::store::models::Model;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The stage of a version that is deleted: MLflow has overwritten what it was.
const DELETED: &str = "Deleted_Internal";
/// How long a description may be, a path, and a name for people.
const DESCRIPTION: usize = 16_384;
const PATH: usize = 1000;
const TITLE: usize = 255;
/// When something was of which nobody knows when it was.
const UNKNOWN: Timestamp = Timestamp::from_micros(0);
/// The years 1 to 9999 in milliseconds.
const MILLIS: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// What everything of a model needs to know of it.
pub(super) struct Own {
    pub(super) key: Key,
    pub(super) id: ModelId,
    /// When MLflow says that it was made: nothing else of it never changes.
    pub(super) created: String,
    pub(super) create_time: Timestamp,
    update_time: Timestamp,
}

/// The model that is made of a registered model, with everything of it.
///
/// # Errors
/// If a text of it is none of ours after all.
pub(super) fn family(row: Row, rows: Rows, name: &str) -> Result<Family, Trouble> {
    let Rows { versions, model_tags, version_tags, aliases } = rows;
    let created = text(&row, "creation_time").to_owned();
    let (workspace, title) = key(&row);
    let id = derived_id(NAME, &["registered_models", &workspace, &title, &created]);
    let mut old = Translation::of(batch::of_model(&row), row);
    let updated = millis(&mut old, "last_updated_time");
    let create_time = millis(&mut old, "creation_time").or(updated).unwrap_or_else(|| {
        old.changed("creation_time", None, Some("0".to_owned()), "time_unknown");
        UNKNOWN
    });
    let own = Own { key: (workspace, title), id, created, create_time, update_time: updated.unwrap_or(create_time) };

    let mut sorted = Versions::of(versions, version_tags);
    let pointers = Pointers::of(&aliases, &sorted.stages);
    sorted.rename(&pointers.all);
    let highest = sorted.highest;
    let mut releases = Vec::new();
    let mut changes = pointers.changes;
    for version in sorted.live {
        let (release, of_it) = release::release(&own, version)?;
        releases.push(release);
        changes.extend(of_it);
    }
    let newest = releases.iter().rev().find_map(|release| release.row.row.storage_path.clone());
    let (model, of_model) = of_model(old, &own, name, newest, highest, model_tags)?;
    changes.extend(of_model);
    let aliases = pointers.all.into_iter().map(|pointer| alias(&own, pointer)).collect::<Result<Vec<_>, Trouble>>()?;
    let left = sorted.left.into_iter().chain(pointers.left).collect();
    Ok(Family { releases, aliases, changes, left, ..Family::of(model) })
}

/// The versions of a model, sorted by what becomes of them.
struct Versions {
    live: Vec<Version>,
    /// Where each of them is, and in which stage.
    stages: BTreeMap<i64, (Origin, String)>,
    /// The highest number that a version ever had.
    highest: i64,
    left: Vec<(Origin, String)>,
}

impl Versions {
    fn of(versions: Vec<Row>, tags: Vec<Row>) -> Self {
        let mut of_versions: HashMap<String, Vec<Row>> = HashMap::new();
        for tag in tags {
            of_versions.entry(text(&tag, "version").to_owned()).or_default().push(tag);
        }
        let mut sorted = Self { live: Vec::new(), stages: BTreeMap::new(), highest: 0, left: Vec::new() };
        for row in versions {
            let tags = of_versions.remove(text(&row, "version")).unwrap_or_default();
            sorted.add(row, tags);
        }
        let without = of_versions.into_values().flatten();
        sorted.left.extend(without.map(|tag| (batch::of_version_tag(&tag), "of a version that is not there".to_owned())));
        sorted.left.sort();
        sorted
    }

    fn add(&mut self, row: Row, tags: Vec<Row>) {
        let origin = batch::of_version(&row);
        let stage = text(&row, "current_stage").to_owned();
        let number = text(&row, "version").parse::<i64>().ok().filter(|number| *number > 0);
        self.highest = self.highest.max(number.unwrap_or(0));
        let why = match number {
            Some(number) if stage != DELETED => {
                self.stages.insert(number, (origin, stage));
                self.live.push(Version { number, row, tags, renamed: Map::new() });
                return;
            }
            Some(_) => "deleted in MLflow",
            None => "the version is no number above 0",
        };
        self.left.push((origin, why.to_owned()));
        self.left.extend(tags.iter().map(|tag| (batch::of_version_tag(tag), why.to_owned())));
    }

    /// Notes at each version what its aliases were called.
    fn rename(&mut self, pointers: &[Pointer]) {
        for version in &mut self.live {
            let renamed = pointers.iter().filter(|pointer| pointer.version == version.number);
            let renamed =
                renamed.filter_map(|pointer| pointer.was.clone().map(|was| (pointer.alias.clone(), Value::String(was))));
            version.renamed = renamed.collect();
        }
    }
}

fn of_model(
    mut old: Translation,
    own: &Own,
    given: &str,
    newest: Option<String>,
    highest: i64,
    model_tags: Vec<Row>,
) -> Result<(Member<Model>, Vec<Change>), Trouble> {
    let Own { key: (_, title), id, created: _, create_time, update_time } = own;
    let mut origins = vec![old.origin().clone()];
    origins.extend(model_tags.iter().map(batch::of_model_tag));
    let mut labels = BTreeMap::new();
    labels.extend(old.take(WORKSPACE).map(|workspace| ("legacy.workspace".to_owned(), workspace)));
    tags::add(&mut labels, model_tags, &mut old);
    let name: ModelName = given.parse().map_err(|why| Trouble(format!("{given:?} is no name of a model: {why}")))?;
    let called = old.take("name");
    if title != given {
        let rule = if names::model(title) == *title { "workspace_in_name" } else { "name_refused" };
        old.replaced("name", title.clone(), Some(given.to_owned()), rule);
    }
    let path = newest.filter(|path| !path.is_empty()).unwrap_or_else(|| {
        let path: String = format!("models:/{title}").chars().take(PATH).collect();
        old.changed("storage_path", None, Some(path.clone()), "empty_storage_path");
        path
    });
    let description = old.text("description", DESCRIPTION);
    let (origin, metadata, changes) = old.into_metadata(Map::new());
    let row = model::Model {
        id: *id,
        name,
        storage_path: path.parse().map_err(|why| Trouble(format!("{}: {why}", origin.key)))?,
        repository: None,
        company: None,
        base_model: None,
        parameter_count: None,
        description,
        metadata,
        requires_gpu: None,
        server_type: None,
        source: ModelSource::Manual,
        is_custom_base_model: false,
        training: None,
        display_name: called.map(|called| called.chars().take(TITLE).collect()),
        task: None,
        last_release_number: highest,
        create_time: *create_time,
        update_time: *update_time,
        delete_time: None,
        purge_time: None,
        revision: Revision::ZERO,
        created_by: Actor::import(NAME),
        updated_by: Actor::import(NAME),
    };
    let model = Model { row, tags: BTreeSet::new(), labels, release_count: None };
    Ok((Member { origins, folded: Vec::new(), row: model }, changes))
}

fn alias(own: &Own, pointer: Pointer) -> Result<Member<alias::Model>, Trouble> {
    let Pointer { alias, was: _, version, origin } = pointer;
    let row = alias::Model {
        model_id: own.id,
        alias: alias.parse().map_err(|why| Trouble(format!("{alias:?} is no alias: {why}")))?,
        release_id: release::id(own, version),
        previous_release_id: None,
        create_time: own.update_time,
        update_time: own.update_time,
        updated_by: Actor::import(NAME),
        revision: Revision::ZERO,
    };
    Ok(Member { origins: origin.into_iter().collect(), folded: Vec::new(), row })
}

/// A time in milliseconds.
pub(super) fn millis(old: &mut Translation, column: &str) -> Option<Timestamp> {
    old.number(column, *MILLIS.start(), *MILLIS.end()).map(|millis| Timestamp::from_micros(millis.saturating_mul(1000)))
}

/// A text that says something. An empty one is kept, because it is not the same as none.
pub(super) fn present(old: &mut Translation, column: &str, longest: usize) -> Option<String> {
    let text = old.text(column, longest)?;
    if text.is_empty() {
        old.keep(column, Value::String(text));
        return None;
    }
    Some(text)
}

/// Where the files of a version are. What it was made from may be the place of something else, or that of a run.
pub(super) fn location(old: &mut Translation) -> Option<String> {
    let stored = present(old, "storage_location", PATH);
    let source = old.text("source", PATH);
    if let Some(source) = source.clone().filter(|_| stored.is_some()) {
        old.keep("source", Value::String(source));
    }
    stored.or(source)
}
