//! Registries of any size, written behind the server's back because that is faster; what they hold is what a registry could hold.
//!
//! A model has ten releases, two aliases, tags and labels. Nothing of it is in the history, which says that it was compacted.

use super::place::{Kind, Place};
use super::server::Server;
use crate::given::digest;
use registry_proto::v1 as pb;
use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use uuid::Uuid;

/// How many releases a model has.
pub const RELEASES: u64 = 10;
/// Which of them is in production: the newest that is active.
const PRODUCTION: u64 = 8;
/// How many models are written by one statement for each table.
const CHUNK: u64 = 100;
/// Microseconds since 1970 of the first model; each further one is a second younger.
const BEGAN: i64 = 1_700_000_000_000_000;

const COMPANIES: [&str; 20] = [
    "acme",
    "aurora-labs",
    "bluefin",
    "cobalt-ai",
    "delta-works",
    "ember",
    "fjord",
    "granite",
    "helios",
    "iris-systems",
    "juniper",
    "kestrel",
    "lumen",
    "meridian",
    "northwind",
    "onyx",
    "prairie",
    "quartz",
    "riverbend",
    "sable",
];
const FAMILIES: [&str; 8] = ["llama-3", "mistral", "qwen-2", "gemma", "whisper", "yolo", "bert", "stable-diffusion"];
const SIZES: [&str; 5] = ["1b", "3b", "8b", "34b", "70b"];
const TASKS: [&str; 5] = ["text-generation", "image-classification", "speech-recognition", "embedding", "object-detection"];
const SERVERS: [&str; 4] = ["vllm", "triton", "tgi", "onnxruntime"];
const STATES: [&str; 10] =
    ["ARCHIVED", "ARCHIVED", "ARCHIVED", "ARCHIVED", "ARCHIVED", "DEPRECATED", "DEPRECATED", "DEPRECATED", "ACTIVE", "CANDIDATE"];

/// What things are called, by their number.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names;

/// One of some, by number.
fn among<'a>(some: &[&'a str], number: u64) -> &'a str {
    let count = u64::try_from(some.len()).unwrap_or(1);
    some[usize::try_from(number % count).unwrap_or_default()]
}

/// A UUID that ascends with the number.
fn id(kind: u16, number: u64) -> Uuid {
    Uuid::from_u128(
        (0x0193_u128 << 112)
            | (u128::from(number) << 80)
            | (0x7000_u128 << 64)
            | (u128::from(kind) << 64)
            | (0x8000_u128 << 48)
            | u128::from(number),
    )
}

impl Names {
    /// The id of a model.
    #[must_use]
    pub fn model_id(self, model: u64) -> String {
        id(1, model).to_string()
    }

    /// The id of a release of a model.
    #[must_use]
    pub fn release_id(self, model: u64, release: u64) -> String {
        id(2, model * RELEASES + release).to_string()
    }

    /// The name of a model.
    #[must_use]
    pub fn model_name(self, model: u64) -> String {
        let (company, family, size) = (self.company(model), among(&FAMILIES, model / 3), among(&SIZES, model / 7));
        format!("{company}/{family}-{size}-{model:07}")
    }

    /// Whose it is.
    #[must_use]
    pub fn company(self, model: u64) -> &'static str {
        among(&COMPANIES, model)
    }

    /// What it does.
    #[must_use]
    pub fn task(self, model: u64) -> &'static str {
        among(&TASKS, model / 2)
    }

    /// A common tag, one of fifty, and one that 100 models have.
    #[must_use]
    pub fn tags(self, model: u64) -> [String; 3] {
        [among(&["gpu", "cpu"], model / 5).to_owned(), format!("team-{:02}", model % 50), format!("batch-{:05}", model / 100)]
    }

    /// The labels of a model.
    #[must_use]
    pub fn labels(self, model: u64) -> [(&'static str, String); 2] {
        [("cost-center", format!("cc-{:03}", model % 200)), ("tier", among(&["gold", "silver", "bronze"], model).to_owned())]
    }

    /// The version of a release.
    #[must_use]
    pub fn version(self, release: u64) -> String {
        format!("1.{}.{}", release / 4, release % 4)
    }

    /// The whole model, as an answer has it.
    #[must_use]
    pub fn model(self, model: u64) -> pb::Model {
        let time = prost_types::Timestamp { seconds: BEGAN / 1_000_000 + i64::try_from(model).unwrap_or_default(), nanos: 0 };
        pb::Model {
            id: self.model_id(model),
            name: self.model_name(model),
            storage_path: storage_path(model),
            company: Some(self.company(model).to_owned()),
            base_model: Some(among(&FAMILIES, model / 3).to_owned()),
            parameter_count: Some(among(&SIZES, model / 7).to_owned()),
            description: Some(description(model)),
            tags: self.tags(model).into(),
            server_type: Some(among(&SERVERS, model).to_owned()),
            task: Some(self.task(model).to_owned()),
            source: pb::ModelSource::Manual.into(),
            create_time: Some(time),
            update_time: Some(time),
            etag: "AAAAAAAAAAE".to_owned(),
            revision: 1,
            created_by: "benchmark".to_owned(),
            updated_by: "benchmark".to_owned(),
            release_count: Some(i64::try_from(RELEASES).unwrap_or_default()),
            labels: self.labels(model).into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            ..Default::default()
        }
    }
}

fn storage_path(model: u64) -> String {
    format!("s3://models/{}/", Names.model_name(model))
}

fn description(model: u64) -> String {
    format!(
        "Number {model}: fine-tuned on the conversations of {}, evaluated against the one before it, for everybody's use.",
        Names.company(model)
    )
}

/// A registry with that many releases; the one that was kept, if it is of this size.
///
/// # Panics
/// If the database refuses it.
pub async fn filled(place: &Place, releases: u64) {
    let models = releases.div_ceil(RELEASES);
    // The server makes the tables, and its first key.
    Server::registry(place, &[]).stop().await;
    let db = place.connect().await;
    let counted = count(&db).await;
    if counted != models {
        assert_eq!(counted, 0, "there is a database of another size in {}: remove it", place.directory().display());
        fill(&db, place.kind(), models).await;
    }
    db.close().await.expect("a connection that closes");
    if place.kind() == Kind::Sqlite {
        // As of a registry that is in use: in the memory of the system, if there is room.
        let file = File::open(place.directory().join("registry.db"));
        file.and_then(|mut file| std::io::copy(&mut file, &mut std::io::sink())).expect("a file that can be read");
    }
}

async fn count(db: &DatabaseConnection) -> u64 {
    let count = sea_orm::Statement::from_string(db.get_database_backend(), "SELECT count(*) FROM models");
    let row = db.query_one_raw(count).await.expect("a table of models").expect("a row");
    row.try_get_by_index::<i64>(0).ok().and_then(|count| u64::try_from(count).ok()).expect("a number")
}

async fn fill(db: &DatabaseConnection, kind: Kind, models: u64) {
    let bar = indicatif::ProgressBar::new(models).with_message("models are written");
    let all = db.begin().await.expect("a transaction");
    let mut first = 0;
    while first < models {
        let end = models.min(first + CHUNK);
        for statement in statements(kind, first, end) {
            all.execute_unprepared(&statement).await.expect("rows that fit");
        }
        bar.inc(end - first);
        first = end;
    }
    let counted = "UPDATE registry_state SET revision = revision + 1, compacted_revision = revision + 1";
    all.execute_unprepared(counted).await.expect("a counter");
    all.commit().await.expect("what was written");
    let tidy = match kind {
        Kind::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)",
        // These, and not whatever else there is in the database.
        Kind::Postgres => {
            "VACUUM ANALYZE models, model_tags, model_labels, releases, release_labels, release_aliases, release_alias_moves"
        }
    };
    db.execute_unprepared(tidy).await.expect("a database that tidies up");
    bar.finish_and_clear();
}

/// A statement for each table.
fn statements(kind: Kind, first: u64, end: u64) -> Vec<String> {
    let id = |id: Uuid| match kind {
        Kind::Sqlite => format!("X'{}'", id.simple()),
        Kind::Postgres => format!("'{id}'"),
    };
    let (model, release) = (|number| id(self::id(1, number)), |number| id(self::id(2, number)));
    let mut tables = [
        Table::new(
            "models",
            "id, name, storage_path, company, base_model, parameter_count, description, metadata, server_type, task, last_release_number, create_time, update_time, revision, created_by, updated_by",
        ),
        Table::new("model_tags", "model_id, tag"),
        Table::new("model_labels", "model_id, key, value, value_hash"),
        Table::new(
            "releases",
            "id, model_id, number, version, tag, digest, size_bytes, state, promote_time, metadata, create_time, update_time, revision, created_by, updated_by",
        ),
        Table::new("release_labels", "release_id, key, value, value_hash"),
        Table::new("release_aliases", "model_id, alias, release_id, create_time, update_time, updated_by, revision"),
        Table::new("release_alias_moves", "model_id, alias, revision, move_time, moved_by, to_release_id"),
    ];
    let [models, tags, labels, releases, release_labels, aliases, moves] = &mut tables;
    for number in first..end {
        let (at, time) = (model(number), BEGAN + i64::try_from(number).unwrap_or_default() * 1_000_000);
        models.row(&format!(
            "{at}, '{}', '{}', '{}', '{}', '{}', '{}', '{{\"framework\":\"pytorch\",\"epochs\":{}}}', '{}', '{}', {RELEASES}, {time}, {time}, 1, 'benchmark', 'benchmark'",
            Names.model_name(number), storage_path(number), Names.company(number), among(&FAMILIES, number / 3), among(&SIZES, number / 7),
            description(number).replace('\'', "''"), number % 30, among(&SERVERS, number), Names.task(number),
        ));
        Names.tags(number).iter().for_each(|tag| tags.row(&format!("{at}, '{tag}'")));
        for (key, value) in Names.labels(number) {
            labels.row(&format!("{at}, '{key}', '{value}', {}", hash(&value)));
        }
        for nth in 0..RELEASES {
            let all = number * RELEASES + nth;
            let (version, state, time) =
                (Names.version(nth), among(&STATES, nth), time + i64::try_from(nth).unwrap_or_default() * 1000);
            let promoted = if state == "CANDIDATE" { "NULL".to_owned() } else { time.to_string() };
            releases.row(&format!(
                "{}, {at}, {}, '{version}', '{version}', '{}', {}, '{state}', {promoted}, '{{\"commit\":\"{all:040x}\"}}', {time}, {time}, 1, 'benchmark', 'benchmark'",
                release(all), nth + 1, digest(all), 1_000_000 + all,
            ));
            let stage = format!("stage-{:02}", all % 20);
            release_labels.row(&format!("{}, 'stage', '{stage}', {}", release(all), hash(&stage)));
        }
        for (alias, nth) in [("production", PRODUCTION), ("staging", RELEASES - 1)] {
            let release = release(number * RELEASES + nth);
            aliases.row(&format!("{at}, '{alias}', {release}, {time}, {time}, 'benchmark', 1"));
            moves.row(&format!("{at}, '{alias}', 1, {time}, 'benchmark', {release}"));
        }
    }
    tables.into_iter().map(|table| table.0).collect()
}

/// A statement that grows by rows.
struct Table(String, bool);

impl Table {
    fn new(name: &str, columns: &str) -> Self {
        Self(format!("INSERT INTO {name} ({columns}) VALUES "), true)
    }

    fn row(&mut self, values: &str) {
        let comma = if self.1 { "" } else { ", " };
        self.1 = false;
        // Writing to a string does not fail.
        let _ = write!(self.0, "{comma}({values})");
    }
}

/// As labels are indexed: the first 64 bits of the SHA-256.
fn hash(value: &str) -> i64 {
    let digest = Sha256::digest(value.as_bytes());
    digest.iter().take(8).fold(0, |hash, byte| (hash << 8) | i64::from(*byte))
}
