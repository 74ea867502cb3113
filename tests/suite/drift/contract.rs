//! What the contract says of every field of a resource is what both databases have: required or plain
//! is NOT NULL, `optional` accepts NULL, `max_len` is the length of the column, what makes a
//! resource unique is the primary key.

use super::database::{Bare, Refusal, Row};
use super::schema;
use prost_reflect::DescriptorPool;
use registry_proto::field::{Cardinality, FIELDS, Field, Kind};
use registry_server::store::catalogue::{Catalogue, Table};
use registry_tests::{Database, on_every_database};
use sea_orm::{ConnectionTrait, Statement};
use std::collections::BTreeSet;

/// Where a field is, when it is not in a column of its name as its kind and presence say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stored {
    /// In a column of its name that is NOT NULL, of this kind.
    NotNull(Type),
    /// In a column of its name that accepts NULL, of this kind.
    Nullable(Type),
    /// In a table of its own.
    Table(&'static str),
    /// In no column: worked out when it is read.
    Derived,
}
use Stored::{Derived, NotNull, Nullable};

/// A type, as far as the contract has an opinion.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Uuid,
    Boolean,
    Integer,
    BigInteger,
    Json,
}

/// Every field that is not stored the plain way, and why. A field that is in no column and not in here fails.
const ELSEWHERE: &[(&str, &str, Stored, &str)] = &[
    ("Model", "tags", Stored::Table("model_tags"), "a set that lists are filtered by"),
    ("Model", "metadata", NotNull(Type::Json), "{} stands for nothing said: the document is never NULL"),
    ("Model", "training", Nullable(Type::Json), "read and written as a whole, never filtered by"),
    ("Model", "create_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("Model", "update_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("Model", "delete_time", Nullable(Type::BigInteger), "microseconds; unset while it is live"),
    ("Model", "purge_time", Nullable(Type::BigInteger), "microseconds; unset while it is live"),
    ("Model", "etag", Derived, "made of the revision, so that the two cannot disagree"),
    ("Model", "release_count", Derived, "counted when asked for"),
    ("Model", "labels", Stored::Table("model_labels"), "pairs that lists are filtered by"),
    ("Release", "model_name", Derived, "read from the model, as it is now"),
    ("Release", "model_storage_path", Derived, "read from the model, as it is now"),
    ("Release", "model_repository", Derived, "read from the model, as it is now"),
    ("Release", "quantization", NotNull(Type::Text), "'' stands for none: NULL in a unique key would let twins in"),
    ("Release", "architecture", Derived, "part of the platform"),
    ("Release", "os", Derived, "part of the platform"),
    ("Release", "promote_time", Nullable(Type::BigInteger), "microseconds; unset until it is promoted"),
    ("Release", "metadata", NotNull(Type::Json), "{} stands for nothing said: the document is never NULL"),
    ("Release", "training", Nullable(Type::Json), "read and written as a whole, never filtered by"),
    ("Release", "aliases", Stored::Table("release_aliases"), "an alias is a resource of its own"),
    ("Release", "create_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("Release", "update_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("Release", "delete_time", Nullable(Type::BigInteger), "microseconds; unset while it is live"),
    ("Release", "purge_time", Nullable(Type::BigInteger), "microseconds; unset while it is live"),
    ("Release", "live_deployment_count", Derived, "counted when asked for"),
    ("Release", "etag", Derived, "made of the revision, so that the two cannot disagree"),
    ("Release", "labels", Stored::Table("release_labels"), "pairs that lists are filtered by"),
    ("Release", "artifact_count", Derived, "counted when asked for"),
    ("Artifact", "model_name", Derived, "read from the model, as it is now"),
    ("Artifact", "release_version", Derived, "read from the release"),
    ("Artifact", "size_bytes", NotNull(Type::BigInteger), "`optional` so that 0 differs from nothing said, which is refused"),
    ("Artifact", "metadata", NotNull(Type::Json), "{} stands for nothing said: the document is never NULL"),
    ("Artifact", "create_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("Artifact", "update_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("Artifact", "delete_time", Nullable(Type::BigInteger), "microseconds; unset while it is live"),
    ("Artifact", "purge_time", Nullable(Type::BigInteger), "microseconds; unset while it is live"),
    ("Artifact", "etag", Derived, "made of the revision, so that the two cannot disagree"),
    ("ReleaseAlias", "model_name", Derived, "read from the model, as it is now"),
    ("ReleaseAlias", "create_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("ReleaseAlias", "update_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("ReleaseAliasMove", "move_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("ApiKey", "prefix", Derived, "made of the id"),
    ("ApiKey", "create_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("ApiKey", "update_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("ApiKey", "last_use_time", Nullable(Type::BigInteger), "microseconds; unset until it is used"),
    ("ApiKey", "expire_time", Nullable(Type::BigInteger), "microseconds; unset if it never expires"),
    ("ApiKey", "etag", Derived, "made of the revision, so that the two cannot disagree"),
    ("ApiKey", "model_name_prefixes", NotNull(Type::Text), "one a line, and '' for none: read and written as a whole"),
    ("Deployment", "release_version", Derived, "read from the release"),
    ("Deployment", "model_name", Derived, "read from the model, as it is now"),
    ("Deployment", "replicas", Nullable(Type::Integer), "a small number"),
    ("Deployment", "container_id", Nullable(Type::Text), "no UUID: whatever runs containers names them"),
    ("Deployment", "host_port", Nullable(Type::Integer), "a small number"),
    ("Deployment", "metadata", NotNull(Type::Json), "{} stands for nothing said: the document is never NULL"),
    ("Deployment", "deploy_time", NotNull(Type::BigInteger), "microseconds; lists are sorted by it"),
    ("Deployment", "start_time", Nullable(Type::BigInteger), "microseconds; unset until it runs"),
    ("Deployment", "stop_time", Nullable(Type::BigInteger), "microseconds; unset until it stops"),
    ("Deployment", "terminate_time", Nullable(Type::BigInteger), "microseconds; unset while it is live"),
    ("Deployment", "create_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("Deployment", "update_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("Deployment", "etag", Derived, "made of the revision, so that the two cannot disagree"),
    ("AuditEntry", "create_time", NotNull(Type::BigInteger), "microseconds; the server always sets it"),
    ("AuditEntry", "code", NotNull(Type::Integer), "the number that gRPC gives it"),
    ("AuditEntry", "resource_id", Nullable(Type::Text), "no UUID if it is of an alias"),
    ("AuditEntry", "request_id", NotNull(Type::Text), "no UUID if the caller chose it for the log"),
    ("AuditEntry", "api_key_id", Nullable(Type::Uuid), "an id, as a text in the contract"),
    ("AuditEntry", "resource_kind", Nullable(Type::Text), "unspecified if it is not known"),
    ("AuditEntry", "changed_fields", NotNull(Type::Text), "their names, with commas"),
    ("AuditEntry", "imported_details", Nullable(Type::Json), "what another system noted, read and written as a whole"),
];

/// Columns that hold no field, and why.
const NO_FIELD: &[(&str, &str, &str)] = &[
    ("models", "last_release_number", "the counter that release numbers are taken from; it outlives the releases"),
    ("release_alias_moves", "model_id", "whose history it is, which is what the list was asked for"),
    ("release_alias_moves", "alias", "whose history it is, which is what the list was asked for"),
    ("artifacts", "file_path_hash", "stands for the path in the index: a B-tree of PostgreSQL cannot hold 1,000 characters"),
    ("artifacts", "content_id", "which bytes of the registry are its own: for nobody to see"),
    ("api_keys", "secret_hash", "what the secret hashes to, which is for nobody to read"),
    ("api_keys", "previous_hash", "the same of the secret before"),
    ("api_keys", "previous_until", "how long that one still works"),
    ("api_keys", "revision", "what the etag is made of"),
    ("api_keys", "legacy_hash", "what a secret of another system hashes to, in its own way"),
    ("api_keys", "legacy_salt", "what it is hashed with"),
];

/// Limits that another field states: what the caller sends there is stored here.
const LIMITED_BY: &[(&str, &str, &str, &str)] = &[
    ("Release", "state_reason", "TransitionReleaseRequest", "reason"),
    ("ReleaseAliasMove", "reason", "SetReleaseAliasRequest", "reason"),
    ("Deployment", "state_reason", "TransitionDeploymentRequest", "reason"),
];

/// The table of each resource, what makes a row of it unique, and how many fields there are at least.
const RESOURCES: [(&str, &str, &[&str], usize); 8] = [
    ("Model", "models", &["id"], 20),
    ("Release", "releases", &["id"], 20),
    ("ReleaseAlias", "release_aliases", &["model_id", "alias"], 9),
    ("ReleaseAliasMove", "release_alias_moves", &["model_id", "alias", "revision"], 6),
    ("Artifact", "artifacts", &["id"], 22),
    ("Deployment", "deployments", &["id"], 29),
    ("ApiKey", "api_keys", &["id"], 12),
    ("AuditEntry", "audit_entries", &["id"], 17),
];

fn fields<'a>(all: &'a [Field], message: &str) -> impl Iterator<Item = &'a Field> {
    let full = format!("modelregistry.v1.{message}");
    all.iter().filter(move |field| field.message == full)
}

/// Everything in which the columns of a resource are not what the contract says.
fn findings(all: &[Field], message: &str, database: Database, catalogue: &Catalogue) -> Vec<String> {
    let (_, table, key, _) = RESOURCES.into_iter().find(|(known, ..)| *known == message).expect("a resource");
    let Some(columns) = catalogue.get(table) else { return vec![format!("there is no table {table}")] };
    let mut found: Vec<String> =
        fields(all, message).filter_map(|field| finding(message, field, database, columns, catalogue)).collect();
    let known: BTreeSet<&str> = fields(all, message).map(|field| field.name).collect();
    let unknown = columns.columns.keys().filter(|column| !known.contains(column.as_str()));
    let unknown = unknown.filter(|column| !NO_FIELD.iter().any(|(of, name, _)| *of == table && name == column));
    found.extend(
        unknown
            .map(|column| format!("{table}.{column}: a column that holds no field of {message} and has no reason in NO_FIELD")),
    );
    if columns.primary_key != key.iter().copied().map(str::to_owned).collect::<BTreeSet<_>>() {
        found.push(format!("{table}: the primary key is {:?} and not {key:?}", columns.primary_key));
    }
    found
}

fn finding(message: &str, field: &Field, database: Database, table: &Table, catalogue: &Catalogue) -> Option<String> {
    let at = format!("{message}.{}", field.name);
    let column = table.columns.get(field.name);
    let (nullable, sql_type) = match (stored(message, field), column) {
        (Err(why), _) => return Some(format!("{at}: {why}")),
        (Ok(Derived | Stored::Table(_)), Some(_)) => return Some(format!("{at}: is said to have no column, and has one")),
        (Ok(Derived), None) => return None,
        (Ok(Stored::Table(of)), None) => return (!catalogue.contains_key(of)).then(|| format!("{at}: there is no table {of}")),
        (Ok(NotNull(sql_type)), _) => (false, sql_type),
        (Ok(Nullable(sql_type)), _) => (true, sql_type),
    };
    let Some(column) = column else { return Some(format!("{at}: there is no column, and no reason in ELSEWHERE")) };
    if column.nullable != nullable {
        return Some(format!("{at}: the contract wants {}, the column is not", if nullable { "NULL" } else { "NOT NULL" }));
    }
    let expected = spelled(sql_type, max_len(message, field), database, &column.sql_type);
    (column.sql_type != expected).then(|| format!("{at}: the contract wants {expected}, the column is {}", column.sql_type))
}

/// How the contract wants a field stored: as declared above, or else by kind and presence.
fn stored(message: &str, field: &Field) -> Result<Stored, String> {
    if let Some((.., stored, _)) = ELSEWHERE.iter().find(|(of, name, ..)| *of == message && *name == field.name) {
        return Ok(*stored);
    }
    let sql_type = match field.kind {
        Kind::String if field.uuid || field.name == "id" || field.name.ends_with("_id") => Type::Uuid,
        Kind::String | Kind::Enum(_) => Type::Text,
        Kind::Bool => Type::Boolean,
        Kind::Int64 => Type::BigInteger,
        Kind::Int32 | Kind::Double | Kind::Bytes | Kind::Message(_) | Kind::Map => {
            return Err(format!("{:?} needs a line in ELSEWHERE", field.kind));
        }
    };
    match field.cardinality {
        Cardinality::Plain => Ok(NotNull(sql_type)),
        Cardinality::Optional => Ok(Nullable(sql_type)),
        Cardinality::Message | Cardinality::Repeated | Cardinality::Map | Cardinality::OneofMember => {
            Err(format!("{:?} needs a line in ELSEWHERE", field.cardinality))
        }
    }
}

fn max_len(message: &str, field: &Field) -> Option<u32> {
    let stated = LIMITED_BY.iter().find(|(of, name, ..)| *of == message && *name == field.name);
    match stated {
        Some((_, _, message, name)) => fields(FIELDS, message).find(|field| field.name == *name).and_then(|field| field.max_len),
        None => field.max_len,
    }
}

/// The column type. A text as long as the contract lets it be, exactly; one without a limit (an enum, a digest, an
/// actor) as long as it is.
fn spelled(sql_type: Type, max_len: Option<u32>, database: Database, found: &str) -> String {
    let (sqlite, postgres) = match (sql_type, max_len) {
        (Type::Text, None) if found.starts_with("varchar(") || found.starts_with("character varying(") => {
            return found.to_owned();
        }
        (Type::Text, limit) => {
            let limit = limit.unwrap_or_default();
            return match database {
                Database::Sqlite => format!("varchar({limit})"),
                Database::Postgres => format!("character varying({limit})"),
            };
        }
        (Type::Uuid, _) => ("uuid_text", "uuid"),
        (Type::Boolean, _) => ("boolean", "boolean"),
        (Type::Integer, _) => ("integer", "integer"),
        (Type::BigInteger, _) => ("integer", "bigint"),
        (Type::Json, _) => ("text", "text"),
    };
    if database == Database::Sqlite { sqlite.to_owned() } else { postgres.to_owned() }
}

/// The values of an enum of the contract, without their prefix and without the one that is never stored.
fn words(of: &str, prefix: &str) -> Vec<String> {
    let pool = DescriptorPool::decode(registry_proto::FILE_DESCRIPTOR_SET).unwrap();
    let values = pool.get_enum_by_name(&format!("modelregistry.v1.{of}")).unwrap();
    let words = values.values().filter(|value| value.number() != 0);
    words.map(|value| value.name().strip_prefix(prefix).unwrap().to_owned()).collect()
}

on_every_database! {
    /// This test is the reason there is a registry.
    async fn every_field_is_stored_as_the_contract_says(database: Database) {
        let bare = Bare::new(database).await;
        let catalogue = schema::read(database, &bare.db).await;
        for (message, .., least) in RESOURCES {
            assert!(fields(FIELDS, message).count() >= least, "{message} was not compared");
            assert_eq!(findings(FIELDS, message, database, &catalogue), Vec::<String>::new());
        }
    }

    /// The comparison sees what it is there to see: each change of one column or one field is found.
    async fn a_column_that_differs_is_found(database: Database) {
        let bare = Bare::new(database).await;
        let good = schema::read(database, &bare.db).await;
        let models = |change: fn(&mut Table)| {
            let mut changed = good.clone();
            change(changed.get_mut("models").unwrap());
            findings(FIELDS, "Model", database, &changed)
        };
        let only = |found: Vec<String>, about: &str| assert!(matches!(found.as_slice(), [only] if only.starts_with(about)), "{about}: {found:?}");
        only(models(|table| table.columns.get_mut("storage_path").unwrap().nullable = true), "Model.storage_path");
        only(models(|table| table.columns.get_mut("repository").unwrap().nullable = false), "Model.repository");
        only(models(|table| table.columns.get_mut("company").unwrap().sql_type = "varchar(254)".to_owned()), "Model.company");
        only(models(|table| drop(table.columns.remove("display_name"))), "Model.display_name: there is no column");
        only(models(|table| drop(table.columns.insert("mood".to_owned(), table.columns["task"].clone()))), "models.mood");
        only(models(|table| drop(table.columns.insert("etag".to_owned(), table.columns["task"].clone()))), "Model.etag");
        only(models(|table| table.primary_key.clear()), "models: the primary key");
        let one_more = Field { name: "mood", ..*fields(FIELDS, "Model").next().unwrap() };
        let fields: Vec<Field> = FIELDS.iter().copied().chain([one_more]).collect();
        only(findings(&fields, "Model", database, &good), "Model.mood: there is no column");
    }

    /// Every source and state of the contract can be stored, and nothing else.
    async fn enums_are_stored_by_their_words(database: Database) {
        let bare = Bare::new(database).await;
        let refused = ["UNSPECIFIED", "OTHER", "manual", "active", ""];
        for word in words("ModelSource", "MODEL_SOURCE_") {
            assert_eq!(bare.try_insert(&Row::model().with("source", format!("'{word}'"))).await, Ok(()), "{word}");
        }
        for word in refused {
            assert_eq!(bare.insert(&Row::model().with("source", format!("'{word}'"))).await, Err(Refusal::Check), "{word}");
        }
        bare.insert(&Row::model()).await.unwrap();
        for word in words("ReleaseState", "RELEASE_STATE_") {
            assert_eq!(bare.try_insert(&Row::release().with("state", format!("'{word}'"))).await, Ok(()), "{word}");
        }
        for word in refused {
            assert_eq!(bare.insert(&Row::release().with("state", format!("'{word}'"))).await, Err(Refusal::Check), "{word}");
        }
        for word in words("ArtifactContentState", "ARTIFACT_CONTENT_STATE_") {
            let content = if word == "STORED" { Row::content_of_artifact(&bare).await } else { "NULL".to_owned() };
            let artifact = Row::artifact().with("content_state", format!("'{word}'")).with("content_id", content);
            assert_eq!(bare.try_insert(&artifact).await, Ok(()), "{word}");
        }
        for word in refused {
            assert_eq!(bare.insert(&Row::artifact().with("content_state", format!("'{word}'"))).await, Err(Refusal::Check), "{word}");
        }
        bare.insert(&Row::release()).await.unwrap();
        let enums = [
            ("state", "DeploymentState", "DEPLOYMENT_STATE_"),
            ("kind", "DeploymentKind", "DEPLOYMENT_KIND_"),
            ("health", "HealthState", "HEALTH_STATE_"),
        ];
        for (column, of, prefix) in enums {
            let with = |word: &str| {
                let ended = if word == "TERMINATED" { "1" } else { "NULL" };
                Row::deployment().with(column, format!("'{word}'")).with("terminate_time", ended)
            };
            for word in words(of, prefix) {
                assert_eq!(bare.try_insert(&with(&word)).await, Ok(()), "{word}");
            }
            for word in refused {
                assert_eq!(bare.insert(&with(word)).await, Err(Refusal::Check), "{word}");
            }
        }
    }
}

/// SQLite does not know the length of a text: every column that has one says so in a CHECK.
#[tokio::test]
async fn sqlite_enforces_the_length_of_every_text() {
    let bare = Bare::new(Database::Sqlite).await;
    let mut texts = 0;
    for (table, columns) in schema::read(Database::Sqlite, &bare.db).await {
        let sql = format!("SELECT sql FROM sqlite_master WHERE name = '{table}'");
        let row = bare.db.query_one_raw(Statement::from_string(bare.db.get_database_backend(), sql)).await.unwrap().unwrap();
        let sql: String = row.try_get_by_index(0).unwrap();
        for (name, column) in &columns.columns {
            let Some(length) = column.sql_type.strip_prefix("varchar(").and_then(|rest| rest.strip_suffix(')')) else { continue };
            texts += 1;
            assert!(sql.contains(&format!("LENGTH(\"{name}\") <= {length}")), "{table}.{name} is not bounded: {sql}");
        }
    }
    assert!(texts > 30, "{texts} texts were looked at");
}

/// No line of the tables above is about a field or a column that is gone.
#[test]
fn every_exception_is_about_something() {
    for (message, name, _, reason) in ELSEWHERE {
        assert!(fields(FIELDS, message).any(|field| field.name == *name), "{message}.{name} ({reason})");
    }
    for (message, name, by, stated) in LIMITED_BY {
        let field = fields(FIELDS, message).find(|field| field.name == *name).unwrap();
        assert!(field.max_len.is_none() && max_len(message, field).is_some(), "{message}.{name} by {by}.{stated}");
    }
    assert!(NO_FIELD.iter().all(|(table, ..)| RESOURCES.iter().any(|(_, known, ..)| known == table)));
}
