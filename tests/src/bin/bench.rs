//! Measures the registry: `cargo run --release -p registry-tests --bin bench -- --help`.

use clap::{Parser, Subcommand, ValueEnum};
use registry_tests::bench::machine::Machine;
use registry_tests::bench::place::Kind;
use registry_tests::bench::report::Report;
use registry_tests::bench::server::leave_the_core;
use registry_tests::bench::{Figure, Plan, bare, commits, echo, endurance, instructions, programs, run};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Measures the registry beside something bare that does the same, on the same machine at the same time
///
/// Prints a table: both sides, the ratio of each round (the middle one, the least and the most), what is wanted and whether that is met.
/// Builds the server with the release profile, without the faults that tests may ask for. Wants a quiet machine with at least two cores:
/// the server has one of them, the load another. What takes long to fill is kept for the next time.
#[derive(Parser)]
#[command(name = "bench", after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    other: Option<Other>,

    /// What to measure; everything if nothing is named
    #[arg(value_name = "FIGURE")]
    figures: Vec<Figure>,

    /// On which database, where there is a choice
    #[arg(long, value_name = "KIND", default_value = "all")]
    database: Databases,

    /// How often both sides take turns
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,

    /// How many seconds a side has its turn
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = clap::value_parser!(u8).range(1..))]
    turn: u8,

    /// How many releases a big registry holds, ten of each model
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = clap::value_parser!(u64).range(10_000..=100_000_000))]
    releases: u64,

    /// Up to how many releases growth is looked at (F6)
    #[arg(long, value_name = "N", default_value = "10000000", value_parser = clap::value_parser!(u64).range(10_000..=100_000_000))]
    most: u64,

    /// What chance begins with
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,

    /// Where what was filled is kept
    #[arg(long, value_name = "DIRECTORY", default_value = "target/bench")]
    keep: PathBuf,

    /// Where the same goes as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  cargo run --release -p registry-tests --bin bench -- F1 --database sqlite
  export REGISTRY_TEST_POSTGRES_URL=$(tests/lib/postgres.sh create /tmp/pg)
  cargo run --release -p registry-tests --bin bench -- --json bench.json";

/// What there is to do besides, and the bare sides, which this program starts itself.
#[derive(Subcommand)]
enum Other {
    /// Counts instructions of calls by callgrind, and fails if there are too many more than were recorded
    ///
    /// Counts do not depend on how busy a machine is. The server is the one that the tests have built. Needs valgrind.
    Instructions {
        /// Writes down what is counted, for the next time (tests/instructions.json)
        #[arg(long)]
        record: bool,
    },
    /// Uses a server for a long time and prints each minute what it takes: memory, descriptors, threads, files
    Endurance {
        /// For how long, on each database
        #[arg(long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(u16).range(4..))]
        minutes: u16,
        /// On which database
        #[arg(long, value_name = "KIND", default_value = "all")]
        database: Databases,
        /// What chance begins with
        #[arg(long, value_name = "N", default_value = "1")]
        seed: u64,
    },
    /// Answers from a constant
    #[command(hide = true)]
    ServeEcho,
    /// Connects, asks one thing, and listens
    #[command(hide = true)]
    ServeBare {
        #[arg(long)]
        database_url: String,
    },
    /// Writes rows as the server does
    #[command(hide = true)]
    WriteRows(commits::Writes),
    /// Waits for the disk
    #[command(hide = true)]
    SyncFile(commits::Disk),
}

#[derive(Clone, Copy, ValueEnum)]
enum Databases {
    Sqlite,
    Postgres,
    All,
}

impl Databases {
    fn kinds(self) -> Vec<Kind> {
        match self {
            Self::Sqlite => vec![Kind::Sqlite],
            Self::Postgres => vec![Kind::Postgres],
            Self::All => vec![Kind::Sqlite, Kind::Postgres],
        }
    }
}

impl Arguments {
    fn plan(&self) -> Plan {
        let figures = if self.figures.is_empty() { Figure::value_variants().to_vec() } else { self.figures.clone() };
        Plan {
            figures,
            databases: self.database.kinds(),
            rounds: self.rounds.into(),
            turn: Duration::from_secs(self.turn.into()),
            releases: self.releases,
            most: self.most,
            seed: self.seed,
            kept: std::path::absolute(&self.keep).unwrap_or_else(|_| self.keep.clone()),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match &arguments.other {
        Some(Other::Instructions { record }) => return count(*record).await,
        Some(Other::Endurance { minutes, database, seed }) => {
            leave_the_core();
            for kind in database.kinds() {
                endurance::run(kind, (*minutes).into(), *seed).await;
            }
        }
        Some(Other::ServeEcho) => echo::serve().await,
        Some(Other::ServeBare { database_url }) => bare::serve(database_url).await,
        Some(Other::WriteRows(writes)) => commits::write(writes).await,
        Some(Other::SyncFile(disk)) => commits::sync(disk),
        None => return measure(&arguments).await,
    }
    ExitCode::SUCCESS
}

async fn count(record: bool) -> ExitCode {
    let counted = if record { instructions::record().await } else { instructions::compare().await };
    match counted {
        Ok(table) => {
            println!("{table}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> ExitCode {
    let plan = arguments.plan();
    if plan.databases.contains(&Kind::Postgres) && std::env::var_os("REGISTRY_TEST_POSTGRES_URL").is_none() {
        eprintln!(
            "bench: REGISTRY_TEST_POSTGRES_URL is not set; see --help for a way to make a PostgreSQL, or say --database sqlite"
        );
        return ExitCode::FAILURE;
    }
    let _ = programs::server();
    let machine = Machine::here(); // with all its cores
    leave_the_core();
    let mut report = Report { machine, seed: plan.seed, rows: Vec::new() };
    for figure in &plan.figures {
        eprintln!("{figure:?} …");
        let rows = run(*figure, &plan).await;
        rows.iter().for_each(|row| eprintln!("{}", row.line()));
        report.rows.extend(rows);
    }
    println!("{}", report.table());
    let Some(file) = &arguments.json else { return ExitCode::SUCCESS };
    match std::fs::write(file, format!("{:#}\n", report.json())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}
