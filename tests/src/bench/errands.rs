//! What people do in a registry all day, at a steady rate: looking things up, listing, changing, and whole lives of models, from their
//! creation to their purge. Nothing of it makes the registry larger for good, but its history and its audit log.

use super::data::Names;
use futures::TryStreamExt as _;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use registry_client::{Client, Error, ReleaseRef};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

/// How many run errands, and how often each begins one.
const RUNNERS: u64 = 20;
const EVERY: Duration = Duration::from_millis(200);
/// How many watch.
const WATCHERS: u64 = 10;
/// How many bytes an upload has.
const SMALL: usize = 16 * 1024;

/// What became of them. A clone is the same.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    events: AtomicU64,
    errors: AtomicU64,
}

impl Tally {
    /// Calls that were answered, events that were received, and errors.
    #[must_use]
    pub fn now(&self) -> [u64; 3] {
        [&self.0.calls, &self.0.events, &self.0.errors].map(|count| count.load(Ordering::Relaxed))
    }

    fn answered(&self) {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
    }

    fn failed(&self, error: &Error) {
        self.0.errors.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(%error, "an errand failed");
    }
}

/// Those who run errands and watch, until they are dropped.
pub type Running = Vec<AbortOnDropHandle<()>>;

/// Begins, on a registry of so many models.
#[must_use]
pub fn begin(client: &Client, models: u64, seed: u64, tally: &Tally) -> Running {
    let runners = (0..RUNNERS).map(|number| tokio::spawn(run(client.clone(), models, seed + number, tally.clone())));
    let watchers = (0..WATCHERS).map(|_| tokio::spawn(watch(client.clone(), tally.clone())));
    runners.chain(watchers).map(AbortOnDropHandle::new).collect()
}

async fn run(client: Client, models: u64, seed: u64, tally: Tally) {
    let mut chance = SmallRng::seed_from_u64(seed);
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let (dice, model) = (chance.random_range(0..100_u8), chance.random_range(0..models));
        let done = match dice {
            0..50 => look_up(&client, model, &tally).await,
            50..70 => list(&client, &tally).await,
            70..85 => change(&client, model, chance.random(), &tally).await,
            85..95 => promote(&client, model, chance.random_range(5..9), &tally).await,
            _ => live(&client, &tally).await,
        };
        if let Err(error) = done {
            tally.failed(&error);
        }
    }
}

async fn look_up(client: &Client, model: u64, tally: &Tally) -> Result<(), Error> {
    client.get_model(Names.model_name(model)).send().await?;
    tally.answered();
    client.resolve_release(Names.model_name(model)).alias("production").send().await?;
    tally.answered();
    Ok(())
}

async fn list(client: &Client, tally: &Tally) -> Result<(), Error> {
    client.list_models().send().await?;
    tally.answered();
    client.list_releases().send().await?;
    tally.answered();
    Ok(())
}

async fn change(client: &Client, model: u64, nonce: u64, tally: &Tally) -> Result<(), Error> {
    client.update_model(Names.model_name(model)).description(format!("The one with the number {nonce}.")).send().await?;
    tally.answered();
    Ok(())
}

async fn promote(client: &Client, model: u64, nth: u64, tally: &Tally) -> Result<(), Error> {
    let (name, version) = (Names.model_name(model), Names.version(nth));
    client.set_release_alias(ReleaseRef::key(name.as_str(), version.as_str()), "staging").send().await?;
    tally.answered();
    Ok(())
}

/// A model, from its creation to its purge.
async fn live(client: &Client, tally: &Tally) -> Result<(), Error> {
    let name = format!("mortal/{}", Uuid::now_v7().simple());
    client.create_model(&name, format!("s3://models/{name}/")).send().await?;
    tally.answered();
    let release = client.create_release(name.as_str(), "1.0.0").digest(crate::given::digest(1)).send().await?;
    tally.answered();
    client.set_release_alias(&release, "production").send().await?;
    tally.answered();
    let mut bytes = name.clone().into_bytes();
    bytes.resize(SMALL, 0);
    client.upload_artifact(&release, "weights.bin").send_bytes(bytes).await?;
    tally.answered();
    client.delete_model(name.as_str()).force().send().await?;
    tally.answered();
    client.purge_model(name.as_str()).send().await?;
    tally.answered();
    Ok(())
}

async fn watch(client: Client, tally: Tally) {
    let mut watching = client.watch().stream();
    loop {
        match watching.try_next().await {
            Ok(Some(_)) => drop(tally.0.events.fetch_add(1, Ordering::Relaxed)),
            Ok(None) => return,
            Err(error) => return tally.failed(&error),
        }
    }
}
