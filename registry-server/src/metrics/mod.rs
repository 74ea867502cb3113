//! What a server counts and measures of itself, for whoever scrapes `/metrics`. A value that is handed down, one for each server:
//! nothing is global, and two servers in one process count apart.
//!
//! Counting is an atomic or a short lock, whoever counts. May not: make a label of anything that a caller can choose; ask the
//! database ([`Scrape`] does, seldom).

mod access;
mod book;
mod cache;
mod calls;
mod chores;
mod database;
mod process;
mod readings;
mod scrape;
mod text;
mod traffic;
mod watchers;

pub use access::{Access, Failure};
pub use book::Row;
pub use cache::{Cache, CacheOutcome};
pub use calls::{Calls, Labels};
pub use chores::Chores;
pub use database::{Outcome, Pool, Work};
pub use scrape::{Scrape, Sources};
pub use text::Format;
pub use traffic::{Counted, Traffic};
pub use watchers::{Following, Watchers};

use book::Book;
use prometheus_client::metrics::info::Info;
use readings::Readings;
use std::sync::Arc;

/// Everything that is counted. Clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Calls, by method and code.
    pub calls: Calls,
    /// Who was not let in.
    pub access: Access,
    /// What the answers are worth that are kept.
    pub cache: Cache,
    /// What the database does.
    pub work: Work,
    /// Connections, and the bytes of artifacts.
    pub traffic: Traffic,
    /// Streams of events, and how far each has come.
    pub watchers: Watchers,
    /// What the registry does by itself.
    pub chores: Chores,
    readings: Readings,
    book: Arc<Book>,
}

impl Metrics {
    /// With nothing counted, for calls of these methods.
    #[must_use]
    pub fn new(methods: impl IntoIterator<Item = Labels<3>>) -> Self {
        let mut book = Book::default();
        let build = [("version", env!("CARGO_PKG_VERSION")), ("contract", CONTRACT)];
        book.add("registry_build", &["version", "contract"], "Version of the server and of its contract", Info::new(build));
        let metrics = Self {
            calls: Calls::new(&mut book, methods),
            access: Access::new(&mut book),
            cache: Cache::new(&mut book),
            work: Work::new(&mut book),
            traffic: Traffic::new(&mut book),
            watchers: Watchers::default(),
            chores: Chores::new(&mut book),
            readings: Readings::new(&mut book),
            book: Arc::default(),
        };
        process::describe(&mut book);
        Self { book: Arc::new(book), ..metrics }
    }

    /// What there is, for the documentation.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        self.book.rows()
    }
}

/// The contract that is served.
const CONTRACT: &str = "modelregistry.v1";
