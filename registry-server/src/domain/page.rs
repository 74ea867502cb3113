//! Pages of a list: by key, never by offset.

use super::model::View;
use super::revision::Revision;
use super::time::Timestamp;
use uuid::Uuid;

/// How many items a page holds unless asked otherwise.
pub const DEFAULT_PAGE_SIZE: u16 = 50;
/// How many items a page holds at the most.
pub const MAX_PAGE_SIZE: u16 = 1000;

/// How many items a page holds: 1 to [`MAX_PAGE_SIZE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// What a caller asked for: 0 (and anything below) means the default, too much means the most.
    #[must_use]
    pub fn of(asked: i32) -> Self {
        if asked <= 0 {
            return Self(DEFAULT_PAGE_SIZE);
        }
        Self(u16::try_from(asked).unwrap_or(MAX_PAGE_SIZE).min(MAX_PAGE_SIZE))
    }

    /// As a number of rows.
    #[must_use]
    pub fn rows(self) -> usize {
        usize::from(self.0)
    }
}

/// What a list is sorted by, at one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortKey {
    /// A time.
    Time(Timestamp),
    /// A text, in byte order.
    Text(String),
}

/// The place of a row in a list: what it is sorted by, and the id that breaks ties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// What the list is sorted by.
    pub key: SortKey,
    /// Breaks ties.
    pub id: Uuid,
}

/// Where a page begins: behind a row of an earlier page of the same list, which began at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// Behind this row.
    pub after: Cursor,
    /// The revision of the first page.
    pub revision: Revision,
}

/// One page to read.
#[derive(Debug, Clone)]
pub struct List<F, O> {
    /// Of which rows.
    pub filter: F,
    /// In which order.
    pub order: O,
    /// From where; `None` is the beginning.
    pub resume: Option<Resume>,
    /// How many.
    pub size: PageSize,
    /// How much of each.
    pub view: View,
    /// Soft-deleted rows too.
    pub show_deleted: bool,
    /// Count the whole list too.
    pub include_total: bool,
}

/// One page as read.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether there are more behind them.
    pub more: bool,
    /// How many the whole list has, if asked for.
    pub total: Option<i64>,
    /// The revision at which the first page of the list was read.
    pub revision: Revision,
}
