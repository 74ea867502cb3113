//! The API keys of Catapult: usable here with the secrets that people have.
//!
//! May not: put anything of a secret, of its hash or of the salt into a report.

use super::{id, origin};
use crate::config::secret_file;
use crate::domain::api_key::StoredState;
use crate::domain::import::Change;
use crate::domain::legacy;
use crate::domain::{ApiKeyId, Revision, Role, Scope, Timestamp};
use crate::import::Trouble;
use crate::import::names::{API_KEY, Given};
use crate::import::translation::Translation;
use crate::service::families::Member;
use crate::store::api_keys::ApiKey;
use crate::store::legacy::Row;
use std::path::Path;
use zeroize::Zeroizing;

/// What secrets were salted with: one for all of them.
#[derive(Clone)]
pub struct Salt(Zeroizing<String>);

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt")
    }
}

/// What may be told of a key. In any other column there may be something of its secret, also in one that somebody added.
const HARMLESS: [&str; 2] = ["name", "role"];

/// As much as is stored of it.
const LONGEST: usize = 255;

impl Salt {
    /// Of this text.
    ///
    /// # Errors
    /// If there is more of it than can be stored.
    pub fn of(text: Zeroizing<String>) -> Result<Self, Trouble> {
        if text.chars().count() > LONGEST || text.contains('\0') {
            return Err(Trouble(format!("the salt of API keys: expected a text of {LONGEST} characters at the most")));
        }
        Ok(Self(text))
    }

    /// Of a file, without the line break at its end.
    ///
    /// # Errors
    /// If it cannot be read, or there is more of it than can be stored.
    pub fn read(path: &Path) -> Result<Self, Trouble> {
        secret_file::read("--api-key-salt-file", path).map_err(Trouble).and_then(Self::of)
    }
}

/// What becomes of their rows.
pub(super) fn translated(rows: Vec<Row>, salt: &Salt) -> Result<(Vec<Member<ApiKey>>, Vec<Change>), Trouble> {
    let name = |row: &Row| row.get("name").cloned().flatten().unwrap_or_default();
    // Who has a good name keeps it, the first of several.
    let mut names = Given::default();
    let mut first: Vec<bool> = Vec::new();
    for row in &rows {
        let good = API_KEY.has(&name(row)) && !reserved(&name(row));
        first.push(good && names.take(&name(row)));
    }
    let (mut keys, mut changes) = (Vec::new(), Vec::new());
    for (row, keeps_name) in rows.into_iter().zip(first) {
        let (key, changed) = one(row, keeps_name, &mut names, salt)?;
        keys.push(key);
        changes.extend(changed);
    }
    Ok((keys, changes))
}

/// What this registry calls others.
fn reserved(name: &str) -> bool {
    name.parse::<crate::domain::name::ApiKeyName>().is_err()
}

fn one(row: Row, keeps_name: bool, names: &mut Given, salt: &Salt) -> Result<(Member<ApiKey>, Vec<Change>), Trouble> {
    let mut of = Translation::of(origin("api_keys", &row), row);
    let id: ApiKeyId = id(of.origin())?;
    of.take("id");
    let old_name = of.take("name").unwrap_or_default();
    let name = if keeps_name { old_name.clone() } else { other_name(&mut of, &old_name, names) };
    let has_prefixes = of.has("prefix");
    let (hash, prefix) = (of.take("key_hash").unwrap_or_default(), of.take("prefix"));
    let role = role(&mut of);
    let active = of.truth("is_active") == Some(true);
    let usable = legacy::is_usable(&hash);
    if !usable {
        of.changed("key_hash", None, None, "hash_refused");
    }
    // Where Catapult looked keys up by their prefix, one without never let anybody in.
    let found = !has_prefixes || prefix.as_deref().is_some_and(|prefix| !prefix.is_empty());
    if !found {
        of.changed("prefix", None, None, "prefix_missing");
    }
    let state = if active && usable && found { StoredState::Active } else { StoredState::Disabled };
    let create_time = of.time_or("created_at", Timestamp::from_micros(0));
    let (last_use_time, expire_time) = (of.time("last_used_at"), of.time("expires_at"));
    let description = (name != old_name).then(|| format!("called `{old_name}` in Catapult").chars().take(1024).collect());
    let (origin, changes) = of.into_names_of_changes(&HARMLESS);
    let refused = |_| Trouble(format!("a fault of this program: the name made for API key {id} is refused"));
    let key = ApiKey {
        id,
        name: name.parse().map_err(refused)?,
        role,
        state,
        description,
        model_name_prefixes: Scope::everything(),
        // No secret of this registry's own hashes to nothing.
        secret_hash: Vec::new(),
        previous_hash: None,
        previous_until: None,
        create_time,
        update_time: create_time,
        last_use_time,
        expire_time,
        revision: Revision::ZERO,
        legacy_hash: usable.then(|| legacy::stored(prefix.as_deref(), &hash)),
        legacy_salt: usable.then(|| salt.0.to_string()),
    };
    Ok((Member::of(origin, key), changes))
}

fn other_name(of: &mut Translation, old: &str, names: &mut Given) -> String {
    let spelled = API_KEY.spelled(old);
    let wanted = if reserved(&spelled) { format!("key-{spelled}") } else { spelled.clone() };
    let name = names.give(wanted.trim_end_matches('-'), &of.origin().key, "-", API_KEY.longest);
    let rule = if spelled == old { "name_taken" } else { "name_refused" };
    of.changed("name", Some(old.to_owned()), Some(name.clone()), rule);
    name
}

/// What it may do. Keys of the era before roles became operators when roles came.
fn role(of: &mut Translation) -> Role {
    let word = of.take("role");
    let role = match word.as_deref() {
        Some("admin") => return Role::Admin,
        Some("operator") => return Role::Operator,
        Some("viewer") => return Role::Viewer,
        None => Role::Operator,
        Some(_) => Role::Viewer,
    };
    let rule = if word.is_none() { "role_unknown_is_operator" } else { "role_unknown_is_viewer" };
    of.changed("role", word, Some(role.to_string()), rule);
    role
}
