//! Import: what to say before the first item.

use std::io;

use backon::BackoffBuilder as _;
use futures_util::stream::{Stream, TryStreamExt as _};
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::import_request::{OnConflict, Options};

use super::importing::{Importing, Open};
use super::told::ImportSummary;
use crate::options::{self, per_call};
use crate::{Client, Error};

/// Imports items of an export. Made by [`Client::import`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` or `begin` is called"]
pub struct Import {
    client: Client,
    options: Options,
    call: options::Options,
}

per_call!(Import: call);

impl Import {
    pub(super) fn new(client: Client, options: Options) -> Self {
        Self { client, options, call: options::Options::default() }
    }

    /// What to do with an item whose id or unique key is taken. Without this it fails.
    pub fn on_conflict(mut self, on_conflict: OnConflict) -> Self {
        self.options.on_conflict = on_conflict.into();
        self
    }

    /// Takes ids, times, authors and states from the items, as in a move to another database. Without this, the registry assigns ids
    /// and times of its own.
    pub fn preserve_identity(mut self) -> Self {
        self.options.preserve_identity = true;
        self
    }

    /// The greatest revision of anything that comes: [`Exporting::source_revision`](super::Exporting::source_revision). With
    /// [`preserve_identity`](Self::preserve_identity), a registry that was never written to goes on counting from there.
    pub fn source_revision(mut self, revision: i64) -> Self {
        self.options.source_revision = revision;
        self
    }

    /// Ends with the first item that fails. Without this, the others are imported all the same.
    pub fn fail_fast(mut self) -> Self {
        self.options.fail_fast = true;
        self
    }

    /// Only checks everything, and writes nothing. The registry does not remember such an import, so it cannot be gone on with.
    pub fn validate_only(mut self) -> Self {
        self.options.validate_only = true;
        self
    }

    /// Imports all items of a stream, and says what became of them. See [`BegunImport::items`] for what happens on the way, and for
    /// imports whose failures would not fit into memory.
    ///
    /// # Errors
    ///
    /// Whatever the registry refuses with; [`Error::File`] if the stream of items fails. What was acknowledged until then stays.
    pub async fn send(
        self,
        items: impl Stream<Item = io::Result<pb::TransferItem>> + Send + 'static,
    ) -> Result<ImportSummary, Error> {
        let chunks = self.begin().await?.items(items);
        chunks
            .try_fold(ImportSummary::default(), async |mut summary, chunk| {
                summary.add(chunk);
                Ok(summary)
            })
            .await
    }

    /// Tells the registry what is to be imported, and hears how far an import with this id has come. Nothing is imported yet. Repeated
    /// like other calls if it fails for a passing reason.
    ///
    /// # Errors
    ///
    /// Whatever the registry refuses with.
    pub async fn begin(self) -> Result<BegunImport, Error> {
        let Self { client, options, call } = self;
        call.allowed(Method::Import)?;
        let mut pauses = call.retry(&client).backoff().build();
        let open = Open::again(&client, &call, &options, &mut pauses).await?;
        Ok(BegunImport { client, options, call, open })
    }
}

/// An import that waits for its items. Made by [`Import::begin`]. Dropping it changes nothing.
#[derive(Debug)]
#[must_use = "nothing is imported until the stream of `items` is polled"]
pub struct BegunImport {
    pub(super) client: Client,
    pub(super) options: Options,
    pub(super) call: options::Options,
    pub(super) open: Open,
}

impl BegunImport {
    /// How many items an import with this id has brought already; 0 if there was none.
    #[must_use]
    pub fn acknowledged_sequence(&self) -> u64 {
        self.open.acknowledged_sequence()
    }

    /// How many of those have failed.
    #[must_use]
    pub fn failed_count(&self) -> u64 {
        self.open.failed_count()
    }

    /// Imports all items, of which those that are acknowledged already are passed over: the stream is the same as at the first time, from
    /// its beginning. No more than a few messages of it are in memory, and no more is taken out of it than the registry acknowledges.
    pub fn items(self, items: impl Stream<Item = io::Result<pb::TransferItem>> + Send + 'static) -> Importing {
        Importing::new(self, Box::pin(items))
    }
}
