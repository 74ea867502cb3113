//! The client's memory of aliases, kept current by a real server: through a proxy, so that the two can be parted.

use registry_client::{CachedRelease, CachedResolver, Client, Code, ErrorReason, Freshness, RetryPolicy};
use registry_tests::proxy::Proxy;
use registry_tests::{conformance, expect, given, wait};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

/// A resolver that has heard of its server.
async fn resolver(proxy: &Proxy) -> CachedResolver {
    let client = Client::builder(proxy.endpoint()).retry(RetryPolicy::none()).connect().await.expect("a connection");
    let resolver = CachedResolver::builder(&client).progress_interval(Duration::from_secs(1)).start();
    let connected = async || matches!(resolver.state(), registry_client::ResolverState::Connected).then_some(());
    wait::until("the resolver is connected", SOON, connected).await;
    resolver
}

async fn ask(resolver: &CachedResolver) -> CachedRelease {
    resolver.resolve("m", "production").await.expect("the alias")
}

/// The resolver says sooner or later that this is what the alias stands for, and that it is so now.
async fn is_current(resolver: &CachedResolver, id: &str) {
    let look = async || {
        let found = resolver.resolve("m", "production").await.ok()?;
        (found.freshness == Freshness::Current && found.release.id == id).then_some(())
    };
    wait::until("the new release is answered as current", SOON, look).await;
}

conformance! {
    /// What was asked once is answered without the server; a move by anybody, a new name and a deletion arrive.
    async fn a_memory_follows_what_happens(registry: &Harness) {
        given::model(registry, "m").await;
        let (one, two) = (given::release(registry, "m", "1").await, given::release(registry, "m", "2").await);
        given::alias(registry, &one, "production").await;
        let proxy = Proxy::start([registry.address()], 1).await;
        let resolver = resolver(&proxy).await;
        is_current(&resolver, &one.id).await;
        let asked = proxy.passed();
        for _ in 0..10 {
            let found = ask(&resolver).await;
            assert_eq!((&found.release.id, found.alias.alias.as_str()), (&one.id, "production"));
        }
        assert_eq!(proxy.passed(), asked, "the server was asked although the answer was known");
        registry.client.set_release_alias(&two, "production").send().await.unwrap();
        is_current(&resolver, &two.id).await;
        registry.client.rename_model("m", "n").send().await.unwrap();
        let renamed = async || resolver.resolve("m", "production").await.is_err().then_some(());
        wait::until("the old name stands for nothing", SOON, renamed).await;
        assert_eq!(resolver.resolve("n", "production").await.unwrap().release.id, two.id);
        registry.client.delete_release_alias("n", "production").send().await.unwrap();
        let deleted = async || resolver.resolve("n", "production").await.is_err().then_some(());
        wait::until("the alias stands for nothing", SOON, deleted).await;
        let answer = resolver.resolve("n", "production").await;
        expect::refused(answer, Code::NotFound, ErrorReason::AliasNotFound);
    }

    /// Without the server what is known is answered and says that it may be old; when the server is back it is current
    /// again, with what has happened in between.
    async fn a_memory_says_when_it_is_stale(registry: &Harness) {
        given::model(registry, "m").await;
        let (one, two) = (given::release(registry, "m", "1").await, given::release(registry, "m", "2").await);
        given::alias(registry, &one, "production").await;
        let proxy = Proxy::start([registry.address()], 1).await;
        let resolver = resolver(&proxy).await;
        is_current(&resolver, &one.id).await;
        proxy.fall_silent();
        proxy.cut();
        let stale = async || matches!(ask(&resolver).await.freshness, Freshness::Stale { .. }).then_some(());
        wait::until("the answer says that it is stale", SOON, stale).await;
        registry.client.set_release_alias(&two, "production").send().await.unwrap();
        let known = ask(&resolver).await;
        assert_eq!(known.release.id, one.id, "nobody could have told");
        assert!(matches!(known.freshness, Freshness::Stale { .. }), "{known:?}");
        proxy.speak();
        is_current(&resolver, &two.id).await;
    }
}
