//! What an upload leaves in the storage that is not needed: cleared away when the upload is dropped, wherever that happens.

use crate::domain::{Context, UploadId};
use crate::service::Registry;
use tokio::runtime::Handle;

/// Clears away what is left of an upload, when it is dropped.
#[derive(Debug)]
pub(super) struct Leftovers {
    pub(super) registry: Registry,
    /// What the registry does for an upload is not the caller's.
    pub(super) ctx: Context,
    pub(super) id: UploadId,
    /// Nothing is left, or it is left to whoever looks when the lease is over.
    pub(super) none: bool,
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        let (false, Ok(runtime)) = (self.none, Handle::try_current()) else { return };
        let (registry, ctx, id) = (self.registry.clone(), self.ctx.clone(), self.id);
        // Nobody waits for it. What it does not do is done when the lease is over.
        runtime.spawn(async move {
            if let Err(error) = registry.clear_away(&ctx, id, None).await {
                tracing::info!(%error, upload = %id, "what an upload left is removed later");
            }
        });
    }
}
