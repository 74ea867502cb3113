//! Deleting a release: the aliases that are in the way, what becomes of them, and what stays.

use registry_client::{Code, ErrorReason, ReleaseAliasMove, ReleaseId, ReleaseRef};
use registry_tests::{conformance, expect, given, rows};
use std::time::Duration;

const DAY: i64 = 86_400_000_000;

conformance! {
    /// A deleted release is out of sight, with the time of its end; its model has one less.
    async fn a_deleted_release_is_out_of_sight(registry: &Harness) {
        given::model(registry, "m").await;
        let [release, other] = given::releases(registry, "m", [1, 2]).await.try_into().unwrap();
        registry.advance(Duration::from_secs(1));
        let deleted = registry.client.delete_release(ReleaseRef::key("m", "1")).send().await.unwrap().unwrap();
        let (delete_time, purge_time) = (Some(given::time(1_000_000)), Some(given::time(30 * DAY + 1_000_000)));
        let (etag, revision) = (deleted.etag.clone(), given::revision(registry).await);
        assert_ne!(etag, release.etag);
        let update_time = delete_time;
        let expected = registry_client::Release { delete_time, purge_time, update_time, etag, revision, ..release };
        assert_eq!(deleted, expected);
        assert_eq!(registry.client.get_release(&deleted).send().await.unwrap(), expected);
        assert_eq!(registry.client.get_release(&other).send().await.unwrap(), other);
        let model = registry.client.get_model("m").send().await.unwrap();
        assert_eq!((model.release_count, model.revision), (Some(1), 1));
        let by_key = registry.client.get_release(ReleaseRef::key("m", "1")).send().await;
        expect::refused(by_key, Code::NotFound, ErrorReason::ReleaseNotFound);
    }

    /// A release that aliases point to is not deleted: up to ten of them are named, and nothing has changed.
    async fn aliases_are_in_the_way(registry: &Harness) {
        given::model(registry, "m").await;
        let [release, other] = given::releases(registry, "m", [1, 2]).await.try_into().unwrap();
        given::alias(registry, &other, "other").await;
        for alias in ["stable", "canary"] {
            given::alias(registry, &release, alias).await;
        }
        let before = rows::all(registry).await;
        let delete = || registry.client.delete_release(&release);
        for answer in [delete().send().await, delete().allow_missing().send().await, delete().validate_only().send().await] {
            let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::ResourceInUse);
            assert_eq!(error.blockers(), ["m@canary", "m@stable"]);
        }
        assert_eq!(rows::all(registry).await, before);
        for number in 0..11 {
            given::alias(registry, &release, &format!("a{number}")).await;
        }
        let error = expect::refused(delete().send().await, Code::FailedPrecondition, ErrorReason::ResourceInUse);
        assert_eq!(error.blockers().len(), 10);
        assert!(error.message().contains("m@a0, m@a1, m@a10, m@a2, ") && error.message().ends_with(" and 3 more"), "{error}");
    }

    /// By force its aliases are deleted in the same step, and their history says so; the aliases of others stay.
    async fn its_aliases_are_deleted_by_force(registry: &Harness) {
        given::model(registry, "m").await;
        let [release, other] = given::releases(registry, "m", [1, 2]).await.try_into().unwrap();
        let kept = given::alias(registry, &other, "kept").await;
        for alias in ["stable", "canary"] {
            given::alias(registry, &release, alias).await;
        }
        registry.advance(Duration::from_secs(1));
        let deleted = registry.client.delete_release(&release).force().send().await.unwrap().unwrap();
        assert_eq!(deleted.aliases, Vec::<String>::new());
        assert_eq!(registry.client.get_release(&release).send().await.unwrap(), deleted);
        assert_eq!(registry.client.list_release_aliases().send().await.unwrap().items, [kept]);
        for alias in ["stable", "canary"] {
            let history = registry.client.list_release_alias_history("m", alias).send().await.unwrap().items;
            let expected = ReleaseAliasMove {
                revision: deleted.revision,
                move_time: Some(given::time(1_000_000)),
                moved_by: deleted.updated_by.clone(),
                from_release_id: Some(release.id.clone()),
                to_release_id: None,
                reason: Some("the release was deleted".to_owned()),
            };
            assert_eq!((history.len(), &history[0]), (2, &expected));
            let answer = registry.client.resolve_release("m").alias(alias).send().await;
            expect::refused(answer, Code::NotFound, ErrorReason::AliasNotFound);
        }
    }

    /// A deleted release cannot be deleted again: by its id the error says so, and by its key nothing is found.
    async fn a_deleted_release_is_not_deleted_again(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        registry.client.delete_release(&release).send().await.unwrap();
        let before = rows::all(registry).await;
        let by_id = registry.client.delete_release(&release).force().send().await;
        expect::refused(by_id, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
        let by_key = registry.client.delete_release(ReleaseRef::key("m", "1")).force().send().await;
        expect::refused(by_key, Code::NotFound, ErrorReason::ReleaseNotFound);
        assert_eq!(rows::all(registry).await, before);
    }

    /// Who allows it to be missing is given the deleted release, or none, and nothing changes.
    async fn a_missing_release_can_be_allowed(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let deleted = registry.client.delete_release(&release).allow_missing().send().await.unwrap();
        assert!(deleted.as_ref().is_some_and(|release| release.delete_time.is_some()));
        let revision = given::revision(registry).await;
        assert_eq!(registry.client.delete_release(&release).allow_missing().send().await.unwrap(), deleted);
        let nobody = ReleaseId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
        for missing in [ReleaseRef::key("m", "1").into(), ReleaseRef::key("gone", "1").into(), ReleaseRef::from(nobody)] {
            assert_eq!(registry.client.delete_release(&missing).allow_missing().send().await.unwrap(), None);
            let answer = registry.client.delete_release(&missing).send().await;
            expect::refused(answer, Code::NotFound, ErrorReason::ReleaseNotFound);
        }
        assert_eq!(given::revision(registry).await, revision);
    }

    /// With an etag, only the release that was read is deleted.
    async fn only_the_release_that_was_read_is_deleted(registry: &Harness) {
        given::model(registry, "m").await;
        let stale = given::release(registry, "m", "1").await;
        let current = registry.client.update_release(&stale).release_notes("n").send().await.unwrap();
        let answer = registry.client.delete_release(&stale).etag(&stale.etag).send().await;
        let error = expect::refused(answer, Code::Aborted, ErrorReason::EtagMismatch);
        assert_eq!(expect::fact(&error, "currentEtag"), current.etag);
        assert_eq!(registry.client.get_release(&stale).send().await.unwrap(), current);
        let deleted = registry.client.delete_release(&stale).etag(&current.etag).send().await.unwrap();
        assert!(deleted.is_some_and(|release| release.delete_time.is_some()));
    }
}
