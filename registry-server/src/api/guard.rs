//! What a stream holds of the server, and who may go on with it.
//!
//! A stream whose client takes nothing is not polled, so it could neither find out that its caller may no longer go on nor
//! give anything back. A task of its own does: the place of the stream is free when its key is revoked or its deadline has
//! passed, whatever its client does.

use super::Deadline;
use crate::domain::{Caller, Error};
use crate::layer::Who;
use crate::service::Registry;
use crate::shares::Share;
use std::future::pending;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

/// Gives back the place of a stream when it ends, and also when it should have ended.
pub(super) struct Guard {
    why: oneshot::Receiver<Error>,
    _task: AbortOnDropHandle<()>,
}

impl Guard {
    pub(super) fn of(registry: &Registry, caller: &Arc<Caller>, deadline: Deadline, place: Share<Who>) -> Self {
        let (tell, why) = oneshot::channel();
        let (keyring, caller) = (registry.keyring().clone(), Arc::clone(caller));
        let task = tokio::spawn(async move {
            tokio::select! {
                why = keyring.lost(&caller) => {
                    drop(place);
                    let _ = tell.send(why); // the stream may be gone
                }
                () = deadline.passed() => {
                    drop(place);
                    pending::<()>().await; // the stream knows its deadline
                }
            }
        });
        Self { why, _task: AbortOnDropHandle::new(task) }
    }

    /// Ends when the caller may no longer go on, and says why.
    pub(super) async fn lost(&mut self) -> Error {
        match (&mut self.why).await {
            Ok(why) => why,
            Err(_) => pending().await,
        }
    }
}
