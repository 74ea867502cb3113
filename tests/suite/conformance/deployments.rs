//! Deployments: recorded, read and changed, with everything that is refused.

use registry_client::{
    Code, Deployment, DeploymentId, DeploymentKind, DeploymentState, ErrorReason, HealthState, IntoStruct, ReleaseId, ReleaseRef,
    ReleaseState, pb,
};
use registry_tests::{audited, conformance, expect, given, keys};
use serde_json::json;
use std::time::Duration;

const NOBODY: &str = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";

conformance! {
    /// What is not said gets what the contract says: it runs, has run since it was deployed, which is now, by whoever calls.
    async fn a_deployment_begins_with_the_defaults(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        registry.advance(Duration::from_secs(7));
        let before = given::revision(registry).await;
        let created = registry.client.create_deployment(&release, "production").send().await.unwrap();
        let now = Some(given::time(7_000_000));
        let expected = Deployment {
            id: created.id.clone(),
            release_id: release.id.clone(),
            release_version: "1".into(),
            model_id: model.id,
            model_name: "m".into(),
            environment: "production".into(),
            kind: DeploymentKind::Metadata.into(),
            state: DeploymentState::Running.into(),
            health: HealthState::Unknown.into(),
            deployed_by: Some("bootstrap-admin".into()),
            api_key_id: Some(audited::key_of(&registry.client).await),
            metadata: Some(prost_types::Struct::default()),
            deploy_time: now,
            start_time: now,
            create_time: now,
            update_time: now,
            etag: created.etag.clone(),
            revision: before + 1,
            ..Deployment::default()
        };
        assert_eq!(created, expected);
        assert!(!created.etag.is_empty());
        assert_eq!(registry.client.get_deployment(&created).send().await.unwrap(), created);
    }

    /// One that does not run yet has no time at which it started.
    async fn a_deployment_can_begin_before_it_runs(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::candidate(registry, "m", "1").await;
        for (state, runs) in [(DeploymentState::Pending, false), (DeploymentState::Deploying, false), (DeploymentState::Running, true)] {
            let created = registry.client.create_deployment(&release, "e").initial_state(state).send().await.unwrap();
            assert_eq!((created.state(), created.start_time), (state, created.deploy_time.filter(|_| runs)));
            assert_eq!((created.stop_time, created.terminate_time, created.state_reason), (None, None, None));
        }
        for (state, name) in [(4, "STOPPING"), (5, "STOPPED"), (6, "FAILED"), (7, "TERMINATED")] {
            let state = DeploymentState::try_from(state).unwrap();
            assert!(state.as_str_name().ends_with(name));
            let refused = registry.client.create_deployment(&release, "e").initial_state(state).send().await;
            expect::invalid(refused, &[("initial_state", "ENUM_IN")]);
        }
    }

    /// It can have been deployed earlier and by somebody else, but not later than now.
    async fn a_deployment_can_be_recorded_afterwards(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        registry.advance(Duration::from_secs(10));
        let create = || registry.client.create_deployment(&release, "production");
        let earlier = create().deploy_time(given::time(-5_000_000)).deployed_by("argo").send().await.unwrap();
        assert_eq!((earlier.deploy_time, earlier.start_time), (Some(given::time(-5_000_000)), earlier.deploy_time));
        assert_eq!((earlier.deployed_by.as_deref(), earlier.create_time), (Some("argo"), Some(given::time(10_000_000))));
        assert_eq!(create().deploy_time(given::time(10_000_000)).send().await.unwrap().deploy_time, Some(given::time(10_000_000)));
        // A clock that is a little ahead of the server's is believed to mean now.
        for ahead in [10_000_001, 15_000_000] {
            let now = create().deploy_time(given::time(ahead)).send().await.unwrap();
            assert_eq!((now.deploy_time, now.start_time), (Some(given::time(10_000_000)), now.deploy_time));
        }
        let before = given::revision(registry).await;
        expect::invalid(create().deploy_time(given::time(15_000_001)).send().await, &[("deployment.deploy_time", "PAST")]);
        assert_eq!(given::revision(registry).await, before);
    }

    /// What has been withdrawn or is only a record is not deployed anew, nor is what is soft-deleted or not there.
    async fn only_what_can_be_deployed_is_deployed(registry: &Harness) {
        given::model(registry, "m").await;
        let client = &registry.client;
        for state in [ReleaseState::Candidate, ReleaseState::Active, ReleaseState::Deprecated] {
            let release = given::release_in(registry, "m", &format!("{}", i32::from(state)), state).await;
            given::deployment(registry, &release, "production").await;
        }
        for (state, name) in [(ReleaseState::Archived, "ARCHIVED"), (ReleaseState::Yanked, "YANKED")] {
            let release = given::release_in(registry, "m", name, state).await;
            let error = client.create_deployment(&release, "production").send().await;
            let error = expect::refused(error, Code::FailedPrecondition, ErrorReason::InvalidStateTransition);
            assert_eq!((expect::fact(&error, "currentState"), expect::fact(&error, "targetState")), (name, "DEPLOYED"));
        }
        let deleted = given::release(registry, "m", "deleted").await;
        client.delete_release(&deleted).send().await.unwrap();
        let error = client.create_deployment(&deleted, "production").send().await;
        expect::refused(error, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
        let by_key = client.create_deployment(ReleaseRef::key("m", "deleted"), "production").send().await;
        expect::refused(by_key, Code::NotFound, ErrorReason::ReleaseNotFound);
        given::model(registry, "gone").await;
        let gone = given::release(registry, "gone", "1").await;
        client.delete_model("gone").force().send().await.unwrap();
        let error = client.create_deployment(&gone, "production").send().await;
        expect::refused(error, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
        let missing = client.create_deployment(ReleaseId::new(NOBODY), "production").send().await;
        expect::refused(missing, Code::NotFound, ErrorReason::ReleaseNotFound);
        assert_eq!(client.list_deployments().send().await.unwrap().items.len(), 3);
    }

    /// Every rule of a deployment is checked, with the path of the field, and nothing is stored.
    async fn the_rules_of_a_deployment_are_checked(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let long = |count: usize| Some("x".repeat(count));
        let wrong = Deployment {
            environment: "x".repeat(101),
            cluster: long(256),
            k8s_namespace: long(256),
            endpoint_url: long(501),
            replicas: Some(-1),
            kind: 4,
            health: 4,
            image_tag: long(501),
            container_id: long(65),
            host_port: Some(65536),
            deployed_by: long(256),
            etag: "x".repeat(65),
            ..Deployment::default()
        };
        let before = given::revision(registry).await;
        expect::invalid(
            registry.client.create_deployment_from(&release, wrong).send().await,
            &[
                ("deployment.environment", "STRING_MAX_LEN"),
                ("deployment.cluster", "STRING_MAX_LEN"),
                ("deployment.k8s_namespace", "STRING_MAX_LEN"),
                ("deployment.endpoint_url", "STRING_MAX_LEN"),
                ("deployment.replicas", "INT32_GTE"),
                ("deployment.kind", "ENUM_DEFINED_ONLY"),
                ("deployment.health", "ENUM_DEFINED_ONLY"),
                ("deployment.image_tag", "STRING_MAX_LEN"),
                ("deployment.container_id", "STRING_MAX_LEN"),
                ("deployment.host_port", "INT32_LTE"),
                ("deployment.deployed_by", "STRING_MAX_LEN"),
                ("deployment.etag", "STRING_MAX_LEN"),
            ],
        );
        let create = |environment: &str| registry.client.create_deployment(&release, environment);
        expect::invalid(create("").send().await, &[("deployment.environment", "REQUIRED")]);
        expect::invalid(create("a\0b").send().await, &[("deployment.environment", "STRING_NUL")]);
        expect::invalid(create("e").host_port(0).send().await, &[("deployment.host_port", "INT32_GTE")]);
        let nothing = pb::CreateDeploymentRequest::default();
        expect::invalid(registry.client.call(nothing).send().await, &[("release_ref", "REQUIRED"), ("deployment", "REQUIRED")]);
        assert_eq!(given::revision(registry).await, before);
        for port in [1, 65535] {
            assert_eq!(create("e").host_port(port).send().await.unwrap().host_port, Some(port));
        }
    }

    /// A deployment that is not there is not found, by every method that takes its id; what is no id is refused.
    async fn a_deployment_that_is_not_there_is_not_found(registry: &Harness) {
        let client = &registry.client;
        let id = DeploymentId::new(NOBODY);
        let get = expect::refused(client.get_deployment(&id).send().await, Code::NotFound, ErrorReason::DeploymentNotFound);
        assert_eq!(get.resource().map(|resource| (&*resource.resource_type, &*resource.resource_name)), Some(("deployment", NOBODY)));
        let update = client.update_deployment(&id).cluster("c").send().await;
        expect::refused(update, Code::NotFound, ErrorReason::DeploymentNotFound);
        expect::refused(client.terminate_deployment(&id).send().await, Code::NotFound, ErrorReason::DeploymentNotFound);
        let no_id = DeploymentId::new("production");
        expect::invalid(client.get_deployment(&no_id).send().await, &[("deployment_id", "STRING_UUID")]);
        expect::invalid(client.update_deployment(&no_id).cluster("c").send().await, &[("deployment_id", "STRING_UUID")]);
        expect::invalid(client.terminate_deployment(&no_id).send().await, &[("deployment_id", "STRING_UUID")]);
    }

    /// Whoever deploys with a key of his own is remembered with it, and it stays when the key is revoked.
    async fn the_key_that_recorded_it_is_remembered(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let (key, secret) = keys::make(registry, "deploy-bot", pb::Role::Operator).await;
        let bot = keys::client(registry.endpoint(), &secret).await;
        let created = bot.create_deployment(&release, "production").send().await.unwrap();
        assert_eq!((created.api_key_id.as_deref(), created.deployed_by.as_deref()), (Some(&*key.id), Some("deploy-bot")));
        registry.client.revoke_api_key(&key.id).send().await.unwrap();
        let updated = registry.client.update_deployment(&created).cluster("c").send().await.unwrap();
        assert_eq!((updated.api_key_id, updated.deployed_by), (Some(key.id), created.deployed_by));
    }

    /// What it shows of its release and its model is what these are now.
    async fn a_deployment_shows_its_model_as_it_is_now(registry: &Harness) {
        given::model(registry, "old").await;
        let release = given::release(registry, "old", "1.2").await;
        let before = given::deployment(registry, &release, "production").await;
        registry.client.rename_model("old", "new").send().await.unwrap();
        let renamed = Deployment { model_name: "new".into(), ..before };
        assert_eq!(registry.client.get_deployment(&renamed).send().await.unwrap(), renamed);
        assert_eq!(registry.client.list_deployments().model("new").send().await.unwrap().items, [renamed]);
    }

    /// A terminated deployment is a record that can still be corrected; one whose release is soft-deleted is not.
    async fn a_terminated_deployment_can_be_updated(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let ended = given::terminated(registry, &release, "production").await;
        let note = json!({"postmortem": 7}).into_struct().unwrap();
        let update = registry.client.update_deployment(&ended).endpoint_url("https://gone").metadata(note.clone());
        let updated = update.send().await.unwrap();
        assert_eq!((updated.state(), updated.metadata.clone()), (DeploymentState::Terminated, Some(note)));
        assert_eq!((updated.endpoint_url.as_deref(), updated.terminate_time), (Some("https://gone"), ended.terminate_time));
        registry.client.delete_release(&release).send().await.unwrap();
        let update = registry.client.update_deployment(&ended).cluster("c").send().await;
        expect::refused(update, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
        let step = registry.client.terminate_deployment(&ended).send().await;
        expect::refused(step, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
        assert_eq!(registry.client.get_deployment(&ended).send().await.unwrap(), updated);
    }

    /// An update happens only if nobody was there in between; a step counts as somebody. What is written back as it was changes nothing.
    async fn an_update_can_depend_on_the_etag(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let first = given::deployment(registry, &release, "production").await;
        registry.advance(Duration::from_secs(3));
        let second = registry.client.transition_deployment(&first, DeploymentState::Stopping).send().await.unwrap();
        let late = registry.client.update_deployment(&first).cluster("c").etag(&first.etag).send().await;
        let error = expect::refused(late, Code::Aborted, ErrorReason::EtagMismatch);
        assert_eq!(expect::fact(&error, "currentEtag"), second.etag);
        assert_eq!(expect::fact(&error, "currentRevision"), second.revision.to_string());
        let same = registry.client.update_deployment_from(&first, second.clone(), None::<&str>).send().await.unwrap();
        assert_eq!(same, second);
        let third = registry.client.update_deployment(&first).cluster("c").etag(&second.etag).send().await.unwrap();
        assert_eq!((third.update_time, third.revision), (Some(given::time(3_000_000)), second.revision + 1));
        assert_ne!(third.etag, second.etag);
    }

    /// Where, when and by what it was deployed cannot be changed; what the server writes cannot be named.
    async fn what_a_deployment_is_does_not_change(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let before = given::deployment(registry, &release, "production").await;
        let with = |values: Deployment| registry.client.update_deployment_from(&before, values, None::<&str>).send();
        for (values, path) in [
            (Deployment { environment: "staging".into(), ..Deployment::default() }, "deployment.environment"),
            (Deployment { kind: DeploymentKind::K8s.into(), ..Deployment::default() }, "deployment.kind"),
            (Deployment { deploy_time: Some(given::time(-1)), ..Deployment::default() }, "deployment.deploy_time"),
        ] {
            let error = expect::refused(with(values).await, Code::InvalidArgument, ErrorReason::ImmutableField);
            assert_eq!(expect::fact(&error, "path"), path);
        }
        for name in ["environment", "kind", "deploy_time", "state", "release_id", "start_time", "etag", "mood", "*", "metadata.a"] {
            let named = registry.client.update_deployment_from(&before, before.clone(), [name]).send().await;
            let error = expect::refused(named, Code::InvalidArgument, ErrorReason::InvalidUpdateMask);
            assert_eq!(expect::fact(&error, "path"), name);
        }
        let claims = Deployment { state: DeploymentState::Failed.into(), cluster: Some("c".into()), ..Deployment::default() };
        let updated = with(claims).await.unwrap();
        assert_eq!((updated.state(), updated.cluster.as_deref()), (DeploymentState::Running, Some("c")));
    }
}
