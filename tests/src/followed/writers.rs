//! Those who write: batches of releases, and single changes of every kind, by several clients on every server.

use super::plain;
use crate::{Harness, given};
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use registry_client::{Client, Error, ErrorReason, Model, ModelRef, Release, ReleaseRef};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// How many clients write on each server.
const CLIENTS: usize = 4;
/// How many releases a batch has: as many as it can have.
const BATCH: usize = 250;

/// The models that everything is about. The last one is deleted and brought back as a whole in the end.
pub(super) async fn models(client: &Client) -> Vec<Model> {
    let create = (0..8).map(|number| client.create_model(format!("model-{number}"), "s3://models/"));
    client.batch_create_models(create).send().await.expect("models")
}

/// Writes at least so many events; tells the last revision.
pub(super) async fn write(servers: &[Harness], models: &[Model], events: usize, random: &mut StdRng) -> i64 {
    let left = Arc::new(AtomicI64::new(i64::try_from(events).expect("a number of events")));
    let mut writers = Vec::new();
    for number in 0..CLIENTS * servers.len() {
        let writer = Writer {
            number,
            client: plain(&servers[number % servers.len()]).await,
            models: models.to_vec(),
            random: StdRng::seed_from_u64(random.random()),
            left: Arc::clone(&left),
        };
        writers.push(tokio::spawn(writer.run()));
    }
    join_all(writers).await.into_iter().for_each(|writer| writer.expect("a writer that does not panic"));
    // Revisions of more events than there are in a message.
    let last = models.last().expect("a model");
    servers[0].client.delete_model(last).force().send().await.expect("a deletion");
    servers[0].client.undelete_model(last).send().await.expect("the model").revision
}

struct Writer {
    number: usize,
    client: Client,
    models: Vec<Model>,
    random: StdRng,
    /// How many events are still to be written, by all of them.
    left: Arc<AtomicI64>,
}

impl Writer {
    async fn run(mut self) {
        let mut written = 0;
        while self.left.fetch_sub(written, Ordering::SeqCst) > written {
            let model = self.models[self.random.random_range(0..self.models.len())].clone();
            let prefix = format!("{}.{}", self.number, self.random.random::<u32>());
            let releases = self.batch(&model, &prefix).await;
            let mut events = releases.len();
            for _ in 0..self.random.random_range(0..12) {
                events += usize::from(self.single(&model, &releases).await);
            }
            written = i64::try_from(events).expect("a number of events");
        }
    }

    async fn batch(&mut self, model: &Model, prefix: &str) -> Vec<Release> {
        let release = |number| self.client.create_release(model, format!("{prefix}.{number}")).digest(given::digest(1));
        self.client.batch_create_releases((0..BATCH).map(release)).send().await.expect("releases")
    }

    /// A change of a model, of one of these releases of it, or of an alias that others move as well; whether there was one.
    async fn single(&mut self, model: &Model, releases: &[Release]) -> bool {
        let release = &releases[self.random.random_range(0..releases.len())];
        let client = &self.client;
        let alias = format!("alias-{}", self.random.random_range(0..4));
        let text = self.random.random::<u64>().to_string();
        let done = match self.random.random_range(0..5) {
            0 => client.update_model(ModelRef::by_id(&model.id)).description(text).send().await.map(drop),
            1 => client.update_release(ReleaseRef::by_id(&release.id)).labels([("note", text)]).send().await.map(drop),
            2 => client.delete_release(ReleaseRef::by_id(&release.id)).send().await.map(drop),
            3 => client.set_release_alias(ReleaseRef::by_id(&release.id), alias).send().await.map(drop),
            _ => client.delete_release_alias(ModelRef::by_id(&model.id), alias).send().await.map(drop),
        };
        happened(done)
    }
}

/// Others are in the way: what was to be changed may be gone, or be pointed to.
fn happened(done: Result<(), Error>) -> bool {
    let in_the_way =
        [ErrorReason::ReleaseNotFound, ErrorReason::ResourceDeleted, ErrorReason::ResourceInUse, ErrorReason::AliasNotFound];
    match done {
        Ok(()) => true,
        Err(error) => {
            assert!(error.reason().is_some_and(|reason| in_the_way.contains(&reason)), "{error}");
            false
        }
    }
}
