//! The audit log of Catapult: what was done there, in its own words.
//!
//! May not: change what an entry says was done.

use super::{actor, id, origin};
use crate::domain::event::ResourceKind;
use crate::domain::import::Change;
use crate::domain::name::{Actor, ApiKeyName};
use crate::domain::{ApiKeyId, AuditEntryId, Timestamp};
use crate::import::Trouble;
use crate::import::document::parse;
use crate::import::translation::Translation;
use crate::service::families::Member;
use crate::store::audit::Entry;
use crate::store::legacy::Row;
use serde_json::{Map, Value};

/// Where details are in the object that they were not.
const DETAILS: &str = "legacy.details";

/// What becomes of some rows.
pub(super) fn translated(rows: Vec<Row>) -> Result<(Vec<Member<Entry>>, Vec<Change>), Trouble> {
    let (mut entries, mut changes) = (Vec::new(), Vec::new());
    for row in rows {
        let (entry, changed) = one(row)?;
        entries.push(entry);
        changes.extend(changed);
    }
    Ok((entries, changes))
}

fn one(row: Row) -> Result<(Member<Entry>, Vec<Change>), Trouble> {
    let mut of = Translation::of(origin("audit_logs", &row), row);
    let id: AuditEntryId = id(of.origin())?;
    of.take("id");
    let create_time = of.time_or("created_at", Timestamp::from_micros(0));
    let method = of.text("action", 200).unwrap_or_default();
    let name = of.text("api_key_name", 255);
    let api_key_id = of.take("api_key_id").and_then(|id| id.parse::<ApiKeyId>().ok());
    let word = of.take("resource_type").unwrap_or_default();
    let resource_id = of.text("resource_id", 200);
    let client_address = of.take("ip_address").map(|address| without_mask(&address));
    let imported_details = Some(details(&mut of, &word));
    let (origin, changes) = of.into_changes();
    let entry = Entry {
        id,
        create_time,
        method,
        code: 0,
        error_reason: None,
        actor: who(name.as_deref()),
        api_key_id,
        api_key_name: name.and_then(|name| name.parse::<ApiKeyName>().ok()),
        resource_kind: kind(&word).map(|(kind, _)| kind),
        resource_id,
        resource_name: None,
        revision: None,
        request_id: id.to_string(),
        client_address,
        user_agent: None,
        changed_fields: String::new(),
        call_count: 1,
        imported_details,
    };
    Ok((Member::of(origin, entry), changes))
}

/// Who did it, by the name of his key there. What had none was done by nobody that is known.
fn who(name: Option<&str>) -> Actor {
    name.and_then(|name| name.parse().ok()).unwrap_or_else(actor)
}

/// A kind of resource, and whether the word is this registry's own.
fn kind(word: &str) -> Option<(ResourceKind, bool)> {
    match word {
        "model" => Some((ResourceKind::Model, true)),
        "image" => Some((ResourceKind::Model, false)),
        "release" => Some((ResourceKind::Release, true)),
        "version" => Some((ResourceKind::Release, false)),
        "artifact" => Some((ResourceKind::Artifact, true)),
        "deployment" => Some((ResourceKind::Deployment, true)),
        "api_key" => Some((ResourceKind::ApiKey, true)),
        _ => None,
    }
}

/// What else was noted, as it was; with the old word for the kind of resource, if that is not told by the kind. It is an object here,
/// whose numbers are doubles, because it may leave again as one.
fn details(of: &mut Translation, word: &str) -> String {
    let text = of.take("details").unwrap_or_else(|| "{}".to_owned());
    let (mut members, rule) = match parse(&text) {
        Some((Value::Object(members), 0)) => (members, None),
        Some((Value::Object(members), _)) => (members, Some("number_as_text")),
        Some((other, _)) => (Map::from_iter([(DETAILS.to_owned(), other)]), Some("not_an_object")),
        None => (Map::from_iter([(DETAILS.to_owned(), Value::String(text.clone()))]), Some("not_json")),
    };
    let told_by_kind = kind(word).is_some_and(|(_, same)| same);
    if !told_by_kind {
        members.insert("legacy.resource_type".to_owned(), Value::String(word.to_owned()));
    }
    let rules: Vec<_> = rule.into_iter().chain((!told_by_kind).then_some("resource_type_in_details")).collect();
    if rules.is_empty() {
        return text;
    }
    let changed = Value::Object(members).to_string();
    for rule in rules {
        of.changed("details", Some(text.clone()), Some(changed.clone()), rule);
    }
    changed
}

/// PostgreSQL writes an address with the length of its network, which is all of it.
fn without_mask(address: &str) -> String {
    let plain = address.strip_suffix("/32").filter(|_| !address.contains(':')).or_else(|| address.strip_suffix("/128"));
    plain.unwrap_or(address).chars().take(64).collect()
}
