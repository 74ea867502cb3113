//! `x-min-revision`: a read sees what its caller knows to be there, or says that it cannot.

use registry_client::{Code, ErrorReason, pb};
#[cfg(feature = "postgres")]
use registry_tests::Harness;
use registry_tests::{conformance, expect, given, raw};
use std::time::{Duration, Instant};

const GET: &str = "/modelregistry.v1.ModelService/GetModel";
/// How long the server waits for a revision.
const PATIENCE: Duration = Duration::from_secs(2);

fn get_m() -> bytes::Bytes {
    raw::framed(&pb::GetModelRequest { model_ref: Some(registry_client::ModelRef::by_name("m").into()), view: 0 })
}

conformance! {
    /// What has happened can be asked for, and is answered at once.
    async fn a_revision_that_is_there_is_not_waited_for(registry: &Harness) {
        let model = given::model(registry, "m").await;
        for revision in 0..=model.revision {
            let began = Instant::now();
            assert_eq!(registry.client.get_model("m").min_revision(revision).send().await.unwrap(), model);
            assert!(began.elapsed() < PATIENCE, "it waited for revision {revision}");
        }
        let listed = registry.client.list_models().min_revision(1).send().await.unwrap();
        assert_eq!((listed.items.len(), listed.revision), (1, 1));
    }

    /// What does not happen is waited for a while, and then the caller is told how far the registry is and may try again.
    async fn a_revision_that_does_not_come(registry: &Harness) {
        given::model(registry, "m").await;
        for wanted in [2, i64::MAX] {
            let began = Instant::now();
            let error = registry.client.get_model("m").min_revision(wanted).send().await;
            let error = expect::refused(error, Code::Unavailable, ErrorReason::BackendUnavailable);
            assert!(began.elapsed() >= PATIENCE && began.elapsed() < PATIENCE * 4, "{:?}", began.elapsed());
            assert_eq!(expect::fact(&error, "currentRevision"), "1");
            assert!(error.is_retryable() && error.retry_delay().is_some() && !error.outcome_unknown(), "{error:?}");
        }
        // The server waits no longer than its caller.
        let error = registry.client.get_model("m").min_revision(2).timeout(Duration::from_millis(50)).send().await;
        assert_eq!(error.unwrap_err().code(), Code::DeadlineExceeded);
    }

    /// A read that waits is answered when the write that it waits for is made.
    async fn a_read_waits_for_the_write(registry: &Harness) {
        given::model(registry, "m").await;
        for round in 2..=10 {
            let read = registry.client.get_model("m").min_revision(round);
            let read = tokio::spawn(async move { read.send().await });
            let written = registry.client.update_model("m").description(format!("{round}")).send().await.unwrap();
            assert_eq!(read.await.unwrap().unwrap(), written);
        }
    }

    /// A header that is no revision is the caller's mistake, on every method.
    async fn a_malformed_header_is_refused(registry: &Harness) {
        let model = given::model(registry, "m").await;
        for header in ["", "x", "-1", "1.0", "0x1", "r1", "1 1", "9223372036854775808"] {
            let answer = raw::call(registry, GET, &[("x-min-revision", header)], get_m()).await;
            assert_eq!((answer.status.code(), answer.reason()), (Code::InvalidArgument, Some(ErrorReason::InvalidField)), "{header:?}");
        }
        let error = registry.client.get_model("m").min_revision(-1).send().await;
        expect::invalid(error, &[("x-min-revision", "INT64")]);
        assert_eq!(registry.client.get_model("m").min_revision(0).send().await.unwrap(), model);
    }

    /// A write waits for nothing: whatever was written before is there already.
    async fn a_write_does_not_wait(registry: &Harness) {
        given::model(registry, "m").await;
        let update = pb::UpdateModelRequest {
            model_ref: Some(registry_client::ModelRef::by_name("m").into()),
            model: Some(registry_client::Model { description: Some("d".into()), ..Default::default() }),
            ..Default::default()
        };
        let written = registry.client.call(update).min_revision(1000).send().await.unwrap();
        assert_eq!(written.model.unwrap().revision, 2);
    }
}

#[cfg(feature = "postgres")]
mod on_two_servers {
    use super::*;
    use registry_tests::Database;

    /// What was written through one server is read through the other, also when the read came first.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_read_sees_what_another_server_wrote() {
        let registry = Harness::start(Database::Postgres).await;
        let replica = registry.replica().await;
        given::model(&registry, "m").await;
        for round in 2..=20 {
            let read = replica.client.get_model("m").min_revision(round);
            let waiting = tokio::spawn(read.clone().send());
            let written = registry.client.update_model("m").description(format!("{round}")).send().await.unwrap();
            assert_eq!(read.send().await.unwrap(), written);
            assert_eq!(waiting.await.unwrap().unwrap(), written);
        }
        replica.stop().await;
        registry.stop().await;
    }
}
