//! A version of MLflow becomes a release.
//!
//! May not: claim to know what was built. MLflow keeps no digest, so a release of it is a candidate.

use super::family::{Own, location, millis, present};
use super::{NAME, WORKSPACE, batch, tags};
use crate::domain::ReleaseId;
use crate::domain::Revision;
use crate::domain::import::{Change, derived_id};
use crate::domain::name::{Actor, ImageTag, Platform, Quantization};
use crate::domain::release::ReleaseState;
use crate::import::Trouble;
use crate::import::translation::Translation;
use crate::service::families::{Member, ReleaseRow};
use crate::store::entity::release;
use crate::store::legacy::Row;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How long notes may be, and an address.
const NOTES: usize = 65_536;
const URL: usize = 1000;
const ACTOR: usize = 255;
const STAGE: usize = 20;

/// A version that is there, with what is of it.
pub(super) struct Version {
    pub(super) number: i64,
    pub(super) row: Row,
    pub(super) tags: Vec<Row>,
    /// Aliases that had another name: what they are, and what they were.
    pub(super) renamed: Map<String, Value>,
}

/// The id of a release: made of what never changes of a version.
pub(super) fn id(own: &Own, version: i64) -> ReleaseId {
    let (workspace, name) = &own.key;
    derived_id(NAME, &["model_versions", workspace, name, &own.created, &version.to_string()])
}

/// The release that is made of a version.
///
/// # Errors
/// If a text of it is none of ours after all.
pub(super) fn release(own: &Own, version: Version) -> Result<(Member<ReleaseRow>, Vec<Change>), Trouble> {
    let Version { number, row, tags, renamed } = version;
    let mut origins = vec![batch::of_version(&row)];
    origins.extend(tags.iter().map(batch::of_version_tag));
    let mut old = Translation::of(batch::of_version(&row), row);
    for column in ["name", "version", WORKSPACE] {
        old.take(column);
    }
    let mut labels = BTreeMap::new();
    labels.extend(old.text("current_stage", STAGE).map(|stage| ("legacy.stage".to_owned(), stage)));
    tags::add(&mut labels, tags, &mut old);
    if !renamed.is_empty() {
        old.keep("aliases", Value::Object(renamed));
    }
    let storage_path = location(&mut old);
    let actor = actor(&mut old)?;
    let mlflow_url = present(&mut old, "run_link", URL).or_else(|| address(own, number));
    let updated = millis(&mut old, "last_updated_time");
    let create_time = millis(&mut old, "creation_time").or(updated).unwrap_or(own.create_time);
    let release_notes = old.text("description", NOTES);
    for column in ["run_id", "status", "status_message"] {
        old.take_and_keep(column);
    }
    let broken = |why| Trouble(format!("version {number} of {}: {why}", own.key.1));
    let version = number.to_string();
    let tag = ImageTag::of(&version, "").map_err(broken)?;
    let version = version.parse().map_err(broken)?;
    let (_, metadata, changes) = old.into_metadata(Map::new());
    let row = release::Model {
        id: id(own, number),
        model_id: own.id,
        number,
        version,
        tag,
        digest: None,
        quantization: Quantization::none(),
        platform: Platform::linux_amd64(),
        size_bytes: None,
        state: ReleaseState::Candidate,
        promote_time: None,
        state_reason: None,
        release_notes,
        metadata,
        storage_path,
        mlflow_url,
        training: None,
        base_release_id: None,
        create_time,
        update_time: updated.unwrap_or(create_time),
        delete_time: None,
        purge_time: None,
        revision: Revision::ZERO,
        created_by: actor.clone(),
        updated_by: actor,
    };
    Ok((Member { origins, folded: Vec::new(), row: ReleaseRow { row, labels } }, changes))
}

/// Who made it: MLflow may know.
fn actor(old: &mut Translation) -> Result<Actor, Trouble> {
    let Some(user) = present(old, "user_id", ACTOR) else { return Ok(Actor::import(NAME)) };
    old.keep("user_id", Value::String(user.clone()));
    user.parse().map_err(|why| Trouble(format!("{user:?} is nobody: {why}")))
}

/// The version, as MLflow itself refers to it.
fn address(own: &Own, number: i64) -> Option<String> {
    Some(format!("models:/{}/{number}", own.key.1)).filter(|url| url.chars().count() <= URL && !url.contains('\0'))
}
