//! An error and all its reasons in one line, for the operator.
//!
//! May not: be shown to a caller.

use std::error::Error;

/// The line.
pub fn of(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        line.push_str(": ");
        line.push_str(&error.to_string());
        next = error.source();
    }
    line
}
