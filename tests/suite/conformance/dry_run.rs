//! Calls that are only to be checked: the answer of the real call, and no trace.

use registry_client::{Code, ErrorReason, Model, Release, ReleaseRef, ReleaseState};
use registry_tests::{Harness, conformance, expect, given};
use std::time::Duration;

/// Everything that a caller can see of the registry.
async fn all(registry: &Harness) -> (i64, Vec<Model>, Vec<Release>) {
    let models = registry.client.list_models().view(registry_client::ModelView::Full).send().await.unwrap().items;
    let releases = registry.client.list_releases().view(registry_client::ReleaseView::Full).send().await.unwrap().items;
    (given::revision(registry).await, models, releases)
}

conformance! {
    /// A model that is only validated is answered as it would be stored, without id and revision, and is not there.
    async fn a_validated_model_is_not_stored(registry: &Harness) {
        let create = registry.client.create_model("m", "/m").tags(["b", "a", "b"]).label("k", "v").description("d");
        let before = all(registry).await;
        let checked = create.clone().validate_only().send().await.unwrap();
        assert_eq!((checked.id.as_str(), checked.revision), ("", 0));
        assert_eq!(all(registry).await, before);
        expect::refused(registry.client.get_model("m").send().await, Code::NotFound, ErrorReason::ModelNotFound);
        let stored = create.send().await.unwrap();
        assert_eq!(checked, Model { id: String::new(), revision: 0, etag: checked.etag.clone(), ..stored });
        assert_eq!(given::revision(registry).await, 1);
    }

    /// A release that is only validated is not stored and takes no number.
    async fn a_validated_release_is_not_stored(registry: &Harness) {
        given::model(registry, "m").await;
        given::release(registry, "m", "1").await;
        let before = all(registry).await;
        let create = registry.client.create_release("m", "2").digest(given::digest(1)).label("k", "v");
        for _ in 0..3 {
            let checked = create.clone().validate_only().send().await.unwrap();
            assert_eq!((checked.id.as_str(), checked.revision, checked.model_name.as_str()), ("", 0, "m"));
            assert_eq!((checked.tag.as_str(), checked.state()), ("2", ReleaseState::Active));
        }
        assert_eq!(all(registry).await, before);
        assert_eq!(create.send().await.unwrap().number, 2);
    }

    /// An update that is only validated is answered and not made.
    async fn a_validated_update_is_not_made(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::candidate(registry, "m", "1").await;
        registry.advance(Duration::from_secs(1));
        let before = all(registry).await;
        let update = registry.client.update_model("m").description("new").tags(["t"]).labels([("k", "v")]).storage_path("/new");
        let checked = update.validate_only().send().await.unwrap();
        assert_eq!((checked.id.as_str(), checked.revision, checked.storage_path.as_str()), ("", 0, "/new"));
        assert_eq!((checked.description.as_deref(), checked.update_time), (Some("new"), Some(given::time(1_000_000))));
        let update = registry.client.update_release(&release).digest(given::digest(1)).labels([("k", "v")]);
        let checked = update.validate_only().send().await.unwrap();
        assert_eq!((checked.id.as_str(), checked.revision, checked.digest), ("", 0, Some(given::digest(1))));
        let same = registry.client.update_model(&model).storage_path("s3://models/m/").validate_only().send().await.unwrap();
        assert_eq!((same.id.as_str(), same.revision), ("", 0));
        assert_eq!(all(registry).await, before);
    }

    /// A step that is only validated is answered and not taken.
    async fn a_validated_step_is_not_taken(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release_in(registry, "m", "1", ReleaseState::Candidate).await;
        registry.advance(Duration::from_secs(1));
        let before = all(registry).await;
        let checked = registry.client.promote_release(&release).reason("why").validate_only().send().await.unwrap();
        assert_eq!((checked.id.as_str(), checked.revision, checked.state()), ("", 0, ReleaseState::Active));
        assert_eq!((checked.promote_time, checked.state_reason.as_deref()), (Some(given::time(1_000_000)), Some("why")));
        assert_eq!(all(registry).await, before);
    }

    /// What would fail fails when it is only validated, with the same reason, and leaves no trace either.
    async fn what_would_fail_fails_when_validated(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::candidate(registry, "m", "1").await;
        let before = all(registry).await;
        let client = &registry.client;
        let twin = client.create_model("m", "/m").validate_only().send().await;
        let error = expect::refused(twin, Code::AlreadyExists, ErrorReason::ModelAlreadyExists);
        assert_eq!(expect::fact(&error, "id"), model.id);
        expect::invalid(client.create_model("m", "").validate_only().send().await, &[("model.storage_path", "REQUIRED")]);
        let twin = client.create_release("m", "1").digest(given::digest(1)).validate_only().send().await;
        expect::refused(twin, Code::AlreadyExists, ErrorReason::ReleaseAlreadyExists);
        let gone = client.create_release("gone", "1").digest(given::digest(1)).validate_only().send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::ModelNotFound);
        let base = registry_client::ReleaseId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
        let gone = client.create_release("m", "2").digest(given::digest(1)).base_release(base).validate_only().send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::ReleaseNotFound);
        let stale = client.update_model("m").etag("stale").description("d").validate_only().send().await;
        expect::refused(stale, Code::Aborted, ErrorReason::EtagMismatch);
        let step = client.promote_release(&release).validate_only().send().await;
        expect::refused(step, Code::FailedPrecondition, ErrorReason::InvalidStateTransition);
        let gone = client.yank_release(ReleaseRef::key("m", "9")).validate_only().send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::ReleaseNotFound);
        assert_eq!(all(registry).await, before);
    }
}
