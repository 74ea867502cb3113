//! The format that is answered. The library writes OpenMetrics; whoever does not ask for that gets the older text format, which
//! calls a counter by its whole name where it says what it is, and knows neither units nor an end.

use std::borrow::Cow;

/// A format of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus's text format 0.0.4.
    Prometheus,
}

impl Format {
    /// The format that a scraper accepts, by its header.
    #[must_use]
    pub fn accepted(accept: Option<&str>) -> Self {
        match accept {
            Some(accept) if accept.contains("application/openmetrics-text") => Self::OpenMetrics,
            Some(_) | None => Self::Prometheus,
        }
    }

    /// Its content type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// What OpenMetrics says, in this format.
    pub(super) fn write(self, open_metrics: String) -> String {
        match self {
            Self::OpenMetrics => open_metrics,
            Self::Prometheus => older(&open_metrics),
        }
    }
}

fn older(open_metrics: &str) -> String {
    let counters: Vec<&str> = open_metrics.lines().filter_map(|line| typed(line, "counter")).collect();
    let infos: Vec<&str> = open_metrics.lines().filter_map(|line| typed(line, "info")).collect();
    let whole = |name: &str| match () {
        () if counters.contains(&name) => format!("{name}_total"),
        () if infos.contains(&name) => format!("{name}_info"),
        () => name.to_owned(),
    };
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        let line = match line.strip_prefix("# ").map(|comment| comment.splitn(3, ' ').collect::<Vec<_>>()).as_deref() {
            Some([what @ ("HELP" | "TYPE"), name, rest]) => {
                Cow::Owned(format!("# {what} {} {}", whole(name), if *rest == "info" { "gauge" } else { rest }))
            }
            Some(_) => continue,
            None => Cow::Borrowed(line),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The name of a metric, if this line says that it is of this type.
fn typed<'a>(line: &'a str, kind: &str) -> Option<&'a str> {
    line.strip_prefix("# TYPE ")?.split_once(' ').filter(|(_, of)| *of == kind).map(|(name, _)| name)
}
