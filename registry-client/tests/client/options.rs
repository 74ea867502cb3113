//! What can be said of one call, in whichever builder.

use std::time::Duration;

use futures::StreamExt as _;
use registry_client::{ErrorReason, Method, ReleaseRef, RetryPolicy, pb};
use tonic::Code;

use crate::fake::{Fake, Reply, Seen};

const HEADER: (&str, &str) = ("x-tenant", "blue");
const ID: &str = "rollout-42";

fn unavailable() -> Reply {
    Reply::fail(Code::Unavailable, ErrorReason::BackendUnavailable)
}

fn header<'a>(seen: &'a Seen, name: &str) -> Option<&'a str> {
    seen.metadata.get(name).map(|value| value.to_str().unwrap())
}

fn carries_both(seen: &Seen) {
    assert_eq!(header(seen, HEADER.0), Some(HEADER.1), "{:?}", seen.method);
    assert_eq!(header(seen, "x-request-id"), Some(ID), "{:?}", seen.method);
}

#[tokio::test(start_paused = true)]
async fn every_attempt_carries_the_headers_of_the_call() {
    let fake = Fake::new([unavailable(), unavailable()]);
    let call = fake.client.get_model("iris").header("X-Tenant", "green").header(HEADER.0, HEADER.1).correlation_id(ID);
    let _ = call.send().await; // the empty answer holds no model
    let seen = fake.seen();
    assert_eq!(seen.len(), 3);
    seen.iter().for_each(carries_both);
    assert_eq!(seen[0].metadata.get_all("x-tenant").iter().count(), 1, "the last one counts");
    fake.client.server_info().send().await.unwrap();
    assert_eq!(header(&fake.seen()[3], HEADER.0), None, "another call has none");
}

/// The builders of calls, of transfers and of streams have the same methods.
#[tokio::test(start_paused = true)]
async fn every_kind_of_call_has_them() {
    let fake = Fake::new([]);
    let client = &fake.client;
    let release = || ReleaseRef::key("iris", "1.0");
    let _ = client.create_model("iris", "/iris").header(HEADER.0, HEADER.1).correlation_id(ID).send().await;
    let _ = client.call(pb::GetServerInfoRequest {}).header(HEADER.0, HEADER.1).correlation_id(ID).send().await;
    let _ = client.resolve("iris@live").header(HEADER.0, HEADER.1).correlation_id(ID).send().await;
    let _ = client.list_models().header(HEADER.0, HEADER.1).correlation_id(ID).pages().next().await;
    let _ = client.upload_artifact(release(), "w").header(HEADER.0, HEADER.1).correlation_id(ID).send_bytes("w").await;
    let _ = client.download_artifact("id").header(HEADER.0, HEADER.1).correlation_id(ID).bytes().await;
    let mut watching = client.watch().header(HEADER.0, HEADER.1).correlation_id(ID).stream();
    let (_, _) = futures::join!(watching.next(), async { fake.accept_watch().await.start(0, 0).await });
    let export = client.export().header(HEADER.0, HEADER.1).correlation_id(ID).retry(RetryPolicy::none());
    let (_, _) = futures::join!(export.stream(), async { drop(fake.accept_export().await) });
    let import = client.import("id").header(HEADER.0, HEADER.1).correlation_id(ID).retry(RetryPolicy::none());
    let (_, _) = futures::join!(import.begin(), async { drop(fake.accept_import().await) });
    let seen = fake.seen();
    let methods: Vec<_> = seen.iter().map(|seen| seen.method).collect();
    let calls = [Method::CreateModel, Method::GetServerInfo, Method::ResolveRelease, Method::ListModels];
    let bytes = [Method::UploadArtifact, Method::DownloadArtifact];
    let streams = [Method::Watch, Method::Export, Method::Import];
    assert_eq!(methods, [&calls[..], &bytes, &streams].concat());
    seen.iter().for_each(carries_both);
}

#[tokio::test(start_paused = true)]
async fn a_call_can_have_its_own_retries() {
    let fake = Fake::new([unavailable()]);
    let error = fake.client.get_model("iris").retry(RetryPolicy::none()).send().await.unwrap_err();
    assert_eq!((error.code(), fake.seen().len()), (Code::Unavailable, 1));

    let fake = Fake::new([unavailable(), unavailable()]);
    let hasty = RetryPolicy::default().initial_delay(Duration::ZERO).max_delay(Duration::ZERO);
    let client = fake.client.clone().with_retry(RetryPolicy::none());
    client.server_info().retry(hasty).send().await.unwrap();
    let seen = fake.seen();
    assert!(seen.len() == 3 && seen[2].at - seen[0].at < Duration::from_millis(50));

    let fake = Fake::new([unavailable(), unavailable()]);
    let upload = fake.client.upload_artifact(ReleaseRef::key("iris", "1.0"), "w").retry(RetryPolicy::none());
    assert_eq!(upload.send_bytes("w").await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(fake.seen().len(), 1);
}

/// Whichever call it comes to.
#[tokio::test(start_paused = true)]
async fn a_reference_is_resolved_with_the_options_of_the_call() {
    let id = "id:0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";
    for (reference, method) in [("iris@live", Method::ResolveRelease), (id, Method::GetRelease)] {
        let fake = Fake::new([unavailable()]);
        let call = fake.client.resolve(reference).retry(RetryPolicy::none()).min_revision(7).timeout(Duration::from_secs(3));
        let error = call.header(HEADER.0, HEADER.1).correlation_id(ID).send_with_meta().await.unwrap_err();
        let seen = fake.seen();
        assert_eq!((error.code(), seen.len(), seen[0].method), (Code::Unavailable, 1, method));
        carries_both(&seen[0]);
        assert_eq!(header(&seen[0], "x-min-revision"), Some("7"));
        let told: u64 = header(&seen[0], "grpc-timeout").unwrap().trim_end_matches(char::is_alphabetic).parse().unwrap();
        assert!(told <= 3_000_000, "{told}");
    }
    let fake = Fake::new([]);
    let error = fake.client.resolve("iris@live").header("te", "trailers").send().await.unwrap_err();
    assert_eq!((error.violations()[0].field.as_str(), fake.seen().len()), ("te", 0));
}

#[tokio::test(start_paused = true)]
async fn a_header_that_is_not_the_callers_to_set_is_refused() {
    let fake = Fake::new([]);
    for (name, value) in [
        ("Authorization", "Bearer c4n4ry"),
        ("x-request-id", "c4n4ry"),
        ("x-min-revision", "7"),
        ("grpc-timeout", "1S"),
        ("TE", "trailers"),
        ("x-binary-bin", "c4n4ry"),
        ("not a name", "c4n4ry"),
        ("", "c4n4ry"),
        ("x-tenant", "c4n4ry\n"),
    ] {
        let call = fake.client.get_model("iris").header(name, value);
        assert!(!format!("{call:?}").contains("c4n4ry"), "{call:?}");
        let error = call.send().await.unwrap_err();
        let [violation] = error.violations() else { panic!("{error}") };
        assert_eq!(violation.field.to_ascii_lowercase(), name.to_ascii_lowercase());
        assert!(!format!("{error} {error:?}").contains("c4n4ry"), "{error}");
        let error = fake.client.watch().header(name, value).stream().next().await.unwrap().unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert_eq!(fake.client.export().header(name, value).stream().await.unwrap_err().code(), Code::InvalidArgument);
    }
    assert!(fake.seen().is_empty());
}

/// What travels with the whole cannot be said of a part.
#[tokio::test(start_paused = true)]
async fn one_of_several_calls_in_a_batch_has_none_of_its_own() {
    let fake = Fake::new([]);
    let client = &fake.client;
    let one = || client.create_model("iris", "/iris");
    for (part, field) in [
        (one().header(HEADER.0, HEADER.1), "requests[1].x-tenant"),
        (one().correlation_id(ID), "requests[1].x-request-id"),
        (one().retry(RetryPolicy::none()), "requests[1].retry"),
        (one().timeout(Duration::from_secs(1)), "requests[1].timeout"),
    ] {
        let error = client.batch_create_models([one(), part]).send().await.unwrap_err();
        assert_eq!(error.violations()[0].field, field);
    }
    let _ = client.batch_create_models([one(), one()]).header(HEADER.0, HEADER.1).correlation_id(ID).send().await;
    carries_both(&fake.seen()[0]);
}
