//! What released servers have written is there after the upgrade, every value of every row, and is served.

use super::{dump, undisturbed};
use futures::TryStreamExt;
use registry_client::{ApiKeyState, ArtifactContentState, Client, DeploymentState, ModelView, ReleaseState};
use registry_server::domain::Retention;
use registry_server::store::schema::Schema;
use registry_tests::{Database, Fresh, Harness, frozen, on_every_database, wait};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

type Columns = BTreeMap<String, Vec<String>>;

async fn columns(fresh: &Fresh) -> Columns {
    let db = fresh.connect().await;
    let columns = frozen::columns(fresh.target(), &db).await;
    db.close().await.unwrap();
    columns
}

async fn rows(database: Database, fresh: &Fresh, columns: &Columns) -> BTreeMap<String, Vec<String>> {
    let db = fresh.connect().await;
    let rows = frozen::rows(database, &db, columns).await;
    db.close().await.unwrap();
    rows
}

on_every_database! {
    /// Every row of every column that there was, and the schema of a new database.
    async fn every_row_survives_the_upgrade(database: Database) {
        for name in frozen::names() {
            let fresh = frozen::load(&name, database).await;
            let mut old = columns(&fresh).await;
            let before = rows(database, &fresh, &old).await;
            let empty: Vec<&String> = before.iter().filter(|(_, rows)| rows.is_empty()).map(|(table, _)| table).collect();
            assert_eq!(empty, Vec::<&String>::new(), "{name}: a kind of row that would not be missed");
            let schema = Schema::hold(fresh.target()).await.unwrap();
            schema.up(None).await.unwrap();
            drop(schema);
            let applied = old.remove("seaql_migrations").unwrap();
            let mut after = rows(database, &fresh, &old).await;
            let now = rows(database, &fresh, &BTreeMap::from([("seaql_migrations".to_owned(), applied)])).await;
            assert!(before["seaql_migrations"].iter().all(|row| now["seaql_migrations"].contains(row)), "{name}");
            after.insert("seaql_migrations".to_owned(), before["seaql_migrations"].clone());
            for (table, rows) in &before {
                assert_eq!(&after[table], rows, "{name}: {table}");
            }
            assert_eq!(dump(&fresh).await, undisturbed(database).await, "{name}");
        }
    }

    /// A server starts on it by itself, all of it is read through the door, and it can be written to.
    async fn an_upgraded_registry_serves_what_it_had(database: Database) {
        for name in frozen::names() {
            let fresh = frozen::load(&name, database).await;
            let db = fresh.connect().await;
            let ids = frozen::rows(database, &db, &ids(&columns(&fresh).await)).await;
            db.close().await.unwrap();
            let registry = Harness::on(database, fresh).await.unwrap();
            everything_is_served(&registry.client, &ids).await;
            details(&registry.client).await;
            registry.client.create_model("after-the-upgrade", "s3://after/").send().await.unwrap();
            registry.stop().await;
        }
    }

    /// What is due is removed from it as from any other: nothing of it is in the way of housekeeping.
    async fn an_upgraded_registry_keeps_house(database: Database) {
        for name in frozen::names() {
            let fresh = frozen::load(&name, database).await;
            let registry = Harness::on(database, fresh).await.unwrap();
            let registry = registry.restart_with(|settings| {
                settings.housekeeping = Duration::from_millis(50);
                settings.retention = Retention { deleted: Duration::from_secs(1), ..Retention::default() };
                // A hundred years from now.
                assert!(settings.clock.advance(Duration::from_secs(3_153_600_000)));
            }).await;
            wait::until("deleted models are purged", Duration::from_secs(60), || async {
                let models = registry.client.list_models().show_deleted().send().await.unwrap().items;
                models.iter().all(|model| model.delete_time.is_none()).then_some(())
            })
            .await;
            registry.stop().await;
        }
    }
}

/// The column that tells the rows of a resource apart.
fn ids(columns: &Columns) -> Columns {
    let kinds = ["models", "releases", "artifacts", "deployments", "api_keys", "audit_entries", "release_aliases"];
    kinds
        .into_iter()
        .filter(|kind| columns.contains_key(*kind))
        .map(|kind| {
            let column = if kind == "release_aliases" { "alias" } else { "id" };
            (kind.to_owned(), vec![column.to_owned()])
        })
        .collect()
}

async fn everything_is_served(client: &Client, ids: &BTreeMap<String, Vec<String>>) {
    let models: Vec<_> = client.list_models().show_deleted().items().try_collect().await.unwrap();
    let releases: Vec<_> = client.list_releases().show_deleted().items().try_collect().await.unwrap();
    let deployments: Vec<_> = client.list_deployments().items().try_collect().await.unwrap();
    let entries: Vec<_> = client.list_audit_entries().items().try_collect().await.unwrap();
    let states = [ApiKeyState::Active, ApiKeyState::Disabled, ApiKeyState::Revoked];
    let keys: Vec<_> = client.list_api_keys().states(states).items().try_collect().await.unwrap();
    assert_eq!(models.len(), ids["models"].len());
    assert_eq!(releases.len(), ids["releases"].len());
    assert_eq!(deployments.len(), ids["deployments"].len());
    assert_eq!(keys.len(), ids["api_keys"].len());
    assert!(entries.len() >= ids["audit_entries"].len());
    let states: BTreeSet<ReleaseState> = releases.iter().map(|release| release.state()).collect();
    assert_eq!(states.len(), 5, "{states:?}");
    let states: BTreeSet<DeploymentState> = deployments.iter().map(|deployment| deployment.state()).collect();
    assert_eq!(states.len(), 7, "{states:?}");
    for model in models.iter().filter(|model| model.delete_time.is_none()) {
        assert_eq!(client.get_model(&*model.name).send().await.unwrap().id, model.id);
    }
}

async fn details(client: &Client) {
    let full = client.get_model("full-model").view(ModelView::Full).send().await.unwrap();
    assert_eq!(full.description.as_deref(), Some("Quotes ' and \", a line\nbreak, ünïcode 模型, and '' of SQL"));
    assert_eq!((full.requires_gpu, full.is_custom_base_model), (Some(true), true));
    assert_eq!(full.training.unwrap().dataset_example_count, Some(0));
    assert!(full.tags.contains(&"ünï".to_owned()) && full.labels["empty"].is_empty());
    let bare = client.get_model("bare").send().await.unwrap();
    assert_eq!((bare.description, bare.training), (None, None));
    let resolved = client.resolve_release("full-model").alias("production").send().await.unwrap();
    assert_eq!((resolved.version.as_str(), resolved.quantization.as_deref()), ("1.0.0", Some("int4")));
    let history = client.list_release_alias_history("full-model", "production").send().await.unwrap().items;
    assert_eq!(history.len(), 3);
    let artifacts: Vec<_> = client.list_artifacts().items().try_collect().await.unwrap();
    let states: BTreeSet<ArtifactContentState> = artifacts.iter().map(|artifact| artifact.content_state()).collect();
    assert_eq!(
        states,
        BTreeSet::from([ArtifactContentState::External, ArtifactContentState::Stored, ArtifactContentState::Lost])
    );
    let info = client.server_info().send().await.unwrap();
    assert!(info.current_revision > 40, "{}", info.current_revision);
    let events = client.list_events().after_revision(info.current_revision - 5).send().await.unwrap();
    assert!(!events.events.is_empty());
}
