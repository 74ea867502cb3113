//! How many streams one caller has open.

use super::{PATIENCE, caller, limited};
use registry_client::pb::WatchRequest;
use registry_client::{Client, Code, ErrorReason};
use registry_server::domain::Limit;
use registry_tests::watching::{Watcher, after, open};
use registry_tests::{on_every_database, raw, wait};
use tonic::Status;
use tonic_types::StatusExt;

async fn watch(client: &Client) -> Result<Watcher, Status> {
    open(client, WatchRequest { ..after(0) }).await
}

fn refused(answer: Result<Watcher, Status>, limit: Limit) {
    let status = answer.expect_err("one stream too many");
    assert_eq!((status.code(), raw::reason(&status)), (Code::ResourceExhausted, Some(ErrorReason::TooManyStreams)), "{status:?}");
    let details = status.get_error_details();
    assert!(details.retry_info().is_some_and(|info| info.retry_delay.is_some()), "{details:?}");
    assert_eq!(details.quota_failure().unwrap().violations[0].subject, limit.subject());
}

on_every_database! {
    /// A caller has so many streams, its neighbour as many, and all together no more than the server has room for.
    async fn a_caller_has_only_so_many_streams(database: Database) {
        let registry = limited(database, |calls| (calls.watches, calls.watches_per_caller) = (3, 2)).await;
        let (_, neighbour) = caller(&registry, "neighbour").await;
        let (first, _second) = (watch(&registry.client).await.unwrap(), watch(&registry.client).await.unwrap());
        refused(watch(&registry.client).await, Limit::WatchesPerCaller);
        let _third = watch(&neighbour).await.unwrap();
        refused(watch(&neighbour).await, Limit::Watches);
        registry.client.get_model("m").send().await.unwrap();
        assert_eq!((registry.refused(Limit::WatchesPerCaller), registry.refused(Limit::Watches)), (1, 1));
        drop(first);
        wait::until("room for a stream", PATIENCE, || async { watch(&neighbour).await.ok() }).await;
        registry.stop().await;
    }
}
