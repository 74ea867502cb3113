//! What a flood leaves in the log: its number, seldom, and nothing of what it sent.

use super::{GET, PATIENCE, get_m};
use registry_client::Code;
use registry_tests::binary::Binary;
use registry_tests::unfinished::Unfinished;
use registry_tests::wait;
use serde_json::Value;
use tempfile::tempdir;

/// Fifty calls with a wrong key, and fifty too many with a good one: not a line for each, and each is counted.
#[tokio::test]
async fn a_flood_of_calls_is_a_few_lines() {
    const FLOOD: u64 = 50;
    let directory = tempdir().unwrap();
    let args = ["--log-format", "json", "--max-failed-authentications", "3", "--max-calls-per-second", "5"];
    let server = Binary::on_free_port(directory.path()).args(args).start().await.unwrap();
    let client = server.client().await;
    let guess = registry_tests::keys::ADMIN.replace("5ca1ab1e", "0ff1ce00");
    for _ in 0..FLOOD {
        let answer = Unfinished::begin(server.address(), GET, Some(&guess), get_m()).await.refused().await;
        assert!(matches!(answer.code(), Code::Unauthenticated | Code::ResourceExhausted), "{answer:?}");
    }
    let mut refused = 0;
    for _ in 0..20 * FLOOD {
        refused += u64::from(client.get_model("m").send().await.is_err_and(|error| error.code() == Code::ResourceExhausted));
        if refused == FLOOD {
            break;
        }
    }
    assert_eq!(refused, FLOOD, "the limit was hardly met");
    let told = |log: &str, flag: &str| {
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["limit"] == flag).map(|line| line["times"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    for (flag, times) in [("--max-failed-authentications", FLOOD), ("--max-calls-per-second", refused)] {
        let lines = wait::until(flag, PATIENCE, async || {
            Some(told(&server.log_so_far(), flag)).filter(|lines| lines.iter().sum::<u64>() == times)
        });
        assert!(lines.await.len() <= 3, "{flag}");
    }
    drop(client);
    let log = server.stop().await.log;
    let calls = log.lines().filter(|line| line.contains("\"ResourceExhausted\"") || line.contains("\"Unauthenticated\"")).count();
    assert_eq!(calls, 0, "{log}");
    assert!(!log.contains("0ff1ce00") && !log.contains(&guess[..20]), "{log}");
}
