//! A model of Catapult.
//!
//! May not: look at anything but its row.

use super::{actor, id, origin};
use crate::domain::import::Change;
use crate::domain::model::{Labels, ModelSource, Tags};
use crate::domain::{ModelId, Timestamp};
use crate::import::Trouble;
use crate::import::names::SERVER_TYPE;
use crate::import::translation::Translation;
use crate::service::families::Member;
use crate::store::entity::model;
use crate::store::legacy::Row;
use crate::store::models::Model;
use serde_json::Value;
use std::collections::HashMap;

/// Where a model is that was said to be nowhere: a model is never without a storage path here.
const NOWHERE: &str = "unknown";
const MAX_TAGS: usize = 64;
const MAX_TAG: usize = 128;

/// What becomes of its row: its id, the model, what was changed.
pub(super) fn translated(
    table: &'static str,
    row: Row,
    renamed: &HashMap<String, String>,
) -> Result<(ModelId, Member<Model>, Vec<Change>), Trouble> {
    let mut of = Translation::of(origin(table, &row), row);
    let id: ModelId = id(of.origin())?;
    of.take("id");
    let (name, display_name) = names(&mut of, renamed);
    let repository = of.text("repository", 500);
    let storage_path = storage_path(&mut of, repository.as_deref());
    let create_time = of.time_or("created_at", Timestamp::from_micros(0));
    let tags = tags(&mut of);
    let (company, base_model) = (of.text("company", 255), of.text("base_model", 100));
    let (parameter_count, description) = (of.text("parameter_count", 50), of.text("description", 16_384));
    let (requires_gpu, server_type) = (of.truth("requires_gpu"), of.spelled("server_type", SERVER_TYPE));
    let (source, update_time) = (source(&mut of), of.time_or("updated_at", create_time));
    let members = of.object("metadata");
    let (origin, metadata, changes) = of.into_metadata(members);
    let refused = |what: &str| Trouble(format!("a fault of this program: the {what} made for model {id} is refused"));
    let row = model::Model {
        id,
        name: name.parse().map_err(|_| refused("name"))?,
        storage_path: storage_path.parse().map_err(|_| refused("storage path"))?,
        repository,
        company,
        base_model,
        parameter_count,
        description,
        metadata,
        requires_gpu,
        server_type,
        source,
        is_custom_base_model: false,
        training: None,
        display_name,
        task: None,
        last_release_number: 0,
        create_time,
        update_time,
        delete_time: None,
        purge_time: None,
        revision: crate::domain::Revision::ZERO,
        created_by: actor(),
        updated_by: actor(),
    };
    Ok((id, Member::of(origin, Model { row, tags, labels: Labels::new(), release_count: None }), changes))
}

/// Its name here, and its own if that is refused: people go on seeing that.
fn names(of: &mut Translation, renamed: &HashMap<String, String>) -> (String, Option<String>) {
    let name = of.take("name").unwrap_or_default();
    match renamed.get(&of.origin().key) {
        None => (name, None),
        Some(to) => {
            of.replaced("name", name.clone(), Some(to.clone()), "name_refused");
            (to.clone(), Some(name).filter(|name| !name.is_empty()))
        }
    }
}

/// Where it has none, it is where its image is, as Catapult itself has migrated it.
fn storage_path(of: &mut Translation, repository: Option<&str>) -> String {
    let repository = repository.filter(|repository| !repository.is_empty());
    let (from, to, rule) = match (of.text("storage_path", 1000), repository) {
        (Some(path), _) if !path.is_empty() => return path,
        (None, Some(repository)) => (None, repository, "storage_path_from_repository"),
        (Some(empty), Some(repository)) => (Some(empty), repository, "empty_storage_path"),
        (empty, None) => (empty, NOWHERE, "empty_storage_path"),
    };
    of.changed("storage_path", from.clone(), Some(to.to_owned()), rule);
    if let Some(from) = from {
        of.keep("storage_path", Value::String(from));
    }
    to.to_owned()
}

/// A set of texts here. What was a list of anything else, or with twins in it, is kept.
fn tags(of: &mut Translation) -> Tags {
    let Some(list) = of.json("tags").filter(|list| !list.is_null()) else { return Tags::new() };
    let items = list.as_array().cloned().unwrap_or_default();
    let good = |tag: &&str| (1..=MAX_TAG).contains(&tag.chars().count());
    let tags: Tags = items.iter().filter_map(Value::as_str).filter(good).take(MAX_TAGS).map(str::to_owned).collect();
    if !list.is_array() || tags.len() != items.len() {
        let kept: Vec<&str> = tags.iter().map(String::as_str).collect();
        of.changed("tags", Some(list.to_string()), Some(Value::from(kept).to_string()), "tags_are_a_set");
        of.keep("tags", list);
    }
    tags
}

/// How the old registry learned of it; in eras that did not note that, by hand.
fn source(of: &mut Translation) -> ModelSource {
    let Some(word) = of.take("source") else { return ModelSource::Manual };
    match word.as_str() {
        "filesystem" => ModelSource::Filesystem,
        "manual" => ModelSource::Manual,
        "orphaned" => ModelSource::Orphaned,
        _ => {
            of.replaced("source", word, Some(ModelSource::Manual.to_string()), "source_unknown");
            ModelSource::Manual
        }
    }
}
