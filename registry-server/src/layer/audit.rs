//! Notes which calls of audited methods did not succeed, whoever refused or failed them: it stands outside of everything
//! that may. Those that succeed are written by the store, with what they change.
//!
//! A caller who goes away before he is answered is noted as CANCELLED. What he asked for may be done all the same; then
//! that has an entry of its own, with the same request id. May not: delay or fail a call, or know what it was about beyond
//! what its caller is told.

use super::{Next, authenticate};
use crate::api::told::Told;
use crate::audit::AuditLog;
use crate::domain::RequestId;
use crate::domain::audit::{FailedCalls, Noted};
use crate::domain::caller::{Caller, Origin};
use axum::extract::Request;
use axum::response::Response;
use registry_proto::method::Method;

pub(super) async fn record(log: &AuditLog, request: Request, next: impl Next) -> Response {
    let Some(method) = Method::from_path(request.uri().path()).filter(|method| method.policy().audited) else {
        return next(request).await;
    };
    let mut call = Call::begun(log.clone(), method, &request);
    let response = next(request).await;
    call.told = Told::by(response.headers());
    response
}

/// A call that is under way, and is noted when it is dropped: after its answer, or in the middle.
struct Call {
    log: AuditLog,
    method: Method,
    origin: Origin,
    request_id: RequestId,
    noted: Noted,
    /// How it ended; `None` if it did well.
    told: Option<Told>,
}

impl Call {
    fn begun(log: AuditLog, method: Method, request: &Request) -> Self {
        let request_id = request.extensions().get().cloned().unwrap_or_else(RequestId::fresh);
        let origin = authenticate::origin(request);
        // The layer outside of this one has left it there.
        let noted = request.extensions().get().cloned().unwrap_or_default();
        Self { log, method, origin, request_id, noted, told: Some(Told::nothing()) }
    }

    fn failed(&mut self, Told { code, reason, resource }: Told) -> FailedCalls {
        let nobody = Caller::nobody(std::mem::take(&mut self.origin));
        let caller = self.noted.caller().unwrap_or(&nobody);
        FailedCalls {
            method: self.method.path().trim_start_matches('/'),
            code,
            reason,
            actor: caller.actor.clone(),
            key: caller.key().map(|(id, name)| (id, name.clone())),
            origin: caller.origin.clone(),
            resource,
            request_id: self.noted.change_id().unwrap_or_else(|| self.request_id.as_str().to_owned()),
            time: self.log.now(),
            count: 1,
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(told) = self.told.take() {
            let failed = self.failed(told);
            self.log.note(failed);
        }
    }
}
