//! When a call is repeated, and after how long. Decides; sends nothing and sleeps nowhere.

use std::time::Duration;

use backon::ExponentialBuilder;
use registry_proto::method::Idempotency;
use registry_proto::request::Request;

use crate::Error;

/// How often and how patiently a failed call is repeated.
///
/// *Whether* it may be repeated is not a setting. A call is repeated when the failure is a passing one: the registry is unavailable, asks
/// to wait, or gave up a transaction. It is also repeated when there was no proper answer: the connection broke, something on the way
/// gave the call up, or nothing came for as long as an [attempt may take](Self::attempt_timeout). That is safe for calls that write, too,
/// because all attempts carry the same request id, and the registry answers a repeated id with the first answer and changes nothing. What
/// the registry refuses is never repeated. What is left for the caller can be asked of [`Error::is_retryable`] and
/// [`Error::outcome_unknown`].
///
/// The pause doubles from one attempt to the next, with a random part so that clients do not come back all at once. If the registry says
/// how long to wait, the pause is at least that. No pause goes beyond the deadline of the call: the last error is returned instead. With the
/// defaults, a registry that nobody finds for 20 s is waited for; [`connect`](crate::Builder::connect) waits for nobody.
///
/// ```
/// use std::time::Duration;
/// use registry_client::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_attempts(30).max_delay(Duration::from_secs(2));
/// let never = RetryPolicy::none();
/// assert_ne!(patient, never);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: usize,
    initial_delay: Duration,
    max_delay: Duration,
    attempt_timeout: Duration,
}

impl Default for RetryPolicy {
    /// 12 attempts of at most 10 s; the first pause is 100 to 200 ms, and the longest 3 to 6 s. All pauses together are 21 s or more.
    ///
    /// A server that is started again is away for seconds, and a balancer may need some more to notice either.
    fn default() -> Self {
        Self {
            max_attempts: 12,
            initial_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(3),
            attempt_timeout: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// One attempt, whatever happens.
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// How often the request is sent at most, the first time included. 0 counts as 1. Default: 12.
    #[must_use]
    pub fn max_attempts(mut self, attempts: usize) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The first pause, to which up to as much again is added at random. Default: 100 ms.
    #[must_use]
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// Where the pause stops growing, not counting the random part. Default: 3 s.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// How long an attempt waits for its answer before it is given up for lost and followed by another one. The last attempt that
    /// [`max_attempts`](Self::max_attempts) allows has no use for this and gets all that is left until the deadline of the call, beyond
    /// which no attempt goes. Default: 10 s.
    ///
    /// Should be longer than an answer ever takes: a call that needs more would be begun anew each time.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How long attempt number `attempt` (the first is 1) waits for its answer if another one may follow.
    pub(crate) fn patience(&self, attempt: usize) -> Option<Duration> {
        (attempt < self.max_attempts).then_some(self.attempt_timeout)
    }

    pub(crate) fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(self.initial_delay.min(self.max_delay))
            .with_max_delay(self.max_delay)
            .with_max_times(self.max_attempts.saturating_sub(1))
    }
}

/// Whether sending the request once more does nothing beyond what sending it once does.
pub(crate) fn repeatable<R: Request>(request: &R) -> bool {
    match R::METHOD.idempotency() {
        Idempotency::NoSideEffects => true,
        _ if request.validate_only() => true,
        // Without its id, the registry takes it for a new change, which could undo what somebody else wrote since.
        Idempotency::Idempotent => request.request_id().is_none_or(|id| !id.is_empty()),
        Idempotency::Unknown => false,
    }
}

/// Whether a call that failed like this may be sent again without asking anybody.
pub(crate) fn allowed(repeatable: bool, error: &Error) -> bool {
    if repeatable { error.is_transient() || error.is_unanswered() } else { error.never_sent() }
}

/// The pause before the next attempt; `None` if there is to be none.
pub(crate) fn pause(error: &Error, backoff: Option<Duration>, left: Duration) -> Option<Duration> {
    let pause = backoff?.max(error.retry_delay().unwrap_or_default());
    (pause < left).then_some(pause)
}
