//! What is known of stored bytes, that comes with an import.

use super::plan::{Done, Plan};
use crate::domain::Error;
use crate::domain::content::ContentState;
use crate::domain::transfer::Skipped;
use crate::store::entity::content;

impl Plan {
    /// Bytes that are in the storage are STORED, unless the registry holds equal ones: then those are what its artifacts share. Others
    /// are LOST, until a download finds them.
    pub(super) fn content(&mut self, mut row: content::Model) -> Result<Done, Error> {
        if !self.options.preserve_identity {
            return Ok(Done::Skipped(Skipped::IdentityNotPreserved));
        }
        let stored = self.known.contents.get(&row.id).map(|(_, state)| *state);
        // They are about to be removed from here, and there is nothing to be done about that.
        if stored == Some(ContentState::Condemned) {
            return Ok(Done::Skipped(Skipped::Exists));
        }
        if stored.is_some() {
            return self.unchanging(|| Error::Taken { what: "content", name: row.id.to_string(), field: "id" });
        }
        if self.known.stored.contains_key(&row.sha256) {
            row.state = ContentState::Lost;
        }
        // As long as no artifact that comes has them they belong to nothing, and are removed one day. Not soon: the rest of the import
        // may be long in coming.
        row.orphan_time = Some(self.keep_until);
        self.known.put_content(row.id, row.sha256.clone(), row.state);
        self.rows.contents.push(row);
        Ok(Done::Created)
    }
}
