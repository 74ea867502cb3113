//! Waiting for something to become true: looked for again and again, and for a bounded time.

use std::fmt::Display;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// What `look` finds, as soon as it finds something.
///
/// # Panics
/// If it has found nothing `within` that time; says `what` was waited for.
pub async fn until<T, F: Future<Output = Option<T>>>(what: impl Display, within: Duration, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + within;
    loop {
        match timeout_at(deadline, look()).await {
            Ok(Some(found)) => return found,
            Ok(None) if Instant::now() < deadline => pause().await,
            Ok(None) | Err(_) => panic!("waited {within:?} in vain: {what}"),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the pause of a poll that has a deadline")]
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}
