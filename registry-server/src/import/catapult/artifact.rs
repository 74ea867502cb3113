//! An artifact of Catapult: what is known of a file that lies elsewhere.
//!
//! May not: let two live ones of one parent have a name, or any two a path.

use super::release::is_hex;
use super::{actor, id, origin};
use crate::domain::artifact::ArtifactContentState;
use crate::domain::import::Change;
use crate::domain::name::{Checksum, FilePath};
use crate::domain::{ArtifactId, ModelId, ReleaseId, Timestamp};
use crate::import::Trouble;
use crate::import::names::{ARTIFACT_TYPE, Given};
use crate::import::translation::Translation;
use crate::service::families::Member;
use crate::store::entity::artifact;
use crate::store::legacy::Row;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Names or paths that were given away, and the rows that keep theirs: they have a good one, each is the first that has it.
#[derive(Debug, Default)]
pub(super) struct Kept {
    given: Given,
    keepers: HashSet<String>,
}

impl Kept {
    /// Lets a row keep what it has, if it is good and nobody has it. Only before anything is given away.
    fn reserve(&mut self, row: &Row, column: &str, is_good: impl Fn(&str) -> bool) {
        let has = |column: &str| row.get(column).and_then(Option::as_deref).unwrap_or_default();
        if row.get("deleted_at").is_none_or(Option::is_none) && is_good(has(column)) && self.given.take(has(column)) {
            self.keepers.insert(has("id").to_owned());
        }
    }

    /// What a row gets that wants something.
    fn give(&mut self, wanted: &str, who: &str, between: &str, longest: usize) -> String {
        if self.keepers.contains(who) {
            return wanted.to_owned();
        }
        self.given.give(wanted, who, between, longest)
    }

    /// Lets the row keep its path.
    pub(super) fn reserve_path(&mut self, row: &Row) {
        self.reserve(row, "file_path", |text| good_path(text, "") == text);
    }
}

/// The names of live artifacts, by release; of the model itself under none.
pub(super) type Names = HashMap<Option<ReleaseId>, Kept>;

/// Of these rows of one model, and of what stands for their releases: who has a good name keeps it.
pub(super) fn names(rows: &[Row], releases: &BTreeMap<String, ReleaseId>) -> Names {
    let mut names = Names::default();
    for row in rows {
        let release = row.get("release_id").cloned().flatten().and_then(|old| releases.get(&old).copied());
        names.entry(release).or_default().reserve(row, "name", |text| good_name(text) == text);
    }
    names
}

const LONGEST_NAME: usize = 255;
const LONGEST_PATH: usize = 1000;
/// Of a checksum that is none: an artifact is never without one.
const UNKNOWN: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// What becomes of its row.
pub(super) fn translated(
    row: Row,
    model_id: ModelId,
    releases: &BTreeMap<String, ReleaseId>,
    names: &mut Names,
    paths: &mut Kept,
) -> Result<(Member<artifact::Model>, Vec<Change>), Trouble> {
    let mut of = Translation::of(origin("artifacts", &row), row);
    let id: ArtifactId = id(of.origin())?;
    of.take("id");
    let release_id = parent(&mut of, model_id, releases);
    let delete_time = of.time("deleted_at");
    let live = delete_time.is_none();
    let name = name(&mut of, live.then(|| names.entry(release_id).or_default()));
    let file_path = path(&mut of, live.then_some(paths));
    let checksum = checksum(&mut of);
    let create_time = of.time_or("created_at", Timestamp::from_micros(0));
    let artifact_type = of.spelled_or("artifact_type", ARTIFACT_TYPE, || "file".to_owned());
    let size_bytes = of.number_or_least("size_bytes", 0, i64::MAX);
    let (platform, python_version) = (of.text("platform", 100), of.text("python_version", 50));
    let uploaded_by = of.text("uploaded_by", 255);
    let members = of.object("metadata");
    let (origin, metadata, changes) = of.into_metadata(members);
    let refused = |what: &str| Trouble(format!("a fault of this program: the {what} made for artifact {id} is refused"));
    let file_path = FilePath::of_caller(&file_path).map_err(|_| refused("path"))?;
    let row = artifact::Model {
        id,
        model_id,
        release_id,
        name: name.parse().map_err(|_| refused("name"))?,
        artifact_type: artifact_type.parse().map_err(|_| refused("type"))?,
        file_path_hash: file_path.hash(),
        file_path,
        size_bytes,
        checksum: checksum.parse::<Checksum>().map_err(|_| refused("checksum"))?,
        platform,
        python_version,
        metadata,
        uploaded_by,
        content_state: ArtifactContentState::External,
        content_id: None,
        create_time,
        update_time: delete_time.unwrap_or(create_time).max(create_time),
        delete_time,
        purge_time: None,
        revision: crate::domain::Revision::ZERO,
        created_by: actor(),
    };
    Ok((Member::of(origin, row), changes))
}

/// The release it belongs to, if it is of one. The model is that of the release, whatever the row says.
fn parent(of: &mut Translation, model: ModelId, releases: &BTreeMap<String, ReleaseId>) -> Option<ReleaseId> {
    let release = of.take("release_id");
    let said = of.take("model_id");
    if let Some(said) = said.filter(|said| *said != model.to_string()) {
        of.replaced("model_id", said, Some(model.to_string()), "model_of_release");
    }
    let old = release?;
    let here = releases.get(&old).copied();
    if let Some(here) = here.filter(|here| here.to_string() != old) {
        of.changed("release_id", Some(old), Some(here.to_string()), "identical_twin");
    }
    here
}

/// The nearest name of a file, which is no path.
fn good_name(text: &str) -> String {
    let replaced: String = text.chars().map(|c| if matches!(c, '/' | '\\') || c.is_control() { '-' } else { c }).collect();
    let trimmed = replaced.trim_matches(' ');
    let cut: String = trimmed.chars().take(LONGEST_NAME).collect();
    if matches!(cut.as_str(), "" | "." | "..") { "unnamed".to_owned() } else { cut.trim_end().to_owned() }
}

/// Its name. No two live artifacts of one parent have the same.
fn name(of: &mut Translation, given: Option<&mut Kept>) -> String {
    let text = of.take("name").unwrap_or_default();
    let named = good_name(&text);
    let key = of.origin().key.clone();
    let free = match given {
        Some(given) => given.give(&named, &key, "-", LONGEST_NAME),
        None => named.clone(),
    };
    if free != text {
        let rule = if free == named { "file_name_refused" } else { "name_taken" };
        of.replaced("name", text, Some(free.clone()), rule);
    }
    free
}

/// The nearest path; of one that is empty, made of the key of its row.
fn good_path(text: &str, key: &str) -> String {
    let cut: String = text.chars().take(LONGEST_PATH).collect();
    match FilePath::of_caller(&cut) {
        Ok(path) => path.to_string(),
        Err(_) if cut.is_empty() => format!("legacy:{key}"),
        Err(_) => format!("legacy:{cut}").chars().take(LONGEST_PATH).collect(),
    }
}

/// Where it is. No two live artifacts are at one place here: the first that need not be spelled otherwise keeps it.
fn path(of: &mut Translation, given: Option<&mut Kept>) -> String {
    let text = of.take("file_path").unwrap_or_default();
    let key = of.origin().key.clone();
    let good = good_path(&text, &key);
    let free = match given {
        Some(given) => given.give(&good, &key, "#", LONGEST_PATH),
        None => good.clone(),
    };
    if free != text {
        let rule = if free == good { "path_refused" } else { "path_taken" };
        of.replaced("file_path", text, Some(free.clone()), rule);
    }
    free
}

/// Its checksum, with the algorithm in front. Old rows have the one in its own column, or not at all, or wrongly.
fn checksum(of: &mut Translation) -> String {
    let has_column = of.has("checksum_type");
    let (text, algorithm) = (of.take("checksum").unwrap_or_default(), of.take("checksum_type"));
    let lower = text.to_ascii_lowercase();
    let (named, hex) = lower.split_once(':').map_or((None, lower.as_str()), |(named, hex)| (Some(named), hex));
    let column = algorithm.as_ref().map(|algorithm| algorithm.to_ascii_lowercase());
    let Some(algorithm_here) = algorithm_of(named.or(column.as_deref()), hex) else {
        if let Some(algorithm) = algorithm {
            of.keep("checksum_type", serde_json::Value::String(algorithm));
        }
        of.replaced("checksum", text, Some(UNKNOWN.to_owned()), "checksum_refused");
        return UNKNOWN.to_owned();
    };
    let good = format!("{algorithm_here}:{hex}");
    if text != lower {
        of.changed("checksum", Some(text.clone()), Some(good.clone()), "checksum_case");
    }
    let here = Some(algorithm_here.to_owned());
    match (algorithm, column) {
        (Some(said), Some(column)) if column != algorithm_here => of.replaced("checksum_type", said, here, "checksum_type_wrong"),
        // Where there was no such column, all were SHA-256.
        (None, _) if named.is_none() && (has_column || algorithm_here != "sha256") => {
            of.changed("checksum_type", None, here, "checksum_type_unknown");
        }
        (Some(_) | None, _) => {}
    }
    good
}

/// The algorithm of a checksum, by what is said of it and by its length.
fn algorithm_of(said: Option<&str>, hex: &str) -> Option<&'static str> {
    match said {
        Some("sha256") | None if is_hex(hex, 64) => Some("sha256"),
        Some("blake3") if is_hex(hex, 64) => Some("blake3"),
        Some("sha512") | None if is_hex(hex, 128) => Some("sha512"),
        Some(_) | None => None,
    }
}
