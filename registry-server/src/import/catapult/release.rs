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
use crate::import::names::{self, Given, QUANTIZATION, TAG, VERSION};
use crate::import::translation::Translation;
use crate::service::families::{Member, ReleaseRow};
use crate::store::entity::release;
use crate::store::legacy::Row;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

const PLATFORM: &str = "linux/amd64";

/// The releases of one model, one after the other as they were made.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    members: Vec<Member<ReleaseRow>>,
    /// The members that began with a key, and the rows they were made of.
    by_key: HashMap<(Version, Quantization, Platform), (usize, Row)>,
    /// The versions there are for each quantization and platform.
    versions: HashMap<(Quantization, Platform), Given>,
    stands_for: BTreeMap<String, ReleaseId>,
    changes: Vec<Change>,
}

impl Siblings {
    /// Adds one. What is the same as an earlier one but for its id and the moment it was made at is folded into that; what only has
    /// its key gets another version.
    pub(super) fn add(&mut self, table: &'static str, model: ModelId, row: Row) -> Result<(), Trouble> {
        let same = without_identity(row.clone());
        let mut of = Translation::of(origin(table, &row), row);
        let id: ReleaseId = id(of.origin())?;
        of.take("id");
        of.take("image_id");
        let (version, quantization, platform) = key(&mut of)?;
        if let Some((index, twin)) = self.by_key.get(&(version.clone(), quantization.clone(), platform.clone())) {
            if let (true, Some(member)) = (*twin == same, self.members.get_mut(*index)) {
                self.stands_for.insert(of.origin().key.clone(), member.row.row.id);
                let to = Some(member.row.row.id.to_string());
                of.changed("id", Some(id.to_string()), to, "identical_twin");
                let (origin, changes) = of.into_folded();
                member.folded.push(origin);
                self.changes.extend(changes);
                return Ok(());
            }
        }
        let first = (version.clone(), quantization.clone(), platform.clone());
        let version = self.unique(&mut of, version, &quantization, &platform)?;
        let member = translated(of, id, model, (version, quantization, platform), self.members.len() + 1)?;
        self.by_key.entry(first).or_insert((self.members.len(), same));
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
    pub(super) fn into_members(self) -> (Vec<Member<ReleaseRow>>, BTreeMap<String, ReleaseId>, Vec<Change>) {
        (self.members, self.stands_for, self.changes)
    }
}

/// What tells a row from another that says the same.
fn without_identity(mut row: Row) -> Row {
    row.remove("id");
    row.remove("created_at");
    row
}

fn parsed<T: std::str::FromStr>(text: &str, what: &str, of: &Translation) -> Result<T, Trouble> {
    let refused = |_| Trouble(format!("a fault of this program: the {what} made for {:?} is refused", of.origin()));
    text.parse().map_err(refused)
}

/// What tells it from the other releases of its model, in the spelling of this registry.
fn key(of: &mut Translation) -> Result<(Version, Quantization, Platform), Trouble> {
    let version = match of.spelled("version", VERSION) {
        Some(version) => version,
        None => names::VERSION.spelled(&format!("unnamed-{}", of.origin().key)),
    };
    let quantization = match of.spelled("quantization", QUANTIZATION) {
        Some(quantization) => quantization,
        None => String::new(),
    };
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
    let create_time = of.time("created_at").unwrap_or(Timestamp::from_micros(0));
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
    match of.spelled("tag", TAG) {
        Some(tag) => parsed(&tag, "tag", of),
        None => {
            let default = ImageTag::of(version.as_str(), quantization.as_str()).map(|tag| tag.to_string());
            parsed(&default.unwrap_or_else(|_| "unknown".to_owned()), "tag", of)
        }
    }
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
    let state = match word.as_deref() {
        Some("active") | None if promoted => ReleaseState::Active,
        Some("active") | None => ReleaseState::Candidate,
        Some("deprecated") => ReleaseState::Deprecated,
        Some("archived") => ReleaseState::Archived,
        Some(_) => ReleaseState::Deprecated,
    };
    let known = matches!(word.as_deref(), Some("active" | "deprecated" | "archived"));
    let said = word.clone().unwrap_or_else(|| "active".to_owned());
    match (&word, known) {
        (None, _) => of.changed("status", None, Some(state.to_string()), "status_null"),
        (Some(_), true) => {}
        (Some(word), false) => of.replaced("status", word.clone(), Some(state.to_string()), "status_unknown"),
    }
    if has_digest || state == ReleaseState::Candidate {
        return (state, None);
    }
    of.replaced("status", said.clone(), Some(ReleaseState::Candidate.to_string()), "no_digest");
    let said: String = said.chars().take(100).collect();
    (ReleaseState::Candidate, Some(format!("was `{said}` in Catapult, and has no digest that can be one")))
}
