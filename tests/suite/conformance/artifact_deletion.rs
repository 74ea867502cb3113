//! Artifacts that go: by themselves, with their release, with their model; and come back with those, or are removed for good.

use prost::Message;
use registry_client::{Artifact, Client, Code, ErrorReason, EventFilter, EventType, ResourceKind, pb};
use registry_tests::{Harness, conformance, expect, given, held, rows};
use std::collections::BTreeMap;
use std::time::Duration;

const DAY: i64 = 86_400_000_000;

/// Everything that is there, deleted or not, by name, as the bytes it is sent; without what deletions and undeletions change.
async fn bytes(client: &Client) -> BTreeMap<String, Vec<u8>> {
    let all = client.list_artifacts().show_deleted().page_size(1000).send().await.unwrap().items;
    let bytes = |artifact: Artifact| Artifact { revision: 0, etag: String::new(), update_time: None, ..artifact }.encode_to_vec();
    all.into_iter().map(|artifact| (artifact.name.clone(), bytes(artifact))).collect()
}

/// The names of what is live, sorted.
async fn live(client: &Client) -> Vec<String> {
    let items = client.list_artifacts().page_size(1000).send().await.unwrap().items;
    let mut names: Vec<String> = items.into_iter().map(|artifact| artifact.name).collect();
    names.sort();
    names
}

/// A model with two releases; artifacts of each and of the model, and one of each that was deleted by itself.
async fn family(registry: &Harness) -> (pb::Model, Vec<pb::Release>) {
    let model = given::model(registry, "m").await;
    let releases = given::releases(registry, "m", [1, 2]).await;
    let document = serde_json::json!({"n": [1, 2.5, {"deep": null}]});
    for (number, release) in releases.iter().enumerate() {
        let create =
            given::wheel(&registry.client, release, &format!("{}-a", number + 1)).platform("any").metadata(document.clone());
        create.send().await.unwrap();
        let gone = given::artifact(registry, release, &format!("{}-gone", number + 1)).await;
        registry.client.delete_artifact(&gone).send().await.unwrap();
    }
    given::wheel(&registry.client, &model, "m-a").uploaded_by("ci").send().await.unwrap();
    let gone = given::artifact(registry, &model, "m-gone").await;
    registry.client.delete_artifact(&gone).send().await.unwrap();
    (model, releases)
}

conformance! {
    /// A deleted artifact is out of sight, with the time of its end, and can be read by its id; its name and path are free.
    async fn a_deleted_artifact_is_out_of_sight(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let artifact = given::artifact(registry, &release, "a").await;
        registry.advance(Duration::from_secs(1));
        let deleted = registry.client.delete_artifact(&artifact).send().await.unwrap().unwrap();
        let (delete_time, purge_time) = (Some(given::time(1_000_000)), Some(given::time(30 * DAY + 1_000_000)));
        let (etag, revision) = (deleted.etag.clone(), given::revision(registry).await);
        assert_ne!(etag, artifact.etag);
        let expected = Artifact { delete_time, purge_time, update_time: delete_time, etag, revision, ..artifact.clone() };
        assert_eq!(deleted, expected);
        assert_eq!(registry.client.get_artifact(&artifact).send().await.unwrap(), expected);
        let list = || registry.client.list_artifacts().release(&release);
        assert_eq!(list().send().await.unwrap().items, []);
        assert_eq!(list().show_deleted().send().await.unwrap().items, [expected]);
        let again = given::wheel(&registry.client, &release, "a").file_path(&artifact.file_path).send().await.unwrap();
        assert_ne!(again.id, artifact.id);
        assert_eq!(list().show_deleted().send().await.unwrap().items.len(), 2);
    }

    /// What is deleted is not changed and not deleted again, unless that is allowed.
    async fn a_deleted_artifact_stays_as_it_is(registry: &Harness) {
        given::model(registry, "m").await;
        let artifact = given::artifact(registry, "m", "a").await;
        let deleted = registry.client.delete_artifact(&artifact).allow_missing().send().await.unwrap();
        let before = rows::all(registry).await;
        let (code, reason) = (Code::FailedPrecondition, ErrorReason::ResourceDeleted);
        expect::refused(registry.client.delete_artifact(&artifact).send().await, code, reason);
        let refused = expect::refused(registry.client.update_artifact(&artifact).platform("any").send().await, code, reason);
        assert_eq!(refused.message(), "artifact `m#a` is soft-deleted: register it again, or undelete what it was deleted with");
        assert_eq!(registry.client.delete_artifact(&artifact).allow_missing().send().await.unwrap(), deleted);
        assert_eq!(rows::all(registry).await["artifacts"], before["artifacts"]);
    }

    /// With an etag, only what was read is deleted.
    async fn only_the_artifact_that_was_read_is_deleted(registry: &Harness) {
        given::model(registry, "m").await;
        let stale = given::artifact(registry, "m", "a").await;
        let current = registry.client.update_artifact(&stale).platform("any").send().await.unwrap();
        let answer = registry.client.delete_artifact(&stale).etag(&stale.etag).send().await;
        expect::refused(answer, Code::Aborted, ErrorReason::EtagMismatch);
        assert_eq!(registry.client.get_artifact(&stale).send().await.unwrap(), current);
        assert!(registry.client.delete_artifact(&stale).etag(&current.etag).send().await.unwrap().unwrap().delete_time.is_some());
    }

    /// A release takes its live artifacts with it, and brings exactly those back, to the byte.
    async fn artifacts_go_and_come_with_their_release(registry: &Harness) {
        let (_, releases) = family(registry).await;
        let before = bytes(&registry.client).await;
        assert_eq!((before.len(), live(&registry.client).await), (6, vec!["1-a".to_owned(), "2-a".into(), "m-a".into()]));
        for _ in 0..2 {
            registry.advance(Duration::from_secs(60));
            let deleted = registry.client.delete_release(&releases[0]).send().await.unwrap().unwrap();
            assert_eq!(live(&registry.client).await, ["2-a", "m-a"]);
            let list = registry.client.list_artifacts().release(&releases[0]).show_deleted().send().await.unwrap().items;
            let gone = list.iter().find(|artifact| artifact.name == "1-a").unwrap();
            assert_eq!((gone.revision, gone.delete_time, gone.purge_time), (deleted.revision, deleted.delete_time, deleted.purge_time));
            registry.advance(Duration::from_secs(60));
            let back = registry.client.undelete_release(&releases[0]).send().await.unwrap();
            assert_eq!(bytes(&registry.client).await, before);
            let artifact = registry.client.list_artifacts().release(&releases[0]).send().await.unwrap().items.remove(0);
            assert_eq!((artifact.revision, artifact.update_time), (back.revision, back.update_time));
        }
    }

    /// A model takes its live artifacts and those of its releases with it, and brings exactly those back, to the byte; what
    /// was deleted with a release before it comes back with that.
    async fn artifacts_go_and_come_with_their_model(registry: &Harness) {
        let (model, releases) = family(registry).await;
        let all = bytes(&registry.client).await;
        registry.client.delete_release(&releases[0]).send().await.unwrap();
        let before = bytes(&registry.client).await;
        for _ in 0..2 {
            registry.advance(Duration::from_secs(60));
            registry.client.delete_model("m").force().send().await.unwrap();
            assert_eq!(live(&registry.client).await, [""; 0]);
            registry.client.undelete_model(&model).send().await.unwrap();
            assert_eq!(bytes(&registry.client).await, before);
            assert_eq!(live(&registry.client).await, ["2-a", "m-a"]);
        }
        registry.client.undelete_release(&releases[0]).send().await.unwrap();
        assert_eq!(bytes(&registry.client).await, all);
    }

    /// A model with live artifacts is not deleted without force: up to ten are named, and nothing changes.
    async fn live_artifacts_are_in_the_way_of_their_model(registry: &Harness) {
        given::model(registry, "m").await;
        for number in 0..11 {
            given::artifact(registry, "m", &format!("a-{number}")).await;
        }
        let before = rows::all(registry).await;
        for answer in [registry.client.delete_model("m").send().await, registry.client.delete_model("m").allow_missing().send().await] {
            let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::ResourceInUse);
            assert_eq!((error.blockers().len(), &*error.blockers()[0]), (10, "m#a-0"));
            assert!(error.message().ends_with(" and 1 more"), "{error}");
        }
        assert_eq!(rows::all(registry).await, before);
        for artifact in registry.client.list_artifacts().send().await.unwrap().items {
            registry.client.delete_artifact(&artifact).send().await.unwrap();
        }
        registry.client.delete_model("m").send().await.unwrap();
    }

    /// What would come back to a path that somebody else has now does not: the whole undeletion fails and says who, and works
    /// when the path is free.
    async fn a_path_that_was_taken_meanwhile_is_in_the_way(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let [own, of_release] = [given::artifact(registry, "m", "own").await, given::artifact(registry, &release, "a").await];
        given::model(registry, "n").await;
        let take = async |path: &str| given::wheel(&registry.client, "n", "taker").file_path(path).send().await.unwrap();
        registry.client.delete_release(&release).send().await.unwrap();
        let taker = take(&of_release.file_path).await;
        let before = rows::all(registry).await;
        let answer = registry.client.undelete_release(&release).send().await;
        let error = expect::refused(answer, Code::AlreadyExists, ErrorReason::ArtifactAlreadyExists);
        assert_eq!((expect::fact(&error, "id"), expect::fact(&error, "deleted")), (&*taker.id, "false"));
        assert_eq!(error.resource().unwrap().resource_name, of_release.file_path);
        assert_eq!(rows::all(registry).await, before);
        registry.client.delete_artifact(&taker).send().await.unwrap();
        registry.client.undelete_release(&release).send().await.unwrap();
        registry.client.delete_model("m").force().send().await.unwrap();
        let taker = take(&own.file_path).await;
        let before = rows::all(registry).await;
        let answer = registry.client.undelete_model(&model).send().await;
        let error = expect::refused(answer, Code::AlreadyExists, ErrorReason::ArtifactAlreadyExists);
        assert_eq!(expect::fact(&error, "id"), taker.id);
        assert_eq!(rows::all(registry).await, before);
        registry.client.update_artifact(&taker).file_path("/elsewhere").send().await.unwrap();
        registry.client.undelete_model(&model).send().await.unwrap();
        assert_eq!(live(&registry.client).await, ["a", "own", "taker"]);
    }

    /// A purge removes all artifacts below, whenever they were deleted, with an event for each, and leaves those of others.
    async fn a_purge_leaves_no_artifact_behind(registry: &Harness) {
        let (model, releases) = family(registry).await;
        given::model(registry, "n").await;
        let stays = given::artifact(registry, "n", "stays").await;
        let removed = async || {
            let filter = EventFilter {
                event_types: vec![EventType::Purged.into()],
                resource_kinds: vec![ResourceKind::Artifact.into()],
                ..Default::default()
            };
            let request = pb::ListEventsRequest { filter: Some(filter), include_resource: true, ..Default::default() };
            let events = registry.client.call(request).send().await.unwrap().events;
            assert!(events.iter().all(|event| event.resource.is_none() && event.model_id == model.id));
            let mut names: Vec<String> = events.into_iter().map(|event| event.resource_name).collect();
            names.sort();
            names
        };
        registry.client.delete_release(&releases[0]).send().await.unwrap();
        registry.client.purge_release(&releases[0]).send().await.unwrap();
        assert_eq!(removed().await, ["m:1 (linux/amd64)#1-a", "m:1 (linux/amd64)#1-gone"]);
        registry.client.delete_model("m").force().send().await.unwrap();
        registry.client.purge_model(&model).send().await.unwrap();
        let rest = ["m#m-a", "m#m-gone", "m:2 (linux/amd64)#2-a", "m:2 (linux/amd64)#2-gone"];
        assert_eq!(removed().await[..2], rest[..2]);
        assert_eq!(removed().await[4..], rest[2..]);
        assert_eq!(registry.client.list_artifacts().show_deleted().send().await.unwrap().items, [stays]);
        assert_eq!(rows::all(registry).await["artifacts"].len(), 1);
    }

    /// Bytes are nobody's from the moment when the last artifact that had them is removed, and not before.
    async fn bytes_are_orphaned_with_their_last_artifact(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        given::model(registry, "n").await;
        let [one, two, other] =
            [given::artifact(registry, &release, "one").await, given::artifact(registry, "m", "two").await, given::artifact(registry, "n", "other").await];
        let [shared, own, kept] = [(); 3].map(|()| uuid::Uuid::now_v7());
        let own_one = given::artifact(registry, "m", "own").await;
        held::give(registry, shared, &[&one, &two], "STORED").await;
        held::give(registry, own, &[&own_one], "STORED").await;
        held::give(registry, kept, &[&other], "LOST").await;
        let now = async || [held::orphan_time(registry, shared).await, held::orphan_time(registry, own).await, held::orphan_time(registry, kept).await];
        registry.client.delete_release(&release).send().await.unwrap();
        registry.client.purge_release(&release).send().await.unwrap();
        registry.client.delete_artifact(&two).send().await.unwrap();
        registry.client.delete_model("m").force().send().await.unwrap();
        assert_eq!(now().await, [None; 3]);
        registry.advance(Duration::from_secs(1));
        registry.client.purge_model(&model).send().await.unwrap();
        let time = registry.clock.now().micros();
        assert_eq!(now().await, [Some(time), Some(time), None]);
    }
}
