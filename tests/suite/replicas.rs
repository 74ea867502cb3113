//! Two servers on one PostgreSQL behind a balancer, one restarted at a time under load: clients with default settings see no failure.

use registry_client::RetryPolicy;
use registry_tests::replicas::{Balancing, End, Plan, Report, run};
use std::time::Duration;

const RESTARTS: usize = 4;

fn plan() -> Plan {
    Plan {
        replicas: 2,
        restarts: RESTARTS,
        end: End::Stop,
        balancing: Balancing::Blind,
        delay: Duration::from_secs(1),
        writers: 8,
        readers: 8,
        retry: RetryPolicy::default(),
        between: 50,
    }
}

fn nothing_was_noticed(report: &Report) {
    assert!(report.wrong.is_empty(), "{report:#?}");
    assert_eq!(report.restarts, RESTARTS);
    // Servers that nobody used could be restarted by anybody.
    assert!(report.writes >= RESTARTS * 50 && report.reads > RESTARTS && report.resolved > RESTARTS, "{report:#?}");
    assert!(report.connections > 18, "nobody had to connect again: {report:#?}");
}

/// The balancer notices nothing: it goes on placing clients where nobody is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_behind_a_balancer_without_health_checks_is_not_noticed() {
    let report = run(&plan()).await;
    nothing_was_noticed(&report);
    assert!(report.refused > 0, "nobody was placed where nobody was: {report:#?}");
}

/// The balancer asks for health.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_behind_a_balancer_with_health_checks_is_not_noticed() {
    nothing_was_noticed(&run(&Plan { balancing: Balancing::Health, ..plan() }).await);
}

/// A server that is killed answers nobody, also those who are placed there until it is back, and the retries of the clients make good for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_behind_a_balancer_is_not_noticed() {
    nothing_was_noticed(&run(&Plan { end: End::Kill, ..plan() }).await);
}

/// The load would notice: clients that retry nothing do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_is_noticed_by_clients_that_do_not_retry() {
    let report = run(&Plan { end: End::Kill, restarts: 2, retry: RetryPolicy::none(), ..plan() }).await;
    assert!(report.wrong.iter().any(|wrong| wrong.contains("failed")), "{report:#?}");
}
