//! However large the artifacts are, the server stays as small as it is.

use super::{MIB, noise, sha256};
use futures::future::join_all;
use registry_client::Client;
use registry_tests::binary::Binary;
use registry_tests::memory;

/// How much more a server may take for artifacts that are eight times as large, in KiB: a fraction of one of them.
const GROWTH: u64 = 16 * 1024;
/// How much it may take for all of them, in KiB: half of what is on its way at once.
const MOST: u64 = 96 * 1024;
const AT_ONCE: usize = 3;

/// Some files of one size, several at once, in and out.
async fn transfer(client: &Client, name: &str, size: usize) {
    let bytes = noise(size, size as u64);
    let checksum = &sha256(&bytes);
    let transfers = (0..AT_ONCE).map(|index| {
        let bytes = bytes.clone();
        async move {
            let artifact = client.upload_artifact("m", format!("{name}-{index}")).send_bytes(bytes).await.unwrap();
            assert_eq!(artifact.checksum, *checksum);
            let found = client.download_artifact(&*artifact.id).bytes().await.unwrap();
            assert_eq!(found.len(), size);
        }
    });
    join_all(transfers).await;
}

/// Eight times the bytes take the same memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_does_not_grow_with_what_it_takes() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    let client = server.client().await;
    client.create_model("m", "/m").send().await.unwrap();
    let before = memory::now(server.pid());
    for round in 0..4 {
        transfer(&client, &format!("small-{round}"), 8 * MIB).await;
    }
    let small = memory::most(server.pid()).saturating_sub(before);
    memory::forget(server.pid());
    for round in 0..2 {
        transfer(&client, &format!("large-{round}"), 64 * MIB).await;
    }
    let large = memory::most(server.pid()).saturating_sub(before);
    println!("{AT_ONCE} at once of 8 MiB: grown by {small} KiB, of 64 MiB: by {large} KiB");
    assert!(large < small + GROWTH, "{small} KiB for 8 MiB, {large} KiB for 64 MiB");
    assert!(large < MOST, "{large} KiB");
    drop(client);
    server.stop().await;
}
