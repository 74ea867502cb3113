//! What is there already and was not taken over.

use super::{FAIL, Old, counts, id, quoted, rules};
use registry_client::{Code, ErrorReason, ModelRef, ReleaseRef};
use registry_server::domain::import::OnConflict;
use registry_server::import::report::Report;
use registry_server::import::run::Options;
use registry_tests::{Database, Harness, expect, given, on_every_database};

/// A registry with a model of the same name and one release; the old one has that release too, and another.
async fn imported(database: Database, on_conflict: OnConflict) -> (Harness, Report) {
    let old = Old::catapult(database).await;
    old.model(1, "m", &[]).await;
    old.version(2, 1, "1", &[("digest", &quoted(&given::digest(1))), ("release_notes", "'old'")]).await;
    old.version(3, 1, "2", &[]).await;
    old.artifact(4, 2, &[]).await;
    old.deployment(5, 2, &[("status", "'running'")]).await;
    old.model(6, "n", &[]).await;
    let registry = Harness::start(database).await;
    given::model(&registry, "m").await;
    given::release(&registry, "m", "1").await;
    let target = registry.target().clone();
    let mut report = None;
    let registry = registry
        .restart_after(|_| async {
            report = Some(old.import(&target, Options { on_conflict, ..FAIL }).await);
        })
        .await
        .unwrap();
    (registry, report.unwrap())
}

on_every_database! {
    /// Unless it is said otherwise, the model is not taken over at all, and the others are.
    async fn a_name_that_is_taken_fails_its_model(database: Database) {
        let (registry, report) = imported(database, OnConflict::Fail).await;
        assert_eq!((counts(&report, "models"), counts(&report, "versions")), ([1, 0, 0, 0, 1], [0, 0, 0, 0, 2]));
        assert!(report.has_failures() && report.left.iter().all(|left| left.reason.contains("exists already")), "{:?}", report.left);
        let gone = registry.client.get_release(ReleaseRef::by_id(id(3))).send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::ReleaseNotFound);
        registry.client.get_model("n").send().await.unwrap();
        registry.stop().await;
    }

    /// It can be passed over.
    async fn it_can_be_skipped(database: Database) {
        let (registry, report) = imported(database, OnConflict::Skip).await;
        assert_eq!((counts(&report, "models"), counts(&report, "versions")), ([1, 0, 0, 1, 0], [0, 0, 0, 2, 0]));
        assert!(!report.has_failures());
        registry.stop().await;
    }

    /// It can be merged: what is there stays, what is missing is added under it.
    async fn it_can_be_merged(database: Database) {
        let (registry, report) = imported(database, OnConflict::Merge).await;
        assert_eq!((counts(&report, "models"), counts(&report, "versions")), ([1, 1, 0, 0, 0], [1, 1, 0, 0, 0]));
        assert_eq!((counts(&report, "artifacts"), counts(&report, "deployments")), ([1, 0, 0, 0, 0], [1, 0, 0, 0, 0]));
        let merged: Vec<_> = report.left.iter().map(|left| (left.key.as_str(), left.fate, left.reason.ends_with(" stands for it"))).collect();
        let (first, second) = (id(1), id(2));
        assert_eq!(merged, [(first.as_str(), "merged", true), (second.as_str(), "merged", true)]);
        let notes = report.changes.iter().find(|change| change.key == id(2) && change.column == "release_notes").unwrap();
        assert_eq!((notes.from.as_deref(), notes.to.as_deref(), notes.rule), (Some("old"), None, "merged"));
        assert!([1, 2].iter().all(|number| rules(&report, *number).iter().all(|rule| *rule == "merged")), "{:?}", report.changes);
        let model = registry.client.get_model("m").send().await.unwrap();
        assert_ne!(model.id, id(1));
        assert_eq!(model.release_count, Some(2));
        let stayed = registry.client.get_release(ReleaseRef::key("m", "1")).send().await.unwrap();
        assert_eq!((stayed.artifact_count, stayed.live_deployment_count), (Some(1), Some(1)));
        assert_ne!(stayed.id, id(2));
        let added = registry.client.get_release(ReleaseRef::by_id(id(3))).send().await.unwrap();
        assert_eq!((added.model_id, added.model_name.as_str()), (model.id, "m"));
        expect::refused(registry.client.get_model(ModelRef::by_id(id(1))).send().await, Code::NotFound, ErrorReason::ModelNotFound);
        registry.stop().await;
    }

    /// A release that was built of something else does not stand for one of the same key, nor an artifact of something else for one
    /// at the same path: they are left out with what is of them, and told.
    async fn what_is_another_is_not_merged(database: Database) {
        let old = Old::catapult(database).await;
        old.model(1, "m", &[]).await;
        old.version(2, 1, "1", &[]).await;
        old.deployment(3, 2, &[]).await;
        old.artifact(4, 2, &[]).await;
        old.version(5, 1, "2", &[]).await;
        old.artifact(6, 5, &[]).await;
        let before = Old::catapult(database).await;
        before.model(11, "m", &[]).await;
        before.version(12, 11, "1", &[("digest", &quoted(&given::digest(1)))]).await;
        before.artifact(16, 12, &[("file_path", "'s3://files/6'")]).await;
        let fresh = database.fresh().await;
        before.import(fresh.target(), FAIL).await;
        let report = old.import(fresh.target(), Options { on_conflict: OnConflict::Merge, ..FAIL }).await;
        assert_eq!((counts(&report, "models"), counts(&report, "versions")), ([0, 1, 0, 0, 0], [1, 0, 0, 1, 0]));
        assert_eq!((counts(&report, "deployments"), counts(&report, "artifacts")), ([0, 0, 0, 1, 0], [0, 0, 0, 2, 0]));
        let reason = |number| report.left.iter().find(|left| left.key == id(number)).map(|left| left.reason.clone()).unwrap();
        assert!(reason(2).contains("another digest") && reason(3).contains("left out") && reason(6).contains("has its path"), "{:?}", report.left);
        assert_eq!(report.changes.iter().filter(|change| change.key == id(3)).count(), 0);
        let registry = Harness::on(database, fresh).await.unwrap();
        let stayed = registry.client.get_release(ReleaseRef::by_id(id(12))).send().await.unwrap();
        assert_eq!((stayed.artifact_count, stayed.live_deployment_count), (Some(1), Some(0)));
        registry.stop().await;
    }
}
