//! What systemd is told of a server that it has started: when it serves, reads files again, and leaves (`Type=notify` or `notify-reload`). Started by
//! anybody else, nobody is told.
//!
//! May not: keep the server from anything. There is no watchdog: what would answer it is a task that needs neither the database nor
//! the writer, so it would vouch for a server that cannot do its work. Health is asked from outside (`registry-server health`).

use sd_notify::NotifyState;

/// The server serves; said once, when it listens.
pub fn serves(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The server begins to read its files again, and is to be told with [`serves`] that it has. The moment tells systemd which of its
/// requests that is an answer to.
pub fn reloads() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "there is no clock to tell systemd of"),
    }
}

/// The server was asked to stop, and goes on for a while.
pub fn leaves(status: &str) {
    tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
}

fn tell(what: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(what) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}
