//! How long things are kept.
//!
//! May not: remove any.

use super::words::length;
use clap::Args;
use std::time::Duration;

/// How long a request id is remembered at the least.
const LEAST_REMEMBERED: Duration = Duration::from_secs(600);

/// How long an entry of the audit log is kept at the least.
const LEAST_AUDITED: Duration = Duration::from_secs(24 * 60 * 60);

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Retention")]
pub struct Retention {
    /// How long soft-deleted models and releases are kept before they are removed for good
    #[arg(long, env = "REGISTRY_DELETED_RETENTION", value_name = "DURATION", default_value = "30d", value_parser = length)]
    pub deleted_retention: Duration,

    /// How long events are kept for watchers to resume from; the history of aliases is kept for as long as its model
    #[arg(long, env = "REGISTRY_EVENT_RETENTION", value_name = "DURATION", default_value = "7d", value_parser = length)]
    pub event_retention: Duration,

    /// How long a request_id is remembered, with its answer
    #[arg(long, env = "REGISTRY_REQUEST_ID_RETENTION", value_name = "DURATION", default_value = "24h", value_parser = remembered)]
    pub request_id_retention: Duration,

    /// How long entries of the audit log are kept, 1d at least
    #[arg(long, env = "REGISTRY_AUDIT_RETENTION", value_name = "DURATION", default_value = "90d", value_parser = audited)]
    pub audit_retention: Duration,

    /// How long bytes are kept that belong to no artifact any more, or to an upload that was broken off
    #[arg(long, env = "REGISTRY_ORPHAN_RETENTION", value_name = "DURATION", default_value = "1h", value_parser = length)]
    pub orphan_retention: Duration,

    /// How often the registry looks for what is to be removed
    #[arg(long, env = "REGISTRY_HOUSEKEEPING_INTERVAL", value_name = "DURATION", default_value = "1m", value_parser = length)]
    pub housekeeping_interval: Duration,
}

impl From<&Retention> for crate::domain::Retention {
    fn from(flags: &Retention) -> Self {
        let Retention {
            deleted_retention: deleted,
            event_retention: events,
            request_id_retention: answers,
            audit_retention: audit,
            orphan_retention: orphans,
            housekeeping_interval: _,
        } = *flags;
        Self { deleted, events, answers, audit, orphans }
    }
}

/// Retries must find their answer: those of a client go on for as long as a deadline, those of people for longer.
fn remembered(text: &str) -> Result<Duration, String> {
    match length(text)? {
        length if length < LEAST_REMEMBERED => Err("must be at least 10m: a retry must find its answer".to_owned()),
        length => Ok(length),
    }
}

/// Who was there must be told for longer than it takes to notice that somebody was.
fn audited(text: &str) -> Result<Duration, String> {
    match length(text)? {
        length if length < LEAST_AUDITED => Err("must be at least 1d: nobody looks sooner".to_owned()),
        length => Ok(length),
    }
}
