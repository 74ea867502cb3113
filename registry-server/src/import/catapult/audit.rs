//! The audit log of Catapult: what was done there, in its own words.
//!
//! May not: change what an entry says was done.

use super::{actor, id, origin};
use crate::domain::event::ResourceKind;
use crate::domain::import::Change;
use crate::domain::name::{Actor, ApiKeyName};
use crate::domain::{ApiKeyId, AuditEntryId, Timestamp};
use crate::import::Trouble;
use crate::import::translation::Translation;
use crate::service::families::Member;
use crate::store::audit::Entry;
use crate::store::legacy::Row;
use serde_json::{Map, Value};

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
    let create_time = of.time("created_at").unwrap_or(Timestamp::from_micros(0));
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

/// What else was noted, as it was; with the old word for the kind of resource, if that is not told by the kind.
fn details(of: &mut Translation, word: &str) -> String {
    let text = of.take("details").unwrap_or_else(|| "{}".to_owned());
    if kind(word).is_some_and(|(_, same)| same) {
        return text;
    }
    let read = serde_json::from_str(&text).unwrap_or(Value::Null);
    let mut members = match read {
        Value::Object(members) => members,
        _ => Map::from_iter([("details".to_owned(), Value::String(text.clone()))]),
    };
    members.insert("legacy.resource_type".to_owned(), Value::String(word.to_owned()));
    let with_word = Value::Object(members).to_string();
    of.changed("details", Some(text), Some(with_word.clone()), "resource_type_in_details");
    with_word
}

/// PostgreSQL writes an address with the length of its network, which is all of it.
fn without_mask(address: &str) -> String {
    let plain = address.strip_suffix("/32").filter(|_| !address.contains(':')).or_else(|| address.strip_suffix("/128"));
    plain.unwrap_or(address).chars().take(64).collect()
}
