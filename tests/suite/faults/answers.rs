//! Answers that get lost: the server has done what it was asked for, and nobody is told. The client asks again with the
//! same request id, and what was done is not done once more.

use futures::TryStreamExt;
use futures::future::join_all;
use registry_client::{Client, CreateModel, CreateRelease, Model, ModelView, Release, ReleaseView, RetryPolicy};
use registry_tests::proxy::Proxy;
use registry_tests::{Database, Harness, given};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// Each has a connection and a proxy of its own.
const CLIENTS: u64 = 20;
/// What each of them creates: a model, nine releases of it, and so on.
const CREATES: u64 = 250;
/// How many of a million answers are lost.
const LOST: u32 = 300_000;

/// What a client was answered in the end, and under which id.
#[derive(Default)]
struct Told {
    models: Vec<(String, Model)>,
    releases: Vec<(String, Release)>,
    /// How many of these answers were not the first to be sent.
    replayed: u64,
    dropped: u64,
    passed: u64,
}

fn model(client: &Client, number: u64, of: u64) -> CreateModel {
    client.create_model(format!("client-{of}/{}", number / 10), "/m").label("number", number.to_string())
}

fn release(client: &Client, number: u64, of: u64) -> CreateRelease {
    let model = format!("client-{of}/{}", number / 10);
    client.create_release(model, format!("1.{number}")).digest(given::digest(number)).label("number", number.to_string())
}

/// Creates everything through a proxy that loses answers.
async fn create(targets: Vec<SocketAddr>, of: u64, seed: u64) -> Told {
    let proxy = Proxy::start(targets, seed).await;
    // That all of an answer's repetitions get lost is as good as impossible.
    let retry =
        RetryPolicy::default().max_attempts(30).initial_delay(Duration::from_millis(1)).max_delay(Duration::from_millis(5));
    let client = registry_tests::keys::admin(proxy.endpoint()).retry(retry).connect().await.expect("a connection");
    proxy.drop_answers(LOST);
    let mut told = Told::default();
    for number in 0..CREATES {
        let id = given::request_id();
        if number % 10 == 0 {
            let answer = model(&client, number, of).request_id(&id).send_with_meta().await;
            let answer = answer.unwrap_or_else(|error| panic!("the owner of model {number} of client {of} is told {error}"));
            told.replayed += u64::from(answer.replayed);
            told.models.push((id, answer.value));
        } else {
            let answer = release(&client, number, of).request_id(&id).send_with_meta().await;
            let answer = answer.unwrap_or_else(|error| panic!("the owner of release {number} of client {of} is told {error}"));
            told.replayed += u64::from(answer.replayed);
            told.releases.push((id, answer.value));
        }
    }
    (told.dropped, told.passed) = (proxy.dropped(), proxy.passed());
    told
}

/// What is stored is what was answered, each of it once.
async fn is_what_was_told(registry: &Harness, told: &[Told]) {
    let mut models: BTreeMap<&str, Model> = BTreeMap::new();
    let mut releases: BTreeMap<&str, &Release> = BTreeMap::new();
    for told in told {
        models
            .extend(told.models.iter().map(|(_, model)| (model.id.as_str(), Model { release_count: Some(9), ..model.clone() })));
        releases.extend(told.releases.iter().map(|(_, release)| (release.id.as_str(), release)));
    }
    let stored: Vec<Model> = registry.client.list_models().view(ModelView::Full).items().try_collect().await.expect("models");
    assert_eq!(stored.len(), models.len());
    for model in stored {
        assert_eq!(Some(&model), models.get(model.id.as_str()));
    }
    let stored = registry.client.list_releases().view(ReleaseView::Full).page_size(1000).items();
    let stored: Vec<Release> = stored.try_collect().await.expect("releases");
    assert_eq!(stored.len(), releases.len());
    for release in stored {
        assert_eq!(Some(&&release), releases.get(release.id.as_str()));
    }
    let all = u64::try_from(models.len() + releases.len()).unwrap();
    assert_eq!(all, CLIENTS * CREATES);
    assert_eq!(u64::try_from(given::revision(registry).await).unwrap(), all, "one revision for each");
}

/// Who asks again later, by hand, is answered the same.
async fn is_told_again(registry: &Harness, told: &[Told]) {
    for (of, told) in (0..).zip(told) {
        for (number, (id, first)) in (0..).step_by(10).zip(&told.models).step_by(5) {
            let again = model(&registry.client, number, of).request_id(id).send_with_meta().await.expect("the first answer");
            assert!(again.replayed && again.value == *first, "{again:?} after {first:?}");
        }
        for (id, first) in told.releases.iter().step_by(45) {
            let number = first.labels["number"].parse().unwrap();
            let again = release(&registry.client, number, of).request_id(id).send_with_meta().await.expect("the first answer");
            assert!(again.replayed && again.value == *first, "{again:?} after {first:?}");
        }
    }
    assert_eq!(u64::try_from(given::revision(registry).await).unwrap(), CLIENTS * CREATES);
}

/// Retries go to the next of the servers, so that the one that is asked again is not the one that did it.
async fn nothing_is_done_twice(servers: &[&Harness]) {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let targets: Vec<SocketAddr> = servers.iter().map(|server| server.address()).collect();
    let began = std::time::Instant::now();
    let clients = (0..CLIENTS).map(|of| tokio::spawn(create(targets.clone(), of, seed.wrapping_add(of))));
    let told: Vec<Told> = join_all(clients).await.into_iter().map(|told| told.expect("a client that gets through")).collect();
    let sum = |count: fn(&Told) -> u64| told.iter().map(count).sum::<u64>();
    let (dropped, passed, replayed) = (sum(|told| told.dropped), sum(|told| told.passed), sum(|told| told.replayed));
    println!("{passed} creations, {dropped} lost answers, {replayed} replays in {:?}", began.elapsed());
    assert_eq!(passed, CLIENTS * CREATES, "each is answered once in the end");
    assert!(dropped >= passed * 3 / 10, "{dropped} lost answers");
    assert!(replayed > passed / 5 && replayed <= dropped, "{replayed} replays of {dropped} lost answers");
    for server in servers {
        is_what_was_told(server, &told).await;
        is_told_again(server, &told).await;
    }
}

/// Three of ten answers are lost, and the clients notice nothing but the time it takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_is_not_done_again() {
    let registry = Harness::start(Database::Sqlite).await;
    nothing_is_done_twice(&[&registry]).await;
    registry.stop().await;
}

/// The same, with every retry at another server than the attempt before it.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_server_did_is_not_done_again() {
    let registry = Harness::start(Database::Postgres).await;
    let replica = registry.replica().await;
    nothing_is_done_twice(&[&registry, &replica]).await;
    replica.stop().await;
    registry.stop().await;
}
