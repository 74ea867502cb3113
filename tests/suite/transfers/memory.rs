//! However large the artifacts are, the server stays as small as it is.

use super::{MIB, noise, sha256};
use futures::future::join_all;
use registry_tests::binary::Binary;
use registry_tests::memory;
use std::sync::Arc;

/// How much a server may grow in KiB: less than the bytes of one artifact.
const GROWTH: u64 = 48 * 1024;
const AT_ONCE: usize = 3;
const ROUNDS: u64 = 2;

/// Files of 64 MiB, several at once, in and out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_does_not_grow_with_what_it_takes() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    let client = server.client().await;
    client.create_model("m", "/m").send().await.unwrap();
    // What is used once for all is used.
    client.upload_artifact("m", "first").send_bytes(noise(8 * MIB, 9)).await.unwrap();
    let before = memory::now(server.pid());
    memory::forget(server.pid());
    for round in 0..ROUNDS {
        let bytes = noise(64 * MIB, round);
        let checksum = Arc::new(sha256(&bytes));
        let transfers = (0..AT_ONCE).map(|index| {
            let (client, bytes, checksum) = (client.clone(), bytes.clone(), Arc::clone(&checksum));
            async move {
                let artifact = client.upload_artifact("m", format!("{round}-{index}")).send_bytes(bytes).await.unwrap();
                assert_eq!(artifact.checksum, *checksum);
                let found = client.download_artifact(&*artifact.id).bytes().await.unwrap();
                assert_eq!(found.len(), 64 * MIB);
            }
        });
        join_all(transfers).await;
    }
    let grown = memory::most(server.pid()).saturating_sub(before);
    println!("grown by {grown} KiB while {} MiB went in and out", ROUNDS * 64 * 3);
    assert!(grown < GROWTH, "grown by {grown} KiB");
    drop(client);
    server.stop().await;
}
