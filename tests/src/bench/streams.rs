//! Many who watch, over a few connections: each event is looked at, by its name and its order, and timed if it is known when it was to be asked for.
//!
//! On HTTP/2 itself, as the load is. Of an event only the name of its resource is decoded.

use super::load::{Call, Failed, begun, connect};
use super::server::Server;
use bytes::{Buf, Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use h2::RecvStream;
use h2::client::SendRequest;
use hdrhistogram::Histogram;
use prost::Message;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::task::AbortOnDropHandle;

/// How many streams are asked for at once.
const AT_ONCE: usize = 20;

/// What all watchers have seen. A clone is the same.
#[derive(Debug, Clone)]
pub struct News(Arc<Seen>);

#[derive(Debug)]
struct Seen {
    /// When each event was to be asked for, by the number in the name of its resource.
    asked: Vec<OnceLock<Instant>>,
    received: AtomicU64,
    messages: AtomicU64,
    /// Those that came out of turn: one that was left out, or given twice.
    astray: AtomicU64,
    delays: Mutex<Histogram<u64>>,
}

impl Default for News {
    fn default() -> Self {
        Self::of(0)
    }
}

impl News {
    /// Of so many events that will be made.
    ///
    /// # Panics
    /// Never: the bounds of the histogram are in order.
    #[must_use]
    pub fn of(events: usize) -> Self {
        let delays = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("bounds that are in order");
        Self(Arc::new(Seen {
            asked: (0..events).map(|_| OnceLock::new()).collect(),
            received: AtomicU64::default(),
            messages: AtomicU64::default(),
            astray: AtomicU64::default(),
            delays: Mutex::new(delays),
        }))
    }

    /// The name of a resource whose event has that number, which was to be asked for then.
    #[must_use]
    pub fn ask(&self, number: usize, due: Instant) -> String {
        if let Some(asked) = self.0.asked.get(number) {
            let _ = asked.set(due); // a number is used once
        }
        format!("news-{number}")
    }

    /// How many events all watchers have together.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.0.received.load(Ordering::Relaxed)
    }

    /// In how many messages.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.0.messages.load(Ordering::Relaxed)
    }

    /// How many were not the one that was to come next.
    #[must_use]
    pub fn astray(&self) -> u64 {
        self.0.astray.load(Ordering::Relaxed)
    }

    /// So many ms were enough for that part of them, from when they were to be asked for until they were received.
    #[must_use]
    pub fn percentile(&self, part: f64) -> f64 {
        let delays = self.0.delays.lock().unwrap_or_else(PoisonError::into_inner);
        Duration::from_nanos(delays.value_at_quantile(part)).as_secs_f64() * 1e3
    }

    fn came(&self, name: &[u8], next: &mut u64) {
        self.0.received.fetch_add(1, Ordering::Relaxed);
        let Some(number) = name.strip_prefix(b"news-").and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok())
        else {
            return;
        };
        if number != *next {
            self.0.astray.fetch_add(1, Ordering::Relaxed);
        }
        *next = number + 1;
        let asked = usize::try_from(number).ok().and_then(|number| self.0.asked.get(number)?.get());
        if let Some(delay) = asked.and_then(|asked| u64::try_from(asked.elapsed().as_nanos()).ok()) {
            self.0.delays.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(delay);
        }
    }
}

/// Those who watch, until they are dropped.
pub type Watching = Vec<AbortOnDropHandle<()>>;

/// Opens streams of everything that happens from now on; each has begun when this returns.
///
/// # Panics
/// If one is refused, and later if one ends.
pub async fn open(server: &Server, watchers: usize, connections: usize, news: &News) -> Watching {
    let mut senders = Vec::new();
    for _ in 0..connections {
        senders.push(connect(server.address()).await.expect("a connection"));
    }
    let opening = senders.iter().cycle().take(watchers).map(|sender| begin(sender.clone(), server));
    // A server has so many calls in hand and no more; one that has begun is none.
    let streams: Vec<Stream> = futures::stream::iter(opening).buffered(AT_ONCE).try_collect().await.expect("streams that begin");
    streams.into_iter().map(|stream| AbortOnDropHandle::new(tokio::spawn(follow(stream, news.clone())))).collect()
}

async fn begin(sender: SendRequest<Bytes>, server: &Server) -> Result<Stream, Failed> {
    // Everything, from now on.
    let call = Call::new("/modelregistry.v1.WatchService/Watch", &());
    let (_, body) = begun(sender, server.address(), call).await?;
    let mut stream = Stream { body, read: BytesMut::new() };
    stream.message().await?; // it has started
    Ok(stream)
}

async fn follow(mut stream: Stream, news: News) {
    let mut next = 0;
    loop {
        let message = stream.message().await.expect("a stream that goes on");
        let message = Glance::decode(message).expect("a message");
        news.0.messages.fetch_add(1, Ordering::Relaxed);
        for event in message.events.unwrap_or_default().events {
            news.came(&event.resource_name, &mut next);
        }
    }
}

struct Stream {
    body: RecvStream,
    read: BytesMut,
}

impl Stream {
    /// The next message, without what is in front of it.
    async fn message(&mut self) -> Result<Bytes, Failed> {
        loop {
            if let Some(head) = self.read.get(..5) {
                let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
                let length = usize::try_from(length)?;
                if self.read.len() >= length + 5 {
                    self.read.advance(5);
                    return Ok(self.read.split_to(length).freeze());
                }
            }
            let data = self.body.data().await.ok_or("the stream has ended")??;
            self.body.flow_control().release_capacity(data.len())?;
            self.read.extend_from_slice(&data);
        }
    }
}

/// Of a `WatchResponse` what is looked at.
#[derive(Clone, PartialEq, Message)]
struct Glance {
    #[prost(message, optional, tag = "2")]
    events: Option<Events>,
}

#[derive(Clone, PartialEq, Message)]
struct Events {
    #[prost(message, repeated, tag = "1")]
    events: Vec<Event>,
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(bytes = "bytes", tag = "8")]
    resource_name: Bytes,
}
