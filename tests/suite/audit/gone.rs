//! Calls that nobody waits for any more, and a log that cannot be written for a while.

use registry_client::pb::{self, Role};
use registry_client::{AuditEntry, Code, ErrorReason, Method};
use registry_tests::{Database, Harness, audited, conformance, expect, given, keys, on_every_database, raw, rows, wait};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::time::Duration;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(30);

/// Keeps everybody out of what a write needs, and lets nobody write to the audit log, until it is rolled back.
async fn locked(registry: &Harness) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(registry.url());
    options.min_connections(1).max_connections(1);
    let lock = sea_orm::Database::connect(options).await.unwrap();
    let statement = match registry.database {
        Database::Sqlite => "BEGIN IMMEDIATE",
        Database::Postgres => "BEGIN; LOCK TABLE models, audit_entries IN ACCESS EXCLUSIVE MODE",
    };
    lock.execute_unprepared(statement).await.unwrap();
    lock
}

async fn unlock(lock: DatabaseConnection) {
    lock.execute_unprepared("ROLLBACK").await.unwrap();
    lock.close().await.unwrap();
}

async fn failed_with(registry: &Harness, code: Code) -> Vec<AuditEntry> {
    let failed = audited::entries(registry).await.into_iter();
    failed.filter(|entry| entry.code == code as i32).collect()
}

conformance! {
    /// A call that ended at its deadline is told; what it had begun is told by itself, under the same id, when it is done.
    async fn a_deadline_is_told(registry: &Harness) {
        let (lock, id) = (locked(registry).await, given::request_id());
        let model = pb::Model { name: "m".into(), storage_path: "/m".into(), ..Default::default() };
        let create = pb::CreateModelRequest { model: Some(model), validate_only: false, request_id: id.clone() };
        let answer = raw::call(registry, Method::CreateModel.path(), &[("grpc-timeout", "100m")], raw::framed(&create)).await;
        assert_eq!(answer.reason(), Some(ErrorReason::DeadlineExceeded));
        unlock(lock).await;
        let late = audited::failures(registry, 1).await.remove(0);
        assert_eq!((late.code, late.error_reason.as_deref()), (Code::DeadlineExceeded as i32, Some("ERROR_REASON_DEADLINE_EXCEEDED")));
        assert_eq!((late.actor.as_str(), &late.request_id, late.revision), ("bootstrap-admin", &id, None));
        let done = given::model(registry, "after").await.revision == 2;
        let entries = audited::entries_of(registry, &id).await;
        assert_eq!(entries.iter().filter(|entry| entry.revision == Some(1)).count(), usize::from(done), "{entries:?}");
    }

    /// A caller who goes away before the answer is told as well.
    async fn a_caller_who_goes_away_is_told(registry: &Harness) {
        let gone = wait::until("a call that was given up is told", SOON, || async {
            let lock = locked(registry).await;
            // It may be given up before it has arrived; then there is nothing to tell, and the next one does.
            let name = format!("m-{}", given::request_id());
            let _ = timeout(Duration::from_millis(100), registry.client.create_model(name, "/m").send()).await;
            unlock(lock).await;
            timeout(Duration::from_secs(1), audited_soon(registry, Code::Cancelled)).await.ok()
        });
        let gone = gone.await;
        assert_eq!((gone.method.as_str(), gone.actor.as_str()), ("modelregistry.v1.ModelService/CreateModel", "bootstrap-admin"));
        assert_eq!((gone.error_reason, gone.revision, gone.call_count), (None, None, 1));
    }

    /// While the log cannot be written, refusals are answered as ever and at once, and are told when it can be.
    async fn a_log_that_is_busy_delays_nobody(registry: &Harness) {
        let (_, secret) = keys::make(registry, "viewer", Role::Viewer).await;
        let viewer = keys::client(registry.endpoint(), &secret).await;
        let lock = locked(registry).await;
        let refused = async {
            for _ in 0..50 {
                let answer = viewer.create_model("m", "/m").send().await;
                expect::refused(answer, Code::PermissionDenied, ErrorReason::RoleRequired);
            }
        };
        timeout(Duration::from_secs(2), refused).await.expect("answers that wait for nothing");
        unlock(lock).await;
        let first = audited::failures(registry, 1).await;
        assert_eq!((first[0].actor.as_str(), first[0].code), ("viewer", Code::PermissionDenied as i32));
    }
}

async fn audited_soon(registry: &Harness, code: Code) -> AuditEntry {
    wait::until("an entry", SOON, || async { failed_with(registry, code).await.pop() }).await
}

on_every_database! {
    /// What was noted is written before the server ends, with how often it was repeated.
    async fn nothing_is_lost_at_the_end(database: Database) {
        let registry = Harness::start(database).await;
        for _ in 0..10 {
            registry.client.rename_model("none", "other").send().await.unwrap_err();
        }
        let registry = registry.restart_after(|_| async {}).await.expect("a server that starts again");
        let failed: Vec<_> = failed_with(&registry, Code::NotFound).await;
        assert_eq!(audited::count(&failed), 10, "{failed:#?}");
        assert!(failed.len() <= 2, "{failed:#?}");
        registry.stop().await;
    }

    /// If it cannot be written at all, what fails is answered as ever, the server ends as ever, and what fails later is told.
    async fn a_log_that_is_broken_stops_nothing(database: Database) {
        let registry = Harness::start(database).await;
        rows::refuse(&registry, "audit_entries").await;
        let answer = registry.client.rename_model("none", "other").send().await;
        expect::refused(answer, Code::NotFound, ErrorReason::ModelNotFound);
        let registry = registry.restart_after(|_| async {}).await.expect("a server that starts again");
        rows::accept(&registry, "audit_entries").await;
        registry.client.delete_model("none").send().await.unwrap_err();
        let told = audited::failures(&registry, 1).await;
        assert_eq!(told[0].method, "modelregistry.v1.ModelService/DeleteModel", "what could not be written is lost");
        registry.stop().await;
    }
}
