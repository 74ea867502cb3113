//! Which metrics there are: what is registered, and what the documentation says of it.

use prometheus_client::collector::Collector;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Metric, Registry};

/// What is known of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name, as it is scraped.
    pub name: String,
    /// Counter, gauge or histogram.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// The metrics of a server.
#[derive(Debug, Default)]
pub(super) struct Book {
    registry: Registry,
    rows: Vec<Row>,
}

impl Book {
    /// Adds a metric. Counters and infos have their suffix from their type.
    pub(super) fn add(&mut self, name: &'static str, labels: &'static [&'static str], help: &'static str, metric: impl Metric) {
        self.note(name, labels, help, metric.metric_type());
        self.registry.register(name, help, metric);
    }

    /// Says what a collector will add.
    pub(super) fn note(&mut self, name: &str, labels: &'static [&'static str], help: &'static str, of: MetricType) {
        let (suffix, kind) = match of {
            MetricType::Counter => ("_total", "counter"),
            MetricType::Gauge => ("", "gauge"),
            MetricType::Histogram => ("", "histogram"),
            MetricType::Info => ("_info", "gauge"),
            MetricType::Unknown => ("", "untyped"),
        };
        self.rows.push(Row { name: format!("{name}{suffix}"), kind, labels, help });
    }

    /// Adds what is asked for when it is scraped.
    pub(super) fn collect(&mut self, collector: impl Collector) {
        self.registry.register_collector(Box::new(collector));
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(super) const fn registry(&self) -> &Registry {
        &self.registry
    }
}
