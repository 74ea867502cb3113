//! What every call passes through, outermost first: trace → revision → audit log → code mapping → catch panic → deadline
//! → closed set of methods → who calls and whether he may → what he may take → answers that are kept.
//!
//! May not: know resources or the database beyond its newest revision.

mod audit;
mod authenticate;
mod cache;
mod certificates;
mod codes;
mod deadline;
mod limits;
mod method;
mod panics;
mod revision;
mod rpc;
mod trace;
mod traced;
mod underway;

pub use authenticate::{Access, Admission, Reflection};
pub use certificates::{CertificateRole, CertificateRoles};
pub use deadline::MAX_DEADLINE;
pub use limits::{CallLimits, Failures, Gate, Who};
pub use rpc::Rpc;

use crate::audit::AuditLog;
use crate::cache::Cache;
use crate::metrics::Calls;
use crate::store::Store;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

/// Puts the layers around the routes. The last one added is the outermost.
pub fn around(
    routes: Router,
    store: &Store,
    (access, gate): (Access, Gate),
    cache: Option<Cache>,
    log: AuditLog,
    calls: Calls,
) -> Router {
    let routes = match cache {
        Some(cache) => routes.layer(from_fn_with_state(cache, cache::recall)),
        None => routes,
    };
    routes
        .layer(from_fn_with_state(gate, limits::enforce))
        .layer(from_fn_with_state(access, authenticate::check))
        .layer(from_fn(method::known))
        .layer(from_fn(deadline::enforce))
        .layer(from_fn(panics::catch))
        .layer(from_fn(codes::correct))
        .layer(from_fn_with_state(log, audit::record))
        .layer(from_fn_with_state(store.clone(), revision::announce))
        .layer(from_fn_with_state(calls, trace::call))
}
