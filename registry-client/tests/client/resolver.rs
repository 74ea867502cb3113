//! Resolving from memory: what is asked, what is answered from memory, and what is not.

use std::time::Duration;

use registry_client::pb::resolve_release_request::Selector;
use registry_client::{
    CachedRelease, CachedResolver, Error, ErrorReason, Event, EventType, Freshness, Method, ModelId, ModelRef, Release,
    ReleaseAlias, ResolverState, ResourceKind, pb,
};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::ErrorDetails;

use crate::fake::{Fake, Reply, Watched, status};

/// The revision at which the registry is when the watch begins.
const NOW: i64 = 40;

/// That the alias stands for this release of this model, as was known at this revision.
fn answer(model_id: &str, release_id: &str, revision: i64) -> Reply {
    let release = Release { id: release_id.to_owned(), model_id: model_id.to_owned(), ..Default::default() };
    let alias = ReleaseAlias { release_id: release_id.to_owned(), model_id: model_id.to_owned(), ..Default::default() };
    Reply::at(revision, &pb::ResolveReleaseResponse { release: Some(release), alias: Some(alias) })
}

fn event(model_id: &str, revision: i64) -> Event {
    Event { revision, model_id: model_id.to_owned(), last_in_revision: true, ..Default::default() }
}

fn refusal(code: Code, reason: ErrorReason) -> Status {
    status(code, reason, &mut ErrorDetails::new())
}

fn stopping() -> Status {
    refusal(Code::Unavailable, ErrorReason::BackendUnavailable)
}

/// Lets everybody do what there is to do.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

/// A resolver whose watch is connected.
async fn connected(script: impl IntoIterator<Item = Reply>) -> (Fake, Watched, CachedResolver) {
    let fake = Fake::new(script);
    let resolver = CachedResolver::start(&fake.client);
    let watched = fake.accept_watch().await.start(NOW, NOW).await;
    settle().await;
    assert!(matches!(resolver.state(), ResolverState::Connected), "{resolver:?}");
    (fake, watched, resolver)
}

async fn ask(resolver: &CachedResolver) -> CachedRelease {
    resolver.resolve("iris", "production").await.unwrap()
}

/// The release that it resolves to, as what is true at this moment.
async fn current(resolver: &CachedResolver) -> String {
    let resolved = ask(resolver).await;
    assert!(resolved.freshness.is_current(), "{:?}", resolved.freshness);
    assert_eq!(resolved.alias.release_id, resolved.release.id);
    resolved.release.id.clone()
}

/// The release that it resolves to, and for how long that may have been otherwise.
async fn stale(resolver: &CachedResolver) -> (String, Duration) {
    let resolved = ask(resolver).await;
    let Freshness::Stale { since } = resolved.freshness else { panic!("this is not stale") };
    (resolved.release.id.clone(), Instant::now().into_std() - since)
}

/// How often the registry was asked to resolve.
fn asked(fake: &Fake) -> usize {
    fake.seen().iter().filter(|seen| seen.method == Method::ResolveRelease).count()
}

#[tokio::test(start_paused = true)]
async fn what_is_known_is_answered_without_a_call() {
    let (fake, _watched, resolver) = connected([answer("m1", "r1", NOW), answer("m1", "r2", NOW), answer("m2", "r3", NOW)]).await;
    for _ in 0..3 {
        assert_eq!(current(&resolver).await, "r1");
        assert_eq!(current(&resolver.clone()).await, "r1");
    }
    assert_eq!(resolver.resolve("iris", "canary").await.unwrap().release.id, "r2");
    assert_eq!(resolver.resolve(ModelId::new("m2"), "production").await.unwrap().release.id, "r3");
    assert_eq!(resolver.resolve(ModelId::new("m2"), "production").await.unwrap().release.id, "r3");
    let questions: Vec<pb::ResolveReleaseRequest> =
        fake.seen().iter().filter(|seen| seen.method == Method::ResolveRelease).map(|seen| seen.message()).collect();
    let question = |model: ModelRef, alias: &str| pb::ResolveReleaseRequest {
        model_ref: Some(model.into()),
        selector: Some(Selector::Alias(alias.to_owned())),
        ..Default::default()
    };
    let expected =
        [question("iris".into(), "production"), question("iris".into(), "canary"), question(ModelRef::by_id("m2"), "production")];
    assert_eq!(questions, expected);
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_the_model_is_asked_for_again() {
    let happenings = [
        (ResourceKind::ReleaseAlias, EventType::Updated),
        (ResourceKind::ReleaseAlias, EventType::Deleted),
        (ResourceKind::Release, EventType::StateChanged),
        (ResourceKind::Release, EventType::Purged),
        (ResourceKind::Model, EventType::Updated),
        (ResourceKind::Model, EventType::Deleted),
        (ResourceKind::Model, EventType::Undeleted),
        (ResourceKind::Model, EventType::Purged),
    ];
    for (kind, event_type) in happenings {
        let (fake, watched, resolver) = connected([answer("m1", "r1", NOW), answer("m1", "r2", 42)]).await;
        assert_eq!(current(&resolver).await, "r1");
        watched.events([event("m2", 41)]).await;
        settle().await;
        assert_eq!((current(&resolver).await.as_str(), asked(&fake)), ("r1", 1), "another model is of no concern");
        watched.events([Event { event_type: event_type.into(), resource_kind: kind.into(), ..event("m1", 42) }]).await;
        settle().await;
        assert_eq!(current(&resolver).await, "r2");
        assert_eq!((current(&resolver).await.as_str(), asked(&fake)), ("r2", 2));
    }
}

/// The name finds another model after that: what was known of the old one must go, and what becomes of the old one is of no concern.
#[tokio::test(start_paused = true)]
async fn a_name_can_be_taken_by_another_model() {
    let (fake, watched, resolver) = connected([answer("m1", "r1", NOW), answer("m2", "r2", 43), answer("m2", "r3", 45)]).await;
    assert_eq!(current(&resolver).await, "r1");
    watched.events([event("m1", 41), event("m2", 42)]).await;
    settle().await;
    assert_eq!(current(&resolver).await, "r2");
    watched.events([event("m1", 44)]).await;
    settle().await;
    assert_eq!((current(&resolver).await.as_str(), asked(&fake)), ("r2", 2));
    watched.events([event("m2", 45)]).await;
    settle().await;
    assert_eq!(current(&resolver).await, "r3");
}

/// The same, when the answer about the model that has the name now arrives before the news about the one that had it.
#[tokio::test(start_paused = true)]
async fn two_answers_to_one_question_are_about_the_models_they_name() {
    let (gate, gated) = oneshot::channel();
    let script = [Reply::When(gated, Box::new(answer("m1", "r1", NOW))), answer("m2", "r2", 42), answer("m2", "r3", 43)];
    let (fake, watched, resolver) = connected(script).await;
    let slow = tokio::spawn({
        let resolver = resolver.clone();
        async move { current(&resolver).await }
    });
    settle().await;
    assert_eq!(current(&resolver).await, "r2");
    gate.send(()).unwrap();
    assert_eq!(slow.await.unwrap(), "r1");
    // What came last is kept, and dropped by its own model only.
    watched.events([event("m2", 42)]).await;
    settle().await;
    assert_eq!((current(&resolver).await.as_str(), asked(&fake)), ("r1", 2));
    watched.events([event("m1", 43)]).await;
    settle().await;
    assert_eq!(current(&resolver).await, "r3");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_an_event_has_overtaken_is_not_kept() {
    // The revision that the answer was read at, the model that changes while it is on its way, and whether the answer is kept.
    for (read_at, changed, kept) in [(NOW, "m1", false), (NOW, "m2", true), (41, "m1", true), (42, "m1", true)] {
        let (gate, gated) = oneshot::channel();
        let script = [Reply::When(gated, Box::new(answer("m1", "r1", read_at))), answer("m1", "r2", 42)];
        let (fake, watched, resolver) = connected(script).await;
        let slow = tokio::spawn({
            let resolver = resolver.clone();
            async move { current(&resolver).await }
        });
        settle().await;
        watched.events([event(changed, 41)]).await;
        settle().await;
        gate.send(()).unwrap();
        assert_eq!(slow.await.unwrap(), "r1");
        assert_eq!(current(&resolver).await, if kept { "r1" } else { "r2" }, "read at {read_at}, {changed} changed at 41");
        assert_eq!(current(&resolver).await, if kept { "r1" } else { "r2" });
        assert_eq!(asked(&fake), if kept { 1 } else { 2 });
    }
}

#[tokio::test(start_paused = true)]
async fn events_of_any_number_of_models_do_not_hide_one() {
    let (gate, gated) = oneshot::channel();
    let script = [Reply::When(gated, Box::new(answer("m1", "r1", NOW))), answer("m1", "r2", NOW), answer("m1", "r3", 30_000)];
    let (fake, watched, resolver) = connected(script).await;
    let slow = tokio::spawn({
        let resolver = resolver.clone();
        async move { current(&resolver).await }
    });
    settle().await;
    watched.events([event("m1", 41)]).await;
    for batch in 0..25 {
        watched.events((0..1000).map(|at| event(&format!("other {batch} {at}"), 100 + batch * 1000 + at))).await;
    }
    settle().await;
    gate.send(()).unwrap();
    assert_eq!(slow.await.unwrap(), "r1");
    for expected in ["r2", "r3", "r3"] {
        assert_eq!(current(&resolver).await, expected);
    }
    assert_eq!(asked(&fake), 3);
}

#[tokio::test(start_paused = true)]
async fn what_no_event_would_drop_is_not_kept() {
    let unknown = pb::ResolveReleaseResponse { release: Some(Release::default()), alias: Some(ReleaseAlias::default()) };
    for reply in [
        answer("m1", "", NOW - 1), // read before the watch began, perhaps
        answer("", "", NOW),       // of a model that is not told
        Reply::message(&unknown),  // read nobody knows when
    ] {
        let (fake, _watched, resolver) = connected([reply, answer("m1", "r2", NOW)]).await;
        assert_eq!(current(&resolver).await, "");
        assert_eq!(current(&resolver).await, "r2");
        assert_eq!(asked(&fake), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_kept() {
    let (fake, _watched, resolver) = connected([
        Reply::fail(Code::NotFound, ErrorReason::AliasNotFound),
        Reply::message(&pb::ResolveReleaseResponse::default()),
        answer("m1", "r1", NOW),
    ])
    .await;
    let error = resolver.resolve("iris", "production").await.unwrap_err();
    assert_eq!(error.reason(), Some(ErrorReason::AliasNotFound));
    let error = resolver.resolve("iris", "production").await.unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error}");
    assert_eq!(current(&resolver).await, "r1");
    assert_eq!(asked(&fake), 3);
}

#[tokio::test(start_paused = true)]
async fn before_the_watch_is_connected_the_registry_is_asked() {
    let fake = Fake::new([answer("m1", "r1", NOW), answer("m1", "r2", NOW), answer("m1", "r3", NOW)]);
    let resolver = CachedResolver::start(&fake.client);
    assert!(matches!(resolver.state(), ResolverState::Connecting));
    assert_eq!(current(&resolver).await, "r1");
    assert_eq!(current(&resolver).await, "r2");
    let _watched = fake.accept_watch().await.start(NOW, NOW).await;
    settle().await;
    assert_eq!(current(&resolver).await, "r3");
    assert_eq!(current(&resolver).await, "r3");
}

#[tokio::test(start_paused = true)]
async fn what_is_known_is_stale_while_the_watch_is_away_and_until_it_has_caught_up() {
    let (fake, watched, resolver) = connected([
        answer("m1", "r1", NOW),
        answer("m2", "r2", 41),
        Reply::fail(Code::Internal, ErrorReason::Internal),
        answer("m1", "r3", 50),
    ])
    .await;
    let began = Instant::now();
    assert_eq!(current(&resolver).await, "r1");
    tokio::time::sleep(Duration::from_secs(3)).await;
    watched.progress(41).await;
    settle().await;
    let heard = Instant::now();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(current(&resolver).await, "r1");
    watched.fail(stopping()).await;
    settle().await;

    let ResolverState::Disconnected { error, .. } = resolver.state() else { panic!("{resolver:?}") };
    assert_eq!(error.reason(), Some(ErrorReason::BackendUnavailable));
    let (release, age) = stale(&resolver).await;
    assert_eq!(release, "r1");
    assert!(age >= heard.elapsed() && age < began.elapsed(), "{age:?} since it was heard of");
    // What is not known is asked of the registry, and is current when it is.
    assert!(resolver.resolve("other", "production").await.unwrap().freshness.is_current());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let Freshness::Stale { since } = resolver.resolve("other", "production").await.unwrap().freshness else { panic!() };
    assert!((Instant::now().into_std() - since).as_secs() == 1, "it was asked for later than the watch was last heard of");
    resolver.resolve("unknown", "production").await.unwrap_err();

    fake.refuse_watch(stopping()).await;
    settle().await;
    assert!(stale(&resolver).await.1 > Duration::from_secs(5));
    // Connected again, it is told what happened in the meantime.
    let watched = fake.accept_watch().await;
    assert_eq!(watched.request.after_revision, Some(41));
    let watched = watched.start(41, 50).await;
    settle().await;
    assert!(matches!(resolver.state(), ResolverState::CatchingUp { .. }), "{resolver:?}");
    assert!(stale(&resolver).await.1 > Duration::from_secs(5));
    watched.events([event("m2", 45)]).await;
    settle().await;
    assert_eq!(stale(&resolver).await.0, "r1");
    watched.progress(49).await;
    settle().await;
    assert_eq!(stale(&resolver).await.0, "r1");
    // To have come halfway is no merit.
    watched.fail(stopping()).await;
    settle().await;
    assert!(stale(&resolver).await.1 > Duration::from_secs(5));
    let watched = fake.accept_watch().await;
    assert_eq!(watched.request.after_revision, Some(49));
    let watched = watched.start(49, 50).await;
    settle().await;
    assert!(stale(&resolver).await.1 > Duration::from_secs(5));
    watched.events([Event { last_in_revision: false, ..event("m3", 50) }]).await;
    settle().await;
    assert_eq!(stale(&resolver).await.0, "r1");
    watched.progress(50).await;
    settle().await;
    assert!(matches!(resolver.state(), ResolverState::Connected));
    assert_eq!((current(&resolver).await.as_str(), asked(&fake)), ("r1", 3));
    watched.events([event("m1", 51)]).await;
    settle().await;
    assert_eq!(asked(&fake), 3);
    ask(&resolver).await;
    assert_eq!(asked(&fake), 4);
}

#[tokio::test(start_paused = true)]
async fn what_happened_while_the_watch_was_away_is_caught_up_with() {
    let (fake, watched, resolver) = connected([answer("m1", "r1", NOW), answer("m1", "r2", 42)]).await;
    assert_eq!(current(&resolver).await, "r1");
    watched.fail(stopping()).await;
    settle().await;
    let watched = fake.accept_watch().await.start(NOW, 41).await;
    settle().await;
    assert_eq!(stale(&resolver).await.0, "r1");
    watched.events([event("m1", 41)]).await;
    settle().await;
    assert_eq!(current(&resolver).await, "r2");
    assert_eq!((current(&resolver).await.as_str(), asked(&fake)), ("r2", 2));
    // With nothing missed, it is current at once.
    watched.fail(stopping()).await;
    let _watched = fake.accept_watch().await.start(41, 41).await;
    settle().await;
    assert_eq!((current(&resolver).await.as_str(), asked(&fake)), ("r2", 2));
}

#[tokio::test(start_paused = true)]
async fn silence_makes_it_stale_from_when_it_was_last_heard_of() {
    let (_fake, _watched, resolver) = connected([answer("m1", "r1", NOW)]).await;
    assert_eq!(current(&resolver).await, "r1");
    tokio::time::sleep(Duration::from_secs(14)).await;
    assert_eq!(current(&resolver).await, "r1");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (release, age) = stale(&resolver).await;
    assert_eq!((release.as_str(), age.as_secs()), ("r1", 16));
}

#[tokio::test(start_paused = true)]
async fn a_start_over_drops_everything_and_what_is_on_its_way() {
    let (gate, gated) = oneshot::channel();
    // The other registry has come further meanwhile than the answer of the old one says.
    let script = [answer("m1", "r1", NOW), Reply::When(gated, Box::new(answer("m1", "r2", NOW))), answer("m1", "r3", 5)];
    let (fake, watched, resolver) = connected(script).await;
    assert_eq!(current(&resolver).await, "r1");
    let slow = tokio::spawn({
        let resolver = resolver.clone();
        async move { resolver.resolve("other", "production").await.unwrap().release.id.clone() }
    });
    settle().await;
    watched.fail(stopping()).await;
    fake.refuse_watch(refusal(Code::OutOfRange, ErrorReason::RevisionInFuture)).await;
    settle().await;
    assert_eq!(stale(&resolver).await.0, "r1");
    let _watched = fake.accept_watch().await.start(5, 5).await;
    settle().await;
    gate.send(()).unwrap();
    assert_eq!(slow.await.unwrap(), "r2");
    assert_eq!(current(&resolver).await, "r3");
    assert_eq!((current(&resolver).await.as_str(), asked(&fake)), ("r3", 3));
    assert_eq!(resolver.resolve("other", "production").await.unwrap_err().code(), Code::Internal, "the script is used up");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_not_allowed_is_tried_again_later_and_nothing_is_kept_until_then() {
    let answers = ["r1", "r2", "r3", "r4"].map(|release| answer("m1", release, NOW));
    let (fake, watched, resolver) = connected(answers).await;
    assert_eq!(current(&resolver).await, "r1");
    let at = Instant::now();
    watched.fail(refusal(Code::Unauthenticated, ErrorReason::Unauthenticated)).await;
    settle().await;
    let ResolverState::Disconnected { error, .. } = resolver.state() else { panic!("{resolver:?}") };
    assert!(matches!(*error, Error::Unauthenticated(_)), "{error}");
    assert_eq!(current(&resolver).await, "r2");
    assert_eq!(current(&resolver).await, "r3");
    let watched = fake.accept_watch().await;
    assert_eq!(at.elapsed().as_secs(), 60);
    assert_eq!(watched.request.after_revision, None);
    let _watched = watched.start(NOW, NOW).await;
    settle().await;
    assert_eq!(current(&resolver).await, "r4");
    assert_eq!((current(&resolver).await.as_str(), asked(&fake)), ("r4", 4));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_asked_for_the_longest_makes_room() {
    let fake = Fake::new((0..9).map(|at| answer("m1", &at.to_string(), NOW)));
    let resolver = CachedResolver::builder(&fake.client).capacity(2).progress_interval(Duration::from_secs(9)).start();
    let watched = fake.accept_watch().await.start(NOW, NOW).await;
    assert_eq!(watched.request.progress_interval.unwrap().seconds, 9);
    settle().await;
    let mut told = Vec::new();
    for alias in ["a", "b", "a", "b", "a", "c", "a", "c", "b", "c"] {
        told.push(resolver.resolve("iris", alias).await.unwrap().release.id.clone());
    }
    assert_eq!(told, ["0", "1", "0", "1", "0", "2", "0", "2", "3", "2"]);
    watched.events([event("m1", 41)]).await;
    settle().await;
    assert_eq!(resolver.resolve("iris", "c").await.unwrap().release.id, "4");
}

#[tokio::test(start_paused = true)]
async fn the_watch_ends_with_the_last_clone() {
    let (_fake, watched, resolver) = connected([]).await;
    let clone = resolver.clone();
    drop(resolver);
    let cancelled = watched.cancelled();
    futures::pin_mut!(cancelled);
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut cancelled).await.is_err());
    drop(clone);
    tokio::time::timeout(Duration::from_secs(1), cancelled).await.unwrap();
}
