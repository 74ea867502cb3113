//! Core dumps: none, unless the operator wants them. The memory of the server holds every secret it was given.
//!
//! May not: know any of the secrets.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use std::io;

/// Forbids them unless `wanted`. A server that cannot is no reason not to serve, and says so.
pub fn allow(wanted: bool) {
    if wanted {
        return tracing::warn!("core dumps are allowed: one that is written has all secrets in it");
    }
    if let Err(error) = forbid() {
        tracing::warn!(%error, "core dumps cannot be forbidden: one that is written has all secrets in it");
    }
}

/// The limit keeps the kernel from writing a file. Where it hands the dump to a program instead, it does not look at the
/// limit, only at whether the process may be dumped; and a process that may not cannot be looked into by others of its
/// user either, except by root.
fn forbid() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
