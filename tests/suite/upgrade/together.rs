//! Servers that start at once on one PostgreSQL: one migrates, all serve.
//!
//! `REGISTRY_TEST_STARTS` says how many times they do; few unless it is said.
#![cfg(feature = "postgres")]

use super::{dump, undisturbed};
use registry_tests::binary::Binary;
use registry_tests::{Database, Fresh, frozen};
use tempfile::TempDir;

/// How many servers.
const SERVERS: usize = 5;

fn rounds() -> usize {
    std::env::var("REGISTRY_TEST_STARTS").map_or(2, |rounds| rounds.parse().expect("a number"))
}

async fn start_together(fresh: &Fresh) {
    let directories: Vec<TempDir> = (0..SERVERS).map(|_| tempfile::tempdir().unwrap()).collect();
    let starts = directories.iter().map(|directory| {
        let server = Binary::on_free_port(directory.path()).env("REGISTRY_DATABASE_URL", &fresh.url());
        async move { server.start().await.unwrap_or_else(|exited| panic!("a server did not start: {}", exited.log)) }
    });
    let running = futures::future::join_all(starts).await;
    let mut registries = Vec::new();
    for server in &running {
        registries.push(server.client().await.server_info().send().await.unwrap().registry_id);
    }
    registries.dedup();
    assert_eq!(registries.len(), 1, "they are one registry: {registries:?}");
    let mut applied = 0;
    for server in running {
        let ended = server.stop().await;
        assert!(ended.status.success(), "{}", ended.log);
        applied += ended.log.matches("applied a migration").count();
    }
    assert!(applied > 0 && applied <= dump(fresh).await.migrations.len(), "{applied} migrations were applied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_servers_start_at_once_on_an_empty_database() {
    let expected = undisturbed(Database::Postgres).await;
    for _ in 0..rounds() {
        let fresh = Database::Postgres.fresh().await;
        start_together(&fresh).await;
        assert_eq!(dump(&fresh).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_servers_start_at_once_on_a_released_database() {
    let expected = undisturbed(Database::Postgres).await;
    for name in frozen::names() {
        for _ in 0..rounds() {
            let fresh = frozen::load(&name, Database::Postgres).await;
            start_together(&fresh).await;
            assert_eq!(dump(&fresh).await, expected, "{name}");
        }
    }
}
