//! The load: clients that write, read, watch and resolve, each on a connection of its own, until they are told that it is enough.

mod follow;
mod read;
mod write;

use super::{Plan, soon};
use crate::keys;
use follow::{Resolved, Watched};
use futures::future::join_all;
use read::Reader;
use registry_client::Client;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use write::Writer;

/// What those who write tell the others.
#[derive(Debug, Default)]
struct Progress {
    enough: AtomicBool,
    writes: AtomicUsize,
    /// The revision of a write that was acknowledged; it only grows.
    revision: AtomicI64,
    /// Somebody has ended because of what went wrong.
    failed: AtomicBool,
}

impl Progress {
    fn is_enough(&self) -> bool {
        self.enough.load(Ordering::SeqCst)
    }

    fn wrote(&self, revision: i64) {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.revision.fetch_max(revision, Ordering::SeqCst);
    }
}

/// Clients at work.
pub(super) struct Load {
    progress: Arc<Progress>,
    end: watch::Sender<Option<i64>>,
    writers: Vec<JoinHandle<Writer>>,
    readers: Vec<JoinHandle<Reader>>,
    watch: JoinHandle<Watched>,
    resolver: JoinHandle<Resolved>,
}

/// What they have done and seen.
pub(super) struct Done {
    pub(super) writers: Vec<Writer>,
    pub(super) readers: Vec<Reader>,
    pub(super) watch: Watched,
    pub(super) resolver: Resolved,
}

/// As everybody makes one: nothing is set but the key, and the retries if the plan says so.
async fn client(endpoint: &str, plan: &Plan) -> Client {
    keys::admin(endpoint).retry(plan.retry.clone()).connect().await.expect("a connection")
}

/// How long those who only read wait between two questions: they are to be disturbed, and not to disturb.
const PAUSE: Duration = Duration::from_millis(10);

/// What a writer writes to.
fn model(number: usize) -> String {
    format!("models/of-writer-{number}")
}

impl Load {
    /// Begins it.
    pub(super) async fn begin(endpoint: &str, plan: &Plan) -> Self {
        let progress = Arc::<Progress>::default();
        let end = watch::Sender::new(None);
        let watch = tokio::spawn(follow::watch(client(endpoint, plan).await, end.subscribe()));
        let mut writers = Vec::new();
        for number in 0..plan.writers {
            let writer = Writer::begin(client(endpoint, plan).await, number).await;
            writers.push(tokio::spawn(writer.write(Arc::clone(&progress))));
        }
        let mut readers = Vec::new();
        for number in 0..plan.readers {
            let client = client(endpoint, plan).await;
            readers.push(tokio::spawn(read::read(client, model(number % plan.writers), Arc::clone(&progress))));
        }
        let resolves = follow::resolve(client(endpoint, plan).await, model(0), Arc::clone(&progress), end.subscribe());
        Self { progress, end, writers, readers, watch, resolver: tokio::spawn(resolves) }
    }

    /// Waits until so many more writes were acknowledged, or something went wrong.
    pub(super) async fn goes_on(&self, writes: usize) {
        let wanted = self.progress.writes.load(Ordering::SeqCst) + writes;
        let look = async || {
            let failed = self.progress.failed.load(Ordering::SeqCst);
            (failed || self.progress.writes.load(Ordering::SeqCst) >= wanted).then_some(())
        };
        soon("the load goes on", look).await;
    }

    /// Ends it when everybody has got to the end of what he was doing.
    pub(super) async fn end(self) -> Done {
        let Self { progress, end, writers, readers, watch, resolver } = self;
        progress.enough.store(true, Ordering::SeqCst);
        let writers: Vec<Writer> = join_all(writers).await.into_iter().map(|task| task.expect("a writer")).collect();
        end.send_replace(Some(progress.revision.load(Ordering::SeqCst)));
        let readers = join_all(readers).await.into_iter().map(|task| task.expect("a reader")).collect();
        Done { writers, readers, watch: watch.await.expect("a watch"), resolver: resolver.await.expect("a resolver") }
    }
}
