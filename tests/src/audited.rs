//! What the audit log says, read through the door.

use crate::{Harness, wait};
use futures::TryStreamExt;
use registry_client::{AuditEntry, Client};
use std::time::Duration;

/// How long it may take until what failed is told: a second, on a machine that has nothing else to do.
const SOON: Duration = Duration::from_secs(20);

/// All entries, newest first.
pub async fn entries(registry: &Harness) -> Vec<AuditEntry> {
    registry.client.list_audit_entries().page_size(1000).items().try_collect().await.expect("the audit log")
}

/// The entries of a change, by the id that its caller gave it.
pub async fn entries_of(registry: &Harness, request_id: &str) -> Vec<AuditEntry> {
    entries(registry).await.into_iter().filter(|entry| entry.request_id == request_id).collect()
}

/// The entries of calls that failed, newest first, as soon as they stand for so many calls.
///
/// # Panics
/// If they do not, or stand for more.
pub async fn failures(registry: &Harness, calls: i64) -> Vec<AuditEntry> {
    let look = || async {
        let failed = registry.client.list_audit_entries().succeeded(false).page_size(1000).items();
        let failed: Vec<AuditEntry> = failed.try_collect().await.expect("the audit log");
        (count(&failed) >= calls).then_some(failed)
    };
    let failed = wait::until(format!("{calls} calls that failed are told"), SOON, look).await;
    assert_eq!(count(&failed), calls, "{failed:#?}");
    failed
}

/// How many calls these stand for.
#[must_use]
pub fn count(entries: &[AuditEntry]) -> i64 {
    entries.iter().map(|entry| entry.call_count).sum()
}

/// The key of a client of the tests, by its id.
///
/// # Panics
/// If it has none.
pub async fn key_of(client: &Client) -> String {
    let key = client.call(registry_client::pb::GetCallerApiKeyRequest {}).send().await.expect("a key");
    key.api_key.expect("a key").id
}
