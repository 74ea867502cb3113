//! Answers to "which release does this alias stand for?" from memory, kept current by a watch. May not: be asked anything else; what
//! else there is to resolve (also what runs in an environment) is asked of the registry.
//!
//! - `memory`: what is known, how the watch stands, and what follows from both.
//! - `entries`: the answers, by question, by model and by use.
//! - `horizon`: which events have been seen, as far as that matters.
//! - `follow`: the task that reads the watch.
//!
//! # Why an answer from memory is right
//!
//! An entry says that at some revision `S` of the registry, name and alias stood for a release of the model `M`. It stays true until an
//! event of `M` with a revision above `S`:
//!
//! - That the alias is moved or deleted, or the release changed, moved to another state, deleted or purged, is an event of `M` itself,
//!   because both belong to `M`. So is a change of what the release repeats of its model (name, storage path, repository), and of
//!   what is counted of its deployments.
//! - That the name stands for another model, or for none, needs `M` to lose it first, because a name belongs to one model at a time, even
//!   to a soft-deleted one: `M` is renamed, deleted or purged, and each is an event of `M`.
//! - That nothing was found is not remembered, so that what is created does not matter.
//!
//! Every event of `M` drops all entries of `M`. So an entry is right, up to the events that are still on their way, if every event of `M`
//! above `S` comes *after* the entry is stored. The header of the answer tells a revision `H`, and `S` is at least `H`. An answer is stored
//! only if
//!
//! 1. no event of `M` above `H` has come yet. One that has come could be missing in the answer, and would not come again;
//! 2. `H` is not below the revision that the watch began with, because earlier events do not come at all;
//! 3. the watch did not start over while the question was on its way: then revisions below may be those of another registry.
//!
//! Together: an event of `M` above `S` is above `H`, so by 1 it has not come yet, and by 2 and the promise of the watch (all events, no
//! gap, or else it starts over, which drops everything) it will. What 1 needs to know is kept for a bounded number of models; for all
//! others, the highest revision that was forgotten takes its place, which can only refuse too much.
//!
//! Whether the watch is connected does not matter for this: what it has missed, it tells when it is back. It does matter for how old an
//! answer may be, so an answer from memory is [`Stale`](Freshness::Stale) from when the watch was last heard of until it has told
//! everything up to the revision that the registry had when it connected again.

mod entries;
mod follow;
mod horizon;
mod memory;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use registry_proto::v1 as pb;
use registry_proto::v1::resolve_release_request::Selector;
use tokio::task::AbortHandle;

use self::entries::Question;
use self::memory::{Known, Memory};
use crate::rpc::Rpc as _;
use crate::{Client, Error, ModelRef, Release, ReleaseAlias};

/// Resolves aliases from memory, which a watch keeps current.
///
/// A question is asked of the registry once; from then on it is answered here until the registry tells that something about the model has
/// changed. When the registry cannot be reached, what is known is still answered, and says that it is [stale](Freshness::Stale).
///
/// Cheap to clone: clones share one memory and one watch, which ends when the last of them is dropped.
///
/// ```no_run
/// use registry_client::{CachedResolver, Freshness};
///
/// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
/// let resolver = CachedResolver::start(&client);
/// let resolved = resolver.resolve("llama-3-7b", "production").await?;
/// println!("{} {}", resolved.release.model_name, resolved.release.version);
/// if let Freshness::Stale { since } = resolved.freshness {
///     println!("as of {:?} ago", since.elapsed());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CachedResolver {
    client: Client,
    memory: Arc<Mutex<Memory>>,
    _watch: Arc<Task>,
}

/// What an alias stands for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CachedRelease {
    /// The release.
    pub release: Arc<Release>,
    /// The alias that points to it.
    pub alias: Arc<ReleaseAlias>,
    /// Whether this may have changed without anybody here knowing.
    pub freshness: Freshness,
}

/// How old an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Freshness {
    /// It was read from the registry just now, or is kept current by a watch that is connected. A connection that has died without a
    /// word passes for connected until its silence is noticed, see [`CachedResolverBuilder::progress_interval`].
    Current,
    /// It is from memory, and was right at this moment. The registry has not been heard of since, or what happened since has not been
    /// told completely yet.
    Stale {
        /// The last moment at which it was known to be right.
        since: Instant,
    },
}

/// How the watch of a [`CachedResolver`] stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ResolverState {
    /// It has not been connected yet. All questions are asked of the registry.
    Connecting,
    /// It is connected. Answers from memory are current.
    Connected,
    /// It is connected again, and is being told what happened in the meantime. Answers from memory are stale.
    CatchingUp {
        /// When the registry was last heard of before.
        since: Instant,
    },
    /// It is not connected, and tries to be. Answers from memory are stale; other questions are asked of the registry.
    Disconnected {
        /// When the registry was last heard of.
        since: Instant,
        /// Why it is not connected.
        error: Arc<Error>,
    },
}

/// A [`CachedResolver`] that is to be. Made by [`CachedResolver::builder`].
#[derive(Clone, Debug)]
#[must_use = "nothing is watched until `start` is called"]
pub struct CachedResolverBuilder {
    client: Client,
    capacity: usize,
    progress_interval: Duration,
}

/// Ends the task when it is dropped.
struct Task(AbortHandle);

impl CachedResolver {
    /// Starts to watch, with the defaults of [`CachedResolverBuilder`]. Does not wait for the watch to be connected.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn start(client: &Client) -> Self {
        Self::builder(client).start()
    }

    /// Begins a resolver with other settings than the defaults.
    ///
    /// ```no_run
    /// use registry_client::CachedResolver;
    ///
    /// # async fn run(client: registry_client::Client) {
    /// let resolver = CachedResolver::builder(&client).capacity(500).start();
    /// # }
    /// ```
    pub fn builder(client: &Client) -> CachedResolverBuilder {
        CachedResolverBuilder { client: client.clone(), capacity: 10_000, progress_interval: Duration::from_secs(5) }
    }

    /// The release that an alias of a model stands for: from memory, or from the registry if it is not known.
    ///
    /// # Errors
    ///
    /// Those of the registry if it must be asked, see [`Client::call`]. They are not remembered.
    pub async fn resolve(&self, model: impl Into<ModelRef>, alias: impl Into<String>) -> Result<CachedRelease, Error> {
        let question = Question { model: model.into(), alias: alias.into() };
        let known = self.memory().recall(&question);
        let ticket = match known {
            Known::Answer(answer) => return Ok(answer),
            Known::Nothing(ticket) => ticket,
        };
        let request = pb::ResolveReleaseRequest {
            model_ref: Some(question.model.clone().into()),
            selector: Some(Selector::Alias(question.alias.clone())),
            ..Default::default()
        };
        let answer = self.client.call(request).send_with_meta().await?;
        let pb::ResolveReleaseResponse { release: Some(release), alias: Some(alias) } = answer.value else {
            return Err(Error::protocol(pb::ResolveReleaseRequest::METHOD, "the answer does not hold a release and an alias"));
        };
        let resolved = CachedRelease { release: Arc::new(release), alias: Arc::new(alias), freshness: Freshness::Current };
        if let Some(revision) = answer.revision {
            self.memory().remember(question, &ticket, revision, &resolved);
        }
        Ok(resolved)
    }

    /// How the watch stands.
    #[must_use]
    pub fn state(&self) -> ResolverState {
        self.memory().state()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.memory)
    }
}

/// Nothing is left half done in there, even by a panic.
fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CachedResolverBuilder {
    /// How many answers are kept at most; the one that was not asked for the longest goes first. Default: 10 000.
    pub fn capacity(mut self, answers: usize) -> Self {
        self.capacity = answers;
        self
    }

    /// How long the registry may say nothing before it says that nothing happened: 1 to 300 seconds. A dead connection is noticed after
    /// twice that long and 5 seconds; until then, answers pass for current. Default: 5 seconds.
    pub fn progress_interval(mut self, interval: Duration) -> Self {
        self.progress_interval = interval;
        self
    }

    /// Starts to watch. Does not wait for the watch to be connected.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn start(self) -> CachedResolver {
        let Self { client, capacity, progress_interval } = self;
        let memory = Arc::new(Mutex::new(Memory::new(capacity)));
        let watch = client.watch().progress_interval(progress_interval);
        let task = tokio::spawn(follow::follow(watch, Arc::clone(&memory)));
        CachedResolver { client, memory, _watch: Arc::new(Task(task.abort_handle())) }
    }
}

impl Freshness {
    /// Whether it is [`Current`](Self::Current).
    #[must_use]
    pub fn is_current(self) -> bool {
        self == Self::Current
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for CachedResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedResolver").field("client", &self.client).field("state", &self.state()).finish_non_exhaustive()
    }
}
