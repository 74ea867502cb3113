//! Registering artifacts: what is stored of one, what one belongs to, and whose names and paths are taken.

use super::super::races::{at_once, clients};
use registry_client::{
    Artifact, ArtifactContentState, ArtifactParent, Client, Code, ErrorReason, ModelRef, ReleaseId, ReleaseRef, pb,
};
use registry_tests::{conformance, expect, given, rows};
use std::collections::BTreeSet;
use std::time::Duration;

conformance! {
    /// An artifact of a release shows it and its model; one of a model shows no release. Both are elsewhere.
    async fn an_artifact_says_what_it_belongs_to(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1.0").await;
        registry.advance(Duration::from_secs(1));
        let create = given::wheel(&registry.client, &release, "a.whl").platform("any").python_version("3.11").uploaded_by("ci");
        let made = create.metadata(serde_json::json!({"build": 7})).send().await.unwrap();
        let (time, revision) = (Some(given::time(1_000_000)), given::revision(registry).await);
        let expected = Artifact {
            id: made.id.clone(),
            model_id: model.id.clone(),
            model_name: "m".into(),
            release_id: Some(release.id.clone()),
            release_version: Some("1.0".into()),
            name: "a.whl".into(),
            artifact_type: "wheel".into(),
            file_path: made.file_path.clone(),
            size_bytes: Some(7),
            checksum: given::digest(7),
            platform: Some("any".into()),
            python_version: Some("3.11".into()),
            metadata: made.metadata.clone(),
            uploaded_by: Some("ci".into()),
            create_time: time,
            update_time: time,
            delete_time: None,
            purge_time: None,
            etag: made.etag.clone(),
            revision,
            created_by: "bootstrap-admin".into(),
            content_state: ArtifactContentState::External.into(),
        };
        assert_eq!(made, expected);
        assert!(made.metadata.is_some() && !made.etag.is_empty());
        assert_eq!(registry.client.get_artifact(&made).send().await.unwrap(), made);
        let whole = given::artifact(registry, "m", "a.whl").await;
        assert_eq!((&*whole.model_id, whole.release_id, whole.release_version), (&*model.id, None, None));
        assert_eq!(whole.metadata, Some(prost_types::Struct::default()));
        registry.client.rename_model("m", "n").send().await.unwrap();
        assert_eq!(registry.client.get_artifact(&made).send().await.unwrap().model_name, "n");
    }

    /// Zero is a size, and no size is none. Everything that is wrong is told at once.
    async fn what_is_needed_must_be_said(registry: &Harness) {
        given::model(registry, "m").await;
        let create = |artifact| registry.client.create_artifact_from("m", artifact).send();
        let required = ["name", "artifact_type", "file_path", "size_bytes", "checksum"].map(|field| format!("artifact.{field}"));
        let missing: Vec<(&str, &str)> = required.iter().map(|field| (&**field, "REQUIRED")).collect();
        expect::invalid(create(Artifact::default()).await, &missing);
        let wrong = Artifact {
            name: "x".repeat(256),
            artifact_type: "Wheel".into(),
            file_path: "x".repeat(1001),
            size_bytes: Some(-1),
            checksum: "md5:00".into(),
            platform: Some("x".repeat(101)),
            python_version: Some("x".repeat(51)),
            uploaded_by: Some("x".repeat(256)),
            ..Default::default()
        };
        let told = [
            ("artifact.name", "STRING_MAX_LEN"),
            ("artifact.artifact_type", "STRING_PATTERN"),
            ("artifact.file_path", "STRING_MAX_LEN"),
            ("artifact.size_bytes", "INT64_GTE"),
            ("artifact.checksum", "STRING_PATTERN"),
            ("artifact.platform", "STRING_MAX_LEN"),
            ("artifact.python_version", "STRING_MAX_LEN"),
            ("artifact.uploaded_by", "STRING_MAX_LEN"),
        ];
        expect::invalid(create(wrong).await, &told);
        let nobodys = pb::CreateArtifactRequest { artifact: Some(Artifact::default()), ..Default::default() };
        let nobodys = registry.client.call(nobodys).send().await;
        let all: Vec<(&str, &str)> = missing.iter().copied().chain([("parent", "REQUIRED")]).collect();
        expect::invalid(nobodys, &all);
        let empty = given::wheel(&registry.client, "m", "empty").size_bytes(0).send().await.unwrap();
        assert_eq!(empty.size_bytes, Some(0));
        assert_eq!(registry.client.list_artifacts().send().await.unwrap().items, [empty]);
    }

    /// What it is to belong to must be there and live; by name what is deleted is not found, by id it is said.
    async fn nothing_belongs_to_what_is_not_there(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let create = async |parent: ArtifactParent| given::wheel(&registry.client, parent, "a").send().await;
        let key = || ReleaseRef::key("m", "1");
        let nobody = ReleaseId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
        for parent in [ArtifactParent::from(ReleaseRef::key("m", "2")), ReleaseRef::key("none", "1").into(), nobody.into()] {
            expect::refused(create(parent).await, Code::NotFound, ErrorReason::ReleaseNotFound);
        }
        expect::refused(create("none".into()).await, Code::NotFound, ErrorReason::ModelNotFound);
        registry.client.delete_release(&release).send().await.unwrap();
        let before = rows::all(registry).await;
        expect::refused(create(key().into()).await, Code::NotFound, ErrorReason::ReleaseNotFound);
        expect::refused(create((&release).into()).await, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
        assert_eq!(rows::all(registry).await, before);
        registry.client.undelete_release(&release).send().await.unwrap();
        registry.client.delete_model("m").force().send().await.unwrap();
        let before = rows::all(registry).await;
        expect::refused(create(ModelRef::by_name("m").into()).await, Code::NotFound, ErrorReason::ModelNotFound);
        expect::refused(create((&model).into()).await, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
        expect::refused(create((&release).into()).await, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
        assert_eq!(rows::all(registry).await, before);
    }

    /// A name is taken within one release, or within what belongs to a model as a whole, and nowhere else.
    async fn a_name_is_taken_within_its_parent(registry: &Harness) {
        for model in ["m", "n"] {
            given::model(registry, model).await;
        }
        let releases = given::releases(registry, "m", [1, 2]).await;
        let mut parents: Vec<ArtifactParent> = releases.iter().map(ArtifactParent::from).collect();
        parents.extend(["m", "n"].map(ArtifactParent::from));
        for parent in parents {
            let first = given::artifact(registry, parent.clone(), "a").await;
            let before = rows::all(registry).await;
            let twin = given::wheel(&registry.client, parent.clone(), "a").send().await;
            let error = expect::refused(twin, Code::AlreadyExists, ErrorReason::ArtifactAlreadyExists);
            assert_eq!((expect::fact(&error, "id"), expect::fact(&error, "deleted")), (&*first.id, "false"));
            let resource = error.resource().unwrap();
            assert!(resource.resource_type == "artifact" && resource.resource_name.ends_with("#a"), "{resource:?}");
            assert_eq!(rows::all(registry).await, before);
            given::artifact(registry, parent, "A").await;
        }
    }

    /// A path is taken in the whole registry, exactly as it is written.
    async fn a_path_is_taken_everywhere(registry: &Harness) {
        for model in ["m", "n"] {
            given::model(registry, model).await;
        }
        let release = given::release(registry, "n", "1").await;
        let first = given::artifact(registry, "m", "a").await;
        let before = rows::all(registry).await;
        for parent in [ArtifactParent::from("m"), "n".into(), (&release).into()] {
            let twin = given::wheel(&registry.client, parent, "b").file_path(&first.file_path).send().await;
            let error = expect::refused(twin, Code::AlreadyExists, ErrorReason::ArtifactAlreadyExists);
            assert_eq!((expect::fact(&error, "id"), expect::fact(&error, "deleted")), (&*first.id, "false"));
            assert_eq!(error.resource().unwrap().resource_name, first.file_path);
        }
        assert_eq!(rows::all(registry).await, before);
        for (number, path) in [first.file_path.to_uppercase(), format!("{} ", first.file_path)].into_iter().enumerate() {
            given::wheel(&registry.client, "m", &format!("c{number}")).file_path(path).send().await.unwrap();
        }
    }

    /// Of twenty who want one path at once, one gets it, and the others are told who.
    async fn one_of_twenty_gets_a_path(registry: &Harness) {
        for number in 0..20 {
            given::model(registry, &format!("m-{number}")).await;
        }
        let call = |(number, client): (usize, Client)| async move {
            given::wheel(&client, format!("m-{number}"), "a").file_path("s3://one/path").send().await
        };
        let answers = at_once(clients(registry, 20).await.into_iter().enumerate().map(call)).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        let winner = won.into_iter().map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!((winner.len(), lost.len()), (1, 19));
        for answer in lost {
            let error = expect::refused(answer, Code::AlreadyExists, ErrorReason::ArtifactAlreadyExists);
            assert_eq!(expect::fact(&error, "id"), winner[0].id);
        }
        assert_eq!(registry.client.list_artifacts().send().await.unwrap().items, winner);
        assert_eq!(given::revision(registry).await, 21);
    }

    /// Of twenty who want one name at once, one gets it.
    async fn one_of_twenty_gets_a_name(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        for parent in [ArtifactParent::from("m"), (&release).into()] {
            let call = |client: Client| {
                let create = given::wheel(&client, parent.clone(), "a");
                async move { create.send().await }
            };
            let answers = at_once(clients(registry, 20).await.into_iter().map(call)).await;
            let ids: BTreeSet<String> = answers.iter().flatten().map(|artifact| artifact.id.clone()).collect();
            assert_eq!(ids.len(), 1);
            for error in answers.into_iter().filter_map(Result::err) {
                assert_eq!(error.reason(), Some(ErrorReason::ArtifactAlreadyExists), "{error}");
                assert!(ids.contains(expect::fact(&error, "id")));
            }
        }
        assert_eq!(given::revision(registry).await, 4);
    }

    /// What is only validated is answered, and is not there.
    async fn a_validated_artifact_is_not_stored(registry: &Harness) {
        given::model(registry, "m").await;
        let create = given::wheel(&registry.client, "m", "a").platform("any");
        let before = rows::all(registry).await;
        let checked = create.clone().validate_only().send().await.unwrap();
        assert_eq!((&*checked.id, checked.revision), ("", 0));
        assert_eq!(rows::all(registry).await, before);
        let stored = create.clone().send().await.unwrap();
        assert_eq!(checked, Artifact { id: String::new(), revision: 0, etag: checked.etag.clone(), ..stored });
        let twin = create.validate_only().send().await;
        expect::refused(twin, Code::AlreadyExists, ErrorReason::ArtifactAlreadyExists);
    }

    /// An id that is nobody's is not found.
    async fn what_is_nowhere_is_not_found(registry: &Harness) {
        let nobody = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";
        let (code, reason) = (Code::NotFound, ErrorReason::ArtifactNotFound);
        let error = expect::refused(registry.client.get_artifact(nobody).send().await, code, reason);
        assert_eq!(error.resource().map(|resource| &*resource.resource_name), Some(nobody));
        expect::refused(registry.client.update_artifact(nobody).platform("any").send().await, code, reason);
        expect::refused(registry.client.delete_artifact(nobody).send().await, code, reason);
        assert_eq!(registry.client.delete_artifact(nobody).allow_missing().send().await.unwrap(), None);
        expect::invalid(registry.client.get_artifact("a").send().await, &[("artifact_id", "STRING_UUID")]);
    }

    /// A release says how many live artifacts it has, in the full view and in every answer that is one.
    async fn a_release_counts_its_live_artifacts(registry: &Harness) {
        use registry_client::ReleaseView::{Basic, Full};
        given::model(registry, "m").await;
        let [one, two] = given::releases(registry, "m", [1, 2]).await.try_into().unwrap();
        assert_eq!(one.artifact_count, Some(0));
        given::artifact(registry, "m", "of the model").await;
        let [a, _, _] = [given::artifact(registry, &one, "a").await, given::artifact(registry, &one, "b").await, given::artifact(registry, &two, "a").await];
        registry.client.delete_artifact(&a).send().await.unwrap();
        given::artifact(registry, &one, "a").await;
        let client = &registry.client;
        let counts = async |view| {
            let page = client.list_releases().view(view).send().await.unwrap();
            page.items.iter().map(|release| release.artifact_count).collect::<Vec<_>>()
        };
        assert_eq!(counts(Full).await, [Some(1), Some(2)]);
        assert_eq!(counts(Basic).await, [None, None]);
        let batch = client.batch_get_releases([&one, &two]).send().await.unwrap();
        assert_eq!(batch.iter().map(|release| release.artifact_count).collect::<Vec<_>>(), [Some(2), Some(1)]);
        assert_eq!(client.get_release(&one).view(Basic).send().await.unwrap().artifact_count, None);
        assert_eq!(client.resolve_release("m").version("1").send().await.unwrap().artifact_count, Some(2));
        assert_eq!(client.update_release(&one).release_notes("n").send().await.unwrap().artifact_count, Some(2));
        assert_eq!(client.deprecate_release(&one).send().await.unwrap().artifact_count, Some(2));
        assert_eq!(client.delete_release(&one).send().await.unwrap().unwrap().artifact_count, Some(0));
        assert_eq!(client.get_release(&one).send().await.unwrap().artifact_count, Some(0));
        assert_eq!(client.undelete_release(&one).send().await.unwrap().artifact_count, Some(2));
        assert_eq!(client.get_release(&one).send().await.unwrap().artifact_count, Some(2));
    }
}
