//! Deadlines: how long a call may take, and what the caller is told when it took longer.

use registry_client::{Code, ErrorReason, pb};
use registry_tests::{Database, Harness, conformance, given, raw};
use sea_orm::{ConnectionTrait, DatabaseConnection};

const CREATE: &str = "/modelregistry.v1.ModelService/CreateModel";

/// Keeps every writer out of the database until it is rolled back.
async fn locked(registry: &Harness) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(registry.url());
    options.min_connections(1).max_connections(1);
    let lock = sea_orm::Database::connect(options).await.unwrap();
    let statement = match registry.database {
        Database::Sqlite => "BEGIN IMMEDIATE",
        Database::Postgres => "BEGIN; LOCK TABLE models IN ACCESS EXCLUSIVE MODE",
    };
    lock.execute_unprepared(statement).await.unwrap();
    lock
}

fn create(name: &str) -> bytes::Bytes {
    let model = pb::Model { name: name.into(), storage_path: "/m".into(), ..pb::Model::default() };
    raw::framed(&pb::CreateModelRequest { model: Some(model), validate_only: false, request_id: String::new() })
}

conformance! {
    /// A write that waits longer than the caller does is answered DEADLINE_EXCEEDED, with a reason, when the time is over.
    async fn a_call_ends_at_its_deadline(registry: &Harness) {
        let lock = locked(registry).await;
        for timeout in ["50m", "50000u", "50000000n"] {
            let answer = raw::call(registry, CREATE, &[("grpc-timeout", timeout)], create("m")).await;
            assert_eq!((answer.status.code(), answer.reason()), (Code::DeadlineExceeded, Some(ErrorReason::DeadlineExceeded)));
            assert!(answer.header("x-request-id").is_some() && answer.header("x-registry-revision").is_some());
        }
        lock.execute_unprepared("ROLLBACK").await.unwrap();
        let after = registry.client.create_model("after", "/m").send().await.unwrap();
        assert!(registry.client.get_model(&after).send().await.is_ok());
    }

    /// The client tells the same, whether the server noticed first or the client itself.
    async fn the_client_says_that_the_deadline_passed(registry: &Harness) {
        let lock = locked(registry).await;
        let create = registry.client.create_model("m", "/m").timeout(std::time::Duration::from_millis(50));
        let error = create.send().await.unwrap_err();
        assert!(matches!(error, registry_client::Error::DeadlineExceeded(_)), "{error}");
        assert!(error.outcome_unknown());
        lock.execute_unprepared("ROLLBACK").await.unwrap();
    }

    /// A deadline that cannot be read, or that is longer than the server allows, is as good as none: the call is answered.
    async fn a_deadline_that_makes_no_sense_is_none(registry: &Harness) {
        for (number, timeout) in ["", "x", "10", "10x", "-1S", "999999999S", "99999999H", "1e3S", "10 S"].into_iter().enumerate() {
            let answer = raw::call(registry, CREATE, &[("grpc-timeout", timeout)], create(&format!("m{number}"))).await;
            assert_eq!(answer.status.code(), Code::Ok, "{timeout:?}");
        }
        assert_eq!(given::revision(registry).await, 9);
    }

    /// A deadline that is over before the call begins is over.
    async fn a_deadline_of_nothing_is_over(registry: &Harness) {
        let lock = locked(registry).await;
        for timeout in ["0S", "0n"] {
            let answer = raw::call(registry, CREATE, &[("grpc-timeout", timeout)], create("m")).await;
            assert_eq!((answer.status.code(), answer.reason()), (Code::DeadlineExceeded, Some(ErrorReason::DeadlineExceeded)));
        }
        lock.execute_unprepared("ROLLBACK").await.unwrap();
    }
}
