//! Moving everything that a registry knows: the calls of the transfer service. May not: know files, or keep more than a few messages.
//!
//! - `export`: what to ask for, and the items as they come.
//! - `import`: what to say before the first item.
//! - `importing`: one stream after the other, until all items are acknowledged.
//! - `window`: the items that are not acknowledged yet.
//! - `told`: what the registry says of them.

mod export;
mod import;
mod importing;
mod told;
mod window;

use std::time::Duration;

use registry_proto::v1 as pb;

pub use self::export::{Export, Exporting};
pub use self::import::{BegunImport, Import};
pub use self::importing::Importing;
pub use self::told::{ImportFailure, ImportSkip, ImportSummary, ImportedChunk};
use crate::{Client, Error, retry};

/// How long a stream may take to begin.
const BEGIN: Duration = Duration::from_secs(30);
/// How long nothing may come where something is due: longer than the registry waits for whoever says nothing.
const SILENCE: Duration = Duration::from_secs(90);

impl Client {
    /// Exports what the registry holds, as of one revision, in the form that [`import`](Self::import) takes. The bytes of artifacts and
    /// the API keys are no part of it.
    ///
    /// ```no_run
    /// use futures::TryStreamExt as _;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let mut items = client.export().include_deleted().stream().await?;
    /// println!("as of revision {}", items.revision());
    /// while let Some(item) = items.try_next().await? {
    ///     println!("{item:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn export(&self) -> Export {
        Export::new(self.clone(), pb::ExportRequest::default())
    }

    /// Imports items of an export. The id, a UUID, is the caller's: an import that was cut off is gone on with by another one with the
    /// same id and the same options, by whichever program, and what the registry has acknowledged is taken once.
    ///
    /// ```no_run
    /// use futures::stream;
    /// use registry_client::pb::TransferItem;
    ///
    /// # async fn run(client: registry_client::Client, items: Vec<TransferItem>) -> Result<(), registry_client::Error> {
    /// let items = stream::iter(items.into_iter().map(Ok));
    /// let summary = client.import("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11").preserve_identity().send(items).await?;
    /// println!("{} created, {} failed", summary.created, summary.failures.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn import(&self, import_id: impl Into<String>) -> Import {
        let import_id = import_id.into();
        Import::new(self.clone(), pb::import_request::Options { import_id, ..Default::default() })
    }
}

/// Whether a stream that failed like this is worth another one. One that the registry broke off, because nothing was taken or sent for a
/// while, is none that it refuses.
fn passes(error: &Error) -> bool {
    retry::allowed(true, error) || matches!(error, Error::DeadlineExceeded(_))
}
