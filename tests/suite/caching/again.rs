//! What is given again, and that nobody can tell but by the metrics.

use super::reads;
use registry_client::{Code, ErrorReason, ModelRef, ReleaseRef, pb};
use registry_tests::scraped::scrape;
use registry_tests::{conformance, expect, given, raw, rows};
use std::time::Duration;

const GET: &str = "/modelregistry.v1.ModelService/GetModel";

fn get(name: &str) -> pb::GetModelRequest {
    pb::GetModelRequest { model_ref: Some(ModelRef::by_name(name).into()), view: 0 }
}

conformance! {
    /// The second of two equal reads is answered from memory, with the same bytes and the same headers, and is counted like the first.
    async fn an_answer_is_given_again_as_it_was(registry: &Harness) {
        given::model(registry, "m").await;
        let ask = async || raw::call(registry, GET, &[("x-request-id", "mine")], raw::framed(&get("m"))).await;
        let first = ask().await;
        let (hits, before) = (reads(registry, "hit").await, scrape(registry.admin_address()).await);
        let second = ask().await;
        let after = scrape(registry.admin_address()).await;
        assert_eq!(reads(registry, "hit").await, hits + 1.0);
        assert_eq!((first.body, first.status.code()), (second.body, second.status.code()));
        let but_the_date = |mut headers: http::HeaderMap| {
            headers.remove("date");
            headers
        };
        assert_eq!(but_the_date(first.headers), but_the_date(second.headers));
        let labels = "grpc_type=\"unary\",grpc_service=\"modelregistry.v1.ModelService\",grpc_method=\"GetModel\"";
        for sample in [
            format!("grpc_server_started_total{{{labels}}}"),
            format!("grpc_server_handled_total{{{labels},grpc_code=\"OK\"}}"),
            format!("grpc_server_handling_seconds_count{{{labels}}}"),
        ] {
            assert_eq!(after.value(&sample) - before.value(&sample), 1.0, "{sample}");
        }
    }

    /// Each of the reads of one thing is answered from memory the second time.
    async fn every_read_of_one_thing_is_given_again(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1.0.0").await;
        given::alias(registry, &release, "production").await;
        let client = &registry.client;
        for round in 0..2 {
            let hits = reads(registry, "hit").await;
            client.get_model("m").send().await.unwrap();
            client.get_release(&release).send().await.unwrap();
            client.get_release(ReleaseRef::key("m", "1.0.0")).send().await.unwrap();
            client.resolve_release("m").alias("production").send().await.unwrap();
            client.resolve_release("m").latest().send().await.unwrap();
            client.resolve_release("m").requirement("^1").send().await.unwrap();
            assert_eq!(reads(registry, "hit").await - hits, f64::from(round * 6));
        }
    }

    /// What an alias was at a time is not kept: history can come without an event, by an import.
    async fn history_is_not_kept(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1.0.0").await;
        given::alias(registry, &release, "production").await;
        registry.advance(Duration::from_secs(60));
        for _ in 0..3 {
            registry.client.resolve_release("m").alias("production").as_of_time(given::time(30_000_000)).send().await.unwrap();
        }
        assert_eq!(reads(registry, "hit").await, 0.0);
    }

    /// What is not there is looked for each time.
    async fn nothing_is_not_kept(registry: &Harness) {
        for _ in 0..3 {
            expect::refused(registry.client.get_model("m").send().await, Code::NotFound, ErrorReason::ModelNotFound);
        }
        assert_eq!(reads(registry, "hit").await, 0.0);
        given::model(registry, "m").await;
        registry.client.get_model("m").send().await.unwrap();
    }

    /// A change that could not be committed has not happened; the next one is seen.
    async fn a_change_that_fails_changes_no_answer(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let client = &registry.client;
        assert_eq!(client.get_model("m").send().await.unwrap(), model);
        rows::refuse(registry, "events").await;
        client.update_model("m").description("lost").send().await.unwrap_err();
        for _ in 0..3 {
            assert_eq!(client.get_model("m").send().await.unwrap(), model);
        }
        rows::accept(registry, "events").await;
        for description in ["one", "two"] {
            let written = client.update_model("m").description(description).send().await.unwrap();
            for _ in 0..3 {
                assert_eq!(client.get_model("m").send().await.unwrap(), written);
            }
        }
        let hits = reads(registry, "hit").await;
        client.get_model("m").send().await.unwrap();
        assert_eq!(reads(registry, "hit").await, hits + 1.0);
    }

    /// What the registry removes by itself when it is due is gone from memory too.
    async fn what_is_purged_by_itself_is_gone(registry: &Harness) {
        let model = given::model(registry, "m").await;
        registry.client.delete_model("m").send().await.unwrap();
        let by_id = || registry.client.get_model(&model).send();
        by_id().await.unwrap();
        by_id().await.unwrap();
        registry.advance(Duration::from_secs(31 * 24 * 60 * 60));
        registry.client.compact_events(1).send().await.unwrap(); // does what is due at once
        let gone = async || by_id().await.err();
        let error = registry_tests::wait::until("the model is gone", Duration::from_secs(20), gone).await;
        assert_eq!(error.reason(), Some(ErrorReason::ModelNotFound));
        expect::refused(by_id().await, Code::NotFound, ErrorReason::ModelNotFound);
    }

    /// A message that is said to be encoded is not answered from memory, and one that cannot be read is refused as ever.
    async fn what_is_encoded_is_passed_by(registry: &Harness) {
        given::model(registry, "m").await;
        let passed = reads(registry, "passed").await;
        for encoding in ["identity", "gzip"] {
            for _ in 0..2 {
                let answer = raw::call(registry, GET, &[("grpc-encoding", encoding)], raw::framed(&get("m"))).await;
                let expected = if encoding == "identity" { Code::Ok } else { Code::Unimplemented };
                assert_eq!(answer.status.code(), expected, "{encoding}");
            }
        }
        assert_eq!(reads(registry, "passed").await - passed, 4.0);
        assert_eq!(reads(registry, "hit").await, 0.0);
    }
}
