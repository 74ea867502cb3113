//! Entries of the audit log that come with an import.

use super::plan::{Done, Plan};
use crate::domain::Error;
use crate::domain::transfer::Skipped;
use crate::store::audit::Entry;

impl Plan {
    pub(super) fn entry(&mut self, row: Entry) -> Result<Done, Error> {
        if !self.options.preserve_identity {
            return Ok(Done::Skipped(Skipped::IdentityNotPreserved));
        }
        if !self.known.entries.insert(row.id) {
            return self.unchanging(|| Error::Taken { what: "audit entry", name: row.id.to_string(), field: "id" });
        }
        self.rows.entries.push(row);
        Ok(Done::Created)
    }
}
