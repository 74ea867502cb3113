//! Exports and imports: what comes and goes, what is done when a stream breaks, and how much is in memory.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt as _, TryStreamExt as _, join, stream};
use registry_client::pb::import_response::{Failure, Skip};
use registry_client::pb::transfer_item::Resource;
use registry_client::{Error, ErrorReason, Model, OnConflict, ResourceKind, SkipReason, TransferItem, pb};
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::fake::{Fake, status};

const ID: &str = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";

fn item(number: usize) -> TransferItem {
    let model = Model { name: format!("model-{number}"), ..Default::default() };
    TransferItem { resource: Some(Resource::Model(Box::new(model))), ..Default::default() }
}

fn items(numbers: impl Iterator<Item = usize> + Send + 'static) -> impl futures::Stream<Item = io::Result<TransferItem>> + Send {
    stream::iter(numbers.map(item).map(Ok))
}

fn passing() -> Status {
    status(Code::Unavailable, ErrorReason::BackendUnavailable, &mut ErrorDetails::new())
}

fn begun(revision: i64) -> pb::ExportResponse {
    pb::ExportResponse { cursor: "begin".into(), revision, source_revision: 7, items: Vec::new() }
}

fn exported(cursor: &str, numbers: impl Iterator<Item = usize>) -> pb::ExportResponse {
    pb::ExportResponse { cursor: cursor.into(), revision: 9, source_revision: 7, items: numbers.map(item).collect() }
}

#[tokio::test(start_paused = true)]
async fn an_export_gives_items_and_says_what_they_are_of() {
    let fake = Fake::new([]);
    let registry = async {
        let export = fake.accept_export().await;
        assert_eq!(export.request.resource_kinds.len(), 2);
        assert!(export.request.include_deleted && export.request.after_cursor == "there");
        export.send(begun(9)).await;
        export.send(exported("a", 0..2)).await;
        export.send(exported("b", 2..3)).await;
    };
    let caller = async {
        let export = fake.client.export().kind(ResourceKind::Model).kind(ResourceKind::Release).include_deleted();
        let mut export = export.after_cursor("there").stream().await.unwrap();
        assert_eq!((export.revision(), export.source_revision(), export.cursor()), (9, 7, "begin"));
        let mut seen = Vec::new();
        while let Some(next) = export.try_next().await.unwrap() {
            seen.push((next, export.cursor().to_owned()));
        }
        // A cursor stands for what came before it, all of it.
        let cursors = ["begin", "a", "b"].map(str::to_owned);
        assert_eq!(seen, (0..3).map(item).zip(cursors).collect::<Vec<_>>());
        assert!(export.next().await.is_none());
    };
    join!(registry, caller);
}

/// It goes on with what had not come, and says nothing of it.
#[tokio::test(start_paused = true)]
async fn an_export_goes_on_after_a_broken_stream() {
    let fake = Fake::new([]);
    let registry = async {
        let export = fake.accept_export().await;
        export.send(begun(9)).await;
        export.send(exported("a", 0..2)).await;
        export.fail(passing()).await;
        let export = fake.accept_export().await;
        assert_eq!(export.request.after_cursor, "a");
        export.send(begun(9)).await;
        export.fail(passing()).await;
        let export = fake.accept_export().await;
        assert_eq!(export.request.after_cursor, "a", "a message without items is no step");
        export.send(begun(9)).await;
        export.send(exported("b", 2..4)).await;
    };
    let caller = async { fake.client.export().stream().await.unwrap().try_collect::<Vec<_>>().await.unwrap() };
    assert_eq!(join!(registry, caller).1, (0..4).map(item).collect::<Vec<_>>());
}

/// What is of two points in time is no export.
#[tokio::test(start_paused = true)]
async fn an_export_does_not_go_on_in_another_revision() {
    let fake = Fake::new([]);
    let registry = async {
        let export = fake.accept_export().await;
        export.send(begun(9)).await;
        export.send(exported("a", 0..2)).await;
        export.fail(passing()).await;
        fake.accept_export().await.send(begun(10)).await;
    };
    let caller = async {
        let mut export = fake.client.export().stream().await.unwrap();
        assert_eq!(export.by_ref().take(2).try_collect::<Vec<_>>().await.unwrap().len(), 2);
        let error = export.next().await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Aborted(_)) && error.message().contains("from revision 9 to 10"), "{error}");
        assert!(export.next().await.is_none());
        assert_eq!(export.cursor(), "a");
    };
    join!(registry, caller);
}

/// A refusal is no broken stream, and a server that is never there is given up.
#[tokio::test(start_paused = true)]
async fn an_export_is_given_up_when_it_must_be() {
    let fake = Fake::new([]);
    let registry = async {
        let export = fake.accept_export().await;
        export.fail(status(Code::PermissionDenied, ErrorReason::RoleRequired, &mut ErrorDetails::new())).await;
    };
    let error = join!(registry, fake.client.export().stream()).1.unwrap_err();
    assert_eq!((error.code(), fake.seen().len()), (Code::PermissionDenied, 1));

    let fake = Fake::new([]).refusing(100);
    let error = fake.client.export().stream().await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");

    let fake = Fake::new([]);
    let began = Instant::now();
    let registry = async {
        let export = fake.accept_export().await;
        export.send(begun(9)).await;
        let again = fake.accept_export().await; // and nothing is ever heard of it
        assert_eq!(began.elapsed().as_secs(), 90);
        drop(again); // which ends it before it has begun
    };
    let caller = async { fake.client.export().stream().await.unwrap().try_collect::<Vec<_>>().await };
    let error = join!(registry, caller).1.unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_import_says_how_and_is_told_what_became_of_each_item() {
    let fake = Fake::new([]);
    let registry = async {
        let mut import = fake.accept_import().await;
        let expected = pb::import_request::Options {
            import_id: ID.into(),
            on_conflict: OnConflict::Skip.into(),
            preserve_identity: true,
            fail_fast: true,
            validate_only: true,
            source_revision: 7,
        };
        assert_eq!(import.options, expected);
        import.acknowledge(0, 0).await;
        let items = import.items().await.unwrap();
        assert_eq!((items.first_sequence, items.items), (1, (0..4).map(item).collect()));
        let mut details = ErrorDetails::new();
        details.set_error_info("ERROR_REASON_MODEL_ALREADY_EXISTS", "modelregistry", []);
        let why = Status::with_error_details(Code::AlreadyExists, "no", details);
        let why = prost::Message::decode(why.details()).unwrap();
        import
            .answer(pb::ImportResponse {
                acknowledged_sequence: 4,
                created_count: 1,
                replaced_count: 1,
                skipped_count: 1,
                failures: vec![Failure { sequence: 2, status: Some(why) }],
                skips: vec![Skip { sequence: 4, reason: SkipReason::OtherHistory.into() }],
                revision: 8,
                keeps_revisions: true,
                failed_count: 3,
            })
            .await;
        assert_eq!(import.items().await, None);
    };
    let import = fake.client.import(ID).on_conflict(OnConflict::Skip).preserve_identity().fail_fast().validate_only();
    let summary = join!(registry, import.source_revision(7).send(items(0..4))).1.unwrap();
    assert_eq!((summary.created, summary.replaced, summary.untold, summary.acknowledged_sequence), (1, 1, 0, 4));
    assert_eq!((summary.revision, summary.keeps_revisions, summary.failed_in_all), (8, true, 3));
    let [failure] = &*summary.failures else { panic!("{summary:?}") };
    assert_eq!((failure.sequence, &failure.item), (2, &item(1)));
    assert_eq!(failure.error.reason(), Some(ErrorReason::ModelAlreadyExists));
    let [skip] = &*summary.skips else { panic!("{summary:?}") };
    assert_eq!((skip.sequence, &skip.item, skip.reason), (4, &item(3), SkipReason::OtherHistory));
}

/// Messages have as many items as the registry takes, and a large one is alone.
#[tokio::test(start_paused = true)]
async fn items_are_put_together_as_the_registry_takes_them() {
    let fake = Fake::new([]);
    let large = || {
        let model = Model { description: Some("x".repeat(1 << 20)), ..Default::default() };
        TransferItem { resource: Some(Resource::Model(Box::new(model))), ..Default::default() }
    };
    let source = (0..501).map(item).chain([large(), large()]).chain([item(0)]);
    let source = stream::iter(source.map(Ok).collect::<Vec<_>>());
    let registry = async {
        let mut import = fake.accept_import().await;
        import.acknowledge(0, 0).await;
        let mut lengths = Vec::new();
        while let Some(items) = import.items().await {
            lengths.push((items.first_sequence, items.items.len()));
            let last = items.first_sequence + i64::try_from(items.items.len()).unwrap() - 1;
            import.acknowledge(last, i64::try_from(items.items.len()).unwrap()).await;
        }
        assert_eq!(lengths, [(1, 500), (501, 1), (502, 1), (503, 1), (504, 1)]);
    };
    let summary = join!(registry, fake.client.import(ID).send(source)).1.unwrap();
    assert_eq!((summary.created, summary.untold), (504, 0));
}

/// What is not acknowledged is sent again, from the item after the last that is; nothing is left out and nothing is counted twice.
#[tokio::test(start_paused = true)]
async fn an_import_goes_on_after_a_broken_stream() {
    let fake = Fake::new([]);
    let registry = async {
        let mut import = fake.accept_import().await;
        import.acknowledge(0, 0).await;
        for first in [1, 501, 1001] {
            assert_eq!(import.items().await.unwrap().first_sequence, first);
        }
        import.acknowledge(500, 500).await;
        import.fail(passing()).await;
        // The second message had been stored, and nobody was told.
        let mut import = fake.accept_import().await;
        assert_eq!(import.options.import_id, ID);
        import.acknowledge(1000, 0).await;
        let items = import.items().await.unwrap();
        assert_eq!((items.first_sequence, items.items), (1001, (1000..1500).map(item).collect()));
        fake.cut();
        // Another program with the same id has sent a part of it.
        let mut import = fake.accept_import().await;
        import.acknowledge(1100, 0).await;
        let items = import.items().await.unwrap();
        assert_eq!((items.first_sequence, items.items), (1101, (1100..1500).map(item).collect()));
        import.acknowledge(1500, 400).await;
        let items = import.items().await.unwrap();
        assert_eq!((items.first_sequence, items.items.len()), (1501, 100));
        import.acknowledge(1600, 100).await;
        assert_eq!(import.items().await, None);
    };
    let summary = join!(registry, fake.client.import(ID).send(items(0..1600))).1.unwrap();
    assert_eq!((summary.created, summary.untold, summary.acknowledged_sequence), (1000, 600, 1600));
    assert_eq!(fake.seen().len(), 3);
}

/// Another program goes on with what one that was killed has left.
#[tokio::test(start_paused = true)]
async fn what_an_earlier_import_has_brought_is_passed_over() {
    let fake = Fake::new([]);
    let registry = async {
        let mut import = fake.accept_import().await;
        import.acknowledge(3, 0).await;
        let items = import.items().await.unwrap();
        assert_eq!((items.first_sequence, items.items), (4, vec![item(3)]));
        import.acknowledge(4, 1).await;
    };
    let caller = async {
        let begun = fake.client.import(ID).begin().await.unwrap();
        assert_eq!(begun.acknowledged_sequence(), 3);
        begun.items(items(0..4)).try_collect::<Vec<_>>().await.unwrap()
    };
    let chunks = join!(registry, caller).1;
    let told: Vec<_> = chunks.iter().map(|chunk| (chunk.acknowledged_sequence, chunk.created, chunk.untold)).collect();
    assert_eq!(told, [(3, 0, 3), (4, 1, 0)]);
}

/// The same id with fewer items is not the same import.
#[tokio::test(start_paused = true)]
async fn an_import_with_fewer_items_than_before_is_told_so() {
    let fake = Fake::new([]);
    let registry = async { fake.accept_import().await.acknowledge(5, 0).await };
    let error = join!(registry, fake.client.import(ID).send(items(0..4))).1.unwrap_err();
    assert_eq!(error.violations()[0].field, "import_id", "{error}");
}

/// However many items there are, a registry that answers nothing is sent no more than a few messages, and no more is read.
#[tokio::test(start_paused = true)]
async fn no_more_is_read_than_is_acknowledged() {
    let fake = Fake::new([]);
    let read = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&read);
    let source = items(0..1_000_000).inspect(move |_| _ = count.fetch_add(1, Ordering::Relaxed));
    let mut chunks = {
        let begun = fake.client.import(ID).begin();
        let registry = async {
            let import = fake.accept_import().await;
            import.acknowledge(0, 0).await;
            import
        };
        let (mut import, begun) = join!(registry, begun);
        let mut chunks = begun.unwrap().items(source);
        let registry = async {
            for _ in 0..4 {
                assert_eq!(import.items().await.unwrap().items.len(), 500);
            }
            import.acknowledge(500, 500).await;
            import.items().await.unwrap();
            import
        };
        let (import, chunk) = join!(registry, async {
            let chunk = chunks.next().await;
            // What is polled goes on; that it waits is what is tested.
            let waits = tokio::time::timeout(std::time::Duration::from_secs(60), chunks.next()).await;
            assert!(waits.is_err());
            chunk
        });
        assert_eq!(chunk.unwrap().unwrap().acknowledged_sequence, 500);
        drop(import);
        chunks
    };
    assert_eq!(read.load(Ordering::Relaxed), 2500);
    drop(fake);
    assert!(chunks.next().await.unwrap().is_err());
}

/// Items that cannot be read end the import; what was acknowledged stays.
#[tokio::test(start_paused = true)]
async fn items_that_cannot_be_read_end_an_import() {
    let fake = Fake::new([]);
    let source = stream::iter([Ok(item(0)), Err(io::Error::other("the disk is gone"))]);
    let registry = async { fake.accept_import().await.acknowledge(0, 0).await };
    let error = join!(registry, fake.client.import(ID).send(source)).1.unwrap_err();
    assert!(matches!(error, Error::File(_)), "{error}");
}

/// With `fail_fast`, what fails is told, and then it is over. A dry run that breaks is not remembered by anybody.
#[tokio::test(start_paused = true)]
async fn an_import_that_is_refused_is_over() {
    let fake = Fake::new([]);
    let refusal = || status(Code::AlreadyExists, ErrorReason::ModelAlreadyExists, &mut ErrorDetails::new());
    let registry = async {
        let mut import = fake.accept_import().await;
        import.acknowledge(0, 0).await;
        import.items().await.unwrap();
        let status = prost::Message::decode(refusal().details()).unwrap();
        let failures = vec![Failure { sequence: 1, status: Some(status) }];
        import.answer(pb::ImportResponse { failures, ..Default::default() }).await;
        import.fail(refusal()).await;
    };
    let caller = async {
        let begun = fake.client.import(ID).fail_fast().begin().await.unwrap();
        let mut chunks = begun.items(items(0..2));
        let chunk = chunks.next().await.unwrap().unwrap();
        assert_eq!((chunk.acknowledged_sequence, chunk.failures[0].sequence), (0, 1));
        let error = chunks.next().await.unwrap().unwrap_err();
        assert_eq!(error.reason(), Some(ErrorReason::ModelAlreadyExists));
        assert!(chunks.next().await.is_none());
    };
    join!(registry, caller);

    let fake = Fake::new([]);
    let registry = async {
        fake.refuse_import(passing()).await;
        let mut import = fake.accept_import().await;
        import.acknowledge(0, 0).await;
        import.items().await.unwrap();
        import.acknowledge(500, 500).await;
        import.fail(passing()).await;
    };
    let error = join!(registry, fake.client.import(ID).validate_only().send(items(0..501))).1.unwrap_err();
    assert_eq!((error.code(), fake.seen().len()), (Code::Unavailable, 2));
}
