//! What there can only be so many of: one more is refused with the limit, and nothing else is.

use futures::TryStreamExt;
use registry_client::{Client, Code, Error, ErrorReason, WatchItem, Watching};
use registry_tests::{Harness, conformance, expect, given, on_every_database};

/// A stream that has begun, or the first thing that was wrong.
async fn watch(client: &Client) -> Result<Watching, Error> {
    let mut stream = client.watch().stream();
    match stream.try_next().await? {
        Some(WatchItem::Disconnected(error)) => Err(error),
        _ => Ok(stream),
    }
}

on_every_database! {
    /// A server holds so many streams and no more; when one goes there is room again.
    async fn there_are_only_so_many_streams(database: Database) {
        let registry = Harness::with(database, |settings| settings.calls.watches = 2).await;
        let (first, _second) = (watch(&registry.client).await.unwrap(), watch(&registry.client).await.unwrap());
        expect::refused(watch(&registry.client).await.map(drop), Code::ResourceExhausted, ErrorReason::TooManyStreams);
        given::model(&registry, "calls-are-served").await;
        drop(first);
        let again = || async { watch(&registry.client).await.ok() };
        registry_tests::wait::until("room for a stream", std::time::Duration::from_secs(10), again).await;
    }
}

conformance! {
    /// A model has at most a thousand aliases. One that is there can still be moved, and after one is deleted there is room.
    async fn a_model_has_only_so_many_aliases(registry: &Harness) {
        given::model(registry, "m").await;
        let (one, other) = (given::release(registry, "m", "1").await, given::release(registry, "m", "2").await);
        let set = |number: usize| registry.client.set_release_alias(&one, format!("a{number}"));
        let sets = (0..1000).map(|number| set(number).send());
        futures::future::try_join_all(sets).await.unwrap();
        let error = expect::refused(set(1000).send().await, Code::InvalidArgument, ErrorReason::LimitExceeded);
        assert_eq!((expect::fact(&error, "limit"), expect::fact(&error, "actual")), ("1000", "1001"));
        registry.client.set_release_alias(&other, "a7").send().await.unwrap();
        registry.client.delete_release_alias("m", "a8").send().await.unwrap();
        set(1000).send().await.unwrap();
        // All of them go at once, in one revision.
        let before = given::revision(registry).await;
        registry.client.delete_release(&one).force().send().await.unwrap();
        assert_eq!(given::revision(registry).await, before + 1);
        let left = registry.client.list_release_aliases().model("m").send().await.unwrap().items;
        assert_eq!(left.iter().map(|alias| alias.alias.as_str()).collect::<Vec<_>>(), ["a7"]);
    }
}
