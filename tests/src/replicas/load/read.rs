//! Those who read, each from whatever server the balancer gave it, and want to see what was acknowledged by any other.

use super::{PAUSE, Progress};
use registry_client::{Client, Error};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::time::interval;

/// What a client was told.
#[derive(Debug, Default)]
pub(in crate::replicas) struct Reader {
    /// How many reads were answered.
    pub(in crate::replicas) reads: usize,
    /// The longest that one took.
    pub(in crate::replicas) slowest: Duration,
    /// What failed, and what was older than what had been there.
    pub(in crate::replicas) wrong: Vec<String>,
}

/// Reads until it is enough, or something fails.
pub(super) async fn read(client: Client, model: String, progress: Arc<Progress>) -> Reader {
    let mut reader = Reader::default();
    let (mut newest, mut tick) = (0, interval(PAUSE));
    while !progress.is_enough() && reader.wrong.is_empty() {
        tick.tick().await;
        let began = Instant::now();
        let found = one(&client, &model, progress.revision.load(Ordering::SeqCst)).await;
        reader.slowest = reader.slowest.max(began.elapsed());
        match found {
            Ok(minor) if minor < newest => {
                reader.wrong.push(format!("the alias of {model} was at 1.{newest}.0, and later at 1.{minor}.0"));
            }
            Ok(minor) => newest = minor,
            Err(error) => reader.wrong.push(format!("a read of {model} failed: {error} ({error:?})")),
        }
        reader.reads += 2;
    }
    reader
}

/// The release that the alias points to, as the number in the middle of its version; and a list, for the sake of another call.
async fn one(client: &Client, model: &str, revision: i64) -> Result<usize, Error> {
    client.list_releases().model(model).page_size(5).min_revision(revision).send().await?;
    let found = client.resolve_release(model).alias("production").min_revision(revision).send().await?;
    Ok(found.version.split('.').nth(1).and_then(|minor| minor.parse().ok()).expect("a version of a writer"))
}
