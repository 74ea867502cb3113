//! Importers: an old database is made here, taken over, and looked at through the door.

mod again;
mod catapult;
mod command;
mod conflicts;
mod keys;
mod mlflow;
#[cfg(feature = "mlflow")]
mod mlflow_client;
mod modelforge;
mod rules;

use registry_server::api;
use registry_server::domain::import::OnConflict;
use registry_server::import::catapult::{Catapult, Salt};
use registry_server::import::report::Report;
use registry_server::import::run::{self, Options};
use registry_server::import::source::Source;
use registry_server::import::{Portion, System, Trouble};
use registry_server::store::{Store, Target};
use registry_tests::Fresh;
use registry_tests::{Database, Harness};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::collections::BTreeMap;

pub(crate) const SALT: &str = "pepper";
const FAIL: Options = Options { dry_run: false, on_conflict: OnConflict::Fail };

/// An id that ends with these digits.
fn id(number: u32) -> String {
    format!("5eed0000-0000-4000-8000-{number:012}")
}

/// A digest of so many times the same digit.
fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

/// A Catapult with something in it, for documents.
pub(crate) async fn some_catapult() -> Old {
    let old = Old::catapult(Database::Sqlite).await;
    old.model(1, "m", &[]).await;
    old.version(2, 1, "1.0.0", &[]).await;
    old
}

pub(crate) use mlflow::{some as some_mlflow, some_of_a_team as some_mlflow_of_a_team};
pub(crate) use modelforge::some as some_modelforge;

/// The database of another system.
pub(crate) struct Old {
    fresh: Fresh,
    db: DatabaseConnection,
}

impl Old {
    async fn empty(database: Database) -> Self {
        let fresh = database.fresh().await;
        let db = fresh.connect().await;
        Self { fresh, db }
    }

    /// A Catapult of its last era: what a table of it was later given is missing in those before.
    async fn catapult(database: Database) -> Self {
        let old = Self::empty(database).await;
        for sql in NEWEST {
            old.sql(sql).await;
        }
        old
    }

    pub(crate) fn url(&self) -> String {
        self.fresh.url()
    }

    async fn sql(&self, sql: &str) {
        self.db.execute_unprepared(sql).await.expect(sql);
    }

    async fn model(&self, number: u32, name: &str, more: &[(&str, &str)]) {
        let created = format!("'2025-09-01 00:00:00.{number:06}'");
        let fixed = [
            ("id", quoted(&id(number))),
            ("name", quoted(name)),
            ("storage_path", quoted("s3://models")),
            ("created_at", created.clone()),
            ("updated_at", created),
        ];
        self.insert("models", &fixed, more).await;
    }

    async fn version(&self, number: u32, model: u32, version: &str, more: &[(&str, &str)]) {
        let fixed = [
            ("id", quoted(&id(number))),
            ("image_id", quoted(&id(model))),
            ("version", quoted(version)),
            ("tag", quoted("v1")),
            ("digest", quoted(&digest('a'))),
            ("created_at", format!("'2025-09-02 00:00:00.{number:06}'")),
        ];
        self.insert("versions", &fixed, more).await;
    }

    async fn artifact(&self, number: u32, version: u32, more: &[(&str, &str)]) {
        let fixed = [
            ("id", quoted(&id(number))),
            ("release_id", quoted(&id(version))),
            ("name", quoted(&format!("{number}.whl"))),
            ("artifact_type", quoted("wheel")),
            ("file_path", quoted(&format!("s3://files/{number}"))),
            ("size_bytes", "7".to_owned()),
            ("checksum", quoted(&"b".repeat(64))),
            ("created_at", format!("'2025-09-03 00:00:00.{number:06}'")),
        ];
        self.insert("artifacts", &fixed, more).await;
    }

    async fn deployment(&self, number: u32, version: u32, more: &[(&str, &str)]) {
        let fixed = [
            ("id", quoted(&id(number))),
            ("release_id", quoted(&id(version))),
            ("environment", quoted("production")),
            ("deployed_at", format!("'2025-09-04 00:00:00.{number:06}'")),
        ];
        self.insert("deployments", &fixed, more).await;
    }

    /// Values are SQL; those given last win.
    async fn insert(&self, table: &str, fixed: &[(&str, String)], more: &[(&str, &str)]) {
        let mut row: BTreeMap<&str, String> = fixed.iter().map(|(column, value)| (*column, value.clone())).collect();
        row.extend(more.iter().map(|(column, value)| (*column, (*value).to_owned())));
        let (columns, values): (Vec<&str>, Vec<String>) = row.into_iter().unzip();
        self.sql(&format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", "))).await;
    }

    async fn open(&self) -> Result<Catapult, Trouble> {
        let salt = Salt::of(SALT.to_owned().into()).expect("a salt");
        Catapult::of(Source::open(&self.fresh.url()).await?, Some(salt))
    }

    /// Takes it over.
    async fn import(&self, into: &Target, options: Options) -> Report {
        import(&mut self.open().await.expect("a Catapult"), into, options).await.expect("an import")
    }

    /// Takes it over into a new registry, and starts that.
    async fn imported(&self, database: Database) -> (Harness, Report) {
        let fresh = database.fresh().await;
        let report = self.import(fresh.target(), FAIL).await;
        (Harness::on(database, fresh).await.expect("a server that starts"), report)
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

async fn import<S: System>(system: &mut S, into: &Target, options: Options) -> Result<Report, Trouble> {
    let (store, writer) = Store::open(into, api::picture).await.expect("a database");
    let (report, done) = run::run(&store, system, options, |_, _| ()).await;
    drop(store);
    writer.finished().await;
    done.map(|()| report)
}

/// The rules by which something of a row was changed, sorted.
fn rules(report: &Report, number: u32) -> Vec<&str> {
    let mut rules: Vec<&str> =
        report.changes.iter().filter(|change| change.key == id(number)).map(|change| change.rule).collect();
    rules.sort_unstable();
    rules
}

/// How many rows of a table were created, merged, unchanged, skipped, failed.
fn counts(report: &Report, table: &str) -> [u64; 5] {
    let rows = &report.tables[table];
    let counts = [rows.created, rows.merged, rows.unchanged, rows.skipped, rows.failed];
    assert_eq!(counts.iter().sum::<u64>(), rows.rows, "{table}: {rows:?}");
    counts
}

/// A document as JSON.
fn json(document: Option<&prost_types::Struct>) -> serde_json::Value {
    fn value(of: &prost_types::Value) -> serde_json::Value {
        use prost_types::value::Kind;
        match of.kind.as_ref().expect("a value") {
            Kind::NullValue(_) => serde_json::Value::Null,
            Kind::BoolValue(flag) => (*flag).into(),
            Kind::NumberValue(number) => (*number).into(),
            Kind::StringValue(text) => text.as_str().into(),
            Kind::ListValue(list) => list.values.iter().map(value).collect(),
            Kind::StructValue(members) => json(Some(members)),
        }
    }
    let members = document.expect("a document").fields.iter().map(|(key, member)| (key.clone(), value(member)));
    serde_json::Value::Object(members.collect())
}

/// A system that stops after some portions, as one whose network is gone.
struct Interrupted<S>(S, usize);

impl<S: System> System for Interrupted<S> {
    const NAME: &'static str = S::NAME;

    fn described(&self) -> String {
        self.0.described()
    }

    async fn counts(&mut self) -> Result<BTreeMap<&'static str, u64>, Trouble> {
        self.0.counts().await
    }

    async fn next(&mut self) -> Result<Option<Portion>, Trouble> {
        self.1 = self.1.checked_sub(1).ok_or_else(|| Trouble("the network is gone".to_owned()))?;
        self.0.next().await
    }
}

/// The tables of the last era. SQLite takes the types for what it likes.
const NEWEST: [&str; 7] = [
    "CREATE TABLE models (id uuid PRIMARY KEY, name varchar(255) NOT NULL, storage_path varchar(1000), repository varchar(500),
        company varchar(255), base_model varchar(100), parameter_count varchar(50), description text, tags jsonb DEFAULT '[]',
        metadata jsonb DEFAULT '{}', requires_gpu boolean DEFAULT true, server_type varchar(50), source varchar(50),
        created_at timestamp NOT NULL, updated_at timestamp NOT NULL)",
    "CREATE TABLE versions (id uuid PRIMARY KEY, image_id uuid NOT NULL, version varchar(500) NOT NULL, tag varchar(500) NOT NULL,
        digest varchar(255) NOT NULL, quantization varchar(50), size_bytes bigint, platform varchar(50) DEFAULT 'linux/amd64',
        architecture varchar(50) DEFAULT 'amd64', os varchar(50) DEFAULT 'linux', status varchar(50) DEFAULT 'active',
        release_notes varchar, metadata jsonb DEFAULT '{}', ceph_path varchar(1000), mlflow_url varchar(1000),
        is_release boolean DEFAULT false, created_at timestamp NOT NULL)",
    "CREATE TABLE artifacts (id uuid PRIMARY KEY, model_id uuid, release_id uuid, name varchar(255) NOT NULL,
        artifact_type varchar(50) NOT NULL, file_path varchar(1000) NOT NULL, size_bytes bigint NOT NULL, checksum varchar(128) NOT NULL,
        checksum_type varchar(20) DEFAULT 'sha256', platform varchar(100), python_version varchar(50), metadata jsonb DEFAULT '{}',
        created_at timestamp NOT NULL, uploaded_by varchar(100), deleted_at timestamp)",
    "CREATE TABLE deployments (id uuid PRIMARY KEY, release_id uuid NOT NULL, environment varchar(100) NOT NULL, cluster varchar(255),
        k8s_namespace varchar(255), endpoint_url varchar(500), replicas integer, deployed_by varchar(255), api_key_id uuid,
        deployed_at timestamp NOT NULL, terminated_at timestamp, status varchar(50) DEFAULT 'success', metadata jsonb DEFAULT '{}',
        container_id varchar(64), host_port integer, deployment_type varchar(20) DEFAULT 'metadata',
        health_status varchar(20) DEFAULT 'unknown', started_at timestamp, stopped_at timestamp, gpu_enabled boolean DEFAULT false,
        image_tag varchar(500))",
    "CREATE TABLE api_keys (id uuid PRIMARY KEY, name varchar(255) NOT NULL, prefix varchar(10), key_hash varchar(255) NOT NULL,
        role varchar(20), is_active boolean NOT NULL, created_at timestamp NOT NULL, last_used_at timestamp, expires_at timestamp)",
    "CREATE TABLE audit_logs (id uuid PRIMARY KEY, api_key_name varchar(255), api_key_id uuid, action varchar(100) NOT NULL,
        resource_type varchar(50) NOT NULL, resource_id uuid, details jsonb DEFAULT '{}', ip_address varchar(50),
        created_at timestamp NOT NULL)",
    "CREATE TABLE evaluations (id uuid PRIMARY KEY, deployment_id uuid, results jsonb)",
];
