//! The walls between the rooms of the server, and what keeps its files readable: read from the sources.

mod rules;

use rules::{Source, check};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust file of the workspace that people write.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for top in ["proto", "migration", "registry-server", "registry-client", "tests"] {
        collect(&root().join(top), &mut found);
    }
    found
}

fn collect(directory: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() && !matches!(name.as_str(), "target" | "generated" | "third_party") {
            collect(&path, found);
        } else if name.ends_with(".rs") {
            let text = std::fs::read_to_string(&path).expect("a text");
            let path = path.strip_prefix(root()).expect("a file of the workspace");
            found.push(Source { path: path.to_string_lossy().into_owned(), text });
        }
    }
}

/// Everything that is out of place, one line each.
#[test]
fn everything_is_in_its_place() {
    let sources = sources();
    assert!(sources.len() > 100, "only {} files were read", sources.len());
    let found: Vec<String> = sources.iter().flat_map(check).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn complaints(path: &str, text: &str) -> Vec<String> {
    check(&Source { path: path.to_owned(), text: format!("//! What lives here.\n{text}") })
}

/// A rule that never bites is no rule.
#[test]
fn each_rule_bites() {
    let bites = |path: &str, text: &str, about: &str| {
        let found = complaints(path, text);
        assert!(matches!(found.as_slice(), [only] if only.contains(about)), "{path} {text:?}: {found:?}");
    };
    for room in ["domain/model.rs", "service/models.rs", "store/models.rs", "main.rs", "config.rs"] {
        let path = format!("registry-server/src/{room}");
        bites(&path, "use tonic::Status;\n", "messages and tonic");
        bites(&path, "fn f(model: registry_proto::v1::Model) {}\n", "messages and tonic");
    }
    for room in ["api/models.rs", "service/models.rs", "layer/trace.rs", "serve.rs"] {
        bites(&format!("registry-server/src/{room}"), "use sea_orm::EntityTrait;\n", "SeaORM");
    }
    bites("registry-server/src/domain/model.rs", "use sea_orm::EntityTrait;\n", "SeaORM");
    bites("registry-server/src/domain/model.rs", "use sea_orm::{DeriveValueType, Select};\n", "SeaORM");
    bites("registry-server/src/domain/model.rs", "fn f(db: &sea_orm::DatabaseConnection) {}\n", "SeaORM");
    bites("registry-server/src/domain/model.rs", "use tokio::sync::mpsc;\n", "tokio");
    bites("registry-server/src/service/models.rs", "use crate::api::Api;\n", "crate::api");
    bites("registry-server/src/domain/model.rs", "use crate::store::Store;\n", "crate::store");
    bites("registry-server/src/store/models.rs", "use crate::service::Registry;\n", "crate::service");
    bites("registry-client/src/client.rs", "use registry_server::api;\n", "registry_server");
    bites("migration/src/m1.rs", "use registry_server::store::entity;\n", "registry_server");
    bites("registry-server/src/api/convert/model.rs", "fn f() {\n    let pb::Model { id, .. } = message;\n}\n", "`..`");
    bites(
        "registry-server/src/api/convert/model.rs",
        "fn f() {\n    let Row {\n        id,\n        ..\n    } = row;\n}\n",
        "`..`",
    );
    bites("registry-server/src/api/convert/model.rs", "fn f() {\n    pb::Model { id, ..Default::default() }\n}\n", "`..`");
    bites("registry-server/src/service/models.rs", concat!("// TO", "DO: later\n"), concat!("TO", "DO"));
    bites("tests/suite/races.rs", concat!("// FIX", "ME\n"), concat!("FIX", "ME"));
    bites("tests/suite/races.rs", &"\n".repeat(600), "601 lines");
    for query in [
        "model::Entity::find()",
        "Entity::find_by_id(1)",
        "<model::Entity as EntityTrait>::find()",
        "E::find()",
        "tx.conn().query_one(&select)",
        "source.conn().query_all(&select)",
        "alias::Model::find_by_statement(text)",
    ] {
        bites("registry-server/src/store/models.rs", &format!("let rows = {query};\n"), "queries begin in");
    }
    let undocumented = Source { path: "registry-server/src/api/models.rs".to_owned(), text: "use std::fmt;\n".to_owned() };
    assert!(check(&undocumented)[0].contains("//!"));
}

/// And what is allowed is let through.
#[test]
fn what_is_allowed_is_let_through() {
    for (path, text) in [
        ("registry-server/src/api/models.rs", "use tonic::Status;\nuse registry_proto::v1 as pb;\n"),
        ("registry-server/src/layer/trace.rs", "use tonic::Code;\n"),
        ("registry-server/src/store/models.rs", "use sea_orm::EntityTrait;\n"),
        ("registry-server/src/store/visible.rs", "fn f() -> Select<model::Entity> { model::Entity::find() }\n"),
        (
            "registry-server/src/store/models.rs",
            "let rows = visible::find::<model::Entity>(tx);\nlet alias = aliases::find(tx, id);\n",
        ),
        ("registry-server/src/domain/id.rs", "#[derive(Debug, sea_orm::DeriveValueType)]\nstruct Id(Uuid);\n"),
        ("registry-server/src/domain/id.rs", "impl sea_orm::TryFromU64 for Id {}\n"),
        ("registry-server/src/domain/document.rs", "use sea_orm::FromJsonQueryResult;\n"),
        ("registry-server/src/domain/model.rs", "/// Not for tonic: `registry_proto` stays outside, and so does tokio.\n"),
        (
            "registry-server/src/api/convert/model.rs",
            "fn f() {\n    for part in 0..3 { take(&text[1..]) }\n    let same = 1..=2;\n}\n",
        ),
        (
            "registry-server/src/api/convert/model.rs",
            "fn f(error: Error) -> bool {\n    matches!(error, Error::Invalid(..))\n}\n",
        ),
    ] {
        assert_eq!(complaints(path, text), Vec::<String>::new(), "{path}");
    }
}
