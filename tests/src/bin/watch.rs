//! Writes many events to many watchers that lose their streams, and compares: `cargo run -p registry-tests --bin watch -- --help`.

use clap::{Parser, ValueEnum};
use registry_tests::Database;
use registry_tests::followed::{Plan, Report, run};
use std::process::ExitCode;

/// Writes many events to many watchers that lose their streams all the time, and checks that each gets each event once
///
/// Starts a server in this process (two of them on PostgreSQL), lets clients create releases in batches and change models,
/// releases and aliases one by one, and follows them with watchers of every kind of filter. Half of the watchers drop
/// their stream at random and open another one, on any server, where they were; the other half are those of the client
/// library, with connections that are cut. Fails when a watcher missed an event, got one twice or out of order, or got
/// another one than ListEvents tells of.
#[derive(Parser)]
#[command(name = "watch", after_help = EXAMPLES)]
struct Arguments {
    /// The database under the servers. `postgres` is the one that REGISTRY_TEST_POSTGRES_URL names
    #[arg(long, value_name = "KIND", default_value = "sqlite")]
    database: Kind,

    /// How many events to write, at least
    #[arg(long, value_name = "N", default_value = "100000")]
    events: usize,

    /// How many watchers follow them
    #[arg(long, value_name = "N", default_value = "20")]
    watchers: usize,

    /// The seed of what is written and when streams are lost; a random one is chosen and printed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

const EXAMPLES: &str = "Examples:
  cargo run -p registry-tests --bin watch -- --events 10000
  export REGISTRY_TEST_POSTGRES_URL=$(tests/lib/postgres.sh create /tmp/pg)
  cargo run -p registry-tests --bin watch -- --database postgres";

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Sqlite,
    Postgres,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { database, events, watchers, seed } = Arguments::parse();
    let database = match database {
        Kind::Sqlite => Database::Sqlite,
        Kind::Postgres => Database::Postgres,
    };
    if database == Database::Postgres && std::env::var_os("REGISTRY_TEST_POSTGRES_URL").is_none() {
        eprintln!("watch: REGISTRY_TEST_POSTGRES_URL is not set; see --help for a way to make a PostgreSQL");
        return ExitCode::FAILURE;
    }
    let seed = seed.unwrap_or_else(rand::random);
    eprintln!("{database:?}, {events} events, {watchers} watchers, seed {seed}");
    conclude(&run(&Plan { database, events, watchers, seed }).await)
}

fn conclude(report: &Report) -> ExitCode {
    let Report { events, revisions, expected, dropped, cut, writing, all, wrong } = report;
    for wrong in wrong.iter().take(20) {
        eprintln!("wrong: {wrong}");
    }
    println!("{events} events at {revisions} revisions written in {writing:.1?}");
    println!("{expected} of them to deliver, {dropped} streams dropped and {cut} connections cut, all done in {all:.1?}");
    println!("{} watchers with something missing, double or out of order", wrong.len());
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
