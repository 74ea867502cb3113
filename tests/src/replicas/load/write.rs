//! Those who write. Each has a model, makes releases of it, and moves an alias from each to the next one with compare-and-set: a change
//! that happened twice, or did not although it was acknowledged, is seen by the next one.

use super::{Progress, model};
use crate::given;
use futures::TryStreamExt;
use registry_client::{Answer, Client, Error, Release};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A client that writes, and what it was told.
pub(in crate::replicas) struct Writer {
    client: Client,
    number: usize,
    newest: Release,
    moves: usize,
    /// How many writes were acknowledged.
    pub(in crate::replicas) writes: usize,
    /// How many of them by the answer to an earlier attempt.
    pub(in crate::replicas) replayed: usize,
    /// The longest that one took.
    pub(in crate::replicas) slowest: Duration,
    failed: Option<Error>,
}

impl Writer {
    /// One with a model of its own, a release, and an alias that points to it.
    pub(super) async fn begin(client: Client, number: usize) -> Self {
        client.create_model(model(number), "s3://models/").send().await.expect("a model");
        let newest =
            client.create_release(model(number).as_str(), "1.0.0").digest(given::digest(1)).send().await.expect("a release");
        client.set_release_alias(&newest, "production").expected_absent().send().await.expect("an alias");
        Self { client, number, newest, moves: 1, writes: 0, replayed: 0, slowest: Duration::ZERO, failed: None }
    }

    /// Writes until it is enough, or something fails.
    pub(super) async fn write(mut self, progress: Arc<Progress>) -> Self {
        while !progress.is_enough() {
            if let Err(error) = self.round(&progress).await {
                progress.failed.store(true, Ordering::SeqCst);
                self.failed = Some(error);
                break;
            }
        }
        self
    }

    async fn round(&mut self, progress: &Progress) -> Result<(), Error> {
        let version = format!("1.{}.0", self.moves);
        let create = self.client.create_release(model(self.number).as_str(), version).digest(given::digest(1)).send_with_meta();
        let began = Instant::now();
        let created = create.await;
        let next = self.note(began, created, progress)?;
        let put = self.client.set_release_alias(&next, "production").expected_release(&self.newest).send_with_meta();
        let began = Instant::now();
        let moved = put.await;
        self.note(began, moved, progress)?;
        self.newest = next;
        self.moves += 1;
        Ok(())
    }

    fn note<T>(&mut self, began: Instant, answer: Result<Answer<T>, Error>, progress: &Progress) -> Result<T, Error> {
        self.slowest = self.slowest.max(began.elapsed());
        let answer = answer?;
        self.writes += 1;
        self.replayed += usize::from(answer.replayed);
        progress.wrote(answer.revision.expect("every write has a revision"));
        Ok(answer.value)
    }

    /// What differs between what it was told and what is there.
    pub(in crate::replicas) async fn judge(&self, quiet: &Client, wrong: &mut Vec<String>) {
        let name = model(self.number);
        if let Some(error) = &self.failed {
            wrong.push(format!("a write to {name} failed: {error} ({error:?})"));
            return;
        }
        let moves: Vec<_> =
            quiet.list_release_alias_history(name.as_str(), "production").items().try_collect().await.expect("the history");
        let releases: Vec<_> = quiet.list_releases().model(name.as_str()).items().try_collect().await.expect("the releases");
        if (moves.len(), releases.len()) != (self.moves, self.moves) {
            let (moved, made) = (moves.len(), releases.len());
            wrong.push(format!("{name}: {} rounds, and there are {moved} moves and {made} releases", self.moves));
        }
    }
}
