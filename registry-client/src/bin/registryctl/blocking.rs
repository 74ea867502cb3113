//! What can only be waited for on a thread: files, pipes, people. Meanwhile, Ctrl-C is heard.

use crate::failure::Failure;

/// Does it on a thread of its own. Whoever stops waiting leaves it behind.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Failure::Refused(error.to_string())))
}
