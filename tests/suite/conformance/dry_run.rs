//! Calls that are only to be checked: the answer of the real call, and no trace.

use futures::stream;
use registry_client::pb::transfer_item::Resource;
use registry_client::{Code, Deployment, ErrorReason, Model, Release, ReleaseAlias, ReleaseRef, ReleaseState, pb};
use registry_proto::field::FIELDS;
use registry_tests::{Harness, conformance, expect, given, keys, rows};
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

    /// A deletion that is only validated is answered, with the aliases gone, and not made.
    async fn a_validated_deletion_of_a_release_is_not_made(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        given::alias(registry, &release, "stable").await;
        registry.advance(Duration::from_secs(1));
        let before = rows::all(registry).await;
        let checked = registry.client.delete_release(&release).force().validate_only().send().await.unwrap().unwrap();
        assert_eq!((checked.id.as_str(), checked.revision, checked.aliases.len()), ("", 0, 0));
        let missing = registry.client.delete_release(ReleaseRef::key("m", "9")).allow_missing().validate_only();
        assert_eq!(missing.send().await.unwrap(), None);
        assert_eq!(rows::all(registry).await, before);
        let deleted = registry.client.delete_release(&release).force().send().await.unwrap().unwrap();
        assert_eq!(checked, Release { id: String::new(), revision: 0, etag: checked.etag.clone(), ..deleted });
    }

    /// A new name that is only validated is answered and not given.
    async fn a_validated_name_is_not_given(registry: &Harness) {
        let model = given::model(registry, "m").await;
        registry.advance(Duration::from_secs(1));
        let before = rows::all(registry).await;
        let checked = registry.client.rename_model(&model, "new").etag(&model.etag).validate_only().send().await.unwrap();
        assert_eq!((checked.id.as_str(), checked.revision, checked.name.as_str()), ("", 0, "new"));
        assert_eq!(rows::all(registry).await, before);
        let renamed = registry.client.rename_model(&model, "new").send().await.unwrap();
        assert_eq!(checked, Model { id: String::new(), revision: 0, etag: checked.etag.clone(), ..renamed });
    }

    /// An alias that is only validated is answered as it would be, without a revision, and is neither created nor moved.
    async fn a_validated_alias_is_not_set(registry: &Harness) {
        given::model(registry, "m").await;
        let releases = given::releases(registry, "m", 1..=2).await;
        for release in &releases {
            registry.advance(Duration::from_secs(1));
            let before = rows::all(registry).await;
            let set = || registry.client.set_release_alias(release, "stable").reason("why");
            let checked = set().validate_only().send().await.unwrap();
            assert_eq!(rows::all(registry).await, before);
            assert_eq!(checked, ReleaseAlias { revision: 0, ..set().send().await.unwrap() });
        }
    }

    /// A deployment that is only validated is answered as it would be, and is neither recorded nor moved.
    async fn a_validated_deployment_is_not_recorded(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let before = rows::all(registry).await;
        let create = || registry.client.create_deployment(&release, "production").cluster("c");
        let checked = create().validate_only().send().await.unwrap();
        assert_eq!((checked.id.as_str(), checked.revision, checked.etag.as_str()), ("", 0, ""));
        assert_eq!(rows::all(registry).await, before);
        let stored = create().send().await.unwrap();
        let unnumbered = |stored: &Deployment| Deployment { id: String::new(), revision: 0, etag: String::new(), ..stored.clone() };
        assert_eq!(checked, unnumbered(&stored));
        registry.advance(Duration::from_secs(1));
        let before = rows::all(registry).await;
        let step = || registry.client.terminate_deployment(&stored).reason("why");
        let checked = step().validate_only().send().await.unwrap();
        assert_eq!(rows::all(registry).await, before);
        assert_eq!(checked, unnumbered(&step().send().await.unwrap()));
    }

    /// Every method that can only validate leaves no trace when it does, also not in the answers kept for its request id.
    async fn no_method_leaves_a_trace_when_it_validates(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::release_in(registry, "m", "1", ReleaseState::Candidate).await;
        let client = &registry.client;
        let file = given::artifact(registry, &release, "file").await;
        let (key, _) = keys::make(registry, "bot", pb::Role::Viewer).await;
        let deployed = given::model(registry, "deployed").await;
        let deployed = given::release(registry, &deployed.name, "1").await;
        let deployment = given::deployment(registry, &deployed, "production").await;
        let id = "0193f0c4-7b1e-4c3a-9d52-2f6a1c0b8e11";
        let before = rows::all(registry).await;
        let new = || client.create_model("n", "/n");
        let next = || client.create_release("m", "2").digest(given::digest(2));
        let mut answered = 0;
        for _ in 0..2 {
            client.batch_create_models([new()]).request_id(id).validate_only().send().await.unwrap();
            client.batch_create_releases([next()]).request_id(id).validate_only().send().await.unwrap();
            new().request_id(id).validate_only().send().await.unwrap();
            next().request_id(id).validate_only().send().await.unwrap();
            client.update_model(&model).description("d").request_id(id).validate_only().send().await.unwrap();
            client.rename_model(&model, "n").request_id(id).validate_only().send().await.unwrap();
            client.delete_model(&model).force().request_id(id).validate_only().send().await.unwrap();
            client.update_release(&release).release_notes("n").request_id(id).validate_only().send().await.unwrap();
            client.promote_release(&release).request_id(id).validate_only().send().await.unwrap();
            client.delete_release(&release).request_id(id).validate_only().send().await.unwrap();
            client.set_release_alias(&release, "a").request_id(id).validate_only().send().await.unwrap();
            client.create_deployment(&release, "staging").request_id(id).validate_only().send().await.unwrap();
            client.update_deployment(&deployment).cluster("c").request_id(id).validate_only().send().await.unwrap();
            client.terminate_deployment(&deployment).request_id(id).validate_only().send().await.unwrap();
            let request = pb::UpdateApiKeyRequest {
                api_key_id: key.id.clone(),
                api_key: Some(pb::ApiKey { description: Some("d".into()), ..Default::default() }),
                validate_only: true,
                request_id: id.into(),
                ..Default::default()
            };
            client.call(request).send().await.unwrap();
            let request = pb::TransitionApiKeyRequest {
                api_key_id: key.id.clone(),
                target_state: pb::ApiKeyState::Revoked.into(),
                validate_only: true,
                request_id: id.into(),
                ..Default::default()
            };
            client.call(request).send().await.unwrap();
            given::wheel(client, &release, "new").request_id(id).validate_only().send().await.unwrap();
            client.update_artifact(&file).platform("any").request_id(id).validate_only().send().await.unwrap();
            let item = pb::Model { id: id.into(), name: "n".into(), storage_path: "/n".into(), ..Default::default() };
            let item = pb::TransferItem { resource: Some(Resource::Model(Box::new(item))), ..Default::default() };
            let imported = client.import(id).validate_only().send(stream::iter([Ok(item)])).await.unwrap();
            assert_eq!((imported.acknowledged_sequence, imported.revision), (1, 0));
            answered += 19;
        }
        assert_eq!(rows::all(registry).await, before);
        let can_validate = FIELDS.iter().filter(|field| field.name == "validate_only").count();
        assert_eq!(answered, 2 * can_validate, "each method that can only validate was asked to, twice");
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
        let gone = client.rename_model("gone", "n").validate_only().send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::ModelNotFound);
        let stale = client.delete_release(&release).etag("stale").validate_only().send().await;
        expect::refused(stale, Code::Aborted, ErrorReason::EtagMismatch);
        let elsewhere = client.set_release_alias(&release, "a").expected_release(&release).validate_only().send().await;
        expect::refused(elsewhere, Code::Aborted, ErrorReason::AliasMoved);
        let base = registry_client::ReleaseId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
        let gone = client.create_release("m", "2").digest(given::digest(1)).base_release(base).validate_only().send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::ReleaseNotFound);
        let stale = client.update_model("m").etag("stale").description("d").validate_only().send().await;
        expect::refused(stale, Code::Aborted, ErrorReason::EtagMismatch);
        let step = client.promote_release(&release).validate_only().send().await;
        expect::refused(step, Code::FailedPrecondition, ErrorReason::InvalidStateTransition);
        let gone = client.yank_release(ReleaseRef::key("m", "9")).validate_only().send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::ReleaseNotFound);
        let deployed = client.create_deployment(ReleaseRef::key("m", "9"), "production").validate_only().send().await;
        expect::refused(deployed, Code::NotFound, ErrorReason::ReleaseNotFound);
        assert_eq!(all(registry).await, before);
    }
}
