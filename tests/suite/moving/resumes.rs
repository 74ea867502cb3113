//! Imports that break off and go on.

use super::fill;
use registry_client::{Code, ErrorReason};
use registry_proto::v1::TransferItem;
use registry_proto::v1::import_request::{OnConflict, Options};
use registry_tests::moving::{
    Under, begin, counts, everything, export, import_by, model, options, release, restoring, run, send,
};
use registry_tests::{Harness, conformance, given, on_every_database, raw};

conformance! {
    /// A stream that is cut after every message, and one that sends everything again, leave what one stream would have left.
    async fn an_import_goes_on_where_it_was(registry: &Harness) {
        fill(registry).await;
        let all = export(registry, everything()).await;
        let storage = registry.storage();
        let target = Harness::with(registry.database, |settings| settings.storage = storage).await;
        let options = restoring(&all);
        let mut created = 0;
        let mut acknowledged = 0;
        for some in all.items.chunks(5) {
            let mut under = Under::way(&target, options.clone()).await;
            assert_eq!(under.begun.acknowledged_sequence, acknowledged);
            let answer = under.take(acknowledged + 1, some).await.unwrap();
            acknowledged = answer.acknowledged_sequence;
            created += answer.created_count;
            // Sent, and never waited for: it may be stored or not.
            under.send(acknowledged + 1, &all.items[usize::try_from(acknowledged).unwrap()..][..0]).await;
        }
        assert_eq!(usize::try_from(created).unwrap(), all.items.len());
        let again = import_by(&target, options, &all.items, 9).await;
        assert_eq!(counts(&again), [0, 0, 0, 0]);
        assert_eq!(export(&target, everything()).await.items, all.items);
        target.stop().await;
    }

    /// What was sent and not waited for is stored or not, and never twice: whatever the stream that goes on is told, it ends the same.
    async fn what_was_not_waited_for_is_stored_once(registry: &Harness) {
        let items: Vec<_> = (0..40).map(|number| model(&format!("m{number}"))).collect();
        let options = Options { preserve_identity: true, ..options() };
        for cut in 0..8 {
            let under = Under::way(registry, options.clone()).await;
            let from = under.begun.acknowledged_sequence;
            under.send(from + 1, &items[usize::try_from(from).unwrap()..][..5]).await;
            drop(under);
            assert!(given::revision(registry).await >= 0, "cut {cut}");
            if from + 5 >= 40 {
                break;
            }
        }
        let answers = import_by(registry, options.clone(), &items, 7).await;
        assert!(answers.iter().all(|answer| answer.failures.is_empty() && answer.skips.is_empty()), "{answers:#?}");
        let names = registry.client.list_models().page_size(1000).send().await.unwrap().items;
        assert_eq!(names.len(), 40);
    }

    /// Whoever goes on with an import knows how many items have failed before, also of those that nobody could read.
    async fn failures_are_counted_for_good(registry: &Harness) {
        let options = Options { preserve_identity: true, ..options() };
        let items = [model("m"), release("none", 1), TransferItem::default(), model("n")];
        let answers = import_by(registry, options.clone(), &items, 2).await;
        assert_eq!(answers.iter().map(|answer| answer.failed_count).collect::<Vec<_>>(), [1, 2]);
        let mut under = Under::way(registry, options.clone()).await;
        assert_eq!((under.begun.acknowledged_sequence, under.begun.failed_count), (4, 2));
        let again = under.take(1, &items).await.unwrap();
        assert_eq!((again.failed_count, again.failures.len()), (2, 0));
        let more = under.take(5, &[release("none", 2)]).await.unwrap();
        assert_eq!((more.failed_count, more.failures.len()), (3, 1));
    }

    /// Two streams of one import at once are as good as one.
    async fn two_streams_are_as_good_as_one(registry: &Harness) {
        let items: Vec<_> = (0..300).map(|number| model(&format!("m{number}"))).collect();
        let options = Options { preserve_identity: true, ..options() };
        let (one, two) = tokio::join!(import_by(registry, options.clone(), &items, 3), import_by(registry, options, &items, 5));
        let ([a, _, _, failed], [b, _, skipped, failed_too]) = (counts(&one), counts(&two));
        assert_eq!((a + b, failed + failed_too + skipped), (300, 0));
        assert_eq!(one.last().unwrap().acknowledged_sequence, 300);
        assert_eq!(two.last().unwrap().acknowledged_sequence, 300);
    }

    /// An import goes on with the options that it began with, and with no others.
    async fn other_options_are_another_import(registry: &Harness) {
        let first = Options { preserve_identity: true, ..options() };
        import_by(registry, first.clone(), &[model("m")], 1).await;
        for changed in [
            Options { preserve_identity: false, ..first.clone() },
            Options { on_conflict: OnConflict::Skip.into(), ..first.clone() },
            Options { fail_fast: true, ..first.clone() },
            Options { source_revision: 5, ..first.clone() },
        ] {
            let (_, ended) = send(registry, vec![begin(changed)]).await;
            let status = ended.unwrap_err();
            assert_eq!((status.code(), raw::reason(&status)), (Code::FailedPrecondition, Some(ErrorReason::ImportChanged)));
        }
        let (answers, ended) = send(registry, vec![begin(first), run(1, &[model("m")])]).await;
        ended.unwrap();
        assert_eq!(answers.iter().map(|answer| answer.acknowledged_sequence).collect::<Vec<_>>(), [1, 1]);
    }

    /// Every stream that has begun leaves one entry in the audit log, however much it brought.
    async fn every_stream_leaves_one_entry(registry: &Harness) {
        let options = Options { preserve_identity: true, ..options() };
        let items: Vec<_> = (0..10).map(|number| model(&format!("m{number}"))).collect();
        import_by(registry, options.clone(), &items, 2).await;
        import_by(registry, options, &items, 2).await;
        let entries = registry_tests::audited::entries(registry).await;
        let told: Vec<_> = entries.iter().map(|entry| (entry.method.as_str(), entry.code)).collect();
        assert_eq!(told, [("modelregistry.v1.TransferService/Import", 0); 2]);
    }
}

on_every_database! {
    /// A server that is stopped between two messages: the import goes on at the next one.
    async fn an_import_survives_its_server(database: Database) {
        let registry = Harness::start(database).await;
        let items: Vec<_> = (0..30).map(|number| model(&format!("m{number}"))).collect();
        let options = Options { preserve_identity: true, ..options() };
        let mut under = Under::way(&registry, options.clone()).await;
        under.take(1, &items[..10]).await.unwrap();
        let registry = registry.restart_with(|_| ()).await;
        assert!(under.take(11, &items[10..20]).await.is_err());
        let under = Under::way(&registry, options.clone()).await;
        assert!(under.begun.acknowledged_sequence >= 10);
        drop(under);
        let answers = import_by(&registry, options, &items, 10).await;
        assert_eq!(answers.last().unwrap().acknowledged_sequence, 30);
        assert_eq!(registry.client.list_models().page_size(1000).send().await.unwrap().items.len(), 30);
        registry.stop().await;
    }
}
