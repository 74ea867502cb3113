//! What there can only be so much of, at once or in a time. One more is refused, and counted under a name of this closed set.

use std::fmt;

/// What there can only be so much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Limit {
    /// Open connections.
    Connections,
    /// Open connections from one address.
    ConnectionsPerAddress,
    /// Calls that the server works on.
    CallsInFlight,
    /// Bytes of the requests of those calls.
    RequestBytesInFlight,
    /// Calls of one caller in a second.
    CallsPerSecond,
    /// Calls from one address that do not authenticate. Each one is counted, also before there are too many.
    FailedAuthentications,
    /// Open streams of events.
    Watches,
    /// Open streams of events of one caller.
    WatchesPerCaller,
    /// Uploads and downloads of artifacts.
    Transfers,
    /// Exports.
    Exports,
    /// Imports.
    Imports,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Connections,
        Self::ConnectionsPerAddress,
        Self::CallsInFlight,
        Self::RequestBytesInFlight,
        Self::CallsPerSecond,
        Self::FailedAuthentications,
        Self::Watches,
        Self::WatchesPerCaller,
        Self::Transfers,
        Self::Exports,
        Self::Imports,
    ];

    /// The flag that sets it, for the operator.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Connections => "--max-connections",
            Self::ConnectionsPerAddress => "--max-connections-per-address",
            Self::CallsInFlight => "--max-calls-in-flight",
            Self::RequestBytesInFlight => "--max-request-bytes-in-flight",
            Self::CallsPerSecond => "--max-calls-per-second",
            Self::FailedAuthentications => "--max-failed-authentications",
            Self::Watches => "--max-watches",
            Self::WatchesPerCaller => "--max-watches-per-caller",
            Self::Transfers => "--max-transfers",
            Self::Exports => "--max-exports",
            Self::Imports => "--max-imports",
        }
    }

    /// Whose limit it is, for the caller: the whole server's, his own, or that of where he is.
    #[must_use]
    pub const fn subject(self) -> &'static str {
        match self {
            Self::Connections
            | Self::CallsInFlight
            | Self::RequestBytesInFlight
            | Self::Watches
            | Self::Transfers
            | Self::Exports
            | Self::Imports => "server",
            Self::CallsPerSecond | Self::WatchesPerCaller => "caller",
            Self::ConnectionsPerAddress | Self::FailedAuthentications => "address",
        }
    }
}

impl fmt::Display for Limit {
    /// What is the matter, for the caller.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connections => "the server has as many connections as it can serve",
            Self::ConnectionsPerAddress => "there are as many connections from this address as there may be",
            Self::CallsInFlight => "the server has as many calls in hand as it can serve",
            Self::RequestBytesInFlight => "the server has as many bytes of requests in hand as it can hold",
            Self::CallsPerSecond => "the caller makes more calls in a second than one may",
            Self::FailedAuthentications => "too many calls from this address had no valid credentials",
            Self::Watches => "the server has as many open streams as it can serve",
            Self::WatchesPerCaller => "the caller has as many open streams as one may have",
            Self::Transfers => "the server has as many uploads and downloads in hand as it can serve",
            Self::Exports => "the server has as many exports in hand as it can serve",
            Self::Imports => "the server has as many imports in hand as it can serve",
        })
    }
}
