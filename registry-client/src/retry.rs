//! When a call is repeated, and after how long. Decides; sends nothing and sleeps nowhere.

use std::time::Duration;

use backon::ExponentialBuilder;
use registry_proto::method::{Idempotency, Method};

use crate::Error;

/// How often and how patiently a failed call is repeated.
///
/// *Whether* it may be repeated is not a setting. A method without side effects is repeated when the failure is a passing one: the
/// registry is unavailable, asks to wait, or gave up a transaction, or the connection broke. A write is repeated only if it certainly
/// never left this process, because no connection could be made; everything else is for the caller to decide, who can ask
/// [`Error::is_retryable`] and [`Error::outcome_unknown`].
///
/// The pause doubles from one attempt to the next, with a random part so that clients do not come back all at once. If the registry says
/// how long to wait, the pause is at least that. No pause goes beyond the deadline of the call: the last error is returned instead.
///
/// ```
/// use std::time::Duration;
/// use registry_client::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_attempts(10).max_delay(Duration::from_secs(2));
/// let never = RetryPolicy::none();
/// assert_ne!(patient, never);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: usize,
    initial_delay: Duration,
    max_delay: Duration,
}

impl Default for RetryPolicy {
    /// 5 attempts; the first pause is 100 to 200 ms, and the longest 5 to 10 s.
    fn default() -> Self {
        Self { max_attempts: 5, initial_delay: Duration::from_millis(100), max_delay: Duration::from_secs(5) }
    }
}

impl RetryPolicy {
    /// One attempt, whatever happens.
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// How often the request is sent at most, the first time included. 0 counts as 1. Default: 5.
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

    /// Where the pause stops growing, not counting the random part. Default: 5 s.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    pub(crate) fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(self.initial_delay.min(self.max_delay))
            .with_max_delay(self.max_delay)
            .with_max_times(self.max_attempts.saturating_sub(1))
    }
}

/// Whether a call of the method that failed like this may be sent again without asking anybody.
pub(crate) fn allowed(method: Method, error: &Error) -> bool {
    match method.idempotency() {
        Idempotency::NoSideEffects => error.is_transient(),
        // Repeating an update that did happen could undo what somebody else wrote since.
        Idempotency::Idempotent | Idempotency::Unknown => error.never_sent(),
    }
}

/// The pause before the next attempt; `None` if there is to be none.
pub(crate) fn pause(error: &Error, backoff: Option<Duration>, left: Duration) -> Option<Duration> {
    let pause = backoff?.max(error.retry_delay().unwrap_or_default());
    (pause < left).then_some(pause)
}
