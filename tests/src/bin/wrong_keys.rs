//! Sends wrong keys to a server and measures what that costs somebody with a good one: `cargo run -p registry-tests --bin wrong_keys -- --help`.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use registry_client::Client;
use registry_tests::binary::{Binary, Running};
use registry_tests::guesses::Guesses;
use std::io::{IsTerminal, stderr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Sends wrong keys to a server, a thousand a second from one address, and measures a client that has a good one
///
/// Starts the built server with its usual limits, but no rate for the client that is measured, which reads one model again and
/// again, one call after the other. Rounds with the flood and rounds without it take turns, so that both see the same machine.
/// Prints the latency of the client on both sides, their ratio, and how much of a core the server needed. The server has the
/// profile of this program: say `cargo run --release` for figures that mean something.
#[derive(Parser)]
#[command(name = "wrong_keys", after_help = EXAMPLES)]
struct Arguments {
    /// How many rounds of each kind
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,

    /// How many seconds a round takes
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,

    /// How many wrong keys a second
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u64).range(1..))]
    rate: u64,
}

const EXAMPLES: &str = "Examples:
  cargo run --release -p registry-tests --bin wrong_keys
  cargo run -p registry-tests --bin wrong_keys -- --rounds 2 --seconds 2 --rate 200";

/// How many connections send wrong keys.
const CONNECTIONS: u64 = 4;

/// What one side has shown.
#[derive(Default)]
struct Side {
    latencies: Vec<Duration>,
    processor: Duration,
    wall: Duration,
    refused: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { rounds, seconds, rate } = Arguments::parse();
    let directory = tempfile::tempdir().expect("a directory");
    let args = ["--max-failed-authentications", "10", "--max-calls-per-second", "0"];
    let server = Binary::on_free_port(directory.path()).args(args).start().await.expect("a server that starts");
    let client = server.client().await;
    client.create_model("iris", "s3://models/iris/").send().await.expect("a model");
    let (mut calm, mut flooded) = (Side::default(), Side::default());
    let bar = bar(rounds * 2);
    round(&server, &client, Duration::from_secs(1), None, &mut Side::default()).await; // to warm up
    for number in 0..rounds {
        let length = Duration::from_secs(seconds);
        round(&server, &client, length, None, &mut calm).await;
        bar.inc(1);
        round(&server, &client, length, Some(rate), &mut flooded).await;
        bar.inc(1);
        if !stderr().is_terminal() {
            eprintln!("{} of {rounds} rounds", number + 1);
        }
    }
    bar.finish_and_clear();
    conclude(calm, flooded)
}

/// A bar for people; where nobody watches, a line now and then.
fn bar(rounds: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} rounds  {eta} left").expect("a template");
    ProgressBar::new(rounds).with_style(style)
}

async fn round(server: &Running, client: &Client, length: Duration, rate: Option<u64>, side: &mut Side) {
    let mut guesses = Vec::new();
    for _ in 0..rate.map_or(0, |_| CONNECTIONS) {
        guesses.push(Guesses::begin(server.address(), rate.unwrap_or_default().div_ceil(CONNECTIONS)).await);
    }
    let (began, before) = (Instant::now(), processor(server.pid()));
    while began.elapsed() < length {
        let call = Instant::now();
        client.get_model("iris").send().await.expect("the client with a good key is answered");
        side.latencies.push(call.elapsed());
    }
    side.wall += began.elapsed();
    side.processor += processor(server.pid()).saturating_sub(before);
    side.refused += guesses.iter().map(Guesses::refused).sum::<u64>();
}

/// How long a process has been on a processor, as Linux counts it: in hundredths of a second.
fn processor(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let (_, fields) = stat.rsplit_once(") ").expect("fields behind the name");
    let ticks = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number"));
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

fn conclude(calm: Side, flooded: Side) -> ExitCode {
    let (mut p50, mut p99) = (Vec::new(), Vec::new());
    for (name, mut side) in [("without", calm), ("with", flooded)] {
        side.latencies.sort_unstable();
        let at = |share: usize| side.latencies[(side.latencies.len() - 1) * share / 100];
        let core = side.processor.as_secs_f64() / side.wall.as_secs_f64() * 100.0;
        let (calls, wrong) = (side.latencies.len(), side.refused as f64 / side.wall.as_secs_f64());
        println!(
            "{name:>7} the flood: {calls} calls, p50 {:?}, p99 {:?}, slowest {:?}; {wrong:.0} wrong keys/s; the server needed {core:.0} % of a core",
            at(50),
            at(99),
            at(100)
        );
        p50.push(at(50).as_secs_f64());
        p99.push(at(99).as_secs_f64());
    }
    println!("ratio: p50 {:.2}, p99 {:.2}", p50[1] / p50[0], p99[1] / p99[0]);
    ExitCode::SUCCESS
}
