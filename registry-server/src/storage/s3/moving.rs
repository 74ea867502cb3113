//! From `uploads/<id>` to its key, because the digest is known only when everything is there: by the server itself or, where it is
//! too large for that, once more through this one.
//!
//! May not: leave a second upload that nobody finds.

use super::content::Held;
use super::{Bucket, ContentKey};
use crate::storage::StorageError;
use futures::StreamExt;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{GetResultPayload, ObjectStoreExt, PutPayload};
use uuid::Uuid;

impl Bucket {
    /// Moves an upload that is complete, of this size, to its key.
    pub(super) async fn move_to(&self, id: Uuid, key: &ContentKey, size: u64) -> Result<(), StorageError> {
        let (from, to) = (self.upload(id), self.at(key));
        if size <= self.copy_limit {
            self.within_for(size, self.s3.copy(&from, &to)).await?;
        } else {
            self.carry(id, &from, &to).await?;
        }
        // A copy that failed half way may have been answered with 200.
        let found = self.size(&to).await?;
        if found != size {
            return Err(StorageError::unavailable(format!("{key} has {found} bytes after it was moved there, and not {size}")));
        }
        self.delete(&self.note(id)).await?;
        self.delete(&from).await
    }

    /// Removes what a move left that did not come to its end.
    pub(super) async fn abandon_move(&self, id: Uuid, key: &ContentKey) -> Result<(), StorageError> {
        let note = self.note(id);
        match self.get(&note).await {
            Ok(ticket) => self.abort(&self.at(key), &String::from_utf8_lossy(&ticket)).await?,
            Err(StorageError::Missing) => return Ok(()),
            Err(error) => return Err(error),
        }
        self.delete(&note).await
    }

    /// Where the ticket of the second upload is written down, before it is used.
    fn note(&self, id: Uuid) -> Path {
        self.path(&format!("uploads/{id}.move"))
    }

    async fn carry(&self, id: Uuid, from: &Path, to: &Path) -> Result<(), StorageError> {
        let ticket = self.within(self.s3.create_multipart(to)).await?;
        self.within(self.s3.put(&self.note(id), PutPayload::from(ticket.clone()))).await?;
        let GetResultPayload::Stream(mut content) = self.within(self.s3.get(from)).await?.payload;
        let (mut held, mut parts, mut size) = (Held::default(), Vec::new(), 0_u64);
        while let Some(bytes) = self.within(async { content.next().await.transpose() }).await? {
            size = size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            held.add(bytes);
            while let Some(part) = held.part() {
                parts.push(self.within(self.s3.put_part(to, &ticket, parts.len(), part)).await?);
            }
        }
        let rest = held.rest();
        if rest.content_length() > 0 {
            parts.push(self.within(self.s3.put_part(to, &ticket, parts.len(), rest)).await?);
        }
        self.within_for(size, self.s3.complete_multipart(to, &ticket, parts)).await.map(drop)
    }
}
