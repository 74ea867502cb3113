//! Watching: what is told, in which order and how often, over any number of connections.

use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use registry_client::pb::watch_response::{Events, Message, Started};
use registry_client::{
    Error, ErrorReason, Event, EventFilter, EventType, Method, ModelId, ResourceKind, RetryPolicy, StartOverReason, WatchItem,
    Watching, pb,
};
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::ErrorDetails;

use crate::fake::{Fake, Reply, Watched, status};

/// An event, and whether it is the last of its revision.
fn event(revision: i64, index: i32, last_in_revision: bool) -> Event {
    Event { revision, index, last_in_revision, ..Default::default() }
}

fn refusal(code: Code, reason: ErrorReason) -> Status {
    status(code, reason, &mut ErrorDetails::new())
}

fn compacted() -> Status {
    refusal(Code::OutOfRange, ErrorReason::RevisionCompacted)
}

fn stopping() -> Status {
    refusal(Code::Unavailable, ErrorReason::BackendUnavailable)
}

/// What the stream tells next. It must be there without anybody else doing anything.
async fn next(watching: &mut Watching) -> WatchItem {
    tokio::time::timeout(Duration::from_secs(3600), watching.next()).await.expect("nothing is told").unwrap().unwrap()
}

async fn connected(watching: &mut Watching) -> (i64, bool) {
    match next(watching).await {
        WatchItem::Connected { current_revision, resumed } => (current_revision, resumed),
        other => panic!("{other:?}"),
    }
}

async fn place(watching: &mut Watching) -> (i64, i32) {
    match next(watching).await {
        WatchItem::Event(event) => (event.revision, event.index),
        other => panic!("{other:?}"),
    }
}

async fn disconnected(watching: &mut Watching) -> Error {
    match next(watching).await {
        WatchItem::Disconnected(error) => error,
        other => panic!("{other:?}"),
    }
}

/// A stream that is polled all the time, as a caller's task does, while the registry does its part.
async fn open(fake: &Fake, watching: &mut Watching, after: i64, current: i64) -> (Watched, (i64, bool)) {
    futures::join!(async { fake.accept_watch().await.start(after, current).await }, connected(watching))
}

/// The next attempt of a stream that is disconnected, and what it is refused with.
async fn refuse(fake: &Fake, watching: &mut Watching, status: Status) -> Error {
    futures::join!(fake.refuse_watch(status), disconnected(watching)).1
}

#[tokio::test(start_paused = true)]
async fn events_come_in_order_and_a_revision_counts_when_it_is_complete() {
    let fake = Fake::new([]);
    let mut watching = fake.client.watch().after_revision(7).stream();
    assert_eq!(watching.revision(), Some(7));
    let (watched, first) = open(&fake, &mut watching, 7, 9).await;
    assert_eq!(first, (9, false));
    watched.events([event(8, 0, false), event(8, 1, true)]).await;
    watched.events([event(9, 3, false)]).await;
    watched.events([event(9, 4, true)]).await;
    watched.progress(12).await;
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push((place(&mut watching).await, watching.revision()));
    }
    assert_eq!(told, [((8, 0), Some(7)), ((8, 1), Some(8)), ((9, 3), Some(8)), ((9, 4), Some(9))]);
    assert!(matches!(next(&mut watching).await, WatchItem::Progress(12)));
    assert_eq!(watching.revision(), Some(12));
    // Nothing leads back, whatever comes.
    watched.events([event(9, 4, true), event(11, 0, true)]).await;
    watched.progress(10).await;
    assert!(matches!(next(&mut watching).await, WatchItem::Progress(_)));
    assert_eq!(watching.revision(), Some(12));
    watched.events([event(13, 0, true)]).await;
    assert_eq!(place(&mut watching).await, (13, 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_is_passed_on_every_time() {
    let fake = Fake::new([]);
    let watch = fake.client.watch().kinds([ResourceKind::Model, ResourceKind::ReleaseAlias]).types([EventType::Updated]);
    let watch = watch.model_id(ModelId::new("a")).model_ids([ModelId::new("b")]).include_resource();
    let mut watching = watch.progress_interval(Duration::from_secs(2)).stream();
    let (watched, _) = open(&fake, &mut watching, 40, 40).await;
    let expected = pb::WatchRequest {
        after_revision: None,
        filter: Some(EventFilter {
            resource_kinds: vec![1, 3],
            event_types: vec![2],
            model_ids: vec!["a".to_owned(), "b".to_owned()],
        }),
        include_resource: true,
        progress_interval: Some(prost_types::Duration { seconds: 2, nanos: 0 }),
    };
    assert_eq!(watched.request, expected);
    assert!(fake.seen()[0].metadata.get("grpc-timeout").is_none(), "a stream has no deadline");
    watched.fail(stopping()).await;
    disconnected(&mut watching).await;
    let (watched, _) = open(&fake, &mut watching, 40, 40).await;
    assert_eq!(watched.request, pb::WatchRequest { after_revision: Some(40), ..expected }, "now was when it first connected");

    let mut watching = fake.client.watch().progress_interval(Duration::MAX).stream();
    let (request, error) =
        futures::join!(fake.refuse_watch(refusal(Code::InvalidArgument, ErrorReason::InvalidField)), watching.next());
    assert_eq!(request.progress_interval.unwrap().seconds, i64::MAX, "the registry is to refuse it");
    assert!(matches!(error, Some(Err(Error::Invalid(_)))), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_was_cut_in_the_middle_is_told_exactly_once() {
    let fake = Fake::new([]);
    let mut watching = fake.client.watch().after_revision(7).stream();
    let (watched, _) = open(&fake, &mut watching, 7, 9).await;
    watched.events([event(8, 0, true), event(9, 0, false), event(9, 2, false)]).await;
    for expected in [(8, 0), (9, 0), (9, 2)] {
        assert_eq!(place(&mut watching).await, expected);
    }
    assert_eq!(watching.revision(), Some(8));
    for _ in 0..2 {
        fake.cut();
        let error = disconnected(&mut watching).await;
        assert!(matches!(error, Error::Transport(_)), "{error:?}");
        let (watched, again) = open(&fake, &mut watching, 8, 11).await;
        assert_eq!((watched.request.after_revision, again), (Some(8), (11, true)));
        // Cut again in what is known already.
        watched.events([event(9, 0, false)]).await;
        assert!(watching.next().now_or_never().is_none());
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(watching.next().now_or_never().is_none(), "told twice");
        assert_eq!(watching.revision(), Some(8));
    }
    fake.cut();
    disconnected(&mut watching).await;
    let (watched, _) = open(&fake, &mut watching, 8, 11).await;
    watched.events([event(9, 0, false), event(9, 2, false), event(9, 3, false), event(9, 4, true), event(11, 0, true)]).await;
    for expected in [(9, 3), (9, 4), (11, 0)] {
        assert_eq!(place(&mut watching).await, expected);
    }
    assert_eq!(watching.revision(), Some(11));
}

#[tokio::test(start_paused = true)]
async fn progress_is_a_place_to_go_on_from() {
    let fake = Fake::new([]);
    let mut watching = fake.client.watch().stream();
    assert_eq!(watching.revision(), None);
    let (watched, _) = open(&fake, &mut watching, 40, 40).await;
    assert_eq!(watching.revision(), Some(40));
    watched.progress(55).await;
    next(&mut watching).await;
    watched.fail(stopping()).await;
    disconnected(&mut watching).await;
    let (watched, _) = open(&fake, &mut watching, 55, 55).await;
    assert_eq!(watched.request.after_revision, Some(55));
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_told_and_so_is_every_attempt_to_mend_it() {
    let fake = Fake::new([]);
    let mut watching = fake.client.watch().after_revision(7).stream();
    let error = refuse(&fake, &mut watching, stopping()).await;
    assert_eq!((error.method(), error.reason()), (Some(Method::Watch), Some(ErrorReason::BackendUnavailable)));
    let (watched, first) = open(&fake, &mut watching, 7, 9).await;
    assert_eq!(first, (9, false), "nothing was there to be resumed");
    drop(watched); // ends the stream without a reason
    assert!(matches!(disconnected(&mut watching).await, Error::Transport(_)));
    for (code, reason) in [
        (Code::ResourceExhausted, ErrorReason::TooManyStreams),
        (Code::Internal, ErrorReason::Internal),
        (Code::DeadlineExceeded, ErrorReason::DeadlineExceeded),
    ] {
        let error = refuse(&fake, &mut watching, refusal(code, reason)).await;
        assert_eq!(error.reason(), Some(reason));
    }
    let (watched, again) = open(&fake, &mut watching, 7, 9).await;
    assert_eq!((watched.request.after_revision, again), (Some(7), (9, true)));
}

#[tokio::test(start_paused = true)]
async fn attempts_go_on_for_ever_with_pauses_that_stop_growing() {
    let mut fake = Fake::new([]);
    fake.client = fake.client.with_retry(RetryPolicy::none().max_delay(Duration::from_secs(2)));
    let mut watching = fake.client.watch().stream();
    for _ in 0..30 {
        refuse(&fake, &mut watching, stopping()).await;
    }
    let pauses = |fake: &Fake| -> Vec<_> { fake.seen().windows(2).map(|pair| pair[1].at - pair[0].at).collect() };
    let told = pauses(&fake);
    assert!(told[0] < Duration::from_millis(210), "{told:?}");
    assert!(told[8..].iter().all(|pause| (2000..=4010).contains(&pause.as_millis())), "{told:?}");

    // That a stream can be opened is not yet a success; that something comes is.
    let (watched, _) = open(&fake, &mut watching, 40, 40).await;
    drop(watched);
    disconnected(&mut watching).await;
    let (watched, _) = open(&fake, &mut watching, 40, 40).await;
    assert!(*pauses(&fake).last().unwrap() >= Duration::from_secs(2));
    watched.progress(41).await;
    next(&mut watching).await;
    let at = Instant::now();
    drop(watched);
    disconnected(&mut watching).await;
    open(&fake, &mut watching, 41, 41).await;
    assert!(at.elapsed() < Duration::from_millis(300), "{:?}", at.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_registry_says_how_long_to_wait() {
    let fake = Fake::new([]);
    let mut watching = fake.client.watch().stream();
    let mut details = ErrorDetails::new();
    details.set_retry_info(Some(Duration::from_secs(9)));
    refuse(&fake, &mut watching, status(Code::ResourceExhausted, ErrorReason::TooManyStreams, &mut details)).await;
    open(&fake, &mut watching, 40, 40).await;
    let seen = fake.seen();
    assert!(seen[1].at - seen[0].at >= Duration::from_secs(9));
}

#[tokio::test(start_paused = true)]
async fn lost_events_are_told_and_the_stream_starts_over_from_now() {
    for (reason, told) in [
        (ErrorReason::RevisionCompacted, StartOverReason::Compacted),
        (ErrorReason::RevisionInFuture, StartOverReason::OtherRegistry),
    ] {
        let fake = Fake::new([]);
        let mut watching = fake.client.watch().after_revision(7).stream();
        let (watched, _) = open(&fake, &mut watching, 7, 9).await;
        watched.events([event(8, 0, true), event(9, 0, false), event(9, 1, false)]).await;
        for _ in 0..3 {
            next(&mut watching).await;
        }
        watched.fail(stopping()).await;
        disconnected(&mut watching).await;
        let error = refuse(&fake, &mut watching, refusal(Code::OutOfRange, reason)).await;
        assert_eq!(error.reason(), Some(reason));
        // It takes another attempt, and what was lost is not forgotten.
        refuse(&fake, &mut watching, stopping()).await;
        assert_eq!(watching.revision(), Some(8));
        let serve = async { fake.accept_watch().await.start(3, 3).await };
        let (watched, item) = futures::join!(serve, next(&mut watching));
        assert_eq!(watched.request.after_revision, None, "from now on");
        let WatchItem::StartedOver { lost_after, from, reason } = item else { panic!("{item:?}") };
        assert_eq!((lost_after, from, reason), (8, 3, told));
        assert_eq!(connected(&mut watching).await, (3, false));
        assert_eq!(watching.revision(), Some(3));
        // Nothing of what was told before is held against what comes now.
        watched.events([event(4, 0, true), event(9, 0, false), event(9, 1, true)]).await;
        for expected in [(4, 0), (9, 0), (9, 1)] {
            assert_eq!(place(&mut watching).await, expected);
        }
        watched.fail(stopping()).await;
        disconnected(&mut watching).await;
        let (watched, again) = open(&fake, &mut watching, 9, 9).await;
        assert_eq!((watched.request.after_revision, again), (Some(9), (9, true)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_falls_too_far_behind_starts_over() {
    let fake = Fake::new([]);
    let mut watching = fake.client.watch().after_revision(7).stream();
    let (watched, _) = open(&fake, &mut watching, 7, 9).await;
    watched.fail(compacted()).await;
    assert_eq!(disconnected(&mut watching).await.reason(), Some(ErrorReason::RevisionCompacted));
    let serve = async { fake.accept_watch().await.start(99, 99).await };
    let (_, item) = futures::join!(serve, next(&mut watching));
    assert!(matches!(item, WatchItem::StartedOver { lost_after: 7, from: 99, reason: StartOverReason::Compacted }), "{item:?}");
}

/// 0 is never refused, so that the loss shows only in where the stream starts.
#[tokio::test(start_paused = true)]
async fn events_can_also_be_lost_after_the_beginning_of_everything() {
    let fake = Fake::new([]);
    let mut watching = fake.client.watch().after_revision(0).stream();
    let (watched, first) = open(&fake, &mut watching, 0, 9).await;
    assert_eq!((watched.request.after_revision, first), (Some(0), (9, false)));
    watched.fail(stopping()).await;
    disconnected(&mut watching).await;
    let serve = async {
        let watched = fake.accept_watch().await;
        watched.send(Message::Started(Started { after_revision: 0, current_revision: 9, compacted_revision: 5 })).await;
        watched
    };
    let (watched, item) = futures::join!(serve, next(&mut watching));
    assert_eq!(watched.request.after_revision, Some(0));
    assert!(matches!(item, WatchItem::StartedOver { lost_after: 0, from: 5, .. }), "{item:?}");
    assert_eq!(connected(&mut watching).await, (9, false));
}

#[tokio::test(start_paused = true)]
async fn a_start_that_the_caller_asked_for_and_cannot_have_is_an_error() {
    for reason in [ErrorReason::RevisionCompacted, ErrorReason::RevisionInFuture] {
        let fake = Fake::new([]);
        let mut watching = fake.client.watch().after_revision(7).stream();
        refuse(&fake, &mut watching, stopping()).await;
        let (_, error) = futures::join!(fake.refuse_watch(refusal(Code::OutOfRange, reason)), watching.next());
        let error = error.unwrap().unwrap_err();
        assert!(matches!(error, Error::OutOfRange(_)), "{error}");
        assert!(watching.next().await.is_none(), "the stream goes on after an error");
        assert!(watching.next().await.is_none());
        assert_eq!(watching.revision(), Some(7));
    }
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_ends_the_stream() {
    for (code, reason) in [
        (Code::InvalidArgument, ErrorReason::InvalidField),
        (Code::Unauthenticated, ErrorReason::Unauthenticated),
        (Code::PermissionDenied, ErrorReason::RoleRequired),
        (Code::Unimplemented, ErrorReason::UnknownMethod),
        (Code::NotFound, ErrorReason::ModelNotFound),
    ] {
        for begun in [false, true] {
            let fake = Fake::new([]);
            let mut watching = fake.client.watch().stream();
            let error = if begun {
                let (watched, _) = open(&fake, &mut watching, 40, 40).await;
                watched.fail(refusal(code, reason)).await;
                watching.next().await
            } else {
                futures::join!(fake.refuse_watch(refusal(code, reason)), watching.next()).1
            };
            assert_eq!(error.unwrap().unwrap_err().code(), code);
            assert!(watching.next().await.is_none(), "the stream goes on after an error");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_the_contract_ends() {
    let started = Message::Started(Started { after_revision: 8, current_revision: 9, compacted_revision: 0 });
    let events = Message::Events(Events { events: vec![event(9, 0, true)] });
    for messages in [vec![events], vec![started.clone()], vec![started.clone(), started]] {
        let fake = Fake::new([]);
        let after = if messages.len() == 1 { 7 } else { 8 };
        let mut watching = fake.client.watch().after_revision(after).stream();
        let serve = async {
            let watched = fake.accept_watch().await;
            for message in messages {
                watched.send(message).await;
            }
            watched
        };
        let end = async {
            loop {
                match watching.next().await.unwrap() {
                    Ok(WatchItem::Connected { .. }) => {}
                    other => break other,
                }
            }
        };
        let (_watched, end) = futures::join!(serve, end);
        assert!(matches!(end, Err(Error::Protocol(_))), "{end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_broken_connection() {
    for (interval, patience) in [(None, 35), (Some(2), 9)] {
        let fake = Fake::new([]);
        let mut watch = fake.client.watch();
        if let Some(seconds) = interval {
            watch = watch.progress_interval(Duration::from_secs(seconds));
        }
        let mut watching = watch.stream();
        let (watched, _) = open(&fake, &mut watching, 40, 40).await;
        let interval = Duration::from_secs(interval.unwrap_or(15));
        for revision in 41..50 {
            let (_, item) = futures::join!(
                async {
                    tokio::time::sleep(interval).await;
                    watched.progress(revision).await;
                },
                next(&mut watching)
            );
            assert!(matches!(item, WatchItem::Progress(_)), "{item:?}");
        }
        let at = Instant::now();
        let error = disconnected(&mut watching).await;
        assert_eq!(at.elapsed().as_secs(), patience);
        assert!(matches!(error, Error::DeadlineExceeded(_)), "{error}");
        watched.cancelled().await;
        let (watched, again) = open(&fake, &mut watching, 49, 49).await;
        assert_eq!((watched.request.after_revision, again), (Some(49), (49, true)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_does_not_start_is_given_up() {
    let fake = Fake::new([]);
    let mut watching = fake.client.watch().stream();
    let at = Instant::now();
    let (watched, error) = futures::join!(fake.accept_watch(), disconnected(&mut watching));
    assert_eq!(at.elapsed().as_secs(), 30, "the deadline of the client");
    assert!(matches!(error, Error::DeadlineExceeded(_)), "{error}");
    watched.cancelled().await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_stream_ends_the_call() {
    let fake = Fake::new([]);
    let mut watching = fake.client.watch().stream();
    let (watched, _) = open(&fake, &mut watching, 40, 40).await;
    let cancelled = watched.cancelled();
    futures::pin_mut!(cancelled);
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut cancelled).await.is_err());
    drop(watching);
    tokio::time::timeout(Duration::from_secs(1), cancelled).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_before_the_stream_is_polled() {
    let fake = Fake::new([]);
    let _watching = fake.client.watch().stream();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(fake.seen().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn events_are_listed_by_the_page() {
    let answer = pb::ListEventsResponse { events: vec![event(8, 0, true)], through_revision: 10, has_more: true };
    let fake = Fake::new([Reply::message(&answer)]);
    let list = fake.client.list_events().after_revision(7).page_size(3).kinds([ResourceKind::Release]).include_resource();
    let page = list.send().await.unwrap();
    assert_eq!((page.events, page.through_revision, page.has_more), (answer.events, 10, true));
    let expected = pb::ListEventsRequest {
        page_size: 3,
        after_revision: 7,
        filter: Some(EventFilter { resource_kinds: vec![2], ..Default::default() }),
        include_resource: true,
    };
    assert_eq!(fake.only::<pb::ListEventsRequest>(), expected);
}
