//! Ten thousand events to twenty watchers that lose their streams. `cargo run -p registry-tests --bin watch` does it with
//! as many events as one likes.

use registry_tests::followed::{Plan, run};
use registry_tests::on_every_database;

on_every_database! {
    /// Each event comes to each watcher whose filter lets it through, once, in order.
    async fn every_watcher_gets_every_event_once(database: Database) {
        let plan = Plan { database, events: 10_000, watchers: 20, seed: rand::random() };
        println!("seed {}", plan.seed);
        let report = run(&plan).await;
        assert!(report.wrong.is_empty(), "{report:#?}");
        assert!(report.events >= plan.events && report.expected > 2 * plan.events, "too few events: {report:?}");
        assert!(report.dropped >= 10 && report.cut >= 10, "too little went wrong: {report:?}");
    }
}
