//! Spans that are sent nowhere. The library tells of them only in a log of its own, once; so its queue is kept from running over here,
//! where what has no place in it is counted.
//!
//! May not: log where a span ends, which is inside of what hears of spans.

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanProcessor};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// How many spans were dropped. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Dropped(Arc<AtomicU64>);

impl Dropped {
    /// So many up to now.
    #[must_use]
    pub fn spans(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn more(&self, spans: usize) {
        self.0.fetch_add(u64::try_from(spans).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// The places in the queue. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Places {
    most: usize,
    taken: Arc<AtomicUsize>,
    pub(super) dropped: Dropped,
    turned_away: Arc<AtomicU64>,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: Arc::default(), dropped: Dropped::default(), turned_away: Arc::default() }
    }

    /// A place for one span, if there is one.
    fn take(&self) -> bool {
        let one_more = |taken: usize| (taken < self.most).then_some(taken + 1);
        let has_place = self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_ok();
        if !has_place {
            self.dropped.more(1);
            self.turned_away.fetch_add(1, Ordering::Relaxed);
        }
        has_place
    }

    /// So many have left the queue.
    pub(super) fn leave(&self, spans: usize) {
        self.taken.fetch_sub(spans, Ordering::AcqRel);
    }

    /// How many found no place, all in all.
    pub(super) fn turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }
}

/// The queue of the library, which is given no more than it has places for.
#[derive(Debug)]
pub(super) struct Bounded {
    pub(super) queue: BatchSpanProcessor,
    pub(super) places: Places,
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.queue.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.places.take() {
            self.queue.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.queue.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.queue.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.queue.set_resource(resource);
    }
}
