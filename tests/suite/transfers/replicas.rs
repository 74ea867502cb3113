//! Several servers with one PostgreSQL and one storage: what one of them collects, no other one has.

use super::{PATIENCE, files, noise, parent, sha256, until_files, upload};
use futures::future::join_all;
use registry_tests::{Database, Harness, rows, wait};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3600);

/// Equal bytes come to two servers at once, go, and come again, while both collect: each artifact that is there has its bytes, and
/// in the end there is one file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_bytes_on_two_servers_that_collect() {
    let busy = |settings: &mut registry_server::serve::Settings| settings.housekeeping = Duration::from_millis(5);
    let one = &Harness::with(Database::Postgres, busy).await;
    let clock = one.clock.clone();
    let storage = one.storage();
    let two = &one
        .replica_with(|settings| {
            busy(settings);
            (settings.clock, settings.storage) = (clock, storage);
        })
        .await;
    let parent = &parent(one).await;
    let bytes = noise(100_000, 7);
    for round in 0..15 {
        let names: Vec<String> = (0..4).map(|index| format!("{round}-{index}")).collect();
        let uploads = names.iter().enumerate().map(|(index, name)| upload([one, two][index % 2], parent, name, bytes.clone()));
        let artifacts = join_all(uploads).await;
        for artifact in &artifacts {
            let found = two.client.download_artifact(&artifact.id).bytes().await.unwrap();
            assert_eq!(sha256(&found), artifact.checksum, "round {round}");
            one.client.delete_artifact(&artifact.id).send().await.unwrap();
        }
        one.advance(30 * DAY);
        one.advance(if round % 2 == 0 { HOUR } else { HOUR - Duration::from_micros(1) });
    }
    let last = upload(two, parent, "last", bytes.clone()).await;
    one.advance(31 * DAY);
    until_files(one, 1).await;
    assert!(files(one)[0].to_string_lossy().contains(last.checksum.trim_start_matches("sha256:")));
    assert!(one.client.download_artifact(&last.id).bytes().await.unwrap() == bytes);
    wait::until("no rows of uploads", PATIENCE, async || rows::all(one).await["uploads"].is_empty().then_some(())).await;
}
