//! How much memory what is kept takes.

use super::Kept;
use super::asked::Question;
use quick_cache::Weighter;

/// What an entry takes apart from its bytes: itself, its place in a list and in a table that may be half empty, and what the
/// allocator adds to each of its pieces.
const AROUND: usize = 2 * (size_of::<Question>() + size_of::<Kept>() + 32) + 64;

/// What an entry takes more or less: how many are expected.
pub(super) const TYPICAL: u64 = 1024;

/// Weighs in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight;

impl Weighter<Question, Kept> for Weight {
    fn weight(&self, question: &Question, kept: &Kept) -> u64 {
        let bytes = [AROUND, question.message.len(), question.scope_bytes(), kept.message.len()];
        bytes.into_iter().fold(0, |sum, bytes| sum.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX)))
    }
}
