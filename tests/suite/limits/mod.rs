//! What calls may take: the one over each limit is refused and told to wait, nobody else is, and afterwards there is room again.

mod attacks;
mod bytes;
mod calls;
mod documents;
mod failures;
mod log;
mod memory;
mod published;
mod rate;
mod streams;

use ::bytes::Bytes;
use registry_client::pb::{GetModelRequest, Role};
use registry_client::{Client, Code, Error, ErrorReason, ModelRef};
use registry_server::domain::Limit;
use registry_server::layer::CallLimits;
use registry_tests::unfinished::Unfinished;
use registry_tests::{Database, Harness, expect, keys, raw};
use std::fmt::Debug;
use std::time::{Duration, Instant};
use tonic::Status;
use tonic_types::StatusExt;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
const GET: &str = "/modelregistry.v1.ModelService/GetModel";
const INFO: &str = "/modelregistry.v1.SystemService/GetServerInfo";

/// A registry with these limits of calls, on which there is a model `m`.
async fn limited(database: Database, change: impl FnOnce(&mut CallLimits)) -> Harness {
    let registry = Harness::with(database, |settings| change(&mut settings.calls)).await;
    registry_tests::given::model(&registry, "m").await;
    registry
}

/// Another caller: a key of its own, its secret and a client with it.
async fn caller(registry: &Harness, name: &str) -> (String, Client) {
    let (_, secret) = keys::make(registry, name, Role::Operator).await;
    let client = keys::client(registry.endpoint(), &secret).await;
    (secret, client)
}

/// Asks for `m`, as bytes.
fn get_m() -> Bytes {
    raw::framed(&GetModelRequest { model_ref: Some(ModelRef::by_name("m").into()), view: 0 })
}

/// Whether a call is refused because of this limit, and as every such call must be; any other failure is one of the test.
fn is_limited<T: Debug>(answer: Result<T, Error>, limit: Limit) -> Option<Duration> {
    let error = match answer {
        Ok(_) => return None,
        error => expect::refused(error, Code::ResourceExhausted, ErrorReason::RateLimited),
    };
    Some(told_to_wait(error.status().unwrap(), limit))
}

/// How long a call is told to wait that was refused because of this limit.
fn told_to_wait(status: &Status, limit: Limit) -> Duration {
    assert_eq!((status.code(), raw::reason(status)), (Code::ResourceExhausted, Some(ErrorReason::RateLimited)), "{status:?}");
    let details = status.get_error_details();
    let quota = &details.quota_failure().expect("QuotaFailure").violations;
    assert_eq!((quota.len(), quota[0].subject.as_str()), (1, limit.subject()), "{quota:?}");
    assert_eq!(quota[0].description, limit.to_string());
    let wait = details.retry_info().expect("RetryInfo").retry_delay.expect("a time to wait");
    assert!(wait > Duration::ZERO && wait <= Duration::from_secs(10), "{wait:?}");
    wait
}

/// Waits until a client that asks for `m` is refused because of this limit.
async fn until_refused(client: &Client, limit: Limit) -> Duration {
    let ask = || async { is_limited(client.get_model("m").send().await, limit) };
    registry_tests::wait::until("a call that is refused", PATIENCE, ask).await
}

/// Waits until it is answered, and not refused because of this limit.
async fn until_served(client: &Client, limit: Limit) {
    let ask = || async {
        let answer = client.get_model("m").send().await;
        is_limited(answer, limit).is_none().then_some(())
    };
    registry_tests::wait::until("a call that is answered", PATIENCE, ask).await;
}

/// Holds so many calls of a caller, and waits until one more of his, with which `is_refused` tries, is refused. A call that is
/// to be held is refused itself if it comes while one that tries is in hand: then another one is begun.
async fn hold(count: usize, begin: impl AsyncFn() -> Unfinished, is_refused: impl AsyncFn() -> bool) -> Vec<Unfinished> {
    let mut held: Vec<Unfinished> = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        held.retain(|call| !call.is_answered());
        while held.len() < count {
            held.push(begin().await);
        }
        if is_refused().await && !held.iter().any(Unfinished::is_answered) {
            return held;
        }
    }
    panic!("with {count} calls in hand, one more was never refused");
}
