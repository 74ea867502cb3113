//! Moves a registry to another database while programs are killed, and compares: `cargo run -p registry-tests --bin moves -- --help`.

use clap::{Parser, ValueEnum};
use registry_tests::Database;
use registry_tests::moves::{Plan, Report, run};
use registry_tests::rich::Size;
use std::process::ExitCode;

/// Moves a registry to another database while programs are killed, and checks that nothing is lost
///
/// Fills a registry with something of everything (releases, aliases with their history, artifacts, deployments, what is deleted, the
/// audit log), exports it with `registryctl`, imports that into an empty registry on the other database, and exports it again. Meanwhile
/// the importing program and the server are ended with SIGKILL in turns, each time when another part of the import has just been stored;
/// the program is started again by this one, and goes on by itself when it was the server. Fails when the two files are not the same
/// bytes, or an import says that something failed.
#[derive(Parser)]
#[command(name = "moves", after_help = EXAMPLES)]
struct Arguments {
    /// The database under the registry that is moved
    #[arg(long, value_name = "KIND", default_value = "sqlite")]
    from: Kind,

    /// The database under the registry that it is moved to. `postgres` is the one that REGISTRY_TEST_POSTGRES_URL names
    #[arg(long, value_name = "KIND", default_value = "sqlite")]
    to: Kind,

    /// How many models there are
    #[arg(long, value_name = "N", default_value = "50")]
    models: usize,

    /// How many releases each of them has
    #[arg(long, value_name = "N", default_value = "200")]
    releases: usize,

    /// How often to kill
    #[arg(long, value_name = "N", default_value = "20")]
    kills: u64,

    /// The seed of when to kill; a random one is chosen and printed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

const EXAMPLES: &str = "Examples:
  cargo run -p registry-tests --bin moves -- --models 5 --releases 100 --kills 3
  export REGISTRY_TEST_POSTGRES_URL=$(tests/lib/postgres.sh create /tmp/pg)
  cargo run -p registry-tests --bin moves -- --to postgres
  cargo run -p registry-tests --bin moves -- --from postgres";

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Sqlite,
    Postgres,
}

impl From<Kind> for Database {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => Self::Sqlite,
            Kind::Postgres => Self::Postgres,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { from, to, models, releases, kills, seed } = Arguments::parse();
    let (from, to) = (Database::from(from), Database::from(to));
    if [from, to].contains(&Database::Postgres) && std::env::var_os("REGISTRY_TEST_POSTGRES_URL").is_none() {
        eprintln!("moves: REGISTRY_TEST_POSTGRES_URL is not set; see --help for a way to make a PostgreSQL");
        return ExitCode::FAILURE;
    }
    let seed = seed.unwrap_or_else(rand::random);
    eprintln!("{from:?} to {to:?}, {models} models with {releases} releases, {kills} kills, seed {seed}");
    let plan = Plan { from, to, size: Size { models, releases }, kills, seed };
    let report = run(&plan, |report| {
        eprintln!("{} programs and {} servers killed", report.programs_killed, report.servers_killed);
    })
    .await;
    conclude(&report)
}

fn conclude(report: &Report) -> ExitCode {
    let Report { programs_killed, servers_killed, file_bytes, exported, times: [filled, exporting, importing], wrong } = report;
    for wrong in wrong {
        eprintln!("wrong: {wrong}");
    }
    println!("{}", exported.trim_end());
    println!("{file_bytes} bytes; filled in {filled:.1?}, exported in {exporting:.1?}, imported in {importing:.1?}");
    println!("{programs_killed} programs and {servers_killed} servers killed during the import, {} wrong", wrong.len());
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
