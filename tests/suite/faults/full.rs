//! A disk that is full: SQLite cannot write its file. What was acknowledged stays, what was not is told so, and when there
//! is room again the server goes on by itself.

use registry_client::{Client, Code, Error};
use registry_tests::binary::{Binary, Running};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::path::Path;

/// No file of the server may grow beyond `bytes`; `None` takes the limit away. A write beyond it fails, as on a full disk.
fn limit_files(server: &Running, bytes: Option<u64>) {
    let pid = Pid::from_raw(server.pid().try_into().unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

fn largest_file(directory: &Path) -> u64 {
    let files = std::fs::read_dir(directory.join("registry-data")).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).max().unwrap()
}

/// Creates models, some of them twice, until nothing more goes in; the names that were acknowledged.
async fn fill(client: &Client, who: usize) -> Vec<String> {
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for number in 0..400 {
        let name = format!("m-{who}-{number}");
        match client.create_model(&name, "s3://m").description("x".repeat(8000)).send().await {
            Ok(_) => acknowledged.push(name),
            Err(error) => {
                refused += 1;
                assert_no_room(&error);
            }
        }
        // A write that is rolled back for a reason of its own, between those that fail for want of room.
        if let Err(error) = client.create_model("taken", "s3://m").send().await
            && error.code() != Code::AlreadyExists
        {
            assert_no_room(&error);
        }
        if refused > 2 {
            break;
        }
    }
    assert!(refused > 2, "the file never filled up");
    acknowledged
}

#[track_caller]
fn assert_no_room(error: &Error) {
    assert!(matches!(error.code(), Code::ResourceExhausted | Code::Unavailable), "{error}");
}

async fn assert_all_there(client: &Client, names: &[String]) {
    for name in names {
        assert_eq!(client.get_model(name.as_str()).send().await.unwrap().name, *name, "acknowledged, and not there");
    }
}

/// An acknowledged write is there although others failed for want of room before and after it, also after a crash.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_on_a_full_disk_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::surviving_full_files(directory.path()).start().await.unwrap();
    let client = server.client().await;
    client.create_model("taken", "s3://m").send().await.unwrap();

    limit_files(&server, Some(largest_file(directory.path()) + 512 * 1024));
    let mut names: Vec<String> = futures::future::join_all((0..2).map(|who| fill(&client, who))).await.concat();
    assert!(!names.is_empty(), "nothing fitted in");
    assert_all_there(&client, &names).await;

    limit_files(&server, None);
    let after = client.create_model("after", "s3://m").send().await.expect("a write when there is room again");
    names.push(after.name);
    assert_all_there(&client, &names).await;

    server.kill().await;
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    let client = server.client().await;
    assert_all_there(&client, &names).await;
    assert_eq!(client.list_models().include_total_size().send().await.unwrap().total_size, i64::try_from(names.len() + 1).ok());
    drop(client);
    assert!(server.stop().await.status.success());
}
