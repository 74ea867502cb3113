//! A restored registry is another one, and nobody goes on unawares with what he knows of the one before.

use super::{back_up, done, restore, revision, run};
use futures::StreamExt;
use registry_client::{Code, ErrorReason, Watch, WatchItem};
use registry_tests::expect::refused;
use registry_tests::{Database, Harness, given};
use std::time::Duration;
use tempfile::tempdir;
use tokio::time::timeout;

async fn first(watch: Watch) -> Result<WatchItem, registry_client::Error> {
    timeout(Duration::from_secs(10), watch.stream().next()).await.expect("an answer").expect("something")
}

/// Whoever has seen a revision of the time before, whether it is in the backup or came after it, is told to list again; so is
/// who has a page token. What is there, is there; what comes next is heard of.
async fn is_another_one(restored: &Harness, before: &str, in_backup: i64, lost: i64, token: &str) {
    let client = &restored.client;
    let info = client.server_info().send().await.unwrap();
    assert_ne!(info.registry_id, before);
    assert_eq!(info.compacted_revision, info.current_revision);
    for seen in [in_backup - 1, in_backup, lost, lost + 1000] {
        refused(first(client.watch().after_revision(seen)).await, Code::OutOfRange, ErrorReason::RevisionCompacted);
    }
    let page = client.list_models().page_size(1).page_token(token).send().await;
    refused(page, Code::InvalidArgument, ErrorReason::InvalidPageToken);
    assert_eq!(client.get_model("kept").send().await.unwrap().name, "kept");
    refused(client.get_model("lost").send().await, Code::NotFound, ErrorReason::ModelNotFound);
    let mut watch = client.watch().after_revision(info.current_revision).stream();
    assert!(matches!(watch.next().await, Some(Ok(WatchItem::Connected { .. }))));
    let created = given::model(restored, "lost").await;
    assert_eq!(created.revision, info.current_revision + 1);
    let event = timeout(Duration::from_secs(10), async {
        loop {
            if let Some(Ok(WatchItem::Event(event))) = watch.next().await {
                return event;
            }
        }
    });
    assert_eq!(event.await.unwrap().revision, created.revision);
}

/// Two models, and a token for the second page of them.
async fn two_models(registry: &Harness) -> (String, String) {
    given::model(registry, "kept").await;
    given::model(registry, "too").await;
    let page = registry.client.list_models().page_size(1).send().await.unwrap();
    (registry.client.server_info().send().await.unwrap().registry_id, page.next_page_token.expect("a second page"))
}

#[tokio::test]
async fn a_restored_file_is_another_registry() {
    let (registry, place) = (Harness::start(Database::Sqlite).await, tempdir().unwrap());
    let (id, token) = two_models(&registry).await;
    let file = place.path().join("backup.db");
    let line = back_up(&registry, &file).await;
    assert!(line.contains(&id) && revision(&line) == 2, "{line}");
    let lost = given::model(&registry, "lost").await.revision;
    registry.stop().await;
    let fresh = Database::Sqlite.fresh().await;
    let line = restore(&file, &fresh).await;
    assert!(!line.contains(&id), "{line}");
    let restored = Harness::on(Database::Sqlite, fresh).await.unwrap();
    is_another_one(&restored, &id, 2, lost, &token).await;
    restored.stop().await;
}

/// The way of a PostgreSQL: it was put back by its own tools.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn what_was_put_back_is_made_another_registry() {
    let registry = Harness::start(Database::Postgres).await;
    let (id, token) = two_models(&registry).await;
    let url = registry.url();
    let restored = registry.restart_after(|_| async { drop(done(run(&url, &["restore", "--in-place"]).await)) }).await.unwrap();
    is_another_one(&restored, &id, 2, 3, &token).await;
    restored.stop().await;
}

/// So is a file that somebody has copied back by himself.
#[tokio::test]
async fn a_file_that_was_put_back_is_made_another_registry() {
    let registry = Harness::start(Database::Sqlite).await;
    let (id, token) = two_models(&registry).await;
    let url = registry.url();
    super::refused(&run(&url, &["restore", "--in-place"]).await, "another server is using this database");
    let restored = registry.restart_after(|_| async { drop(done(run(&url, &["restore", "--in-place"]).await)) }).await.unwrap();
    is_another_one(&restored, &id, 2, 3, &token).await;
    restored.stop().await;
}

/// A second restore of the same backup is ahead of the first: what was written after that is not taken for what is written now.
#[tokio::test]
async fn each_restore_is_ahead_of_the_one_before() {
    let (registry, place) = (Harness::start(Database::Sqlite).await, tempdir().unwrap());
    given::model(&registry, "kept").await;
    let file = place.path().join("backup.db");
    back_up(&registry, &file).await;
    registry.stop().await;
    let mut seen = None;
    for name in ["first", "second"] {
        let fresh = Database::Sqlite.fresh().await;
        restore(&file, &fresh).await;
        let restored = Harness::on(Database::Sqlite, fresh).await.unwrap();
        if let Some(seen) = seen {
            refused(first(restored.client.watch().after_revision(seen)).await, Code::OutOfRange, ErrorReason::RevisionCompacted);
        }
        seen = Some(given::model(&restored, name).await.revision);
        restored.stop().await;
    }
}
