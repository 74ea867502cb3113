//! The process, as the operating system sees it: under the names that every exporter has for it. Only Linux is asked.

use super::book::Book;

/// Adds it.
#[cfg(target_os = "linux")]
pub(super) fn describe(book: &mut Book) {
    linux::describe(book);
}

/// There is nobody to ask.
#[cfg(not(target_os = "linux"))]
pub(super) fn describe(_: &mut Book) {}

#[cfg(target_os = "linux")]
mod linux {
    use super::Book;
    use procfs::process::{LimitValue, Process, Stat};
    use prometheus_client::collector::Collector;
    use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
    use prometheus_client::metrics::MetricType;
    use prometheus_client::metrics::counter::ConstCounter;
    use prometheus_client::metrics::gauge::ConstGauge;
    use std::fmt;
    use std::time::Duration;

    const CPU: (&str, &str) = ("process_cpu_seconds", "Time that the process has spent on a processor, in seconds");
    const START: (&str, &str) = ("process_start_time_seconds", "When the process began, in seconds since 1970");
    const MEMORY: (&str, &str) = ("process_resident_memory_bytes", "Memory of the process that is in RAM");
    const VIRTUAL: (&str, &str) = ("process_virtual_memory_bytes", "Memory of the process, wherever it is");
    const FILES: (&str, &str) = ("process_open_fds", "Open file descriptors");
    const MOST: (&str, &str) = ("process_max_fds", "How many file descriptors can be open");
    const THREADS: (&str, &str) = ("process_threads", "Threads of the process");

    #[derive(Debug)]
    struct Asked;

    pub(super) fn describe(book: &mut Book) {
        book.note(CPU.0, &[], CPU.1, MetricType::Counter);
        for (name, help) in [START, MEMORY, VIRTUAL, FILES, MOST, THREADS] {
            book.note(name, &[], help, MetricType::Gauge);
        }
        book.collect(Asked);
    }

    impl Collector for Asked {
        /// What cannot be found out is left out.
        fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
            let Ok(process) = Process::myself() else { return Ok(()) };
            if let Ok(stat) = process.stat() {
                told(&mut encoder, CPU, &ConstCounter::new(seconds(stat.utime.saturating_add(stat.stime))))?;
                if let Some(began) = began(&stat) {
                    told(&mut encoder, START, &ConstGauge::new(began))?;
                }
                told(&mut encoder, MEMORY, &gauge(stat.rss.saturating_mul(procfs::page_size())))?;
                told(&mut encoder, VIRTUAL, &gauge(stat.vsize))?;
                told(&mut encoder, THREADS, &ConstGauge::new(stat.num_threads))?;
            }
            if let Ok(files) = process.fd_count() {
                told(&mut encoder, FILES, &gauge(u64::try_from(files).unwrap_or(u64::MAX)))?;
            }
            if let Ok(LimitValue::Value(most)) = process.limits().map(|limits| limits.max_open_files.soft_limit) {
                told(&mut encoder, MOST, &gauge(most))?;
            }
            Ok(())
        }
    }

    fn told(encoder: &mut DescriptorEncoder<'_>, (name, help): (&str, &str), metric: &impl EncodeMetric) -> fmt::Result {
        metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
    }

    fn gauge(count: u64) -> ConstGauge<i64> {
        ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Of ticks of the clock, of which there are a hundred or so in a second.
    fn seconds(ticks: u64) -> f64 {
        let millis = ticks.saturating_mul(1000).checked_div(procfs::ticks_per_second());
        Duration::from_millis(millis.unwrap_or_default()).as_secs_f64()
    }

    fn began(stat: &Stat) -> Option<f64> {
        let booted = Duration::from_secs(procfs::boot_time_secs().ok()?);
        Some(booted.as_secs_f64() + seconds(stat.starttime))
    }
}
