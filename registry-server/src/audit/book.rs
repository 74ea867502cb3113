//! The calls that failed, until they are written: the first of a kind is written at once, and what fails in the same way
//! within a minute is counted and written as one more entry at the end of it.
//!
//! A flood must fill neither the disk nor the memory, so the number of kinds is bounded: when there are too many, the
//! address is not looked at any more, and then neither is the caller. May not: write anything, or know what time it is.

use crate::domain::audit::FailedCalls;
use crate::domain::name::Actor;
use crate::domain::{ApiKeyId, Timestamp};
use crate::listener;
use std::collections::HashMap;
use std::mem::take;
use std::net::IpAddr;
use std::time::Duration;

/// How long calls of a kind are counted before that is written.
const WINDOW: Duration = Duration::from_secs(60);
/// How many kinds there are at once before addresses are not told apart any more.
const TELL_ADDRESSES: usize = 1000;
/// How many before callers are not. What is left then are methods and codes, which are few.
const TELL_CALLERS: usize = 2000;
/// How many entries wait at the most.
const WAITING: usize = 10_000;

/// In which way a call failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    method: &'static str,
    code: i32,
    reason: Option<&'static str>,
    actor: Actor,
    key: Option<ApiKeyId>,
    /// Of IPv6 the network: whoever has one address of it has them all.
    network: Option<IpAddr>,
}

impl Kind {
    fn of(call: &FailedCalls) -> Self {
        let key = call.key.as_ref().map(|(id, _)| *id);
        let (actor, network) = (call.actor.clone(), call.origin.address.map(listener::network));
        Self { method: call.method, code: call.code, reason: call.reason, actor, key, network }
    }
}

/// A kind that there was not long ago.
#[derive(Debug)]
struct Window {
    began: Timestamp,
    /// All but the first.
    rest: Option<FailedCalls>,
}

impl Window {
    /// A clock that is set back ends it too: it would stay open for as long otherwise.
    fn is_over(&self, now: Timestamp) -> bool {
        now < self.began || now >= self.began.after(WINDOW)
    }
}

/// What is to be written, now or later.
#[derive(Debug, Default)]
pub(super) struct Book {
    windows: HashMap<Kind, Window>,
    waiting: Vec<FailedCalls>,
    /// How many calls there was no room for.
    lost: u64,
}

impl Book {
    /// Notes a call that failed.
    pub(super) fn note(&mut self, call: FailedCalls) {
        let (kind, call) = self.placed(call);
        if let Some(window) = self.windows.get_mut(&kind) {
            window.rest = Some(match window.rest.take() {
                Some(before) => before.and(call),
                None => call,
            });
            return;
        }
        self.windows.insert(kind, Window { began: call.time, rest: None });
        self.wait(call);
    }

    /// The call, and in which way it failed as far as that is told apart.
    fn placed(&self, call: FailedCalls) -> (Kind, FailedCalls) {
        let exact = Kind::of(&call);
        if self.tells(&exact, TELL_ADDRESSES) {
            return (exact, call);
        }
        let call = call.anywhere();
        let by_caller = Kind::of(&call);
        if self.tells(&by_caller, TELL_CALLERS) {
            return (by_caller, call);
        }
        let call = call.by_others();
        (Kind::of(&call), call)
    }

    fn tells(&self, kind: &Kind, most: usize) -> bool {
        self.windows.len() < most || self.windows.contains_key(kind)
    }

    /// Ends the minutes that are over.
    pub(super) fn turn(&mut self, now: Timestamp) {
        self.close(|window| window.is_over(now));
    }

    /// Ends all of them.
    pub(super) fn end(&mut self) {
        self.close(|_| true);
    }

    fn close(&mut self, over: impl Fn(&Window) -> bool) {
        let over: Vec<Window> = self.windows.extract_if(|_, window| over(window)).map(|(_, window)| window).collect();
        for rest in over.into_iter().filter_map(|window| window.rest) {
            self.wait(rest);
        }
    }

    fn wait(&mut self, call: FailedCalls) {
        if self.waiting.len() < WAITING {
            self.waiting.push(call);
        } else {
            self.lose(call.count);
        }
    }

    /// Counts calls that will not be written.
    pub(super) fn lose(&mut self, count: i64) {
        self.lost = self.lost.saturating_add(count.unsigned_abs());
    }

    /// What is to be written now.
    pub(super) fn take(&mut self) -> Vec<FailedCalls> {
        take(&mut self.waiting)
    }

    /// How many calls were lost since this was last asked.
    pub(super) fn take_lost(&mut self) -> u64 {
        take(&mut self.lost)
    }
}
