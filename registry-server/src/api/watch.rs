//! `WatchService`.
//!
//! A watcher has a place in history and reads on from there when its client takes more: nothing is kept for it, and a
//! client that reads nothing costs nothing. News of a new revision only wakes it up.

use super::convert::{event, time};
use super::guard::Guard;
use super::recent::{Page, Recent};
use super::said::{Said, Sayings};
use super::{Api, Deadline, status};
use crate::domain::page::PageSize;
use crate::domain::{Caller, Error, Limit, RequestId, Revision};
use crate::layer::{CallLimits, Who};
use crate::metrics::{Following, Watchers};
use crate::refusals::Refusals;
#[cfg(feature = "sabotage")]
use crate::sabotage::Fault;
use crate::service::Registry;
use crate::service::history::{Events, FEW, Start, Wanted};
use crate::shares::{Full, Share, Shares};
use crate::store::events::Place;
use crate::telemetry::untraced;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use prost::Message;
use registry_proto::v1 as pb;
use registry_proto::v1::watch_response;
use registry_proto::v1::watch_service_server::WatchService;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status};

/// How many events are read at once without their resources.
const SOME: u64 = 256;
/// How large a message of several events is at the most, in encoded bytes.
const FULL: usize = 1024 * 1024;
/// How large a page of ListEvents is, if it holds more than one revision.
const FULL_PAGE: usize = 2 * 1024 * 1024;
/// How long a stream is silent unless asked otherwise.
const SILENCE: Duration = Duration::from_secs(15);

/// How many streams read at once: the others wait, so that connections are left for calls.
const READING: usize = 4;

/// The room that a server has for streams.
#[derive(Debug, Clone)]
pub(super) struct Watches {
    limits: CallLimits,
    open: Shares<Who>,
    reading: Arc<Semaphore>,
    recent: Recent,
    refusals: Refusals,
    watchers: Watchers,
}

impl Watches {
    pub(super) fn new(limits: &CallLimits, refusals: &Refusals, watchers: Watchers) -> Self {
        let open = Shares::new(limits.watches, limits.watches_per_caller);
        let reading = Arc::new(Semaphore::new(READING));
        Self { limits: *limits, open, reading, recent: Recent::default(), refusals: refusals.clone(), watchers }
    }

    /// Room for one more of a caller, until it is dropped.
    fn one_more(&self, caller: &Caller) -> Result<Share<Who>, Error> {
        self.open.take(Who::holds(caller)).map_err(|full| {
            let (limit, most) = match full {
                Full::Total => (Limit::Watches, self.limits.watches),
                Full::Each => (Limit::WatchesPerCaller, self.limits.watches_per_caller),
            };
            self.refusals.happened(limit);
            Error::TooManyStreams { limit, most }
        })
    }
}

#[tonic::async_trait]
impl WatchService for Api {
    type WatchStream = BoxStream<'static, Result<pb::WatchResponse, Status>>;

    async fn watch(&self, request: Request<pb::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Ok(self.sayings(request).await?.map(|sayings| sayings.map(|said| said?.message()).boxed()))
    }

    async fn list_events(&self, request: Request<pb::ListEventsRequest>) -> Result<Response<pb::ListEventsResponse>, Status> {
        self.serve(
            request,
            |api, ctx, pb::ListEventsRequest { page_size, after_revision, filter, include_resource }| async move {
                let size = u64::try_from(PageSize::of(page_size).rows()).unwrap_or(SOME);
                let wanted = Wanted { scope: ctx.scope().clone(), filter: event::filter(filter)?, pictures: include_resource };
                page(api.registry.events_page(Revision::new(after_revision), &wanted, size).await?)
            },
        )
        .await
    }
}

impl Api {
    /// Watch, as it is said on the wire.
    pub(super) async fn sayings(&self, request: Request<pb::WatchRequest>) -> Result<Response<Sayings>, Status> {
        let deadline = request.extensions().get().copied().unwrap_or(Deadline(None));
        self.accept(
            request,
            async |api, context, pb::WatchRequest { after_revision, filter, include_resource, progress_interval }| {
                let open = api.watches.one_more(context.caller())?;
                let scope = context.scope().clone();
                let wanted = Arc::new(Wanted { scope, filter: event::filter(filter)?, pictures: include_resource });
                let heads = api.registry.store().heads();
                let start = api.registry.start_of(after_revision.map(Revision::new)).await?;
                let guard = Guard::of(&api.registry, context.caller(), deadline, open);
                let watcher = Watcher {
                    registry: api.registry,
                    stop: api.stop,
                    deadline,
                    request_id: context.request_id().clone(),
                    heads,
                    reading: api.watches.reading,
                    recent: api.watches.recent,
                    wanted,
                    silence: progress_interval.map_or(SILENCE, time::length),
                    following: api.watches.watchers.one_more(start.after),
                    place: Place::end_of(start.after),
                    spoke: Instant::now(),
                    guard: Some(guard),
                };
                Ok(watcher.messages(start))
            },
        )
        .await
    }
}

/// A page of whole revisions, cut at the end of the last one that it has room for.
fn page(page: Events) -> Result<pb::ListEventsResponse, Error> {
    let Events { rows, through, current } = page;
    let (mut events, mut bytes, mut whole) = (Vec::with_capacity(rows.len()), 0, None);
    for row in rows {
        let (revision, last) = (row.revision, row.last_in_revision);
        let message = event::message(row)?;
        bytes += message.encoded_len();
        if let Some((kept, through)) = whole.filter(|_| bytes > FULL_PAGE) {
            events.truncate(kept);
            return Ok(listed(events, through, current));
        }
        events.push(message);
        whole = if last { Some((events.len(), revision)) } else { whole };
    }
    Ok(listed(events, through.complete(), current))
}

fn listed(events: Vec<pb::Event>, through: Revision, current: Revision) -> pb::ListEventsResponse {
    pb::ListEventsResponse { events, through_revision: through.number(), has_more: through < current }
}

/// Why a watcher goes on.
enum Woken {
    ByNews,
    BySilence,
}

/// A client that watches.
struct Watcher {
    registry: Registry,
    stop: CancellationToken,
    deadline: Deadline,
    request_id: RequestId,
    heads: watch::Receiver<Revision>,
    reading: Arc<Semaphore>,
    recent: Recent,
    wanted: Arc<Wanted>,
    silence: Duration,
    /// Everything up to here has been sent.
    place: Place,
    /// How far that is, for the metrics.
    following: Following,
    /// When something was last sent.
    spoke: Instant,
    /// `None` when the stream has ended.
    guard: Option<Guard>,
}

impl Watcher {
    fn messages(self, start: Start) -> Sayings {
        let Start { after, current, compacted } = start;
        let started = watch_response::Message::Started(watch_response::Started {
            after_revision: after.number(),
            current_revision: current.number(),
            compacted_revision: compacted.number(),
        });
        let first = stream::once(async { Ok(Said::Message(started)) });
        let rest = stream::unfold(self, async |mut watcher| {
            let mut guard = watcher.guard.take()?;
            let deadline = watcher.deadline;
            let next = tokio::select! {
                biased;
                () = deadline.passed() => None,
                why = guard.lost() => Some(Err(why)),
                next = watcher.next() => Some(next),
            };
            let next = match next {
                None => Err(status::late("the deadline of the stream has passed")),
                Some(next) => next.map_err(|why| status::ending(&why, watcher.place.complete(), &watcher.request_id)),
            };
            watcher.guard = next.is_ok().then_some(guard);
            Some((next, watcher))
        });
        first.chain(rest).boxed()
    }

    /// What is to be said next; waits for it.
    async fn next(&mut self) -> Result<Said, Error> {
        #[cfg(feature = "sabotage")]
        self.registry.sabotage().strike(Fault::Stream, &self.request_id);
        loop {
            if self.stop.is_cancelled() {
                return Err(Error::ShuttingDown);
            }
            let head = *self.heads.borrow_and_update();
            if self.place >= Place::end_of(head) {
                match self.wait().await? {
                    Woken::ByNews => continue,
                    Woken::BySilence => return Ok(self.progress()),
                }
            }
            let before = self.place;
            let events = self.read().await?;
            if !events.is_empty() {
                self.spoke = Instant::now();
                return Ok(Said::Events(events));
            }
            if self.spoke.elapsed() >= self.silence {
                return Ok(self.progress());
            }
            if self.place == before {
                self.wait().await?;
            }
        }
    }

    /// Waits for a new revision, for as long as the stream may be silent.
    async fn wait(&mut self) -> Result<Woken, Error> {
        tokio::select! {
            changed = self.heads.changed() => changed.map(|()| Woken::ByNews).map_err(|_| Error::ShuttingDown),
            () = sleep_until(self.spoke + self.silence) => Ok(Woken::BySilence),
            () = self.stop.cancelled() => Err(Error::ShuttingDown),
        }
    }

    /// The next events, as many as a message has room for; moves on behind them.
    ///
    /// They are read once for all watchers that are here and want the same, by a task of its own. A stream whose client takes nothing is
    /// not polled, and a read that stood still half-way would hold its connection to the database, its turn, and the others that wait for
    /// it, for as long as the client likes.
    async fn read(&mut self) -> Result<Vec<Bytes>, Error> {
        let (registry, wanted, turns) = (self.registry.clone(), Arc::clone(&self.wanted), Arc::clone(&self.reading));
        let (recent, place) = (self.recent.clone(), self.place);
        #[cfg(feature = "sabotage")]
        let request_id = self.request_id.clone();
        let task = tokio::spawn(untraced(async move {
            #[cfg(feature = "sabotage")]
            registry.sabotage().strike(Fault::Read, &request_id);
            shared_pages(registry, place, wanted, recent, &turns).await
        }));
        let read = AbortOnDropHandle::new(task).await.map_err(|error| Error::Internal(error.into()))?;
        let (events, place) = read?;
        self.place = place;
        self.following.at(place.complete());
        Ok(events)
    }

    fn progress(&mut self) -> Said {
        self.spoke = Instant::now();
        let revision = self.place.complete().number();
        Said::Message(watch_response::Message::Progress(watch_response::Progress { revision }))
    }
}

/// The events behind a place and the place behind them, from whoever has read them or by reading them when it is one's turn. Who is
/// behind is given whatever others have read by now, as far as there is room.
async fn shared_pages(
    registry: Registry,
    place: Place,
    wanted: Arc<Wanted>,
    recent: Recent,
    turns: &Semaphore,
) -> Result<(Vec<Bytes>, Place), Error> {
    let reading = recent.behind(place, &wanted);
    let read = async || {
        let _turn = turns.acquire().await.map_err(|_| Error::ShuttingDown)?;
        page_behind(registry, place, &wanted).await
    };
    let page = reading.get_or_try_init(read).await?;
    recent.was_read(place, page, &reading);
    let (mut through, mut room, mut pages) = (page.through, FULL.saturating_sub(page.events.len()), vec![page.events.clone()]);
    while let Some(reading) = recent.known_behind(through, &wanted) {
        let Some(next) = reading.get().filter(|next| next.through > through && next.events.len() <= room) else { break };
        (through, room) = (next.through, room - next.events.len());
        pages.push(next.events.clone());
    }
    pages.retain(|page| !page.is_empty());
    Ok((pages, through))
}

/// The events behind a place, as many as a message has room for.
async fn page_behind(registry: Registry, mut place: Place, wanted: &Wanted) -> Result<Page, Error> {
    let some = if wanted.pictures { FEW } else { SOME };
    let Events { rows, through, current: _ } = registry.events_after(place, wanted, some).await?;
    let (mut events, mut bytes) = (Vec::with_capacity(rows.len()), 0);
    for row in rows {
        let behind = Place::after(&row);
        let message = event::message(row)?;
        bytes += message.encoded_len();
        if bytes > FULL && !events.is_empty() {
            return Ok(page_of(events, place));
        }
        events.push(message);
        place = behind;
    }
    Ok(page_of(events, through))
}

fn page_of(events: Vec<pb::Event>, through: Place) -> Page {
    Page { events: watch_response::Events { events }.encode_to_vec().into(), through }
}
