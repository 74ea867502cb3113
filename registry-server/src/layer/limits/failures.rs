//! How often calls from an address may fail to authenticate before they are told to wait. Only calls that fail are looked at, and
//! those whose secret is not known yet and is slow to compare: whoever has valid credentials is served, wherever he is. Knows nothing of the credentials.

use super::{CallLimits, Rate};
use crate::domain::{Error, Limit};
use crate::listener::network;
use crate::refusals::Refusals;
use std::net::IpAddr;
use std::time::Duration;

/// In which time.
const WITHIN: Duration = Duration::from_secs(10);

/// The failures of every address. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Failures {
    rate: Rate<Option<IpAddr>>,
    /// Of tries that cost much to tell apart, whatever comes of them: asked before they do.
    costly: Rate<Option<IpAddr>>,
    refusals: Refusals,
}

impl Failures {
    /// None yet.
    #[must_use]
    pub fn new(limits: &CallLimits, refusals: &Refusals) -> Self {
        let rate = || Rate::new(limits.failed_authentications, WITHIN);
        Self { rate: rate(), costly: rate(), refusals: refusals.clone() }
    }

    /// Whether a call from there may try a secret that it costs much to compare, as often as it may fail.
    ///
    /// # Errors
    /// [`Error::RateLimited`]
    pub fn may_try(&self, address: Option<IpAddr>) -> Result<(), Error> {
        let limit = Limit::FailedAuthentications;
        self.costly.check(&address.map(network)).map_err(|retry| {
            self.refusals.happened(limit);
            Error::RateLimited { limit, retry }
        })
    }

    /// What a call from there is told that has failed with this error.
    #[must_use]
    pub fn told(&self, address: Option<IpAddr>, error: Error) -> Error {
        if !matches!(error, Error::Unauthenticated) {
            return error;
        }
        let limit = Limit::FailedAuthentications;
        self.refusals.happened(limit);
        match self.rate.check(&address.map(network)) {
            Ok(()) => error,
            Err(retry) => Error::RateLimited { limit, retry },
        }
    }
}
