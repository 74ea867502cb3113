//! From what the database reports to what the registry says.

use super::backend::{Failure, failure};
use crate::domain::Error;
use sea_orm::DbErr;

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match failure(&error) {
            Failure::Conflict => Self::Conflict(error.into()),
            Failure::Unavailable | Failure::Busy => Self::Unavailable(error.into()),
            Failure::Full => Self::StorageFull(error.into()),
            Failure::ReadOnly => Self::ReadOnly(error.into()),
            // A call site knows which key or reference it can violate and says so first.
            Failure::Unique | Failure::ForeignKey | Failure::Other => Self::Internal(error.into()),
        }
    }
}
