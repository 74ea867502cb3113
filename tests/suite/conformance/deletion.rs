//! Deleting a model: what is in the way, what goes with it, and when it will be gone for good.

use registry_client::{Code, ErrorReason, Model, ModelId, Release, ReleaseView};
use registry_tests::{Harness, conformance, expect, given, on_every_database, rows};
use std::time::Duration;

const DAY: i64 = 86_400_000_000;

/// Every release of a model, also those that are deleted, by number.
async fn releases(registry: &Harness, model: &str) -> Vec<Release> {
    let list = registry.client.list_releases().model(ModelId::new(model)).view(ReleaseView::Full).show_deleted();
    let mut releases = list.page_size(1000).send().await.unwrap().items;
    releases.sort_by_key(|release| release.number);
    releases
}

conformance! {
    /// A model with live releases is not deleted: the first ten of them are named, it is said how many more there are, and
    /// nothing has changed.
    async fn live_releases_are_in_the_way(registry: &Harness) {
        for (count, more) in [(1, ""), (10, ""), (11, " and 1 more"), (23, " and 13 more")] {
            let name = format!("m-{count}");
            given::model(registry, &name).await;
            // One that is deleted is in nobody's way.
            let gone = given::release(registry, &name, "gone").await;
            registry.client.delete_release(&gone).send().await.unwrap();
            given::releases(registry, &name, 1..=count).await;
            let before = rows::all(registry).await;
            let answer = registry.client.delete_model(&name).send().await;
            let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::ResourceInUse);
            let named: Vec<String> = (1..=count.min(10)).map(|version| format!("{name}:{version} (linux/amd64)")).collect();
            assert_eq!(error.blockers(), named);
            assert!(error.message().ends_with(&format!("(linux/amd64){more}")), "{error}");
            assert_eq!(rows::all(registry).await, before);
        }
    }

    /// Blockers with the longest names that there are still fit into a status.
    async fn long_names_are_in_the_way_too(registry: &Harness) {
        let name = "m".repeat(255);
        given::model(registry, &name).await;
        given::releases(registry, &name, (10..30).map(|number| format!("{number}.{}", "9".repeat(497)))).await;
        let answer = registry.client.delete_model(&name).send().await;
        let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::ResourceInUse);
        assert_eq!(error.blockers().len(), 10);
    }

    /// By force the live releases go with it, at the same revision and until the same time; those that were deleted before stay
    /// what they were.
    async fn live_releases_go_with_it_by_force(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let earlier = given::release(registry, "m", "0").await;
        registry.client.delete_release(&earlier).send().await.unwrap();
        given::releases(registry, "m", 1..=12).await;
        registry.advance(Duration::from_secs(1));
        let before = releases(registry, &model.id).await;
        let deleted = registry.client.delete_model("m").force().send().await.unwrap();
        assert_eq!(deleted.deleted_release_count, 12);
        let (delete_time, purge_time) = (Some(given::time(1_000_000)), Some(given::time(30 * DAY + 1_000_000)));
        let revision = given::revision(registry).await;
        let stored = registry.client.get_model(&model).send().await.unwrap();
        assert_eq!(deleted.model, Some(stored.clone()));
        let etag = stored.etag.clone();
        assert_ne!(etag, model.etag);
        let expected = Model { delete_time, purge_time, update_time: delete_time, release_count: Some(0), revision, etag, ..model };
        assert_eq!(stored, expected);
        let after = releases(registry, &expected.id).await;
        assert_eq!((after.len(), &after[0]), (13, &before[0]));
        for (before, after) in before.into_iter().zip(after).skip(1) {
            assert_ne!(after.etag, before.etag);
            let etag = after.etag.clone();
            assert_eq!(after, Release { delete_time, purge_time, update_time: delete_time, revision, etag, ..before });
        }
        assert_eq!(registry.client.list_releases().send().await.unwrap().items, []);
    }

    /// A model without releases needs no force, nor does one whose releases are all deleted.
    async fn nothing_in_the_way_needs_no_force(registry: &Harness) {
        given::model(registry, "empty").await;
        given::model(registry, "emptied").await;
        let release = given::release(registry, "emptied", "1").await;
        registry.client.delete_release(&release).send().await.unwrap();
        for name in ["empty", "emptied"] {
            let deleted = registry.client.delete_model(name).send().await.unwrap();
            assert_eq!((deleted.deleted_release_count, deleted.model.map(|model| model.name)), (0, Some(name.to_owned())));
            expect::refused(registry.client.get_model(name).send().await, Code::NotFound, ErrorReason::ModelNotFound);
        }
    }

    /// A deleted model cannot be deleted again: by its id the error says so, and by its name nothing is found.
    async fn a_deleted_model_is_not_deleted_again(registry: &Harness) {
        let model = given::model(registry, "m").await;
        registry.client.delete_model(&model).send().await.unwrap();
        let before = rows::all(registry).await;
        for force in [false, true] {
            let delete = |delete: registry_client::DeleteModel| if force { delete.force() } else { delete };
            let by_id = delete(registry.client.delete_model(&model)).send().await;
            expect::refused(by_id, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
            let by_name = delete(registry.client.delete_model("m")).send().await;
            expect::refused(by_name, Code::NotFound, ErrorReason::ModelNotFound);
        }
        assert_eq!(rows::all(registry).await, before);
    }

    /// Who allows it to be missing is given the deleted model, or none, and nothing changes.
    async fn a_missing_model_can_be_allowed(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let deleted = registry.client.delete_model(&model).allow_missing().send().await.unwrap();
        assert_eq!(deleted.model.as_ref().map(|model| model.revision), Some(2));
        let revision = given::revision(registry).await;
        let again = registry.client.delete_model(&model).allow_missing().send().await.unwrap();
        assert_eq!(again, deleted);
        for missing in ["m", "nobody"] {
            let none = registry.client.delete_model(missing).allow_missing().send().await.unwrap();
            assert_eq!((none.model, none.deleted_release_count), (None, 0));
            expect::refused(registry.client.delete_model(missing).send().await, Code::NotFound, ErrorReason::ModelNotFound);
        }
        let nobody = ModelId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
        assert_eq!(registry.client.delete_model(&nobody).allow_missing().send().await.unwrap().model, None);
        expect::refused(registry.client.delete_model(&nobody).send().await, Code::NotFound, ErrorReason::ModelNotFound);
        assert_eq!(given::revision(registry).await, revision);
    }

    /// What may be missing is still refused for what is in the way.
    async fn a_model_in_use_is_not_missing(registry: &Harness) {
        given::model(registry, "m").await;
        given::release(registry, "m", "1").await;
        let answer = registry.client.delete_model("m").allow_missing().send().await;
        expect::refused(answer, Code::FailedPrecondition, ErrorReason::ResourceInUse);
    }

    /// With an etag, only the model that was read is deleted.
    async fn only_the_model_that_was_read_is_deleted(registry: &Harness) {
        let stale = given::model(registry, "m").await;
        let current = registry.client.update_model("m").description("d").send().await.unwrap();
        let answer = registry.client.delete_model("m").etag(&stale.etag).send().await;
        let error = expect::refused(answer, Code::Aborted, ErrorReason::EtagMismatch);
        assert_eq!(expect::fact(&error, "currentEtag"), current.etag);
        assert_eq!(expect::fact(&error, "currentRevision"), current.revision.to_string());
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), current);
        let deleted = registry.client.delete_model("m").etag(&current.etag).send().await.unwrap().model.unwrap();
        assert_eq!(deleted.id, current.id);
    }

    /// A deletion that is only validated is answered as it would be, and not made.
    async fn a_validated_deletion_is_not_made(registry: &Harness) {
        given::model(registry, "m").await;
        given::releases(registry, "m", 1..=3).await;
        registry.advance(Duration::from_secs(1));
        let before = rows::all(registry).await;
        let refused = registry.client.delete_model("m").validate_only().send().await;
        expect::refused(refused, Code::FailedPrecondition, ErrorReason::ResourceInUse);
        let checked = registry.client.delete_model("m").force().validate_only().send().await.unwrap();
        assert_eq!(checked.deleted_release_count, 3);
        let checked = checked.model.unwrap();
        assert_eq!((checked.id.as_str(), checked.revision, checked.release_count), ("", 0, Some(0)));
        assert_eq!(rows::all(registry).await, before);
        let deleted = registry.client.delete_model("m").force().send().await.unwrap().model.unwrap();
        assert_eq!(checked, Model { id: String::new(), revision: 0, etag: checked.etag.clone(), ..deleted });
    }
}

on_every_database! {
    /// How long what is deleted is kept is a setting: the server says it, and every deletion goes by it.
    async fn what_is_deleted_is_kept_as_long_as_the_server_says(database: Database) {
        let standard = Harness::start(database).await;
        let limits = standard.client.server_info().send().await.unwrap().limits.unwrap();
        let seconds = |duration: Option<prost_types::Duration>| duration.map(|duration| (duration.seconds, duration.nanos));
        assert_eq!(seconds(limits.soft_delete_retention), Some((30 * 86_400, 0)));
        assert_eq!(seconds(limits.request_id_retention), Some((86_400, 0)));
        standard.stop().await;
        let registry = &Harness::with(database, |settings| {
            settings.retention.deleted = Duration::from_millis(90_500);
            settings.retention.answers = Duration::from_secs(7200);
        }).await;
        let limits = registry.client.server_info().send().await.unwrap().limits.unwrap();
        assert_eq!(seconds(limits.soft_delete_retention), Some((90, 500_000_000)));
        assert_eq!(seconds(limits.request_id_retention), Some((7200, 0)));
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let taken_along = given::release(registry, "m", "2").await;
        registry.advance(Duration::from_secs(1));
        let release = registry.client.delete_release(&release).send().await.unwrap().unwrap();
        let model = registry.client.delete_model("m").force().send().await.unwrap().model.unwrap();
        let taken_along = registry.client.get_release(&taken_along).send().await.unwrap();
        for purge_time in [release.purge_time, model.purge_time, taken_along.purge_time] {
            assert_eq!(purge_time, Some(given::time(91_500_000)));
        }
    }
}
