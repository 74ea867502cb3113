//! Deadlines: what the server is told, and what the client does when nothing comes.

use std::time::Duration;

use registry_client::{Error, ErrorReason, Model, RetryPolicy, pb};
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::fake::{Fake, Reply};

/// The header, in nanoseconds and so on, as a duration.
fn told(fake: &Fake, request: usize) -> Duration {
    let seen = fake.seen();
    let header = seen[request].metadata.get("grpc-timeout").unwrap().to_str().unwrap().to_owned();
    let (value, unit) = header.split_at(header.len() - 1);
    let value: u64 = value.parse().unwrap();
    match unit {
        "n" => Duration::from_nanos(value),
        "u" => Duration::from_micros(value),
        "m" => Duration::from_millis(value),
        "S" => Duration::from_secs(value),
        other => panic!("unit {other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_ends_at_its_deadline() {
    let fake = Fake::new(hanging());
    let begun = Instant::now();
    let error = fake.client.create_model("iris", "/iris").send().await.unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), 30);
    assert!(matches!(error, Error::DeadlineExceeded(_)), "{error}");
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(error.outcome_unknown() && !error.is_retryable());
    assert_eq!(told(&fake, 0), Duration::from_secs(30));
}

/// An answer can get lost without the connection breaking.
#[tokio::test(start_paused = true)]
async fn an_attempt_without_an_answer_is_given_up_and_followed_by_another() {
    let done = || Reply::message(&pb::CreateModelResponse { model: Some(Model::default()) });
    let fake = Fake::new([Reply::Hang, done()]);
    fake.client.create_model("iris", "/iris").send().await.unwrap();
    let seen = fake.seen();
    assert_eq!((seen.len(), (seen[1].at - seen[0].at).as_secs()), (2, 10));
    assert!(told(&fake, 0) > Duration::from_secs(20), "the server is told how long the call may take, not the attempt");

    let fake = Fake::new([Reply::Hang, Reply::Hang, done()]);
    let client = fake.client.clone().with_retry(RetryPolicy::default().attempt_timeout(Duration::from_secs(1)));
    client.create_model("iris", "/iris").send().await.unwrap();
    let at: Vec<_> = fake.seen().iter().map(|seen| (seen.at - seen_first(&fake)).as_secs()).collect();
    assert_eq!(at, [0, 1, 2]);

    let fake = Fake::new([Reply::Hang, Reply::message(&pb::GetModelResponse { model: Some(Model::default()) })]);
    fake.client.get_model("iris").send().await.unwrap();
    assert_eq!(fake.seen().len(), 2, "reads are no different");
}

/// When nothing follows, there is no reason to give up.
#[tokio::test(start_paused = true)]
async fn the_last_attempt_gets_all_that_is_left() {
    for (policy, attempts) in [
        (RetryPolicy::none(), 1),
        (RetryPolicy::default().max_attempts(2), 2),
        (RetryPolicy::default().attempt_timeout(Duration::MAX), 1),
        (RetryPolicy::default().attempt_timeout(Duration::from_secs(30)), 1),
        (RetryPolicy::default().max_attempts(5).attempt_timeout(Duration::ZERO), 5),
    ] {
        let fake = Fake::new(hanging());
        let begun = Instant::now();
        let error = fake.client.clone().with_retry(policy.clone()).create_model("iris", "/iris").send().await.unwrap_err();
        assert_eq!(begun.elapsed().as_secs(), 30, "{policy:?}");
        assert!(matches!(error, Error::DeadlineExceeded(_)) && error.outcome_unknown(), "{error}");
        assert!(fake.seen().len() <= attempts, "{policy:?}");
    }
}

fn hanging() -> impl Iterator<Item = Reply> {
    std::iter::repeat_with(|| Reply::Hang).take(10)
}

fn seen_first(fake: &Fake) -> Instant {
    fake.seen()[0].at
}

#[tokio::test(start_paused = true)]
async fn a_call_can_have_its_own_deadline() {
    let fake = Fake::new([Reply::Hang]);
    let client = fake.client.clone().with_timeout(Duration::from_secs(7));
    let begun = Instant::now();
    let error = client.get_model("iris").timeout(Duration::from_secs(2)).send().await.unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), 2);
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(!error.outcome_unknown());
    assert_eq!(told(&fake, 0), Duration::from_secs(2));

    let fake = Fake::new([Reply::Hang]);
    let begun = Instant::now();
    fake.client.clone().with_timeout(Duration::from_secs(7)).get_model("iris").send().await.unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn connecting_counts_too() {
    let fake = Fake::new([]).unreachable();
    let begun = Instant::now();
    let error = fake.client.get_model("iris").send().await.unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), 30);
    assert_eq!(error.code(), Code::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn a_later_attempt_gets_what_is_left() {
    let fake = Fake::new([Reply::fail(Code::Unavailable, ErrorReason::BackendUnavailable)].into_iter().chain(hanging()));
    let begun = Instant::now();
    let error = fake.client.get_model("iris").send().await.unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), 30);
    assert_eq!(error.code(), Code::DeadlineExceeded);
    let (first, second) = (told(&fake, 0), told(&fake, 1));
    assert!(second <= first - Duration::from_millis(100), "{first:?}, then {second:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_the_server_noticed_is_the_same() {
    let fake = Fake::new([Reply::Fail(Status::deadline_exceeded("too late"))]);
    let error = fake.client.get_model("iris").send().await.unwrap_err();
    assert!(matches!(error, Error::DeadlineExceeded(_)), "{error}");
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_deadline_is_too_long_or_too_short() {
    let fake = Fake::new([]);
    fake.client.server_info().timeout(Duration::MAX).send().await.unwrap();
    let error = fake.client.server_info().timeout(Duration::ZERO).send().await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
}
