//! Kills registry servers while clients write, and looks for what was lost: `cargo run -p registry-tests --bin crash -- --help`.

use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use registry_tests::Database;
use registry_tests::crash::{LEAST_RATE, Plan, Report, cascade, run, uploads};
use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

/// Kills registry servers while clients write, and checks that nothing acknowledged is lost
///
/// Starts the built server, lets clients create, update and move models and releases without pause, ends it with SIGKILL
/// at a random moment 50 to 400 ms after it is ready, starts it again on the same database and reads back every write that
/// was acknowledged. A write that was cut off before its answer may have happened or not, but not by halves. The history
/// must have no gap, and a SQLite file must pass its own checks. Fails when anything is lost or wrong, and when the clients
/// wrote so slowly that there was nothing to lose.
///
/// With `--scenario cascade`, one client deletes, brings back and purges a model with a thousand releases, and the server is
/// killed around the commit. All of it must have happened, or nothing, and the same call with the same request id must then
/// tell which. Fails also when no kill came before a commit, or none after one.
///
/// With `--scenario uploads`, clients upload and delete artifacts. In the end every artifact that the registry says it holds is read
/// and hashed, what was acknowledged must be among them, and of what belongs to nothing no file may be left.
#[derive(Parser)]
#[command(name = "crash", after_help = EXAMPLES)]
struct Arguments {
    /// The database under the server. `postgres` is the one that REGISTRY_TEST_POSTGRES_URL names; it stays alive
    #[arg(long, value_name = "KIND", default_value = "sqlite")]
    database: Kind,

    /// What is under way when the server is killed
    #[arg(long, value_name = "WHAT", default_value = "writes")]
    scenario: Scenario,

    /// How often to kill
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u64).range(1..))]
    kills: u64,

    /// How many clients write at the same time. A cascade has one
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u64).range(1..=256))]
    clients: u64,

    /// The seed of what is written and when the server is killed; a random one is chosen and printed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

const EXAMPLES: &str = "Examples:
  cargo run -p registry-tests --bin crash -- --kills 200
  export REGISTRY_TEST_POSTGRES_URL=$(tests/lib/postgres.sh create /tmp/pg)
  cargo run -p registry-tests --bin crash -- --database postgres
  cargo run -p registry-tests --bin crash -- --scenario cascade";

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Sqlite,
    Postgres,
}

#[derive(Clone, Copy, ValueEnum)]
enum Scenario {
    /// Many small writes of many clients
    Writes,
    /// Changes of a thousand rows at once
    Cascade,
    /// Bytes of artifacts
    Uploads,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let database = match arguments.database {
        Kind::Sqlite => Database::Sqlite,
        Kind::Postgres => Database::Postgres,
    };
    if database == Database::Postgres && std::env::var_os("REGISTRY_TEST_POSTGRES_URL").is_none() {
        eprintln!("crash: REGISTRY_TEST_POSTGRES_URL is not set; see --help for a way to make a PostgreSQL");
        return ExitCode::FAILURE;
    }
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let plan = Plan { database, kills: arguments.kills, clients: arguments.clients, seed };
    let bar = bar(plan.kills);
    match arguments.scenario {
        Scenario::Writes => {
            eprintln!("{database:?}, {} kills, {} clients, seed {seed}", plan.kills, plan.clients);
            let report = run(&plan, |report| show(&bar, report)).await;
            bar.finish_and_clear();
            conclude(&report)
        }
        Scenario::Cascade => {
            eprintln!("{database:?}, {} kills of a cascade, seed {seed}", plan.kills);
            let report = cascade::run(&plan, |report| show_cascade(&bar, report)).await;
            bar.finish_and_clear();
            conclude_cascade(&report)
        }
        Scenario::Uploads => {
            eprintln!("{database:?}, {} kills during uploads, {} clients, seed {seed}", plan.kills, plan.clients);
            let report = uploads::run(&plan, |report| show_uploads(&bar, report)).await;
            bar.finish_and_clear();
            conclude_uploads(&report)
        }
    }
}

/// A bar for people; where nobody watches, a line now and then.
fn bar(kills: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} kills, {msg}  {eta} left").expect("a template");
    ProgressBar::new(kills).with_style(style)
}

fn show(bar: &ProgressBar, report: &Report) {
    bar.set_message(format!("{} acknowledged, {} lost", report.acknowledged, report.lost.len()));
    bar.set_position(report.kills);
    if !stderr().is_terminal() && report.kills.is_multiple_of(10) {
        eprintln!("{} kills, {} acknowledged, {} lost", report.kills, report.acknowledged, report.lost.len());
    }
}

fn conclude(report: &Report) -> ExitCode {
    for lost in report.lost.iter().take(20) {
        eprintln!("lost: {lost}");
    }
    for wrong in report.wrong.iter().take(20) {
        eprintln!("wrong: {wrong}");
    }
    let rate = report.rate();
    println!(
        "{rate:.0} acknowledged writes/s; {} unanswered, of which {} had happened; slowest start {:?}",
        report.unanswered, report.happened, report.slowest_start
    );
    println!("{} kills, {} acknowledged, {} lost", report.kills, report.acknowledged, report.lost.len());
    if !report.lost.is_empty() || !report.wrong.is_empty() {
        return ExitCode::FAILURE;
    }
    if rate < LEAST_RATE {
        eprintln!("void: under {LEAST_RATE:.0} acknowledged writes/s there is too little to lose");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn show_cascade(bar: &ProgressBar, report: &cascade::Report) {
    let (before, after) = report.sides();
    bar.set_message(format!("{before} before the commit, {after} after it"));
    bar.set_position(report.kills);
    if !stderr().is_terminal() && report.kills.is_multiple_of(10) {
        eprintln!("{} kills, {before} before the commit, {after} after it", report.kills);
    }
}

fn conclude_cascade(report: &cascade::Report) -> ExitCode {
    for wrong in &report.wrong {
        eprintln!("wrong: {wrong}");
    }
    for (step, cascade::Tally { before, unanswered, answered }) in &report.steps {
        println!(
            "{step:?}: {before} kills before the commit, {unanswered} between commit and answer, {answered} after the answer"
        );
    }
    let (before, after) = report.sides();
    println!("slowest start {:?}", report.slowest_start);
    println!("{} kills, {before} had not happened, {after} had, {} wrong", report.kills, report.wrong.len());
    if !report.wrong.is_empty() {
        return ExitCode::FAILURE;
    }
    if before == 0 || after == 0 {
        eprintln!("void: every kill came on the same side of the commit");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn show_uploads(bar: &ProgressBar, report: &uploads::Report) {
    bar.set_message(format!("{} acknowledged, {} cut off", report.acknowledged, report.cut_off));
    bar.set_position(report.kills);
    if !stderr().is_terminal() && report.kills.is_multiple_of(10) {
        eprintln!("{} kills, {} acknowledged, {} cut off", report.kills, report.acknowledged, report.cut_off);
    }
}

fn conclude_uploads(report: &uploads::Report) -> ExitCode {
    for wrong in report.wrong.iter().take(20) {
        eprintln!("wrong: {wrong}");
    }
    let uploads::Report { kills, acknowledged, cut_off, deleted, hashed, leftovers, slowest_start, wrong } = report;
    println!("{acknowledged} uploads acknowledged, {cut_off} cut off, {deleted} deleted; slowest start {slowest_start:?}");
    println!("{leftovers} kills left something that belonged to nothing, and nothing of it is left");
    println!("{kills} kills, {hashed} artifacts hashed, {} wrong", wrong.len());
    if !wrong.is_empty() {
        return ExitCode::FAILURE;
    }
    if *leftovers == 0 || *acknowledged == 0 {
        eprintln!("void: no kill hit an upload");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
