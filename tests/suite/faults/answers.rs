//! Answers that get lost on the way, and what a caller can know then.

use futures::TryStreamExt;
use registry_client::{Client, Error, RetryPolicy};
use registry_tests::proxy::{Faults, Proxy};
use registry_tests::{conformance, wait};
use std::time::Duration;
use tonic::{Status, Streaming};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

const SOON: Duration = Duration::from_secs(10);

async fn connect(proxy: &Proxy) -> Client {
    Client::builder(proxy.endpoint()).retry(RetryPolicy::none()).connect().await.expect("a connection")
}

async fn watch(client: &Client) -> Result<Streaming<HealthCheckResponse>, Status> {
    let request = HealthCheckRequest { service: String::new() };
    Ok(HealthClient::new(client.raw_channel()).watch(request).await?.into_inner())
}

conformance! {
    /// Done, and nobody was told: the caller hears that it may have happened.
    async fn a_write_whose_answer_is_lost_has_happened(registry: &Harness) {
        let proxy = Proxy::start(registry.address(), Faults::seeded(1).drop_answers(1.0)).await;
        let client = connect(&proxy).await;
        let error = client.create_model("erik", "s3://erik").send().await.expect_err("its answer is dropped");
        assert!(matches!(error, Error::Transport(_)) && error.outcome_unknown() && !error.is_retryable(), "{error:?}");
        assert_eq!(registry.client.get_model("erik").send().await.unwrap().name, "erik");
        assert_eq!((proxy.dropped(), proxy.broken(), proxy.passed()), (1, 0, 0));
        // Of a read there is nothing to be unsure of.
        let error = wait::until("the client has noticed", SOON, async || {
            let error = client.get_model("erik").send().await.expect_err("its answer is dropped");
            (proxy.dropped() > 1).then_some(error)
        })
        .await;
        assert!(matches!(error, Error::Transport(_)) && !error.outcome_unknown() && error.is_retryable(), "{error:?}");
    }

    /// Without faults nobody notices the proxy, whether the server says yes or no.
    async fn a_good_wire_loses_nothing(registry: &Harness) {
        let proxy = Proxy::start(registry.address(), Faults::seeded(1)).await;
        let client = connect(&proxy).await;
        let calls = (0..32).map(|number| client.create_model(format!("m-{}", number % 16), "s3://m").send());
        let answers = futures::future::join_all(calls).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 16, "{answers:?}");
        for refused in answers.into_iter().filter_map(Result::err) {
            assert!(matches!(refused, Error::AlreadyExists(_)), "{refused:?}");
        }
        assert_eq!((proxy.dropped(), proxy.broken(), proxy.passed()), (0, 0, 32));
    }

    /// Every call has happened; who was answered and who was not is as the proxy counts it.
    async fn some_answers_are_lost_and_no_write(registry: &Harness) {
        let seed = rand::random();
        println!("seed {seed}");
        let proxy = Proxy::start(registry.address(), Faults::seeded(seed).drop_answers(0.5)).await;
        let (mut answered, mut lost) = (0, 0);
        for number in 0..40 {
            // A new connection for each: one that is about to be closed would make another kind of failure.
            match connect(&proxy).await.create_model(format!("m-{number}"), "s3://m").send().await {
                Ok(_) => answered += 1,
                Err(error) => {
                    assert!(matches!(error, Error::Transport(_)) && error.outcome_unknown(), "{error:?}");
                    lost += 1;
                }
            }
            registry.client.get_model(format!("m-{number}")).send().await.expect("whatever the caller was told, it is there");
        }
        assert_eq!((proxy.dropped(), proxy.passed()), (lost, answered));
        assert!(lost > 0 && answered > 0, "{lost} lost, {answered} answered");
    }

    /// A stream that breaks has begun, and its reader is told that this is not its end.
    async fn a_stream_breaks_in_the_middle(registry: &Harness) {
        let proxy = Proxy::start(registry.address(), Faults::seeded(1).cut_streams(1.0)).await;
        let mut statuses = watch(&connect(&proxy).await).await.expect("a stream");
        statuses.message().await.expect_err("its first message is cut off");
        assert_eq!((proxy.dropped(), proxy.broken(), proxy.passed()), (0, 1, 0));
        // A unary answer that has begun is lost like one that has not.
        let error = connect(&proxy).await.create_model("erik", "s3://erik").send().await.expect_err("its message is cut off");
        assert!(matches!(error, Error::Transport(_)) && error.outcome_unknown(), "{error:?}");
        registry.client.get_model("erik").send().await.unwrap();
        assert_eq!((proxy.dropped(), proxy.broken(), proxy.passed()), (0, 2, 0));
        // Of an answer that is dropped there is not even a beginning.
        let proxy = Proxy::start(registry.address(), Faults::seeded(1).drop_answers(1.0)).await;
        watch(&connect(&proxy).await).await.expect_err("its headers are dropped");
        assert_eq!((proxy.dropped(), proxy.broken(), proxy.passed()), (1, 0, 0));
    }

    /// Whatever was under way on a connection that is cut ends at once; the next connection is a good one.
    async fn a_connection_is_cut(registry: &Harness) {
        let proxy = Proxy::start(registry.address(), Faults::seeded(1)).await;
        let client = connect(&proxy).await;
        let mut statuses = watch(&client).await.expect("a stream");
        statuses.message().await.unwrap().expect("a first status");
        proxy.cut().await;
        let rest = tokio::time::timeout(SOON, statuses.try_collect::<Vec<_>>()).await.expect("the reader is told");
        rest.expect_err("a stream that is cut has not ended");
        wait::until("the client comes back by itself", SOON, async || client.server_info().send().await.ok()).await;
        assert_eq!((proxy.dropped(), proxy.broken(), proxy.passed()), (0, 0, 1));
    }

    /// While nothing gets through, callers wait until their deadlines; afterwards everything is as before.
    async fn a_wire_stalls_and_goes_on(registry: &Harness) {
        let proxy = Proxy::start(registry.address(), Faults::seeded(1)).await;
        let client = connect(&proxy).await;
        client.server_info().send().await.unwrap();
        proxy.pause();
        let error = client.create_model("erik", "s3://erik").timeout(Duration::from_millis(300)).send().await.expect_err("no answer");
        assert!(matches!(error, Error::DeadlineExceeded(_)) && error.outcome_unknown(), "{error:?}");
        assert!(registry.client.get_model("erik").send().await.is_err(), "it got through");
        let patient = client.create_model("anna", "s3://anna").timeout(SOON);
        let waiting = tokio::spawn(async move { patient.send().await });
        // Nor do new connections get through, though they are accepted.
        let error = connect(&proxy).await.server_info().timeout(Duration::from_millis(300)).send().await.expect_err("no answer");
        assert!(matches!(error, Error::DeadlineExceeded(_)), "{error:?}");
        assert_eq!(proxy.passed(), 1);
        assert!(!waiting.is_finished());
        proxy.resume();
        assert_eq!(waiting.await.unwrap().expect("it was only late").name, "anna");
        assert_eq!(registry.client.get_model("anna").send().await.unwrap().name, "anna");
    }
}
