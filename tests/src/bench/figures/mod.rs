//! What is measured: a file for each kind of work, which gives the lines of the table for one or two of the figures.

mod batches;
mod coherent;
mod growth;
mod lists;
mod reads;

use super::Plan;
use super::report::Row;
use clap::ValueEnum;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "verbatim")]
pub enum Figure {
    /// Single reads beside a bare echo
    F1,
    /// Single reads on PostgreSQL with and without what is kept in memory
    F2,
    /// Pages of lists, at any depth
    F5,
    /// How single reads and lists grow with what is there
    F6,
    /// Many references at once beside one after the other
    F7,
}

/// Measures one figure.
///
/// # Panics
/// If a call fails: a figure of calls that fail says nothing.
pub async fn run(figure: Figure, plan: &Plan) -> Vec<Row> {
    match figure {
        Figure::F1 => reads::run(plan).await,
        Figure::F2 => coherent::run(plan).await,
        Figure::F5 => lists::run(plan).await,
        Figure::F6 => growth::run(plan).await,
        Figure::F7 => batches::run(plan).await,
    }
}
