//! The table of metrics in docs/OBSERVABILITY.md, written from what a server registers.

use registry_server::layer::Rpc;
use registry_server::metrics::{Metrics, Row};
use std::fmt::Write;

/// Between these the page is written by the test.
pub const BEGIN: &str = "<!-- metrics: written by REGISTRY_REWRITE=1 cargo test -p registry-tests observed::page -->\n";
/// Where that ends.
pub const END: &str = "<!-- end of the metrics -->\n";

/// The table, in Markdown.
#[must_use]
pub fn table() -> String {
    let metrics = Metrics::new(Rpc::all().map(Rpc::labels));
    let mut rows: Vec<&Row> = metrics.rows().iter().collect();
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    let mut table = "| Metric | Type | Labels | |\n|---|---|---|---|\n".to_owned();
    for Row { name, kind, labels, help } in rows {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(table, "| `{name}` | {kind} | {} | {help} |", labels.join(" "));
    }
    table
}
