//! Watchers that never read: they cost the server no memory, and nobody else any time.

use registry_client::pb::WatchRequest;
use registry_client::{Client, EventFilter};
use registry_tests::binary::{Binary, Running};
use registry_tests::shut::Shut;
use registry_tests::watching::{Watcher, after, listed, places, watch};
use registry_tests::{given, keys, on_every_database};

/// How many events there are to read.
const EVENTS: usize = 20_000;
/// How many batches of 250 those are.
const BATCHES: usize = EVENTS / 250;
/// How much memory the server may need for the unread streams and for the writes of the meantime. One message of 256
/// events has 80 kB, and with what HTTP/2 has in its hands each stream may hold two of them: 8 MB for fifty. All events
/// have 6 MB, so that fifty streams that kept them would hold 300 MB.
const MOST: u64 = 64 * 1024;

/// The memory of a process that is in use, in KiB.
fn memory(server: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("the status of the process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// A stream of a client that reads the first message and no other.
async fn idle(server: &Running) -> Watcher {
    let client = keys::admin(server.endpoint()).connect().await.unwrap();
    watch(&client, WatchRequest { include_resource: true, ..after(0) }).await
}

async fn write(client: &Client, prefix: &str, batches: usize) {
    for number in 0..batches {
        let release = |one| client.create_release("iris", format!("{prefix}.{number}.{one}")).digest(given::digest(1));
        client.batch_create_releases((0..250).map(release)).send().await.unwrap();
    }
}

on_every_database! {
    /// Fifty of them, and one that reads: it gets everything, and the server grows by no more than a little.
    async fn who_never_reads_costs_nothing(database: Database) {
        let fresh = database.fresh().await;
        let directory = tempfile::tempdir().unwrap();
        let server = Binary::on_free_port(directory.path()).env("REGISTRY_DATABASE_URL", &fresh.url());
        let server = server.start().await.unwrap();
        let client = server.client().await;
        client.create_model("iris", "s3://models/iris/").send().await.unwrap();
        // What the server needs in any case, it has taken by then.
        write(&client, "warm", 8).await;
        let mut reader = watch(&client, after(0)).await;
        let before = memory(&server);
        let (mut shut, mut unread) = (Vec::new(), Vec::new());
        for _ in 0..25 {
            shut.push(Shut::open(server.address(), keys::ADMIN).await);
            unread.push(idle(&server).await);
        }
        write(&client, "more", BATCHES).await;
        let current = client.server_info().send().await.unwrap().current_revision;
        let seen = reader.through(current).await;
        let now = memory(&server);
        println!("{before} KiB before, {now} KiB after, {} events read", seen.len());
        assert_eq!(seen.len(), 1 + 8 * 250 + EVENTS);
        assert_eq!(places(&seen), places(&listed(&client, 0, &EventFilter::default()).await));
        assert!(now < before + MOST, "from {before} to {now} KiB");
        // They were not given up: who reads in the end gets everything.
        let late = unread.pop().unwrap().through(current).await;
        assert_eq!(places(&late), places(&seen));
        assert!(shut.iter().all(|shut| shut.is_open()), "a stream was given up");
        drop((shut, unread));
        let exited = server.stop().await;
        assert!(exited.status.success(), "{exited:?}");
    }
}
