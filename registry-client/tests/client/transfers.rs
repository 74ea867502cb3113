//! Uploads and downloads: what is repeated, and how long anybody waits.

use std::time::Duration;

use futures::StreamExt as _;
use registry_client::{Artifact, Error, Method, ReleaseRef, UploadArtifact, pb};
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::fake::{Fake, Reply};

const ID: &str = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";

fn uploaded() -> Reply {
    Reply::message(&pb::UploadArtifactResponse { artifact: Some(Artifact { name: "iris.whl".into(), ..Default::default() }) })
}

/// The first message of a download of so many bytes, which never come.
fn promised(size: i64) -> Reply {
    let artifact = Artifact { id: ID.into(), size_bytes: Some(size), ..Default::default() };
    Reply::message(&pb::DownloadArtifactResponse { artifact: Some(artifact), chunk: Default::default() })
}

fn upload(fake: &Fake) -> UploadArtifact {
    fake.client.upload_artifact(ReleaseRef::key("iris", "1.0"), "iris.whl")
}

/// The connection breaks, the answer gets lost with it or without, somebody on the way fails: each time everything is sent again.
#[tokio::test(start_paused = true)]
async fn an_upload_is_repeated_with_the_same_request_id() {
    // The manifest of this package: a file that is there.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for from_file in [false, true] {
        let fake = Fake::new([Reply::Cut, Reply::Hang, Reply::Fail(Status::unavailable("a proxy says so")), uploaded()]);
        let artifact = if from_file { upload(&fake).send_file(path).await } else { upload(&fake).send_bytes("iris").await };
        assert_eq!(artifact.unwrap().name, "iris.whl");
        let seen = fake.seen();
        assert_eq!(seen.iter().map(|seen| seen.method).collect::<Vec<_>>(), [Method::UploadArtifact; 4]);
        assert_eq!(seen[0].request_id().len(), 36);
        assert!(seen.iter().all(|each| each.request_id() == seen[0].request_id()));
    }
}

/// What can be read once is sent once.
#[tokio::test(start_paused = true)]
async fn an_upload_from_a_reader_is_not_repeated() {
    let fake = Fake::new([Reply::Cut, uploaded()]);
    let error = upload(&fake).send_reader(&b"iris"[..]).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)) && error.outcome_unknown(), "{error}");
    assert_eq!(fake.seen().len(), 1);
}

/// The answer may take long, because there may be much to be put on disk, but not for ever.
#[tokio::test(start_paused = true)]
async fn the_answer_to_an_upload_is_waited_for_longer_than_for_others() {
    let fake = Fake::new([Reply::Hang, uploaded()]);
    upload(&fake).send_bytes("iris").await.unwrap();
    let seen = fake.seen();
    assert_eq!((seen[1].at - seen[0].at).as_secs(), 600);

    let fake = Fake::new([Reply::Hang]);
    let begun = Instant::now();
    let error = upload(&fake).timeout(Duration::from_secs(5)).send_bytes("iris").await.unwrap_err();
    assert!(matches!(error, Error::DeadlineExceeded(_)) && error.outcome_unknown(), "{error}");
    assert_eq!(begun.elapsed().as_secs(), 5);
}

/// A server can be alive and say nothing: however the bytes are taken, it is not waited for longer than it may be silent.
#[tokio::test(start_paused = true)]
async fn a_download_that_falls_silent_is_given_up() {
    for timeout in [None, Some(Duration::from_secs(7))] {
        let expected = timeout.map_or(90, |timeout| timeout.as_secs());
        let fake = Fake::new([promised(1), promised(1)]);
        let download = || match timeout {
            Some(timeout) => fake.client.download_artifact(ID).timeout(timeout),
            None => fake.client.download_artifact(ID),
        };
        let begun = Instant::now();
        let error = download().bytes().await.unwrap_err();
        assert_eq!((error.code(), begun.elapsed().as_secs()), (Code::DeadlineExceeded, expected), "{error}");

        let begun = Instant::now();
        let mut stream = download().stream().await.unwrap();
        let error = stream.next().await.unwrap().unwrap_err();
        assert_eq!((error.code(), begun.elapsed().as_secs()), (Code::DeadlineExceeded, expected), "{error}");
        assert!(stream.next().await.is_none(), "an error is the end");
    }
}

#[tokio::test(start_paused = true)]
async fn a_download_that_does_not_begin_is_given_up() {
    let fake = Fake::new([Reply::Hang]);
    let begun = Instant::now();
    let error = fake.client.download_artifact(ID).stream().await.unwrap_err();
    assert_eq!((error.code(), begun.elapsed().as_secs()), (Code::DeadlineExceeded, 90), "{error}");
}
