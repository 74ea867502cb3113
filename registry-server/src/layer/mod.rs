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
use crate::listener::Behind;
use crate::metrics::Calls;
use crate::store::Store;
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use std::sync::Arc;

/// What a layer gives a call on to: the next one, further inside. A function and not a service, which would have to be cloned with all
/// that is inside of it for every call and every layer.
pub(crate) trait Next: FnOnce(Request) -> Self::Answered + Send {
    /// The answer to come.
    type Answered: Future<Output = Response> + Send;
}

impl<N, A> Next for N
where
    N: FnOnce(Request) -> A + Send,
    A: Future<Output = Response> + Send,
{
    type Answered = A;
}

/// The layers, and the routes inside of them. A clone is the same.
#[derive(Debug, Clone)]
pub struct Layers(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    routes: Router,
    store: Store,
    access: Access,
    gate: Gate,
    cache: Option<Cache>,
    log: AuditLog,
    calls: Calls,
}

impl Layers {
    /// Around these routes.
    #[must_use]
    pub fn around(
        routes: Router,
        store: Store,
        (access, gate): (Access, Gate),
        cache: Option<Cache>,
        log: AuditLog,
        calls: Calls,
    ) -> Self {
        Self(Arc::new(Inside { routes, store, access, gate, cache, log, calls }))
    }
}

impl Behind for Layers {
    /// The last one is the outermost.
    async fn answer(self, request: Request) -> Response {
        let Inside { routes, store, access, gate, cache, log, calls } = &*self.0;
        let next = |request| routes.clone().answer(request);
        let next = |request| cache::recall(cache.as_ref(), request, next);
        let next = |request| limits::enforce(gate, request, next);
        let next = |request| authenticate::check(access, request, next);
        let next = |request| method::known(request, next);
        let next = |request| deadline::enforce(request, next);
        let next = |request| panics::catch(request, next);
        let next = |request| codes::correct(request, next);
        let next = |request| audit::record(log, request, next);
        let next = |request| revision::announce(store, request, next);
        trace::call(calls, request, next).await
    }
}
