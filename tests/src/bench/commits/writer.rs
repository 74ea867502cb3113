//! One transaction after the other, on as many connections as there are writers.

use super::rows::{Rows, Template};
use super::{Told, tell};
use crate::bench::load::Counted;
use futures::future::try_join_all;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait as _,
};
use std::ops::Range;
use std::time::{Duration, Instant};

/// What is to be written.
#[derive(Debug, clap::Args)]
pub struct Writes {
    /// Where
    #[arg(long)]
    url: String,
    /// What each transaction writes
    #[arg(long)]
    rows: Rows,
    /// How many write at a time, each on a connection of its own; SQLite has one writer
    #[arg(long)]
    writers: u32,
    /// How long
    #[arg(long)]
    turn_ms: u64,
    /// Which round it is
    #[arg(long)]
    seed: u64,
}

/// Writes until the time is over, some of which is not counted; prints how long each commit took.
///
/// # Panics
/// If the database refuses something.
pub async fn write(writes: &Writes) {
    let sqlite = writes.url.starts_with("sqlite:");
    let db = connect(writes, sqlite).await.expect("a database");
    let template = Template::read(&db, writes.seed).await;
    let turn = Duration::from_millis(writes.turn_ms);
    let begins = Instant::now() + turn / 4;
    let ends = begins + turn;
    // One that waits for its turn would only count as slow.
    let writers = if sqlite { 1 } else { writes.writers };
    let writing = try_join_all((0..writers).map(|_| writer(&db, &template, writes.rows, begins..ends)));
    let used = async {
        tokio::time::sleep_until(begins.into()).await;
        let before = cpu();
        tokio::time::sleep_until(ends.into()).await;
        cpu().saturating_sub(before)
    };
    let (counted, used) = futures::join!(writing, used);
    let mut all = Counted::none();
    for some in counted.expect("rows that fit") {
        all.add(&some);
    }
    tell(&Told::new(turn, used, &all));
}

async fn writer(db: &DatabaseConnection, template: &Template, rows: Rows, within: Range<Instant>) -> Result<Counted, DbErr> {
    let mut counted = Counted::none();
    loop {
        let (copied, began) = (template.copy(), Instant::now());
        if began >= within.end {
            return Ok(counted);
        }
        let immediate = Some(SqliteTransactionMode::Immediate); // PostgreSQL does not look at it
        let options = TransactionOptions { isolation_level: None, access_mode: None, sqlite_transaction_mode: immediate };
        let txn = db.begin_with_options(options).await?;
        copied.insert(&txn, rows).await?;
        txn.commit().await?;
        counted.saw(began, &within);
    }
}

/// As durable as the server, and as quiet.
async fn connect(writes: &Writes, sqlite: bool) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(&writes.url);
    let connections = if sqlite { 1 } else { writes.writers };
    options.min_connections(connections).max_connections(connections).test_before_acquire(false).sqlx_logging(false);
    if sqlite {
        let path = writes.url.trim_start_matches("sqlite:").to_owned();
        options.map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite.filename(&path).foreign_keys(true).journal_mode(SqliteJournalMode::Wal);
            sqlite.synchronous(SqliteSynchronous::Full)
        });
    } else {
        options.map_sqlx_postgres_opts(|postgres| postgres.options([("synchronous_commit", "on")]));
    }
    Database::connect(options).await
}

fn cpu() -> Duration {
    crate::bench::server::cpu(std::process::id())
}
