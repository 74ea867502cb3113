//! `registry-server import mlflow`, of a registry that MLflow's own client has made: whatever the client says is there is there
//! afterwards. (`tests/lib/mlflow_registry.py` fills it and says what the client says.)

use registry_client::{Model, ModelView, Release, ReleaseView};
use registry_tests::old::{OldFile, all, import, member};
use registry_tests::{Database, Harness, on_every_database};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::process::Command;

/// Lets the client fill a registry in this database; what it says is there.
async fn filled(uri: &str) -> Value {
    let python = std::env::var("REGISTRY_TEST_MLFLOW").expect(
        "REGISTRY_TEST_MLFLOW is not set: `tests/run` installs MLflow and sets it; without the feature `mlflow` none is needed",
    );
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/lib/mlflow_registry.py");
    // In a directory that is nobody's: the client leaves files of its own where it is.
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(python).args([script, uri]).current_dir(directory.path()).output().await.expect("a Python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The names and the values of an object of texts.
fn texts(object: &Value) -> BTreeMap<&str, &str> {
    let members = object.as_object().expect("an object").iter();
    members.map(|(key, value)| (key.as_str(), value.as_str().expect("a text"))).collect()
}

fn millis(time: &Option<prost_types::Timestamp>) -> i64 {
    let time = time.as_ref().expect("a time");
    time.seconds * 1000 + i64::from(time.nanos) / 1_000_000
}

/// A tag is a label, or a text in the metadata.
fn assert_tags(what: &str, tags: &Value, labels: &BTreeMap<String, String>, metadata: &Option<prost_types::Struct>) {
    for (key, value) in texts(tags) {
        let found = labels.get(key).map(String::as_str).or_else(|| member(metadata, &format!("legacy.tag.{key}")));
        assert_eq!(found, Some(value), "the tag {key} of {what}");
    }
}

fn assert_model(said: &Value, model: &Model) {
    let name = said["name"].as_str().unwrap();
    assert_eq!(model.description.as_deref().unwrap_or_default(), said["description"].as_str().unwrap_or_default(), "{name}");
    assert_eq!(millis(&model.create_time), said["creation_time"].as_i64().unwrap(), "{name}");
    assert_eq!(millis(&model.update_time), said["last_updated_time"].as_i64().unwrap(), "{name}");
    assert_tags(name, &said["tags"], &model.labels, &model.metadata);
}

fn assert_release(said: &Value, release: &Release) {
    let what = format!("version {} of {}", said["version"], release.model_name);
    let text = |name: &str| said[name].as_str().filter(|text| !text.is_empty());
    assert_eq!(
        (release.number, release.version.clone()),
        (said["version"].as_i64().unwrap(), said["version"].to_string()),
        "{what}"
    );
    assert_eq!(release.release_notes.as_deref().unwrap_or_default(), said["description"].as_str().unwrap_or_default(), "{what}");
    assert_eq!(release.labels.get("legacy.stage").map(String::as_str), text("stage"), "{what}");
    assert_eq!(release.storage_path.as_deref(), text("source"), "{what}");
    assert_eq!(member(&release.metadata, "legacy.run_id").filter(|run| !run.is_empty()), text("run_id"), "{what}");
    assert_eq!(member(&release.metadata, "legacy.status"), text("status"), "{what}");
    if let Some(link) = text("run_link") {
        assert_eq!(release.mlflow_url(), link, "{what}");
    }
    assert_eq!(millis(&release.create_time), said["creation_time"].as_i64().unwrap(), "{what}");
    assert_eq!(millis(&release.update_time), said["last_updated_time"].as_i64().unwrap(), "{what}");
    assert_tags(&what, &said["tags"], &release.labels, &release.metadata);
}

/// Its aliases, and one for each stage in which a version is.
fn assert_aliases(said: &Value, releases: &BTreeMap<i64, Release>) {
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for version in said["versions"].as_array().unwrap() {
        let stage = version["stage"].as_str().unwrap().to_lowercase();
        if ["production", "staging"].contains(&stage.as_str()) {
            expected.insert(stage, version["version"].as_i64().unwrap());
        }
    }
    let own = said["aliases"].as_object().unwrap().iter();
    expected.extend(own.map(|(alias, version)| (alias.to_lowercase(), version.as_i64().unwrap())));
    let of = |release: &Release| release.aliases.iter().map(|alias| (alias.clone(), release.number)).collect::<Vec<_>>();
    let found: BTreeMap<String, i64> = releases.values().flat_map(of).collect();
    assert_eq!(found, expected, "{}", said["name"]);
}

on_every_database! {
    /// In a file, and in a PostgreSQL.
    async fn what_the_client_says_is_there_is_there(database: Database) {
        let (file, place, fresh) = (OldFile::new(), database.fresh().await, database.fresh().await);
        let (uri, from) = match database {
            Database::Sqlite => (format!("sqlite:///{}", file.path().display()), file.path().display().to_string()),
            Database::Postgres => (place.url().replacen("postgres:", "postgresql:", 1), place.url()),
        };
        let said = filled(&uri).await;
        let imported = import(&fresh.url(), "mlflow", &from, &["--prompts"]).await;
        assert_eq!(imported.code, Some(0), "{imported:?}");
        for table in ["registered_models", "model_versions", "registered_model_tags", "model_version_tags", "registered_model_aliases"] {
            let [rows, created, _, skipped] = imported.rows(table);
            assert!(rows > 0 && rows == created + skipped, "{table}: {}", imported.report["tables"]);
        }
        assert!(imported.left().iter().all(|(_, _, why)| why == "deleted in MLflow"), "{}", imported.report["left"]);

        let registry = Harness::on(database, fresh).await.unwrap();
        let models = all(registry.client.list_models().view(ModelView::Full).items()).await;
        let models: BTreeMap<String, Model> = models.into_iter().map(|model| (model.display_name().to_owned(), model)).collect();
        let described = said["models"].as_array().unwrap();
        let prompts = said["prompts"].as_array().unwrap();
        assert!(described.len() >= 5, "{said}");
        let names = described.iter().map(|model| model["name"].as_str().unwrap()).chain(prompts.iter().map(|name| name.as_str().unwrap()));
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(models.keys().map(String::as_str).collect::<Vec<_>>(), names);
        for said in described {
            let model = &models[said["name"].as_str().unwrap()];
            assert_model(said, model);
            let list = registry.client.list_releases().model(model).view(ReleaseView::Full);
            let releases: BTreeMap<i64, Release> =
                all(list.items()).await.into_iter().map(|release| (release.number, release)).collect();
            let versions = said["versions"].as_array().unwrap();
            assert_eq!(releases.len(), versions.len(), "{}", said["name"]);
            for version in versions {
                assert_release(version, &releases[&version["version"].as_i64().unwrap()]);
            }
            assert_aliases(said, &releases);
        }
        registry.stop().await;
    }
}
