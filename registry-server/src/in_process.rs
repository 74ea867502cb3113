//! What a server is told that lives in the process of its only caller, for as long as a test runs: nothing is in the way of whoever
//! calls it fast, from one address and with one key. May not: be what a server is told that others reach.

use crate::domain::{Clock, Quota, Retention, Secret};
use crate::first_key::FirstKey;
use crate::layer::{CallLimits, Reflection};
use crate::listener::Limits;
use crate::serve::Settings;
use crate::storage::StorageTarget;
use crate::store::Migrating;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// More of anything than a test has.
const MANY: usize = 10_000;
/// How long a server that is stopped waits for calls that have begun.
const GRACE: Duration = Duration::from_secs(2);
/// How often it looks for what is to be removed.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

impl Settings {
    /// For a server that listens at a loopback address, keeps the bytes of artifacts in a directory and has a first key with this
    /// secret. It is what a server is by default, but for its limits.
    #[must_use]
    pub fn in_process(listen: SocketAddr, storage: PathBuf, secret: Secret) -> Self {
        Self {
            dropped: crate::telemetry::Dropped::default(),
            listen,
            admin_listen: None,
            migrating: Migrating::Auto,
            storage: StorageTarget::Directory(storage),
            clock: Clock::System,
            retention: Retention::default(),
            housekeeping: HOUSEKEEPING,
            grace: GRACE,
            first_key: Some(FirstKey::Given(secret)),
            certificate_roles: Vec::new(),
            reflection: Reflection::Auth,
            limits: Limits { connections: MANY, connections_per_address: MANY, ..Limits::default() },
            calls: CallLimits {
                calls_in_flight: MANY,
                request_bytes_in_flight: 64 * 1024 * 1024,
                calls_per_second: 0,
                failed_authentications: 0,
                watches: MANY,
                watches_per_caller: MANY,
                transfers: MANY,
                exports: 2,
                imports: MANY,
            },
            quota: Quota::default(),
            cache_size: 16 * 1024 * 1024,
            tls: None,
            #[cfg(feature = "sabotage")]
            sabotage: crate::sabotage::Sabotage::default(),
        }
    }
}
