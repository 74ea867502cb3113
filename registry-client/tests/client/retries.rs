//! What is repeated, how often and when.

use std::time::Duration;

use registry_client::{Error, ErrorReason, Idempotency, Method, Model, ReleaseRef, RetryPolicy, pb};
use tonic::Code;
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::fake::{Fake, Reply, status};

fn unavailable() -> Reply {
    Reply::fail(Code::Unavailable, ErrorReason::BackendUnavailable)
}

fn iris() -> Reply {
    Reply::message(&pb::GetModelResponse { model: Some(Model { name: "iris".into(), ..Default::default() }) })
}

fn wait(code: Code, reason: ErrorReason, delay: Duration) -> Reply {
    Reply::Fail(status(code, reason, ErrorDetails::new().set_retry_info(Some(delay))))
}

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_until_the_registry_is_back() {
    let fake = Fake::new([unavailable(), unavailable(), iris()]);
    assert_eq!(fake.client.get_model("iris").send().await.unwrap().name, "iris");
    let at: Vec<_> = fake.seen().iter().map(|seen| seen.at).collect();
    let pauses: Vec<_> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let slack = Duration::from_millis(5);
    assert!(pauses[0] >= Duration::from_millis(100) && pauses[0] <= Duration::from_millis(200) + slack, "{pauses:?}");
    assert!(pauses[1] >= Duration::from_millis(200) && pauses[1] <= Duration::from_millis(400) + slack, "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn clients_do_not_come_back_all_at_once() {
    let mut pauses = std::collections::BTreeSet::new();
    for _ in 0..10 {
        let fake = Fake::new([unavailable(), iris()]);
        fake.client.get_model("iris").send().await.unwrap();
        let seen = fake.seen();
        pauses.insert(seen[1].at - seen[0].at);
    }
    assert!(pauses.len() > 1, "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_arrived_is_not_repeated_and_its_outcome_is_unknown() {
    for method in Method::ALL.iter().filter(|method| method.idempotency() != Idempotency::NoSideEffects) {
        let fake = Fake::new([Reply::Fail(tonic::Status::unavailable("somebody on the way said so"))]);
        let client = &fake.client;
        let release = || ReleaseRef::key("iris", "1.0");
        let error = match method {
            Method::CreateModel => client.create_model("iris", "/iris").send().await.unwrap_err(),
            Method::UpdateModel => client.update_model("iris").task("x").send().await.unwrap_err(),
            Method::CreateRelease => client.create_release("iris", "1.0").send().await.unwrap_err(),
            Method::UpdateRelease => client.update_release(release()).size_bytes(1).send().await.unwrap_err(),
            Method::TransitionRelease => client.yank_release(release()).send().await.unwrap_err(),
            _ => continue, // written elsewhere at this moment
        };
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
        assert!(error.outcome_unknown() && !error.is_retryable(), "{error}");
        assert_eq!(fake.seen().len(), 1, "{method:?} was repeated");
    }
}

/// The registry tells a write that did not happen from one whose commit it lost the answer to.
#[tokio::test(start_paused = true)]
async fn the_registry_says_whether_the_outcome_is_known() {
    let lost = ErrorDetails::with_error_info(
        ErrorReason::BackendUnavailable.as_str_name(),
        "modelregistry",
        [("outcome".to_owned(), "unknown".to_owned())],
    );
    let lost = Reply::Fail(tonic::Status::with_error_details(Code::Unavailable, "lost", lost));
    for (reply, unknown) in [(unavailable(), false), (lost, true)] {
        let error = Fake::new([reply]).client.create_model("iris", "/iris").send().await.unwrap_err();
        assert_eq!((error.outcome_unknown(), error.is_retryable()), (unknown, !unknown), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_never_sent_is_repeated() {
    let fake = Fake::new([Reply::message(&pb::CreateModelResponse { model: Some(Model::default()) })]).refusing(2);
    fake.client.create_model("iris", "/iris").send().await.unwrap();
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_has_a_known_outcome() {
    let fake = Fake::new([]).refusing(usize::MAX);
    let error = fake.client.create_model("iris", "/iris").send().await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");
    assert!(!error.outcome_unknown() && error.is_retryable());
    assert!(error.to_string().contains("nobody is listening"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_made_anew_for_a_read() {
    let fake = Fake::new([Reply::Cut, iris()]);
    fake.client.get_model("iris").send().await.unwrap();
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_under_a_write_leaves_the_outcome_unknown() {
    let fake = Fake::new([Reply::Cut]);
    let error = fake.client.create_model("iris", "/iris").send().await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");
    assert!(error.outcome_unknown() && !error.is_retryable());
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_registry_says_how_long_to_wait() {
    for (code, reason) in [
        (Code::ResourceExhausted, ErrorReason::RateLimited),
        (Code::Unavailable, ErrorReason::BackendUnavailable),
        (Code::Aborted, ErrorReason::TransactionConflict),
    ] {
        let fake = Fake::new([wait(code, reason, Duration::from_secs(3)), iris()]);
        fake.client.get_model("iris").send().await.unwrap();
        let seen = fake.seen();
        let pause = seen[1].at - seen[0].at;
        assert!(pause >= Duration::from_secs(3) && pause < Duration::from_millis(3010), "{pause:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let begun = tokio::time::Instant::now();
    let fake = Fake::new([wait(Code::ResourceExhausted, ErrorReason::RateLimited, Duration::from_secs(60))]);
    let error = fake.client.get_model("iris").send().await.unwrap_err();
    assert!(matches!(error, Error::ResourceExhausted(_)), "{error}");
    assert_eq!(error.retry_delay(), Some(Duration::from_secs(60)));
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_will_not_pass_is_not_repeated() {
    for (code, reason) in [
        (Code::ResourceExhausted, ErrorReason::RateLimited), // without a delay
        (Code::Aborted, ErrorReason::EtagMismatch),
        (Code::Internal, ErrorReason::Internal),
        (Code::NotFound, ErrorReason::ModelNotFound),
        (Code::Unauthenticated, ErrorReason::Unauthenticated),
    ] {
        let fake = Fake::new([Reply::fail(code, reason), iris()]);
        let error = fake.client.get_model("iris").send().await.unwrap_err();
        assert_eq!((error.code(), error.reason()), (code, Some(reason)));
        assert!(!error.is_retryable() && !error.outcome_unknown());
        assert_eq!(fake.seen().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_policy_limits_the_attempts() {
    for (policy, attempts) in [
        (RetryPolicy::none(), 1),
        (RetryPolicy::default().max_attempts(0), 1),
        (RetryPolicy::default().max_attempts(3), 3),
        (RetryPolicy::default(), 5),
    ] {
        let fake = Fake::new(std::iter::repeat_with(unavailable).take(10));
        let error = fake.client.clone().with_retry(policy).get_model("iris").send().await.unwrap_err();
        assert!(error.is_retryable());
        assert_eq!(fake.seen().len(), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_limits_the_attempts() {
    let begun = tokio::time::Instant::now();
    let policy = RetryPolicy::default().max_attempts(usize::MAX).max_delay(Duration::from_secs(1));
    let fake = Fake::new(std::iter::repeat_with(unavailable).take(1000));
    let error = fake.client.clone().with_retry(policy).get_model("iris").send().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "the last failure, not the deadline: {error}");
    let elapsed = begun.elapsed();
    assert!(elapsed > Duration::from_secs(27) && elapsed < Duration::from_secs(30), "{elapsed:?}");
}
