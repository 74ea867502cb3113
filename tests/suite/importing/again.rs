//! An import that is repeated, interrupted, or only tried.

use super::{FAIL, Interrupted, Old, counts, id, import};
use registry_client::ModelRef;
use registry_server::import::run::Options;
use registry_tests::{Database, Harness, on_every_database, rows};

async fn some(database: Database) -> Old {
    let old = Old::catapult(database).await;
    for number in 1..=4 {
        old.model(number, &format!("m{number}"), &[]).await;
        old.version(number + 10, number, "1", &[]).await;
        old.artifact(number + 20, number + 10, &[]).await;
        old.deployment(number + 30, number + 10, &[("status", "'running'")]).await;
    }
    old
}

/// Everything but when keys were last used.
async fn content(registry: &Harness) -> rows::Rows {
    let mut all = rows::all(registry).await;
    all.remove("api_keys");
    all
}

on_every_database! {
    /// The second time, nothing is written, also where somebody has changed something since; what is new there is added.
    async fn again_it_changes_nothing(database: Database) {
        let old = some(database).await;
        let (registry, _) = old.imported(database).await;
        registry.client.update_model(ModelRef::by_id(id(1))).storage_path("/edited").send().await.unwrap();
        let before = content(&registry).await;
        let target = registry.target().clone();
        let registry = registry.restart_after(|_| async {
            let report = old.import(&target, FAIL).await;
            for table in ["models", "versions", "artifacts", "deployments"] {
                assert_eq!(counts(&report, table), [0, 0, 4, 0, 0], "{table}");
            }
        }).await.unwrap();
        assert_eq!(content(&registry).await, before);
        old.version(50, 1, "2", &[]).await;
        let registry = registry.restart_after(|_| async {
            assert_eq!(counts(&old.import(&target, FAIL).await, "versions"), [1, 0, 4, 0, 0]);
        }).await.unwrap();
        let model = registry.client.get_model(ModelRef::by_id(id(1))).send().await.unwrap();
        assert_eq!((model.release_count, model.storage_path.as_str()), (Some(2), "/edited"));
        registry.stop().await;
    }

    /// One that was interrupted goes on, and ends with what it would have ended with.
    async fn interrupted_it_goes_on(database: Database) {
        let old = some(database).await;
        let fresh = database.fresh().await;
        let mut broken = Interrupted(old.open().await.unwrap(), 3);
        let why = import(&mut broken, fresh.target(), FAIL).await.unwrap_err();
        assert_eq!(why.to_string(), "the network is gone");
        let report = old.import(fresh.target(), FAIL).await;
        assert_eq!(counts(&report, "models"), [2, 0, 2, 0, 0]);
        let registry = Harness::on(database, fresh).await.unwrap();
        for number in 1..=4 {
            assert_eq!(registry.client.get_model(ModelRef::by_id(id(number))).send().await.unwrap().release_count, Some(1));
        }
        registry.stop().await;
    }

    /// A dry run tells the same and writes nothing.
    async fn tried_it_writes_nothing(database: Database) {
        let old = some(database).await;
        let registry = Harness::start(database).await;
        let before = content(&registry).await;
        let target = registry.target().clone();
        let registry = registry.restart_after(|_| async {
            let report = old.import(&target, Options { dry_run: true, ..FAIL }).await;
            assert_eq!((counts(&report, "models"), counts(&report, "artifacts")), ([4, 0, 0, 0, 0], [4, 0, 0, 0, 0]));
            assert!(report.dry_run);
        }).await.unwrap();
        assert_eq!(content(&registry).await, before);
        registry.stop().await;
    }
}

/// Of a file, not a byte changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_file_stays_as_it_is() {
    let old = some(Database::Sqlite).await;
    let url = old.fresh.url();
    let path = url.strip_prefix("sqlite:").unwrap();
    let before = std::fs::read(path).unwrap();
    let (registry, _) = old.imported(Database::Sqlite).await;
    registry.stop().await;
    assert!(std::fs::read(path).unwrap() == before);
}
