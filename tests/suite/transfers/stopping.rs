//! Transfers that are under way when their server stops.

use super::{MIB, PATIENCE, chunk, first, noise, start};
use futures::StreamExt;
use registry_client::pb::DownloadArtifactRequest;
use registry_client::{Code, ErrorReason};
use registry_tests::binary::{Binary, ProcessSignal};
use registry_tests::{raw, wait};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio_stream::wrappers::IntervalStream;

const GRACE: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_secs(1);

/// An upload that would go on for ever and a download that nobody reads are told to go elsewhere before the grace period is over,
/// and the server leaves in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_done_is_told_so() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).env("REGISTRY_SHUTDOWN_GRACE", &GRACE.as_secs().to_string());
    let server = server.start().await.unwrap();
    let client = server.client().await;
    client.create_model("m", "/m").send().await.unwrap();
    // More than lies in the buffers of a connection.
    let artifact = client.upload_artifact("m", "large").send_bytes(noise(16 * MIB, 1)).await.unwrap();
    let wanted = DownloadArtifactRequest { artifact_id: artifact.id.clone(), ..Default::default() };
    let mut download = client.artifact_service().download_artifact(wanted).await.unwrap().into_inner();
    let described = download.message().await.unwrap().expect("a first message");
    assert_eq!(described.artifact.map(|artifact| artifact.id), Some(artifact.id));
    let sent = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&sent);
    let trickle = IntervalStream::new(tokio::time::interval(Duration::from_millis(20)));
    let trickle = trickle.inspect(move |_| _ = count.fetch_add(1, Ordering::Relaxed)).map(|_| chunk("x"));
    let messages = futures::stream::iter([first(start("m", "slow"))]).chain(trickle);
    let mut stub = client.artifact_service();
    let upload = tokio::spawn(async move { stub.upload_artifact(messages).await });
    let some = async || (sent.load(Ordering::Relaxed) > 10).then_some(());
    wait::until("some messages of the upload", PATIENCE, some).await;
    assert!(!upload.is_finished());
    let began = Instant::now();
    server.signal(ProcessSignal::TERM);
    let told = upload.await.unwrap().unwrap_err();
    assert_eq!((told.code(), raw::reason(&told)), (Code::Unavailable, Some(ErrorReason::BackendUnavailable)), "{told:?}");
    let told = loop {
        match download.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a download that nobody read is complete"),
            Err(status) => break status,
        }
    };
    assert_eq!((told.code(), raw::reason(&told)), (Code::Unavailable, Some(ErrorReason::BackendUnavailable)), "{told:?}");
    drop(download);
    let exited = server.exited(Duration::from_secs(20)).await;
    assert_eq!(exited.status.code(), Some(0), "{}", exited.log);
    assert!(began.elapsed() <= GRACE + SLACK, "it took {:?}", began.elapsed());
}
