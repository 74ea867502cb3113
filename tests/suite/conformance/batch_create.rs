//! Creating many models or releases by one call: all of them, in order and at once, or none.

use registry_client::{Code, CreateRelease, ErrorReason, Model, ModelId, ModelRef, Release, pb};
use registry_tests::{Harness, conformance, expect, given, rows};

const REQUEST_ID: &str = "0193f0c4-7b1e-4c3a-9d52-2f6a1c0b8e11";

/// The request for a model of this name, as it stands in a batch.
fn model(name: &str) -> pb::CreateModelRequest {
    let model = Model { name: name.into(), storage_path: "/m".into(), ..Model::default() };
    pb::CreateModelRequest { model: Some(model), ..Default::default() }
}

/// The request for a release of a model, as it stands in a batch.
fn release(of: &str, version: &str) -> pb::CreateReleaseRequest {
    let release = Release { version: version.into(), digest: Some(given::digest(1)), ..Release::default() };
    pb::CreateReleaseRequest { model_ref: Some(ModelRef::from(of).into()), release: Some(release), ..Default::default() }
}

fn models(requests: Vec<pb::CreateModelRequest>) -> pb::BatchCreateModelsRequest {
    pb::BatchCreateModelsRequest { requests, ..Default::default() }
}

fn releases(requests: Vec<pb::CreateReleaseRequest>) -> pb::BatchCreateReleasesRequest {
    pb::BatchCreateReleasesRequest { requests, ..Default::default() }
}

fn create(registry: &Harness, of: impl Into<ModelRef>, version: &str) -> CreateRelease {
    registry.client.create_release(of, version).digest(given::digest(1))
}

conformance! {
    /// The models are answered in the order of the requests, each as if created alone, all at one revision.
    async fn models_are_created_in_order_at_one_revision(registry: &Harness) {
        let alone = registry.client.create_model("alone", "/x").tags(["b", "a"]).label("k", "v").send().await.unwrap();
        let names = ["c", "a", "d", "b"];
        let batch = names.map(|name| registry.client.create_model(name, "/x").tags(["b", "a"]).label("k", "v"));
        let created = registry.client.batch_create_models(batch).send().await.unwrap();
        let revision = given::revision(registry).await;
        assert_eq!(revision, 2);
        for (created, name) in created.iter().zip(names) {
            let (id, name, etag) = (created.id.clone(), name.to_owned(), created.etag.clone());
            assert_eq!(*created, Model { id, name, etag, revision, ..alone.clone() });
        }
        assert_eq!(registry.client.batch_get_models(names).send().await.unwrap(), created);
        let ids: Vec<&String> = created.iter().map(|model| &model.id).collect();
        assert!(ids.is_sorted(), "lists by time have them in this order: {ids:?}");
    }

    /// Releases of several models get the next numbers of their own models, in the order of the requests.
    async fn releases_of_several_models_have_their_own_numbers(registry: &Harness) {
        let m = given::model(registry, "m").await;
        given::model(registry, "n").await;
        given::release(registry, "n", "0").await;
        // By name and by id it is the same model.
        let batch = [
            create(registry, "n", "1"), create(registry, "m", "1").label("k", "v"), create(registry, &m, "2"),
            create(registry, "n", "2"), create(registry, "m", "3"),
        ];
        let created = registry.client.batch_create_releases(batch).send().await.unwrap();
        let of = |release: &Release| (release.model_name.clone(), release.version.clone(), release.number);
        let expected = [("n", "1", 2), ("m", "1", 1), ("m", "2", 2), ("n", "2", 3), ("m", "3", 3)];
        assert_eq!(created.iter().map(of).collect::<Vec<_>>(), expected.map(|(model, version, number)| (model.into(), version.into(), number)));
        assert!(created.iter().all(|release| release.revision == 4) && created[1].labels["k"] == "v");
        assert_eq!(registry.client.batch_get_releases(&created).send().await.unwrap(), created);
        assert_eq!((given::release(registry, "m", "4").await.number, given::release(registry, "n", "4").await.number), (4, 4));
    }

    /// One model that cannot be created is reason enough to create none: the error says whose name it is.
    async fn one_taken_name_is_enough(registry: &Harness) {
        let live = given::model(registry, "live").await;
        let deleted = given::model(registry, "deleted").await;
        registry.client.delete_model("deleted").send().await.unwrap();
        let before = rows::all(registry).await;
        for (taken, is_deleted) in [(&live, "false"), (&deleted, "true")] {
            let batch = ["a", &taken.name, "b"].map(|name| registry.client.create_model(name, "/m").tags(["t"]).label("k", "v"));
            let answer = registry.client.batch_create_models(batch).send().await;
            let error = expect::refused(answer, Code::AlreadyExists, ErrorReason::ModelAlreadyExists);
            assert_eq!((expect::fact(&error, "id"), expect::fact(&error, "deleted")), (taken.id.as_str(), is_deleted));
            assert_eq!(error.resource().map(|resource| &resource.resource_name), Some(&taken.name));
        }
        assert_eq!(rows::all(registry).await, before);
    }

    /// One release that cannot be created is reason enough to create none, and to take no number.
    async fn one_refused_release_is_enough(registry: &Harness) {
        given::model(registry, "m").await;
        let taken = given::release(registry, "m", "1").await;
        let deleted = given::model(registry, "deleted").await;
        registry.client.delete_model("deleted").send().await.unwrap();
        let before = rows::all(registry).await;
        let client = &registry.client;
        let with = |last: CreateRelease| client.batch_create_releases([create(registry, "m", "2").label("k", "v"), last]).send();
        let error = expect::refused(with(create(registry, "m", "1")).await, Code::AlreadyExists, ErrorReason::ReleaseAlreadyExists);
        assert_eq!(expect::fact(&error, "id"), taken.id);
        expect::refused(with(create(registry, "gone", "1")).await, Code::NotFound, ErrorReason::ModelNotFound);
        let of_deleted = create(registry, ModelId::from(&deleted), "1");
        expect::refused(with(of_deleted).await, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
        let nobody = registry_client::ReleaseId::new(REQUEST_ID);
        let of_nobody = create(registry, "m", "3").base_release(nobody);
        expect::refused(with(of_nobody).await, Code::NotFound, ErrorReason::ReleaseNotFound);
        assert_eq!(rows::all(registry).await, before);
        assert_eq!(given::release(registry, "m", "2").await.number, 2);
    }

    /// A batch has 1 to 250 items, and all of them are stored.
    async fn a_batch_has_up_to_250_items(registry: &Harness) {
        let client = &registry.client;
        let names: Vec<String> = (0..251).map(|number| format!("m-{number}")).collect();
        let some = |count: usize| names.iter().take(count).map(|name| client.create_model(name, "/m").tags(["t"]).label("k", "v"));
        expect::invalid(client.batch_create_models(some(251)).send().await, &[("requests", "REPEATED_MAX_ITEMS")]);
        assert_eq!(given::revision(registry).await, 0);
        let created = client.batch_create_models(some(250)).send().await.unwrap();
        assert_eq!(client.batch_get_models(&created).send().await.unwrap(), created);
        let some = |count: usize| names.iter().take(count).map(|name| create(registry, "m-7", name).label("k", "v"));
        expect::invalid(client.batch_create_releases(some(251)).send().await, &[("requests", "REPEATED_MAX_ITEMS")]);
        let created = client.batch_create_releases(some(250)).send().await.unwrap();
        assert_eq!(created.iter().map(|release| release.number).collect::<Vec<_>>(), (1..=250).collect::<Vec<_>>());
        assert_eq!(client.batch_get_releases(&created).send().await.unwrap(), created);
        expect::invalid(client.batch_create_models([]).send().await, &[("requests", "REQUIRED")]);
        expect::invalid(client.batch_create_releases([]).send().await, &[("requests", "REQUIRED")]);
    }

    /// Two of a batch cannot be the same: the later ones are named.
    async fn no_two_of_a_batch_are_the_same(registry: &Harness) {
        let client = &registry.client;
        let answer = client.call(models(["a", "b", "a", "A", "b"].map(model).into())).send().await;
        expect::invalid(answer, &[("requests[2].model.name", "DUPLICATE"), ("requests[4].model.name", "DUPLICATE")]);
        let m = given::model(registry, "m").await;
        given::model(registry, "n").await;
        // Another model, quantization or platform makes another release; the id instead of the name does not.
        let others = || [create(registry, "m", "1"), create(registry, "n", "1"), create(registry, "m", "1").quantization("q")];
        let others = || others().into_iter().chain([create(registry, "m", "1").platform("linux/arm64")]);
        for twin in [create(registry, &m, "1"), create(registry, "m", "1").platform("linux/amd64")] {
            let answer = client.batch_create_releases(others().chain([twin])).send().await;
            expect::invalid(answer, &[("requests[4].release", "DUPLICATE")]);
        }
        assert_eq!(client.list_releases().send().await.unwrap().items, []);
        assert_eq!(client.batch_create_releases(others()).send().await.unwrap().len(), 4);
    }

    /// What belongs to the batch cannot be said of one of its items.
    async fn what_is_the_batchs_is_not_an_items(registry: &Harness) {
        let with_id = pb::CreateModelRequest { request_id: REQUEST_ID.into(), ..model("b") };
        let validated = pb::CreateModelRequest { validate_only: true, ..model("c") };
        let answer = registry.client.call(models(vec![model("a"), with_id, validated])).send().await;
        expect::invalid(answer, &[("requests[1].request_id", "UNSET"), ("requests[2].validate_only", "UNSET")]);
        given::model(registry, "m").await;
        let with_id = pb::CreateReleaseRequest { request_id: REQUEST_ID.into(), ..release("m", "2") };
        let validated = pb::CreateReleaseRequest { validate_only: true, ..release("m", "3") };
        let answer = registry.client.call(releases(vec![release("m", "1"), with_id, validated])).send().await;
        expect::invalid(answer, &[("requests[1].request_id", "UNSET"), ("requests[2].validate_only", "UNSET")]);
        assert_eq!(given::revision(registry).await, 1);
    }

    /// Everything that is wrong is told at once, each with its place in the batch.
    async fn everything_wrong_is_told_at_once(registry: &Harness) {
        let mut long = model("b");
        long.model.as_mut().unwrap().company = Some("c".repeat(256));
        let wrong = vec![model("a b"), long, pb::CreateModelRequest::default(), model(REQUEST_ID), model("a"), model("a"), model("")];
        let expected = [
            ("requests[0].model.name", "STRING_PATTERN"), ("requests[1].model.company", "STRING_MAX_LEN"),
            ("requests[2].model", "REQUIRED"), ("requests[3].model.name", "NAME_NOT_UUID"),
            ("requests[5].model.name", "DUPLICATE"), ("requests[6].model.name", "REQUIRED"),
        ];
        expect::invalid(registry.client.call(models(wrong)).send().await, &expected);
        let without_digest = |state: i32| {
            let mut request = release("m", "1");
            request.release.as_mut().unwrap().digest = None;
            pb::CreateReleaseRequest { initial_state: state, ..request }
        };
        let without_model = pb::CreateReleaseRequest { model_ref: None, ..release("m", "1") };
        let wrong = vec![without_digest(0), without_digest(1), without_model, release("m", "-"), pb::CreateReleaseRequest::default()];
        let expected = [
            ("requests[0].release.digest", "REQUIRED"), ("requests[2].model_ref", "REQUIRED"),
            ("requests[3].release.version", "STRING_PATTERN"), ("requests[4].model_ref", "REQUIRED"), ("requests[4].release", "REQUIRED"),
        ];
        expect::invalid(registry.client.call(releases(wrong)).send().await, &expected);
        assert_eq!(given::revision(registry).await, 0);
    }

    /// A batch that is only validated is answered as it would be, and leaves no trace.
    async fn a_validated_batch_is_not_stored(registry: &Harness) {
        given::model(registry, "m").await;
        let before = rows::all(registry).await;
        let batch = || ["a", "b"].map(|name| registry.client.create_model(name, "/m").tags(["t"]));
        let checked = registry.client.batch_create_models(batch()).validate_only().send().await.unwrap();
        let twice = ["x", "m"].map(|name| registry.client.create_model(name, "/m"));
        let refused = registry.client.batch_create_models(twice).validate_only().send().await;
        expect::refused(refused, Code::AlreadyExists, ErrorReason::ModelAlreadyExists);
        let of_release = || ["1", "2"].map(|version| create(registry, "m", version));
        let checked_releases = registry.client.batch_create_releases(of_release()).validate_only().send().await.unwrap();
        assert_eq!(rows::all(registry).await, before);
        let stored = registry.client.batch_create_models(batch()).send().await.unwrap();
        for (checked, stored) in checked.into_iter().zip(stored) {
            assert_eq!(checked, Model { id: String::new(), revision: 0, etag: checked.etag.clone(), ..stored });
        }
        let stored = registry.client.batch_create_releases(of_release()).send().await.unwrap();
        for (checked, stored) in checked_releases.into_iter().zip(stored) {
            assert_eq!(checked, Release { id: String::new(), revision: 0, etag: checked.etag.clone(), ..stored });
        }
    }
}
