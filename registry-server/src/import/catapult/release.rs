//! The releases of a model of Catapult, which called them versions later.
//!
//! May not: let two of them have one key.

use super::{actor, id, origin};
use crate::domain::import::Change;
use crate::domain::model::Labels;
use crate::domain::name::{Digest, ImageTag, Platform, Quantization, Version};
use crate::domain::release::ReleaseState;
use crate::domain::{ModelId, ReleaseId, Timestamp};
use crate::import::Trouble;
use crate::import::document::fitting;
use crate::import::names::{Given, QUANTIZATION, TAG, VERSION};
use crate::import::translation::Translation;
use crate::service::families::{Member, ReleaseRow};
use crate::store::entity::release;
use crate::store::legacy::Row;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};

const PLATFORM: &str = "linux/amd64";
/// Where a release has the ids and times of the rows that said the same.
const TWINS: &str = "legacy.twins";

/// A member, when it was made, and the rest of the row it was made of.
type Wanted = (usize, Option<String>, Row);

/// The releases of one model, one after the other as they were made.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    members: Vec<Member<ReleaseRow>>,
    /// The members that wanted a key, when they were made, and the rest of the rows they were made of.
    by_key: HashMap<(Version, Quantization, Platform), Vec<Wanted>>,
    /// The rows that keep their key: they have a good one, each is the first that has it.
    keepers: HashSet<String>,
    /// The versions there are for each quantization and platform.
    versions: HashMap<(Quantization, Platform), Given>,
    stands_for: BTreeMap<String, ReleaseId>,
    /// The rows that were folded into each member.
    twins: BTreeMap<usize, Vec<Value>>,
    changes: Vec<Change>,
}

impl Siblings {
    /// Of these rows, of which none is added yet: who has a good key keeps it, whatever has to become of the keys of others.
    pub(super) fn of(rows: &[Row]) -> Self {
        let mut siblings = Self::default();
        for row in rows {
            let Some((version, quantization, platform)) = good_key(row) else { continue };
            if siblings.versions.entry((quantization, platform)).or_default().take(&version) {
                siblings.keepers.insert(row.get("id").cloned().flatten().unwrap_or_default());
            }
        }
        siblings
    }

    /// Adds one. What is the same as an earlier one but for its id and the moment it was made at is folded into that; what only has
    /// its key gets another version.
    pub(super) fn add(&mut self, table: &'static str, model: ModelId, row: Row) -> Result<(), Trouble> {
        let (same, made) = without_identity(row.clone());
        let mut of = Translation::of(origin(table, &row), row);
        let id: ReleaseId = id(of.origin())?;
        of.take("id");
        of.take("image_id");
        let (version, quantization, platform) = key(&mut of)?;
        let key = (version.clone(), quantization.clone(), platform.clone());
        let twins = self.by_key.entry(key).or_default();
        let twin = twins.iter().find(|(_, _, twin)| *twin == same).map(|(index, made, _)| (*index, made.clone()));
        if let Some((index, first_made)) = twin
            && let Some(member) = self.members.get_mut(index)
        {
            self.twins.entry(index).or_default().push(json!({"id": id.to_string(), "created_at": made}));
            if made != first_made {
                of.changed("created_at", made, first_made, "identical_twin");
            }
            self.stands_for.insert(of.origin().key.clone(), member.row.row.id);
            let to = Some(member.row.row.id.to_string());
            of.changed("id", Some(id.to_string()), to, "identical_twin");
            let (origin, changes) = of.into_folded();
            member.folded.push(origin);
            self.changes.extend(changes);
            return Ok(());
        }
        twins.push((self.members.len(), made, same));
        let version = self.unique(&mut of, version, &quantization, &platform)?;
        let member = translated(of, id, model, (version, quantization, platform), self.members.len() + 1)?;
        self.stands_for.insert(member.0.origins.first().map(|origin| origin.key.clone()).unwrap_or_default(), id);
        self.members.push(member.0);
        self.changes.extend(member.1);
        Ok(())
    }

    fn unique(
        &mut self,
        of: &mut Translation,
        version: Version,
        quantization: &Quantization,
        platform: &Platform,
    ) -> Result<Version, Trouble> {
        if self.keepers.contains(&of.origin().key) {
            return Ok(version);
        }
        let given = self.versions.entry((quantization.clone(), platform.clone())).or_default();
        let between = if version.as_str().contains('+') { "." } else { "+" };
        let key = of.origin().key.clone();
        let free = given.give(version.as_str(), &key, between, VERSION.longest);
        if free == version.as_str() {
            return Ok(version);
        }
        of.replaced("version", version.to_string(), Some(free.clone()), "twin");
        parsed(&free, "version", of)
    }

    /// The releases, which of them stands for which row, and what was changed.
    pub(super) fn into_members(mut self) -> (Vec<Member<ReleaseRow>>, BTreeMap<String, ReleaseId>, Vec<Change>) {
        for (index, twins) in std::mem::take(&mut self.twins) {
            if let Some(member) = self.members.get_mut(index) {
                self.changes.extend(keep_twins(member, twins));
            }
        }
        (self.members, self.stands_for, self.changes)
    }
}

/// A row without what tells it from another that says the same, and when it was made.
fn without_identity(mut row: Row) -> (Row, Option<String>) {
    row.remove("id");
    let made = row.remove("created_at").flatten();
    (row, made)
}

/// The key of a row of which nothing has to be changed.
fn good_key(row: &Row) -> Option<(String, Quantization, Platform)> {
    let text = |column: &str| row.get(column).and_then(Option::as_deref);
    let version = text("version").filter(|version| VERSION.has(version))?;
    let quantization = text("quantization").map_or(Some(""), |text| QUANTIZATION.has(text).then_some(text))?;
    let platform = text("platform").filter(|platform| is_platform(platform))?;
    Some((version.to_owned(), quantization.parse().ok()?, platform.parse().ok()?))
}

/// Notes at a release which rows it stands for, beside what the old system noted there.
fn keep_twins(member: &mut Member<ReleaseRow>, twins: Vec<Value>) -> Vec<Change> {
    let metadata = &mut member.row.row.metadata;
    let mut members = std::mem::take(metadata).into_inner();
    let mut name = TWINS.to_owned();
    while members.contains_key(&name) {
        name.push('_');
    }
    members.insert(name, Value::Array(twins));
    let (document, left) = fitting(members);
    *metadata = document;
    let Some(origin) = member.origins.first() else { return Vec::new() };
    let change = |(name, value): (String, Value)| Change {
        origin: origin.clone(),
        column: format!("metadata.{name}"),
        from: Some(if let Value::String(text) = value { text } else { value.to_string() }),
        to: None,
        rule: "metadata_too_large",
    };
    left.into_iter().map(change).collect()
}

fn parsed<T: std::str::FromStr>(text: &str, what: &str, of: &Translation) -> Result<T, Trouble> {
    let refused = |_| Trouble(format!("a fault of this program: the {what} made for {:?} is refused", of.origin()));
    text.parse().map_err(refused)
}

/// What tells it from the other releases of its model, in the spelling of this registry.
fn key(of: &mut Translation) -> Result<(Version, Quantization, Platform), Trouble> {
    let unnamed = format!("unnamed-{}", of.origin().key);
    let version = of.spelled_or("version", VERSION, || unnamed);
    let quantization = of.spelled("quantization", QUANTIZATION).unwrap_or_default();
    let platform = platform(of);
    Ok((parsed(&version, "version", of)?, parsed(&quantization, "quantization", of)?, parsed(&platform, "platform", of)?))
}

/// Of its three columns, one says it all; the others are kept if they say something else.
fn platform(of: &mut Translation) -> String {
    let (platform, architecture, os) = (of.take("platform"), of.take("architecture"), of.take("os"));
    let joined = os.as_ref().zip(architecture.as_ref()).map(|(os, architecture)| format!("{os}/{architecture}"));
    let wanted = platform.clone().or_else(|| joined.clone()).unwrap_or_else(|| PLATFORM.to_owned());
    let good = if is_platform(&wanted) { wanted } else { PLATFORM.to_owned() };
    match platform {
        Some(platform) if platform != good => of.replaced("platform", platform, Some(good.clone()), "platform_refused"),
        Some(_) => {}
        None => of.changed("platform", None, Some(good.clone()), "platform_unknown"),
    }
    let mut parts = good.split('/');
    let said = [("os", os, parts.next()), ("architecture", architecture, parts.next())];
    for (column, text, part) in said {
        if let Some(text) = text.filter(|text| Some(text.as_str()) != part) {
            of.keep(column, Value::String(text));
        }
    }
    good
}

/// `os/architecture`, or `os/architecture/variant`.
fn is_platform(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    let good = |part: &&str, others: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || others.contains(c))
    };
    let fits = match parts.as_slice() {
        [os, architecture] => good(os, "") && good(architecture, "_"),
        [os, architecture, variant] => good(os, "") && good(architecture, "_") && good(variant, ""),
        _ => false,
    };
    fits && text.len() <= 50
}

fn translated(
    mut of: Translation,
    id: ReleaseId,
    model_id: ModelId,
    (version, quantization, platform): (Version, Quantization, Platform),
    number: usize,
) -> Result<(Member<ReleaseRow>, Vec<Change>), Trouble> {
    let tag = tag(&mut of, &version, &quantization)?;
    let digest = digest(&mut of);
    let create_time = of.time_or("created_at", Timestamp::from_micros(0));
    let promoted = !of.has("is_release") || of.truth("is_release") == Some(true);
    let (state, state_reason) = state(&mut of, promoted, digest.is_some());
    let (size_bytes, release_notes) = (of.number("size_bytes", 0, i64::MAX), of.text("release_notes", 65_536));
    let (storage_path, mlflow_url) = (of.text("ceph_path", 1000), of.text("mlflow_url", 1000));
    let members = of.object("metadata");
    let (origin, metadata, changes) = of.into_metadata(members);
    let row = release::Model {
        id,
        model_id,
        number: i64::try_from(number).unwrap_or(i64::MAX),
        version,
        tag,
        digest,
        quantization,
        platform,
        size_bytes,
        state,
        promote_time: promoted.then_some(create_time),
        state_reason,
        release_notes,
        metadata,
        storage_path,
        mlflow_url,
        training: None,
        base_release_id: None,
        create_time,
        update_time: create_time,
        delete_time: None,
        purge_time: None,
        revision: crate::domain::Revision::ZERO,
        created_by: actor(),
        updated_by: actor(),
    };
    Ok((Member::of(origin, ReleaseRow { row, labels: Labels::new() }), changes))
}

/// The tag of its image; where that is refused as a whole, the one that a release without one gets.
fn tag(of: &mut Translation, version: &Version, quantization: &Quantization) -> Result<ImageTag, Trouble> {
    let default = ImageTag::of(version.as_str(), quantization.as_str()).map(|tag| tag.to_string());
    let tag = of.spelled_or("tag", TAG, || default.unwrap_or_else(|_| "unknown".to_owned()));
    parsed(&tag, "tag", of)
}

/// A digest, if what stands there is one. Nobody ever checked.
fn digest(of: &mut Translation) -> Option<Digest> {
    let text = of.take("digest")?;
    let lower = text.to_ascii_lowercase();
    let is_digest = match lower.split_once(':') {
        Some(("sha256", hex)) => is_hex(hex, 64),
        Some(("sha512", hex)) => is_hex(hex, 128),
        _ => false,
    };
    let digest = is_digest.then(|| lower.parse().ok()).flatten();
    match &digest {
        Some(_) if text == lower => {}
        Some(_) => of.changed("digest", Some(text), Some(lower), "digest_case"),
        None => of.replaced("digest", text, None, "digest_refused"),
    }
    digest
}

pub(super) fn is_hex(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Where it is in its life. Only a candidate may be without a digest, and what was never promoted is one.
fn state(of: &mut Translation, promoted: bool, has_digest: bool) -> (ReleaseState, Option<String>) {
    let word = of.take("status");
    let (said, rule) = match word.as_deref() {
        Some("active") if promoted => (ReleaseState::Active, None),
        Some("active") => (ReleaseState::Candidate, None),
        Some("deprecated") => (ReleaseState::Deprecated, None),
        Some("archived") => (ReleaseState::Archived, None),
        None if promoted => (ReleaseState::Active, Some("status_null")),
        None => (ReleaseState::Candidate, Some("status_null")),
        Some(_) => (ReleaseState::Deprecated, Some("status_unknown")),
    };
    let demoted = !has_digest && said != ReleaseState::Candidate;
    let (state, rule) = if demoted { (ReleaseState::Candidate, Some("no_digest")) } else { (said, rule) };
    if let Some(rule) = rule {
        match word.clone() {
            Some(word) => of.replaced("status", word, Some(state.to_string()), rule),
            None => of.changed("status", None, Some(state.to_string()), rule),
        }
    }
    let was =
        word.map_or_else(|| "had no status".to_owned(), |word| format!("was `{}`", word.chars().take(100).collect::<String>()));
    (state, demoted.then(|| format!("{was} in Catapult, and has no digest that can be one")))
}
