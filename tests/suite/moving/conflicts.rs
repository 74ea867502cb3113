//! Items whose id or key is taken.

use super::fill;
use registry_client::pb::{self, transfer_item::Resource};
use registry_client::{ErrorReason, ReleaseRef, ReleaseState};
use registry_proto::v1::TransferItem;
use registry_proto::v1::import_request::{OnConflict, Options};
use registry_tests::moving::{counts, everything, export, failures, import, model, options, release, restoring};
use registry_tests::{Harness, conformance, given, rows};

fn kept(on_conflict: OnConflict) -> Options {
    Options { preserve_identity: true, on_conflict: on_conflict.into(), ..options() }
}

fn change_model(item: &TransferItem, change: impl FnOnce(&mut pb::Model)) -> TransferItem {
    let mut item = item.clone();
    if let Some(Resource::Model(model)) = &mut item.resource {
        change(model);
    }
    item
}

fn change_release(item: &TransferItem, change: impl FnOnce(&mut pb::Release)) -> TransferItem {
    let mut item = item.clone();
    if let Some(Resource::Release(release)) = &mut item.resource {
        change(release);
    }
    item
}

conformance! {
    /// Everything a second time: it fails, item by item, with the reason that the call would give, or it is skipped. Nothing changes.
    async fn what_is_there_fails_or_is_skipped(registry: &Harness) {
        fill(registry).await;
        let exported = export(registry, everything()).await;
        let before = resources(registry).await;
        let all = i64::try_from(exported.items.len()).unwrap();
        let moves = i64::try_from(exported.items.iter().filter(|item| matches!(item.resource, Some(Resource::AliasMove(_)))).count()).unwrap();
        let answers = import(registry, restoring(&exported), &exported.items).await;
        assert_eq!(counts(&answers), [0, 0, moves, all - moves]);
        let reasons: Vec<_> = failures(&answers).into_iter().map(|(_, reason)| reason.unwrap()).collect();
        for reason in [
            ErrorReason::ModelAlreadyExists,
            ErrorReason::ReleaseAlreadyExists,
            ErrorReason::ArtifactAlreadyExists,
            ErrorReason::ConflictingItem,
        ] {
            assert!(reasons.contains(&reason), "{reason:?}");
        }
        let skip = Options { on_conflict: OnConflict::Skip.into(), ..restoring(&exported) };
        let answers = import(registry, skip, &exported.items).await;
        assert_eq!(counts(&answers), [0, 0, all, 0]);
        assert_eq!(resources(registry).await, before);
    }

    /// What is replaced is what the item says, with its id; followers are told.
    async fn what_is_there_is_replaced(registry: &Harness) {
        let items = [model("m"), release("m", 1), release("m", 2)];
        import(registry, kept(OnConflict::Fail), &items).await;
        let before = given::revision(registry).await;
        let renamed = change_model(&items[0], |model| {
            model.name = "n".to_owned();
            model.tags = vec!["new".to_owned()];
            model.labels = [("k".to_owned(), "v".to_owned())].into();
        });
        let yanked = change_release(&items[1], |release| release.state = pb::ReleaseState::Yanked.into());
        let answers = import(registry, kept(OnConflict::Replace), &[renamed, yanked]).await;
        assert_eq!((counts(&answers), answers[0].revision), ([0, 2, 0, 0], before + 1));
        let model = registry.client.get_model("n").send().await.unwrap();
        assert_eq!((model.tags, model.labels.get("k").map(String::as_str), model.revision), (vec!["new".to_owned()], Some("v"), before + 1));
        assert_eq!(registry.client.get_release(ReleaseRef::key("n", "1.0.0")).send().await.unwrap().state(), ReleaseState::Yanked);
        let request = pb::ListEventsRequest { after_revision: before, ..Default::default() };
        let events = registry.client.call(request).send().await.unwrap().events;
        let told: Vec<_> = events.iter().map(|event| (event.resource_name.as_str(), event.event_type())).collect();
        assert_eq!(told, [("n", pb::EventType::Updated), ("n:1.0.0 (linux/amd64)", pb::EventType::Updated)]);
        let again = registry.client.create_release("n", "3.0.0").digest(given::digest(3)).send().await.unwrap();
        assert_eq!(again.number, 3);
    }

    /// What can never change is not changed by an import either, and nothing that is there is deleted by one.
    async fn what_never_changes_is_not_replaced(registry: &Harness) {
        let yanked = change_release(&release("m", 3), |release| release.state = pb::ReleaseState::Yanked.into());
        let items = [model("m"), model("other"), release("m", 1), release("m", 2), yanked];
        import(registry, kept(OnConflict::Fail), &items).await;
        let one = registry.client.get_release(ReleaseRef::key("m", "1.0.0")).send().await.unwrap();
        given::alias(registry, &one, "production").await;
        let before = rows::all(registry).await;
        let digest = given::digest(77);
        let gone = Some(given::time(5));
        let bad = [
            change_model(&items[0], |model| model.name = "other".to_owned()),
            change_release(&items[2], |release| release.version = "8.0.0".to_owned()),
            change_release(&items[2], |release| release.digest = Some(digest)),
            change_release(&items[2], |release| release.state = pb::ReleaseState::Yanked.into()),
            change_release(&items[3], |release| (release.delete_time, release.purge_time) = (gone, gone)),
            change_release(&items[3], |release| release.id = uuid::Uuid::new_v4().to_string()),
            change_release(&items[3], |release| {
                release.id = uuid::Uuid::new_v4().to_string();
                release.version = "new".to_owned();
            }),
            change_release(&items[3], |release| release.base_release_id = Some(one.id.clone())),
            change_release(&items[2], |release| release.base_release_id = Some(release.id.clone())),
            release("m", 3),
        ];
        let answers = import(registry, kept(OnConflict::Replace), &bad).await;
        use ErrorReason::{
            ConflictingItem, ImmutableField, InvalidStateTransition, ModelAlreadyExists, ReleaseAlreadyExists, ResourceInUse,
        };
        let expected = [
            ModelAlreadyExists, ImmutableField, ImmutableField, ResourceInUse, InvalidStateTransition, ReleaseAlreadyExists,
            ConflictingItem, ImmutableField, ImmutableField, InvalidStateTransition,
        ];
        let expected: Vec<_> = (1..).zip(expected.map(Some)).collect();
        assert_eq!(failures(&answers), expected);
        let mut after = rows::all(registry).await;
        after.remove("imports");
        let mut before = before;
        before.remove("imports");
        assert_eq!(after, before);
    }

    /// What the registry holds of an artifact stays what it is, whatever an item says of it; a deployment that is over stays over.
    async fn what_is_held_stays_held(registry: &Harness) {
        fill(registry).await;
        let exported = export(registry, everything()).await;
        let before = registry.client.list_artifacts().send().await.unwrap().items;
        let (mut files, mut ended) = (Vec::new(), Vec::new());
        for mut item in exported.items {
            match &mut item.resource {
                Some(Resource::Artifact(file)) if file.delete_time.is_none() => {
                    item.content_id = None;
                    files.push(item);
                }
                Some(Resource::Deployment(deployment)) if deployment.state() == pb::DeploymentState::Terminated => {
                    (deployment.state, deployment.terminate_time) = (pb::DeploymentState::Stopped.into(), None);
                    ended.push(item);
                }
                _ => {}
            }
        }
        let answers = import(registry, kept(OnConflict::Replace), &files).await;
        assert_eq!(counts(&answers), [0, 3, 0, 0], "{answers:#?}");
        let after = registry.client.list_artifacts().send().await.unwrap().items;
        let states = |files: &[pb::Artifact]| files.iter().map(|file| (file.id.clone(), file.content_state)).collect::<Vec<_>>();
        assert_eq!(states(&after), states(&before));
        let again = export(registry, everything()).await.items;
        let held = again.iter().filter(|item| matches!(item.resource, Some(Resource::Artifact(_))) && item.content_id.is_some());
        assert_eq!(held.count(), 2);
        let answers = import(registry, kept(OnConflict::Replace), &ended).await;
        assert_eq!(failures(&answers).len(), 1, "{answers:#?}");
    }

    /// Two items with one id or one key in one message: the second meets the first.
    async fn items_of_a_message_meet_each_other(registry: &Harness) {
        let twin = change_model(&model("twin"), |model| model.name = "m".to_owned());
        let items = [model("m"), twin.clone(), model("m"), release("m", 1), release("m", 1)];
        let answers = import(registry, kept(OnConflict::Fail), &items).await;
        let expected = [(2, ErrorReason::ModelAlreadyExists), (3, ErrorReason::ModelAlreadyExists), (5, ErrorReason::ReleaseAlreadyExists)];
        assert_eq!(failures(&answers), expected.map(|(number, reason)| (number, Some(reason))));
        let last = change_model(&model("m"), |model| model.description = Some("last".to_owned()));
        let answers = import(registry, kept(OnConflict::Replace), &[model("m"), last]).await;
        assert_eq!(counts(&answers), [0, 2, 0, 0]);
        assert_eq!(registry.client.get_model("m").send().await.unwrap().description.as_deref(), Some("last"));
    }
}

/// Everything but the trace that imports leave of themselves.
async fn resources(registry: &Harness) -> rows::Rows {
    let mut rows = rows::all(registry).await;
    rows.remove("imports");
    rows
}
