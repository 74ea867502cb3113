//! What is repeated, how often and when.

use std::collections::BTreeSet;
use std::time::Duration;

use registry_client::{Error, ErrorReason, Idempotency, Method, Model, RetryPolicy, pb};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::coverage::call;
use crate::fake::{Fake, Reply, Seen, status};

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

/// Those that can be repeated: all but what answers with a secret, which is told once.
fn repeatable() -> impl Iterator<Item = Method> {
    writes().filter(|method| method.idempotency() == Idempotency::Idempotent)
}

/// A call whose answer holds a secret is made once, whatever becomes of it: there is no id that would make it the same call.
#[tokio::test(start_paused = true)]
async fn what_answers_with_a_secret_is_not_repeated() {
    let secretive: Vec<_> = writes().filter(|method| method.idempotency() != Idempotency::Idempotent).collect();
    assert_eq!(secretive, [Method::CreateApiKey, Method::RotateApiKey]);
    for method in secretive {
        let fake = Fake::new([Reply::Cut]);
        let error = call(&fake.client, method).await.unwrap_err();
        assert!(error.outcome_unknown(), "{method:?}: {error}");
        assert_eq!(fake.seen().len(), 1, "{method:?}");
    }
}

/// Import is a stream in both directions, which goes on where it was (`moves.rs`).
fn writes() -> impl Iterator<Item = Method> {
    let calls = Method::ALL.iter().copied().filter(|method| *method != Method::Import);
    calls.filter(|method| method.idempotency() != Idempotency::NoSideEffects)
}

/// What can happen on the way, so that nobody here knows what has happened there.
fn lost() -> [Reply; 8] {
    let outcome = [("outcome".to_owned(), "unknown".to_owned())];
    let commit = ErrorDetails::with_error_info(ErrorReason::BackendUnavailable.as_str_name(), "modelregistry", outcome);
    [
        Reply::Cut,
        Reply::Hang,
        Reply::Fail(Status::unavailable("a proxy says so")),
        Reply::Fail(Status::cancelled("somebody gave it up")),
        Reply::Fail(Status::internal("reset")),
        Reply::Fail(Status::unknown("HTTP 500")),
        Reply::Fail(Status::data_loss("half of it")),
        Reply::Fail(Status::with_error_details(Code::Unavailable, "the answer to the commit was lost", commit)),
    ]
}

fn created() -> Reply {
    Reply::message(&pb::CreateModelResponse { model: Some(Model::default()) })
}

#[tokio::test(start_paused = true)]
async fn every_write_is_repeated_with_the_same_request_id() {
    let mut ids = BTreeSet::new();
    for method in repeatable() {
        let fake = Fake::new([Reply::Cut, Reply::Hang]);
        // The empty answer is not always a proper one, but it is one.
        let _ = call(&fake.client, method).await;
        let seen = fake.seen();
        assert_eq!(seen.len(), 3, "{method:?}");
        let id = seen[0].request_id();
        assert!(seen.iter().all(|seen| seen.request_id() == id), "{method:?}");
        if method == Method::CompactEvents {
            assert_eq!(id, "", "it has none, and needs none");
        } else {
            assert_eq!((id.len(), id.matches('-').count()), (36, 4), "{method:?}: {id} is no UUID");
            assert!(ids.insert(id), "{method:?} has the id of another call");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_is_repeated_whatever_became_of_the_first_attempt() {
    for (at, reply) in lost().into_iter().enumerate() {
        let fake = Fake::new([reply, created()]);
        fake.client.create_model("iris", "/iris").send().await.unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(fake.seen().len(), 2);
    }
    for (at, reply) in lost().into_iter().enumerate() {
        let fake = Fake::new([reply, iris()]);
        fake.client.get_model("iris").send().await.unwrap_or_else(|error| panic!("read {at}: {error}"));
    }
}

#[tokio::test(start_paused = true)]
async fn each_call_has_an_id_of_its_own_unless_it_is_given_one() {
    let fake = Fake::new(std::iter::repeat_with(created).take(4));
    let create = fake.client.create_model("iris", "/iris");
    create.clone().send().await.unwrap();
    create.clone().send().await.unwrap();
    create.clone().request_id("mine").send().await.unwrap();
    create.validate_only().request_id("mine").send().await.unwrap();
    fake.client.get_model("iris").send().await.unwrap_err();
    let ids: Vec<_> = fake.seen().iter().map(Seen::request_id).collect();
    assert_ne!(ids[0], ids[1], "clones of a builder are different calls");
    assert_eq!(ids[2..], ["mine", "mine", ""]);

    let fake = Fake::new([]);
    let request = pb::UndeleteModelRequest { request_id: "mine".into(), ..Default::default() };
    fake.client.call(request).send().await.unwrap();
    fake.client.call(pb::UndeleteModelRequest::default()).send().await.unwrap();
    assert_eq!(fake.seen()[0].request_id(), "mine");
    assert_eq!(fake.seen()[1].request_id().len(), 36, "messages get one too");
}

#[tokio::test(start_paused = true)]
async fn what_the_registry_refuses_is_not_repeated() {
    for (code, reason) in [
        (Code::InvalidArgument, ErrorReason::InvalidField),
        (Code::NotFound, ErrorReason::ModelNotFound),
        (Code::AlreadyExists, ErrorReason::ModelAlreadyExists),
        (Code::Aborted, ErrorReason::EtagMismatch),
        (Code::Aborted, ErrorReason::AliasMoved),
        (Code::FailedPrecondition, ErrorReason::RequestIdReused),
        (Code::FailedPrecondition, ErrorReason::ReadOnly),
        (Code::PermissionDenied, ErrorReason::RoleRequired),
        (Code::ResourceExhausted, ErrorReason::StorageFull),
        (Code::Internal, ErrorReason::Internal),
        (Code::DeadlineExceeded, ErrorReason::DeadlineExceeded),
        (Code::Unimplemented, ErrorReason::UnknownMethod),
    ] {
        for method in writes() {
            let fake = Fake::new([Reply::fail(code, reason)]);
            let error = call(&fake.client, method).await.unwrap_err();
            assert_eq!((error.code(), error.reason()), (code, Some(reason)), "{method:?}");
            assert_eq!(fake.seen().len(), 1, "{method:?} was repeated after {reason:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_lost_each_time_has_an_unknown_outcome() {
    for method in repeatable() {
        let fake = Fake::new(std::iter::repeat_with(|| Reply::Fail(Status::unavailable("a proxy says so"))).take(5));
        let client = fake.client.clone().with_retry(RetryPolicy::default().max_attempts(5));
        let error = call(&client, method).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
        assert!(error.outcome_unknown() && !error.is_retryable(), "{error}");
        assert_eq!(fake.seen().len(), 5, "{method:?}");
    }
}

/// A later attempt that comes to nothing for sure does not undo what an earlier one may have done.
#[tokio::test(start_paused = true)]
async fn the_outcome_is_that_of_all_attempts() {
    for last in [
        unavailable(),
        Reply::fail(Code::Unauthenticated, ErrorReason::Unauthenticated),
        Reply::fail(Code::FailedPrecondition, ErrorReason::ReadOnly),
        Reply::fail(Code::Aborted, ErrorReason::TransactionConflict),
        Reply::Fail(Status::not_found("a proxy says so")),
        // This server did not find the request id. The first attempt can still wait for its turn in another one.
        Reply::fail(Code::AlreadyExists, ErrorReason::ModelAlreadyExists),
        Reply::fail(Code::NotFound, ErrorReason::ModelNotFound),
        Reply::fail(Code::Aborted, ErrorReason::EtagMismatch),
    ] {
        let fake = Fake::new([Reply::Cut, last]);
        let client = fake.client.clone().with_retry(RetryPolicy::default().max_attempts(2));
        let error = client.create_model("iris", "/iris").send().await.unwrap_err();
        assert_eq!(fake.seen().len(), 2);
        assert!(error.outcome_unknown() && !error.is_retryable(), "{error}");
    }

    // Nor does one that never left.
    let fake = Fake::new([Reply::Cut]).refusing_later(usize::MAX);
    let error = fake.client.create_model("iris", "/iris").send().await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)) && error.to_string().contains("nobody is listening"), "{error}");
    assert!(error.outcome_unknown() && !error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn what_is_only_checked_has_no_outcome() {
    for reply in lost() {
        let fake = Fake::new([reply]);
        let client = fake.client.clone().with_retry(RetryPolicy::none());
        let error = client.create_model("iris", "/iris").validate_only().send().await.unwrap_err();
        assert!(!error.outcome_unknown(), "{error}");
    }
    let fake = Fake::new([Reply::Cut, created()]);
    fake.client.create_model("iris", "/iris").validate_only().send().await.unwrap();
    assert_eq!(fake.seen().len(), 2);
}

/// The registry tells a write that did not happen from one whose commit it lost the answer to.
#[tokio::test(start_paused = true)]
async fn the_registry_says_whether_the_outcome_is_known() {
    let [.., lost] = lost();
    for (reply, unknown) in [(unavailable(), false), (lost, true)] {
        let fake = Fake::new([reply]);
        let client = fake.client.clone().with_retry(RetryPolicy::none());
        let error = client.create_model("iris", "/iris").send().await.unwrap_err();
        assert_eq!((error.outcome_unknown(), error.is_retryable()), (unknown, !unknown), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_never_sent_is_repeated() {
    let fake = Fake::new([created()]).refusing(2);
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
async fn a_broken_connection_is_made_anew() {
    let fake = Fake::new([Reply::Cut, iris(), Reply::Cut, created()]);
    fake.client.get_model("iris").send().await.unwrap();
    fake.client.create_model("iris", "/iris").send().await.unwrap();
    assert_eq!(fake.seen().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_under_a_write_leaves_the_outcome_unknown() {
    let fake = Fake::new([Reply::Cut]);
    let client = fake.client.clone().with_retry(RetryPolicy::none());
    let error = client.create_model("iris", "/iris").send().await.unwrap_err();
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
        (RetryPolicy::default(), 12),
    ] {
        let fake = Fake::new(std::iter::repeat_with(unavailable).take(20));
        let client = fake.client.clone().with_retry(policy).with_timeout(Duration::from_secs(60));
        let error = client.get_model("iris").send().await.unwrap_err();
        assert!(error.is_retryable());
        assert_eq!(fake.seen().len(), attempts);
    }
}

/// As long as a server that is started again is away, and its balancer has not noticed.
#[tokio::test(start_paused = true)]
async fn a_registry_that_is_away_for_twenty_seconds_is_waited_for() {
    let begun = tokio::time::Instant::now();
    let fake = Fake::new(std::iter::repeat_with(unavailable).take(1000));
    let error = fake.client.create_model("iris", "/iris").send().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    let elapsed = begun.elapsed();
    assert!(elapsed > Duration::from_secs(20) && elapsed < Duration::from_secs(30), "{elapsed:?}");
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
