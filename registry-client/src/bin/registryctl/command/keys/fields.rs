//! What several verbs take: which key, what it may do, and until when.

use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use futures_util::TryStreamExt as _;
use prost_types::Timestamp;
use registry_client::{ApiKeyState, Client, Role};

use crate::arguments::time;
use crate::failure::Failure;
use crate::which;

/// The roles of the contract.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum AllowedTo {
    /// May read
    Viewer,
    /// May also change models and what belongs to them
    Operator,
    /// May do everything
    Admin,
}

impl From<AllowedTo> for Role {
    fn from(role: AllowedTo) -> Self {
        match role {
            AllowedTo::Viewer => Self::Viewer,
            AllowedTo::Operator => Self::Operator,
            AllowedTo::Admin => Self::Admin,
        }
    }
}

/// Until when it can be used.
#[derive(Debug, Args)]
pub(super) struct Expiry {
    /// From when on it can no longer be used
    #[arg(long, value_name = "TIME", value_parser = time)]
    expire_time: Option<Timestamp>,
    /// The same, counted from now, for example 90d
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, conflicts_with = "expire_time")]
    expires_in: Option<Duration>,
}

impl Expiry {
    pub(super) fn is_said(&self) -> bool {
        self.expire_time.is_some() || self.expires_in.is_some()
    }

    #[expect(clippy::disallowed_methods, reason = "`from now` is by the clock of whoever says it")]
    pub(super) fn moment(self) -> Result<Option<SystemTime>, Failure> {
        let Self { expire_time, expires_in } = self;
        let too_late = || Failure::Usage("that is later than can be said".to_owned());
        match (expire_time, expires_in) {
            (Some(time), _) => SystemTime::try_from(time).map(Some).map_err(|_| too_late()),
            (None, Some(period)) => SystemTime::now().checked_add(period).map(Some).ok_or_else(too_late),
            (None, None) => Ok(None),
        }
    }
}

/// A key by its id or its name. Names are never given twice, not even those of revoked keys.
pub(super) async fn id(client: &Client, key: &str) -> Result<String, Failure> {
    if let Ok(id) = which::id(key) {
        return Ok(id);
    }
    let states = [ApiKeyState::Active, ApiKeyState::Disabled, ApiKeyState::Expired, ApiKeyState::Revoked];
    let mut keys = client.list_api_keys().states(states).page_size(500).items();
    while let Some(found) = keys.try_next().await? {
        if found.name == key {
            return Ok(found.id);
        }
    }
    Err(Failure::Missing(format!("there is no API key `{key}`")))
}
