//! Calls, under the names that the field has for them: how many began, how many ended with which code, and how long they took.
//!
//! Whoever counts brings labels of a closed set. A method has its series from the start, so that a rate has a beginning; with a code, from
//! the first call that ended with it.

use super::book::Book;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use std::time::Duration;

/// Names and values of labels. Both are of the program: no caller can make one.
pub type Labels<const N: usize> = [(&'static str, &'static str); N];

const METHOD: [&str; 3] = ["grpc_type", "grpc_service", "grpc_method"];
const HANDLED: [&str; 4] = ["grpc_type", "grpc_service", "grpc_method", "grpc_code"];

/// From what a cached read takes to the deadline of a call.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// The calls.
#[derive(Debug, Clone)]
pub struct Calls {
    started: Family<Labels<3>, Counter>,
    handled: Family<Labels<4>, Counter>,
    handling: Family<Labels<3>, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
}

impl Calls {
    pub(super) fn new(book: &mut Book, methods: impl IntoIterator<Item = Labels<3>>) -> Self {
        let calls = Self {
            started: Family::default(),
            handled: Family::default(),
            handling: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            in_flight: Gauge::default(),
        };
        for labels in methods {
            drop(calls.started.get_or_create(&labels));
        }
        book.add("grpc_server_started", &METHOD, "Calls that began", calls.started.clone());
        book.add(
            "grpc_server_handled",
            &HANDLED,
            "Calls that ended, by status code; those whose caller went away are Canceled, streams count when they end",
            calls.handled.clone(),
        );
        book.add(
            "grpc_server_handling_seconds",
            &METHOD,
            "How long calls took; streams from their first byte to their last",
            calls.handling.clone(),
        );
        book.add("registry_calls_in_flight", &[], "Calls and streams that have begun and not ended", calls.in_flight.clone());
        calls
    }

    /// A call begins.
    pub fn begins(&self, method: &Labels<3>) {
        self.started.get_or_create(method).inc();
        self.in_flight.inc();
    }

    /// A call that had begun has ended.
    pub fn ended(&self, method: Labels<3>, code: &'static str, after: Duration) {
        self.in_flight.dec();
        self.handling.get_or_create(&method).observe(after.as_secs_f64());
        let [kind, service, name] = method;
        self.handled.get_or_create(&[kind, service, name, ("grpc_code", code)]).inc();
    }
}
