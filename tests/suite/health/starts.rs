//! What a server does about its storage when it starts: refuses what can never work, and waits for what may.

use super::{SOON, WELL, WITHOUT_STORAGE, tells};
use registry_tests::binary::{Binary, Exited, Running};
use registry_tests::wait;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::net::SocketAddr;
use std::path::Path;

fn refused(exited: &Exited, words: &str) {
    assert!(!exited.status.success() && exited.log.contains(words), "{words:?} is missing: {}", exited.log);
}

fn with_s3(directory: &Path, variables: &[(&str, &str)]) -> Binary {
    let binary = Binary::on_free_port(directory).args(["--storage-url", "s3://bucket/here"]);
    variables.iter().fold(binary, |binary, (name, value)| binary.env(name, value))
}

const KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", "no secret")];

/// A directory that cannot be made stops it, with the flag, the directory and the reason.
#[tokio::test]
async fn a_directory_that_cannot_be_made_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("file"), "").unwrap();
    let exited = Binary::on_free_port(directory.path()).args(["--storage-url", "file:file/below"]).run().await;
    refused(&exited, "--storage-url: cannot use the directory file/below");
}

/// A URL that is none is refused with its flag, and repeated nowhere.
#[tokio::test]
async fn a_url_that_is_none_is_refused_and_not_repeated() {
    let directory = tempfile::tempdir().unwrap();
    for url in [
        "gs://c4n4ry/here",
        "https://user:c4n4ry@host/bucket",
        "s3://c4n4ry@bucket/here",
        "s3://C4N4RY",
        "s3://bucket/../c4n4ry",
        "s3://bucket//c4n4ry",
        "s3://bucket/here?secret=c4n4ry",
        "s3://",
        "file:",
        "",
    ] {
        let exited = Binary::on_free_port(directory.path()).args(["--storage-url", url]).run().await;
        refused(&exited, "--storage-url");
        assert!(!exited.log.to_lowercase().contains("c4n4ry"), "{}", exited.log);
    }
    assert!(!directory.path().join("registry-data").exists(), "nothing is made before the arguments are right");
}

/// What is missing in the environment, or wrong, is named; values are not repeated.
#[tokio::test]
async fn the_environment_of_s3_must_be_complete() {
    let directory = tempfile::tempdir().unwrap();
    let (id, secret, region) = (KEY[0], ("AWS_SECRET_ACCESS_KEY", "c4n4ry"), ("AWS_REGION", "eu-central-1"));
    for (variables, words) in [
        (vec![id, secret], "AWS_REGION"),
        (vec![region], "AWS_ACCESS_KEY_ID"),
        (vec![region, id], "AWS_SECRET_ACCESS_KEY"),
        (vec![region, secret], "AWS_ACCESS_KEY_ID"),
        (vec![region, ("AWS_WEB_IDENTITY_TOKEN_FILE", "/c4n4ry")], "AWS_ROLE_ARN"),
        (vec![("AWS_REGION", "c4n4ry/../"), id, secret], "AWS_REGION"),
        (vec![region, id, secret, ("AWS_ENDPOINT_URL", "http://c4n4ry:9000")], "--insecure-s3-http"),
        (vec![region, id, secret, ("AWS_ENDPOINT_URL_S3", "https://user:c4n4ry@host")], "AWS_ENDPOINT_URL_S3"),
        (vec![region, id, secret, ("AWS_ENDPOINT_URL", "c4n4ry")], "AWS_ENDPOINT_URL"),
    ] {
        let exited = with_s3(directory.path(), &variables).run().await;
        refused(&exited, words);
        assert!(!exited.log.contains("c4n4ry"), "{}", exited.log);
    }
}

/// A bucket that cannot be reached stops nothing: the server serves what needs none, and says once that the storage is not healthy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_out_of_reach_stops_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{nobody}");
    let binary = with_s3(directory.path(), &KEY).env("AWS_ENDPOINT_URL", &endpoint).args(["--insecure-s3-http"]);
    let server = binary.start().await.unwrap();
    server.client().await.create_model("iris", "s3://models/iris/").send().await.unwrap();
    let log = server.stop().await.log;
    assert_eq!(log.matches("the storage is not healthy").count(), 1, "{log}");
    assert!(log.contains("bucket s3://bucket/here") && !log.contains("no secret"), "{log}");
    assert!(!directory.path().join("registry-data/artifacts").exists());
}

/// Several servers of one PostgreSQL must find the same bytes: a directory is worth a warning.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_beside_postgresql_is_worth_a_warning() {
    let (directory, fresh) = (tempfile::tempdir().unwrap(), registry_tests::Database::Postgres.fresh().await);
    let server = Binary::on_free_port(directory.path()).env("REGISTRY_DATABASE_URL", &fresh.url()).start().await.unwrap();
    let log = server.stop().await.log;
    assert!(log.contains("WARN") && log.contains("other servers with this database must share it"), "{log}");
    let alone = Binary::on_free_port(directory.path()).start().await.unwrap();
    assert!(!alone.stop().await.log.contains("must share it"));
}

/// Where it says in its log that it tells of health.
async fn admin(server: &Running) -> SocketAddr {
    let said = async || server.log_so_far().split_once(" admin=")?.1.split_once(' ')?.0.parse().ok();
    wait::until("it says where it tells of health", SOON, said).await
}

/// Nothing more goes into its files, and then it does again: the storage is full, and is not any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_unhealthy_until_there_is_room() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::surviving_full_files(directory.path()).start().await.unwrap();
    let (admin, channel) = (admin(&server).await, server.client().await.raw_channel());
    let pid = Pid::from_raw(server.pid().try_into().unwrap());
    let limit = |bytes| prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
    tells(admin, &channel, WELL).await;
    limit(Some(8));
    tells(admin, &channel, WITHOUT_STORAGE).await;
    limit(None);
    tells(admin, &channel, WELL).await;
    let log = server.stop().await.log;
    assert_eq!(log.matches("the storage is full").count(), 1, "{log}");
    assert_eq!(
        std::fs::read_dir(directory.path().join("registry-data/artifacts/probes")).unwrap().count(),
        0,
        "a probe was left"
    );
}
