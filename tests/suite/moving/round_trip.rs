//! What is exported and imported is what it was, to the last bit.

use super::fill;
use registry_client::ModelId;
use registry_tests::moving::{counts, everything, export, import, import_by, restoring};
use registry_tests::{Database, Harness, conformance};

/// The other database, where there are two.
const fn other(database: Database) -> Database {
    match database {
        Database::Sqlite if cfg!(feature = "postgres") => Database::Postgres,
        Database::Sqlite | Database::Postgres => Database::Sqlite,
    }
}

conformance! {
    /// A registry that was moved to the other database exports what the first one did: ids, times, authors, numbers, revisions, the
    /// history of aliases and the audit log. However many items a message has makes no difference.
    async fn a_moved_registry_exports_the_same(registry: &Harness) {
        fill(registry).await;
        let first = export(registry, everything()).await;
        assert!(first.items.len() > 40, "{} items", first.items.len());
        let storage = registry.storage();
        let moved = Harness::with(other(registry.database), |settings| settings.storage = storage).await;
        for (target, size) in [(moved, 7), (Harness::start(registry.database).await, 500)] {
            let answers = import_by(&target, restoring(&first), &first.items, size).await;
            assert_eq!(counts(&answers), [i64::try_from(first.items.len()).unwrap(), 0, 0, 0], "{answers:#?}");
            let second = export(&target, everything()).await;
            if size == 7 {
                assert_eq!((&second.items, second.source_revision), (&first.items, first.source_revision));
            }
            target.stop().await;
        }
    }

    /// Bytes that are not where a registry was moved to are lost there, and found again by one that has them.
    async fn what_is_lost_in_between_is_found_again(registry: &Harness) {
        fill(registry).await;
        let first = export(registry, everything()).await;
        let between = Harness::start(registry.database).await;
        import(&between, restoring(&first), &first.items).await;
        let second = export(&between, everything()).await;
        assert_eq!(second.items.len(), first.items.len());
        between.stop().await;
        let storage = registry.storage();
        let last = Harness::with(registry.database, |settings| settings.storage = storage).await;
        import(&last, restoring(&second), &second.items).await;
        assert_eq!(export(&last, everything()).await.items, first.items);
        last.stop().await;
    }

    /// What comes can be used as if it had been made here: the next release gets the next number, an alias can be moved, and a model
    /// comes back with what was deleted with it.
    async fn what_was_moved_lives_on(registry: &Harness) {
        fill(registry).await;
        let first = export(registry, everything()).await;
        let target = Harness::start(registry.database).await;
        import(&target, restoring(&first), &first.items).await;
        let (old, new) = (&registry.client, &target.client);
        let next = new.create_release("b/two", "10.0.0").digest(registry_tests::given::digest(1)).send().await.unwrap();
        assert_eq!(next.number, 5, "numbers are never used again");
        let before = old.get_model("b/two").send().await.unwrap();
        let moved = new.get_model(ModelId::new(&before.id)).send().await.unwrap();
        assert_eq!((&moved.etag, &moved.created_by, moved.create_time), (&before.etag, &before.created_by, before.create_time));
        let history = |client: registry_client::Client| async move {
            client.list_release_alias_history("b/two", "production").send().await.unwrap().items
        };
        assert_eq!(history(new.clone()).await, history(old.clone()).await);
        new.set_release_alias(&next, "production").send().await.unwrap();
        assert_eq!(history(new.clone()).await.len(), 4);
        let gone = first.items.iter().find_map(|item| match &item.resource {
            Some(registry_client::pb::transfer_item::Resource::Model(model)) if model.name == "gone" => Some(model.id.clone()),
            _ => None,
        });
        let back = new.undelete_model(ModelId::new(gone.unwrap())).send().await.unwrap();
        assert_eq!((back.release_count, back.delete_time), (Some(1), None));
        target.stop().await;
    }
}
