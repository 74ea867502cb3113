//! What is soft-deleted: who still sees it, and what it keeps others from.

use registry_client::{Code, ErrorReason, ModelId, ModelRef, ReleaseRef};
use registry_tests::{Harness, conformance, expect, given};

/// Deletes the model of this name, which has no releases.
async fn delete_model(registry: &Harness, name: &str) {
    registry.client.delete_model(name).send().await.unwrap();
}

/// Deletes the release of this model and version.
async fn delete_release(registry: &Harness, model: &str, version: &str) {
    registry.client.delete_release(ReleaseRef::key(model, version)).send().await.unwrap();
}

conformance! {
    /// A deleted model is found by its id, with the times of its deletion and of its end, and not by its name.
    async fn a_deleted_model_is_found_by_its_id_only(registry: &Harness) {
        let model = given::model(registry, "m").await;
        delete_model(registry, "m").await;
        let id = ModelId::from(&model);
        let found = registry.client.get_model(&id).send().await.unwrap();
        assert_eq!((found.delete_time, found.purge_time), (Some(given::time(0)), Some(given::time(30 * 86_400_000_000))));
        assert_eq!(registry.client.batch_get_models([&id]).send().await.unwrap(), [found]);
        expect::refused(registry.client.get_model("m").send().await, Code::NotFound, ErrorReason::ModelNotFound);
        expect::refused(registry.client.batch_get_models(["m"]).send().await, Code::NotFound, ErrorReason::ModelNotFound);
        for reference in [ModelRef::from("m"), ModelRef::from(&id)] {
            let answer = registry.client.resolve_release(reference).latest().send().await;
            expect::refused(answer, Code::NotFound, ErrorReason::ModelNotFound);
        }
    }

    /// Lists leave out what is deleted unless they are asked to show it, and count what they show.
    async fn lists_leave_out_what_is_deleted(registry: &Harness) {
        for name in ["a", "b", "c"] {
            given::model(registry, name).await;
            given::release(registry, "a", name).await;
        }
        delete_model(registry, "b").await;
        delete_release(registry, "a", "b").await;
        let models = registry.client.list_models().include_total_size();
        let (live, all) = (models.clone().send().await.unwrap(), models.show_deleted().send().await.unwrap());
        assert_eq!(live.items.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["c", "a"]);
        assert_eq!(all.items.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["c", "b", "a"]);
        assert_eq!((live.total_size, all.total_size), (Some(2), Some(3)));
        let releases = registry.client.list_releases().model("a").include_total_size();
        let (live, all) = (releases.clone().send().await.unwrap(), releases.show_deleted().send().await.unwrap());
        assert_eq!(live.items.iter().map(|release| release.version.as_str()).collect::<Vec<_>>(), ["c", "a"]);
        assert_eq!(all.items.iter().map(|release| release.version.as_str()).collect::<Vec<_>>(), ["c", "b", "a"]);
        assert_eq!((live.total_size, all.total_size), (Some(2), Some(3)));
        assert_eq!(registry.client.get_model("a").send().await.unwrap().release_count, Some(2));
    }

    /// What is deleted cannot be changed, and the error says that this is why.
    async fn what_is_deleted_cannot_be_changed(registry: &Harness) {
        let model = given::model(registry, "m").await;
        given::model(registry, "n").await;
        let release = given::release(registry, "n", "1").await;
        delete_model(registry, "m").await;
        delete_release(registry, "n", "1").await;
        let (code, reason) = (Code::FailedPrecondition, ErrorReason::ResourceDeleted);
        expect::refused(registry.client.update_model(&model).description("d").send().await, code, reason);
        expect::refused(registry.client.create_release(&model, "1").digest(given::digest(1)).send().await, code, reason);
        expect::refused(registry.client.update_release(&release).release_notes("n").send().await, code, reason);
        expect::refused(registry.client.yank_release(&release).send().await, code, reason);
        expect::refused(registry.client.rename_model(&model, "o").send().await, code, reason);
        expect::refused(registry.client.set_release_alias(&release, "a").send().await, code, reason);
        expect::refused(registry.client.delete_release_alias(&model, "a").send().await, code, reason);
        let batch = [ModelRef::from("n"), ModelRef::from(&model)];
        let batch = batch.map(|of| registry.client.create_release(of, "9").digest(given::digest(1)));
        expect::refused(registry.client.batch_create_releases(batch).send().await, code, reason);
        let by_name = registry.client.update_model("m").description("d").send().await;
        expect::refused(by_name, Code::NotFound, ErrorReason::ModelNotFound);
    }

    /// A deleted model keeps its name and a deleted release its key, and the error says that it is deleted.
    async fn what_is_deleted_keeps_its_name(registry: &Harness) {
        let model = given::model(registry, "m").await;
        given::model(registry, "n").await;
        let release = given::release(registry, "n", "1").await;
        delete_model(registry, "m").await;
        delete_release(registry, "n", "1").await;
        let answer = registry.client.create_model("m", "/m").send().await;
        let error = expect::refused(answer, Code::AlreadyExists, ErrorReason::ModelAlreadyExists);
        assert_eq!((expect::fact(&error, "id"), expect::fact(&error, "deleted")), (model.id.as_str(), "true"));
        let answer = registry.client.rename_model("n", "m").send().await;
        let error = expect::refused(answer, Code::AlreadyExists, ErrorReason::ModelAlreadyExists);
        assert_eq!((expect::fact(&error, "id"), expect::fact(&error, "deleted")), (model.id.as_str(), "true"));
        let answer = registry.client.create_release("n", "1").digest(given::digest(1)).send().await;
        let error = expect::refused(answer, Code::AlreadyExists, ErrorReason::ReleaseAlreadyExists);
        assert_eq!((expect::fact(&error, "id"), expect::fact(&error, "deleted")), (release.id.as_str(), "true"));
        assert_eq!(given::release(registry, "n", "2").await.number, 2);
    }

    /// A deleted release is found by its id and by nothing else: not by its key, and by no reference.
    async fn a_deleted_release_is_not_resolved(registry: &Harness) {
        given::model(registry, "m").await;
        let old = given::release(registry, "m", "1.0.0").await;
        let release = given::release(registry, "m", "1.1.0").await;
        delete_release(registry, "m", "1.1.0").await;
        let found = registry.client.get_release(&release).send().await.unwrap();
        assert_eq!(found.delete_time, Some(given::time(0)));
        let resolve = || registry.client.resolve_release("m");
        let answers = [
            registry.client.get_release(ReleaseRef::key("m", "1.1.0")).send().await,
            resolve().version("1.1.0").send().await,
            resolve().tag("1.1.0").send().await,
            resolve().number(2).send().await,
        ];
        for answer in answers {
            expect::refused(answer, Code::NotFound, ErrorReason::ReleaseNotFound);
        }
        assert_eq!(resolve().latest().send().await.unwrap().id, old.id);
        assert_eq!(resolve().requirement("^1").send().await.unwrap().id, old.id);
        assert_eq!(resolve().digest(given::digest(1)).send().await.unwrap().id, old.id);
    }
}
