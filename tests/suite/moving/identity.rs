//! Imports that assign ids.

use super::fill;
use registry_client::pb::{self, transfer_item::Resource};
use registry_client::{ModelId, ReleaseRef};
use registry_proto::v1::import_request::{OnConflict, Options};
use registry_proto::v1::{ExportRequest, TransferItem};
use registry_tests::moving::{counts, everything, export, import, import_by, model, options, release};
use registry_tests::{Harness, conformance, given, on_every_database, wait};
use std::time::Duration;

conformance! {
    /// Ids are made of the import and the id of the item, references follow, and times and authors are those of the import.
    async fn ids_are_assigned_and_followed(registry: &Harness) {
        let mut child = release("m", 2);
        if let (Some(Resource::Release(child)), Some(Resource::Release(base))) = (&mut child.resource, &release("m", 1).resource) {
            child.base_release_id = Some(base.id.clone());
        }
        let begun = options();
        let answers = import_by(registry, begun.clone(), &[model("m"), release("m", 1), child], 1).await;
        assert_eq!(counts(&answers), [3, 0, 0, 0], "{answers:#?}");
        let id = |text: &str| {
            let item = uuid::Uuid::new_v5(&uuid::Uuid::nil(), text.as_bytes()).to_string();
            uuid::Uuid::new_v5(&begun.import_id.parse().unwrap(), item.as_bytes()).to_string()
        };
        let model = registry.client.get_model("m").send().await.unwrap();
        assert_eq!((&model.id, model.created_by.as_str(), model.create_time), (&id("m"), "bootstrap-admin", Some(given::time(0))));
        let two = registry.client.get_release(ReleaseRef::key("m", "2.0.0")).send().await.unwrap();
        assert_eq!((&two.id, &two.base_release_id, two.number), (&id("m:2"), &Some(id("m:1")), 2));
    }

    /// What belongs to something that is here already is put there, by the id that it has here.
    async fn other_references_are_taken_as_they_are(registry: &Harness) {
        let there = given::model(registry, "m").await;
        let mut item = release("m", 7);
        if let Some(Resource::Release(release)) = &mut item.resource {
            (release.model_id, release.id) = (there.id.clone(), String::new());
        }
        let answers = import(registry, options(), &[item]).await;
        assert_eq!(counts(&answers), [1, 0, 0, 0], "{answers:#?}");
        assert_eq!(registry.client.get_release(ReleaseRef::key("m", "7.0.0")).send().await.unwrap().number, 1, "numbers are assigned");
    }

    /// A whole registry, as far as it is live: history, audit entries and bytes are skipped with a reason, and everything else is there.
    async fn a_whole_registry_can_be_copied(registry: &Harness) {
        fill(registry).await;
        let all = export(registry, ExportRequest::default()).await;
        let target = Harness::start(registry.database).await;
        let answers = import(&target, options(), &all.items).await;
        let [created, replaced, skipped, failed] = counts(&answers);
        assert_eq!((replaced, failed), (0, 0), "{answers:#?}");
        assert_eq!(created + skipped, i64::try_from(all.items.len()).unwrap());
        let reasons = answers.iter().flat_map(|answer| &answer.skips).map(pb_reason);
        assert!(reasons.into_iter().all(|reason| reason == pb::import_response::SkipReason::IdentityNotPreserved));
        let alias = target.client.list_release_alias_history("b/two", "production").send().await.unwrap().items;
        assert_eq!(alias.len(), 1, "its history begins here");
        let files = target.client.list_artifacts().send().await.unwrap().items;
        let mut states: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.content_state())).collect();
        states.sort();
        use pb::ArtifactContentState::{External, Lost};
        assert_eq!(states, [("same", Lost), ("stored", Lost), ("wheel", External)]);
        target.stop().await;
    }

    /// Audit entries of another registry can be kept, in a registry that has its own.
    async fn a_registry_that_has_something_takes_more(registry: &Harness) {
        fill(registry).await;
        let all = export(registry, everything()).await;
        let target = Harness::start(registry.database).await;
        given::model(&target, "mine").await;
        let options = Options { preserve_identity: true, source_revision: all.source_revision, ..options() };
        let answers = import(&target, options, &all.items).await;
        let [created, replaced, skipped, failed] = counts(&answers);
        let moves = all.items.iter().filter(|item| matches!(item.resource, Some(Resource::AliasMove(_)))).count();
        assert_eq!((replaced, skipped, failed), (0, i64::try_from(moves).unwrap(), 0), "{answers:#?}");
        assert!(created > 30 && answers.iter().all(|answer| !answer.keeps_revisions));
        let gone = model_id(&all.items, "gone");
        let back = target.client.undelete_model(ModelId::new(gone)).send().await.unwrap();
        assert_eq!(back.release_count, Some(1), "what was deleted with it comes back with it");
        target.stop().await;
    }
}

/// An item that was deleted so many seconds after the others began.
fn deleted(mut item: TransferItem, second: i64) -> TransferItem {
    let (gone, due) = (Some(given::time(second * 1_000_000)), Some(given::time(90 * 86_400 * 1_000_000)));
    match &mut item.resource {
        Some(Resource::Model(model)) => (model.delete_time, model.purge_time) = (gone, due),
        Some(Resource::Release(release)) => (release.delete_time, release.purge_time) = (gone, due),
        _ => {}
    }
    item
}

conformance! {
    /// What was deleted with its model comes back with it, and what was deleted before does not: also if they came in one message, and
    /// after the model was written over.
    async fn what_was_deleted_by_itself_stays_deleted(registry: &Harness) {
        given::model(registry, "there").await;
        let items = [deleted(model("m"), 9), deleted(release("m", 1), 9), deleted(release("m", 2), 4)];
        let options = Options { preserve_identity: true, ..options() };
        let answers = import(registry, options.clone(), &items).await;
        assert_eq!(counts(&answers), [3, 0, 0, 0], "{answers:#?}");
        let replace = Options { import_id: registry_tests::moving::options().import_id, on_conflict: OnConflict::Replace.into(), ..options };
        let answers = import(registry, replace, &items[..1]).await;
        assert_eq!(counts(&answers), [0, 1, 0, 0], "{answers:#?}");
        let back = registry.client.undelete_model(ModelId::new(model_id(&items, "m"))).send().await.unwrap();
        assert_eq!(back.release_count, Some(1));
        registry.client.get_release(ReleaseRef::key("m", "1.0.0")).send().await.unwrap();
        assert!(registry.client.get_release(ReleaseRef::key("m", "2.0.0")).send().await.is_err());
    }
}

on_every_database! {
    /// What is due to be purged when it comes stays until its children are there, and goes when nothing more comes.
    async fn what_is_due_waits_for_its_children(database: Database) {
        let registry = &Harness::with(database, |settings| settings.housekeeping = Duration::from_millis(5)).await;
        registry.advance(Duration::from_secs(91 * 86_400));
        let releases = (1..40).map(|number| deleted(release("m", number), 9));
        let items: Vec<_> = [deleted(model("m"), 9)].into_iter().chain(releases).collect();
        let answers = import_by(registry, Options { preserve_identity: true, ..options() }, &items, 1).await;
        assert_eq!(counts(&answers), [40, 0, 0, 0], "{:?}", answers.iter().flat_map(|answer| &answer.failures).next());
        registry.advance(Duration::from_secs(2 * 60 * 60));
        wait::until("everything is purged", Duration::from_secs(30), async || {
            let models = registry.client.list_models().show_deleted().send().await.unwrap().items;
            models.is_empty().then_some(())
        })
        .await;
    }
}

fn pb_reason(skip: &pb::import_response::Skip) -> pb::import_response::SkipReason {
    skip.reason()
}

fn model_id(items: &[TransferItem], name: &str) -> String {
    let found = items.iter().find_map(|item| match &item.resource {
        Some(Resource::Model(model)) if model.name == name => Some(model.id.clone()),
        _ => None,
    });
    found.expect("a model")
}
