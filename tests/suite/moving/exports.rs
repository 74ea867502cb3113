//! What an export holds, and in which order.

use super::fill;
use registry_client::pb::ResourceKind;
use registry_client::pb::transfer_item::Resource;
use registry_client::{Code, ErrorReason};
use registry_proto::v1::{ExportRequest, TransferItem};
use registry_server::domain::Limit;
use registry_tests::moving::{everything, export, messages, stub};
use registry_tests::{Harness, conformance, given, on_every_database, raw, wait};
use std::time::Duration;

fn kind(item: &TransferItem) -> usize {
    match item.resource.as_ref().expect("a resource") {
        Resource::Model(_) => 0,
        Resource::Release(_) => 1,
        Resource::ReleaseAlias(_) => 2,
        Resource::AliasMove(_) => 3,
        Resource::StoredContent(_) => 4,
        Resource::Artifact(_) => 5,
        Resource::Deployment(_) => 6,
        Resource::AuditEntry(_) => 7,
    }
}

fn numbers(items: &[TransferItem]) -> [usize; 8] {
    let mut numbers = [0; 8];
    items.iter().for_each(|item| numbers[kind(item)] += 1);
    numbers
}

conformance! {
    /// Parents come before children, and a release after the one it was made from; nothing of it depends on when it is asked.
    async fn everything_comes_in_order(registry: &Harness) {
        fill(registry).await;
        let exported = export(registry, everything()).await;
        let kinds: Vec<usize> = exported.items.iter().map(kind).collect();
        assert!(kinds.is_sorted(), "{kinds:?}");
        let mut seen = Vec::new();
        for item in &exported.items {
            let Some(Resource::Release(release)) = &item.resource else { continue };
            assert!(release.base_release_id.as_ref().is_none_or(|base| seen.contains(base)), "{release:?} comes before its base");
            seen.push(release.id.clone());
        }
        assert_eq!(export(registry, everything()).await.items, exported.items);
        assert_eq!(exported.revision, given::revision(registry).await);
    }

    /// Without what is soft-deleted, and without what is part of it.
    async fn what_is_deleted_comes_only_if_it_is_wanted(registry: &Harness) {
        fill(registry).await;
        let all = numbers(&export(registry, everything()).await.items);
        let live = numbers(&export(registry, ExportRequest::default()).await.items);
        assert_eq!(all[..7], [3, 8, 3, 7, 1, 4, 2]);
        assert_eq!(live[..7], [2, 7, 2, 6, 1, 3, 1]);
        assert_eq!(all[7], live[7]);
    }

    /// Of one kind there is that kind and what belongs to it, and no audit log.
    async fn kinds_can_be_chosen(registry: &Harness) {
        fill(registry).await;
        for (kind, expected) in [
            (ResourceKind::Model, [3, 0, 0, 0, 0, 0, 0, 0]),
            (ResourceKind::Release, [0, 8, 0, 0, 0, 0, 0, 0]),
            (ResourceKind::ReleaseAlias, [0, 0, 3, 7, 0, 0, 0, 0]),
            (ResourceKind::Artifact, [0, 0, 0, 0, 1, 4, 0, 0]),
            (ResourceKind::Deployment, [0, 0, 0, 0, 0, 0, 2, 0]),
        ] {
            let request = ExportRequest { resource_kinds: vec![kind.into()], ..everything() };
            assert_eq!(numbers(&export(registry, request).await.items), expected, "{kind:?}");
        }
        let keys = ExportRequest { resource_kinds: vec![ResourceKind::ApiKey.into()], ..everything() };
        let refused = messages(registry, keys).await.unwrap_err();
        assert_eq!((refused.code(), raw::reason(&refused)), (Code::InvalidArgument, Some(ErrorReason::InvalidField)));
    }

    /// From every cursor the rest comes; a cursor of another export, or one that was changed, is refused.
    async fn an_export_goes_on_after_every_cursor(registry: &Harness) {
        fill(registry).await;
        let sent = messages(registry, everything()).await.unwrap();
        assert!(sent.len() > 8, "{} messages", sent.len());
        for (index, message) in sent.iter().enumerate() {
            let rest = messages(registry, ExportRequest { after_cursor: message.cursor.clone(), ..everything() }).await.unwrap();
            let expected: Vec<TransferItem> = sent[index + 1..].iter().flat_map(|message| message.items.clone()).collect();
            let found: Vec<TransferItem> = rest.into_iter().flat_map(|message| message.items).collect();
            assert_eq!(found, expected, "after message {index}");
        }
        let after_cursor = sent[2].cursor.clone();
        let other = ExportRequest { after_cursor: after_cursor.clone(), ..Default::default() };
        let refused = messages(registry, other).await.unwrap_err();
        assert_eq!((refused.code(), raw::reason(&refused)), (Code::InvalidArgument, Some(ErrorReason::PageTokenMismatch)));
        let broken = ExportRequest { after_cursor: format!("A{after_cursor}"), ..everything() };
        let refused = messages(registry, broken).await.unwrap_err();
        assert_eq!((refused.code(), raw::reason(&refused)), (Code::InvalidArgument, Some(ErrorReason::InvalidPageToken)));
    }

    /// An export is of one moment, whatever is written meanwhile; and it says which.
    async fn an_export_is_of_one_moment(registry: &Harness) {
        for number in 0..200 {
            given::model(registry, &format!("m{number}")).await;
        }
        let revision = given::revision(registry).await;
        let mut stream = stub(registry).await.export(everything()).await.unwrap().into_inner();
        let first = stream.message().await.unwrap().unwrap();
        for number in 200..300 {
            given::model(registry, &format!("m{number}")).await;
        }
        let mut found = 0;
        while let Some(message) = stream.message().await.unwrap() {
            assert_eq!((message.revision, first.revision), (revision, revision));
            found += message.items.iter().filter(|item| kind(item) == 0).count();
        }
        assert_eq!(found, 200);
    }

    /// That somebody exported is in the audit log, and is not in the export.
    async fn an_export_is_audited_and_not_exported(registry: &Harness) {
        given::model(registry, "m").await;
        let first = export(registry, everything()).await;
        let second = export(registry, everything()).await;
        assert_eq!(first, second);
        let entries = registry_tests::audited::entries(registry).await;
        let exports = entries.iter().filter(|entry| entry.method == "modelregistry.v1.TransferService/Export");
        assert_eq!(exports.map(|entry| (entry.code, entry.revision)).collect::<Vec<_>>(), [(0, None), (0, None)]);
    }
}

/// More than a client is sent that takes nothing.
async fn fill_with_much(registry: &Harness) {
    for number in 0..120 {
        let create = registry.client.create_model(format!("m{number}"), "/m").description("x".repeat(16_000));
        create.label("much", "y".repeat(5000)).label("more", "z".repeat(5000)).send().await.expect("a model");
    }
}

on_every_database! {
    /// So many at once and no more; whoever goes away makes room.
    async fn there_are_only_so_many_exports(database: Database) {
        let registry = &Harness::with(database, |settings| settings.calls.exports = 1).await;
        fill_with_much(registry).await;
        let mut open = stub(registry).await.export(everything()).await.unwrap().into_inner();
        open.message().await.unwrap().unwrap();
        let refused = stub(registry).await.export(everything()).await.unwrap_err();
        assert_eq!((refused.code(), raw::reason(&refused)), (Code::ResourceExhausted, Some(ErrorReason::RateLimited)));
        assert_eq!(registry.refused(Limit::Exports), 1);
        drop(open);
        wait::until("there is room again", Duration::from_secs(5), async || {
            stub(registry).await.export(everything()).await.ok().map(drop)
        })
        .await;
    }
}
