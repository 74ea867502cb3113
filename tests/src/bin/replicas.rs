//! Restarts servers behind a balancer under load, as often as one likes: `cargo run -p registry-tests --bin replicas -- --help`.

use clap::{Parser, ValueEnum};
use registry_client::RetryPolicy;
use registry_tests::replicas::{Balancing, End, Plan, Report, run};
use std::process::ExitCode;
use std::time::Duration;

/// Restarts servers on one PostgreSQL behind a balancer, one at a time under load, and checks that clients with default settings see no failure
///
/// Some clients write (each makes releases and moves an alias from each to the next, with compare-and-set), some read what was written by
/// any of them, one watches all events, and one resolves an alias from memory. Fails when a call failed, a change is missing or was made
/// twice, an event was not told or told twice, or a read was older than another one before it.
#[derive(Parser)]
#[command(name = "replicas", after_help = EXAMPLES)]
struct Arguments {
    /// How many servers there are
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u8).range(1..=9))]
    replicas: u8,

    /// How often one of them is restarted
    #[arg(long, value_name = "N", default_value = "20")]
    restarts: usize,

    /// How each of them ends
    #[arg(long, value_name = "HOW", default_value = "stop")]
    end: How,

    /// How the balancer finds out that nobody is there
    #[arg(long, value_name = "HOW", default_value = "blind")]
    balancing: Finds,

    /// How many clients write
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u8).range(1..))]
    writers: u8,

    /// How many clients read
    #[arg(long, value_name = "N", default_value = "8")]
    readers: u8,

    /// How many writes are made between a restart and the next one, at least
    #[arg(long, value_name = "N", default_value = "500")]
    between: usize,

    /// How many seconds each server goes on when it was told to stop
    #[arg(long, value_name = "SECONDS", default_value = "1")]
    shutdown_delay: u64,

    /// Let the clients retry nothing: then it must fail
    #[arg(long)]
    no_retries: bool,
}

const EXAMPLES: &str = "Examples:
  export REGISTRY_TEST_POSTGRES_URL=$(tests/lib/postgres.sh create /tmp/pg)
  cargo run -p registry-tests --bin replicas
  cargo run -p registry-tests --bin replicas -- --end kill --replicas 3";

#[derive(Clone, Copy, ValueEnum)]
enum How {
    /// By SIGTERM
    Stop,
    /// By SIGKILL
    Kill,
}

#[derive(Clone, Copy, ValueEnum)]
enum Finds {
    /// Not at all: clients that are placed there are cut off
    Blind,
    /// Connections are refused, and it tries the next server
    Refusals,
    /// It asks for health ten times a second
    Health,
}

impl Arguments {
    fn plan(self) -> Plan {
        let Self { replicas, restarts, end, balancing, writers, readers, between, shutdown_delay, no_retries } = self;
        Plan {
            replicas: replicas.into(),
            restarts,
            end: match end {
                How::Stop => End::Stop,
                How::Kill => End::Kill,
            },
            balancing: match balancing {
                Finds::Blind => Balancing::Blind,
                Finds::Refusals => Balancing::Refusals,
                Finds::Health => Balancing::Health,
            },
            delay: Duration::from_secs(shutdown_delay),
            writers: writers.into(),
            readers: readers.into(),
            retry: if no_retries { RetryPolicy::none() } else { RetryPolicy::default() },
            between,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if std::env::var_os("REGISTRY_TEST_POSTGRES_URL").is_none() {
        eprintln!("replicas: REGISTRY_TEST_POSTGRES_URL is not set; see --help for a way to make a PostgreSQL");
        return ExitCode::FAILURE;
    }
    conclude(run(&arguments.plan()).await)
}

fn conclude(report: Report) -> ExitCode {
    let Report { restarts, writes, replayed, reads, events, disconnected, resolved, connections, refused, slowest, took, wrong } =
        report;
    for wrong in wrong.iter().take(20) {
        eprintln!("wrong: {wrong}");
    }
    println!("{restarts} restarts in {took:.1?}; {connections} connections through the balancer, {refused} refused to it");
    println!(
        "{writes} writes, {replayed} of them answered by an earlier attempt; {reads} reads; the longest call took {slowest:.1?}"
    );
    println!("{events} events watched over {disconnected} breaks of the stream; {resolved} answers from memory");
    println!("{} calls and changes that went wrong", wrong.len());
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
