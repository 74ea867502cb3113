//! What is measured: a file for each kind of work, which gives the lines of the table for one or two of the figures.

mod batches;
mod beside_mlflow;
mod bytes;
mod coherent;
mod creates;
mod growth;
pub(super) mod lists;
mod memory;
mod moves;
pub(super) mod reads;
mod starts;
mod watchers;

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
    /// CreateRelease by many callers beside a bare writer, on this disk and on a slow one
    F3,
    /// CreateRelease by one caller beside a bare commit of the same rows
    F4,
    /// Pages of lists, at any depth
    F5,
    /// How single reads and lists grow with what is there
    F6,
    /// Many references at once beside one after the other
    F7,
    /// A thousand who watch
    F8,
    /// Cold starts beside a bare server
    F9,
    /// Memory, and the size of the program
    F10,
    /// The bytes of a large artifact up and down beside copying the file
    F11,
    /// The same work on MLflow's server
    F12,
    /// Moving a registry by registryctl
    F13,
}

/// Measures one figure.
///
/// # Panics
/// If a call fails: a figure of calls that fail says nothing.
pub async fn run(figure: Figure, plan: &Plan) -> Vec<Row> {
    match figure {
        Figure::F1 => reads::run(plan).await,
        Figure::F2 => coherent::run(plan).await,
        Figure::F3 => creates::by_many(plan).await,
        Figure::F4 => creates::by_one(plan).await,
        Figure::F5 => lists::run(plan).await,
        Figure::F6 => growth::run(plan).await,
        Figure::F7 => batches::run(plan).await,
        Figure::F8 => watchers::run(plan).await,
        Figure::F9 => starts::run(plan).await,
        Figure::F10 => memory::run(plan).await,
        Figure::F11 => bytes::run(plan).await,
        Figure::F12 => beside_mlflow::run(plan).await,
        Figure::F13 => moves::run(plan).await,
    }
}
