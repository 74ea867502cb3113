//! Answers that are given again from memory: which they are, to whom, for how long, and of how much memory.

mod again;
mod bounds;
#[cfg(feature = "postgres")]
mod replicas;
mod scopes;

use registry_tests::Harness;
use registry_tests::scraped::scrape;

/// How many reads have had an outcome.
async fn reads(registry: &Harness, outcome: &str) -> f64 {
    scrape(registry.admin_address()).await.value(&format!("registry_cache_reads_total{{outcome=\"{outcome}\"}}"))
}
