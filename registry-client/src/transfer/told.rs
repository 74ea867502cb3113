//! What the registry says of the items of an import. Decides nothing.

use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::import_response::SkipReason;

use super::window::Window;
use crate::Error;

/// What became of a run of items.
#[derive(Debug)]
#[non_exhaustive]
pub struct ImportedChunk {
    /// Every item up to this one is done with. The first one is number 1.
    pub acknowledged_sequence: u64,
    /// How many were created.
    pub created: u64,
    /// How many were written over what was stored.
    pub replaced: u64,
    /// Those that were skipped.
    pub skips: Vec<ImportSkip>,
    /// Those that were not imported. The others were, all the same.
    pub failures: Vec<ImportFailure>,
    /// How many are done with although what became of each of them is not known here: an earlier call with the same id sent them, or the
    /// connection broke between the commit and the answer.
    pub untold: u64,
    /// The revision of the registry they are stored with; 0 if nothing was stored.
    pub revision: i64,
    /// Whether the items keep the revisions that they had.
    pub keeps_revisions: bool,
    /// How many items have failed by now, of all that are done with, whichever call sent them.
    pub failed_in_all: u64,
}

/// An item that was skipped.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ImportSkip {
    /// Its number.
    pub sequence: u64,
    /// The item itself.
    pub item: pb::TransferItem,
    /// Why it was not needed.
    pub reason: SkipReason,
}

/// An item that was not imported.
#[derive(Debug)]
#[non_exhaustive]
pub struct ImportFailure {
    /// Its number.
    pub sequence: u64,
    /// The item itself.
    pub item: pb::TransferItem,
    /// Why.
    pub error: Error,
}

/// What became of all items of an import.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ImportSummary {
    /// Every item up to this one is done with: how many there are.
    pub acknowledged_sequence: u64,
    /// How many were created.
    pub created: u64,
    /// How many were written over what was stored.
    pub replaced: u64,
    /// Those that were skipped.
    pub skips: Vec<ImportSkip>,
    /// Those that were not imported.
    pub failures: Vec<ImportFailure>,
    /// How many are done with although what became of each of them is not known here: their acknowledgement was lost on the way.
    pub untold: u64,
    /// The last revision that something was stored with; 0 if nothing was.
    pub revision: i64,
    /// Whether the items keep the revisions that they had.
    pub keeps_revisions: bool,
    /// How many items have failed, whichever call sent them. More than there are `failures` if it was an earlier one, or an answer was
    /// lost.
    pub failed_in_all: u64,
}

impl ImportSummary {
    /// Counts one more chunk.
    pub(super) fn add(&mut self, chunk: ImportedChunk) {
        let ImportedChunk {
            acknowledged_sequence,
            created,
            replaced,
            skips,
            failures,
            untold,
            revision,
            keeps_revisions,
            failed_in_all,
        } = chunk;
        self.acknowledged_sequence = acknowledged_sequence;
        self.created = self.created.saturating_add(created);
        self.replaced = self.replaced.saturating_add(replaced);
        self.skips.extend(skips);
        self.failures.extend(failures);
        self.untold = self.untold.saturating_add(untold);
        self.revision = self.revision.max(revision);
        self.keeps_revisions |= keeps_revisions;
        self.failed_in_all = self.failed_in_all.max(failed_in_all);
    }
}

impl ImportedChunk {
    /// So many items are done with, and nothing else is known of them.
    pub(super) fn untold(begun: &pb::ImportResponse, untold: u64) -> Self {
        Self {
            acknowledged_sequence: number(begun.acknowledged_sequence),
            created: 0,
            replaced: 0,
            skips: Vec::new(),
            failures: Vec::new(),
            untold,
            revision: 0,
            keeps_revisions: begun.keeps_revisions,
            failed_in_all: number(begun.failed_count),
        }
    }

    /// What an answer says of the items that it acknowledges, or of one that ends the import.
    pub(super) fn of(answer: pb::ImportResponse, items: &Window) -> Result<Self, Error> {
        let pb::ImportResponse {
            acknowledged_sequence,
            created_count,
            replaced_count,
            skipped_count: _, // all of them are in `skips`
            failures,
            revision,
            skips,
            keeps_revisions,
            failed_count,
        } = answer;
        let skips = skips.into_iter().map(|skip| ImportSkip::of(skip, items)).collect::<Result<Vec<_>, _>>()?;
        let failures = failures.into_iter().map(|failure| ImportFailure::of(failure, items)).collect::<Result<Vec<_>, _>>()?;
        let (created, replaced) = (number(created_count), number(replaced_count));
        let acknowledged_sequence = number(acknowledged_sequence);
        let failed_in_all = number(failed_count);
        Ok(Self {
            acknowledged_sequence,
            created,
            replaced,
            skips,
            failures,
            untold: 0,
            revision,
            keeps_revisions,
            failed_in_all,
        })
    }
}

impl ImportSkip {
    fn of(skip: pb::import_response::Skip, items: &Window) -> Result<Self, Error> {
        let reason = skip.reason();
        let pb::import_response::Skip { sequence, reason: _ } = skip;
        let item = items.item(number(sequence)).cloned().ok_or_else(unknown)?;
        Ok(Self { sequence: number(sequence), item, reason })
    }
}

impl ImportFailure {
    fn of(failure: pb::import_response::Failure, items: &Window) -> Result<Self, Error> {
        let pb::import_response::Failure { sequence, status } = failure;
        let item = items.item(number(sequence)).cloned().ok_or_else(unknown)?;
        let status = status.ok_or_else(|| Error::protocol(Method::Import, "a failure does not say why"))?;
        Ok(Self { sequence: number(sequence), item, error: Error::from_message(Method::Import, status) })
    }
}

fn unknown() -> Error {
    Error::protocol(Method::Import, "an answer speaks of an item that was not sent")
}

/// What the contract counts is never negative.
pub(super) fn number(count: i64) -> u64 {
    count.try_into().unwrap_or(0)
}
