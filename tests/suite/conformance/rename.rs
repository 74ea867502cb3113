//! Renaming a model: what has the new name at once, what stays, and which names cannot be had.

use registry_client::{Code, ErrorReason, Model, ModelId, ReleaseRef};
use registry_tests::{conformance, expect, given, rows};
use std::time::Duration;

conformance! {
    /// A renamed model is found by its new name and not by its old one; nothing else of it has changed.
    async fn a_renamed_model_is_found_by_its_new_name(registry: &Harness) {
        let create = registry.client.create_model("old", "s3://old/").tags(["t"]).label("k", "v").description("old");
        let model = create.send().await.unwrap();
        registry.advance(Duration::from_secs(1));
        let renamed = registry.client.rename_model("old", "team/new").send().await.unwrap();
        let (etag, revision) = (renamed.etag.clone(), given::revision(registry).await);
        assert_ne!(etag, model.etag);
        let update_time = Some(given::time(1_000_000));
        assert_eq!(renamed, Model { name: "team/new".into(), etag, revision, update_time, ..model.clone() });
        assert_eq!(registry.client.get_model("team/new").send().await.unwrap(), renamed);
        assert_eq!(registry.client.get_model(ModelId::from(&model)).send().await.unwrap(), renamed);
        expect::refused(registry.client.get_model("old").send().await, Code::NotFound, ErrorReason::ModelNotFound);
        let stale = registry.client.rename_model("old", "newer").send().await;
        expect::refused(stale, Code::NotFound, ErrorReason::ModelNotFound);
    }

    /// Its releases and aliases show the new name in every answer, and are otherwise untouched.
    async fn releases_and_aliases_show_the_new_name(registry: &Harness) {
        let model = given::model(registry, "old").await;
        let release = given::release(registry, "old", "1").await;
        let alias = given::alias(registry, &release, "stable").await;
        let release = registry.client.get_release(&release).send().await.unwrap();
        registry.advance(Duration::from_secs(1));
        registry.client.rename_model(&model, "new").send().await.unwrap();
        let release = registry_client::Release { model_name: "new".into(), ..release };
        let alias = registry_client::ReleaseAlias { model_name: "new".into(), ..alias };
        let client = &registry.client;
        assert_eq!(client.get_release(&release).send().await.unwrap(), release);
        assert_eq!(client.get_release(ReleaseRef::key("new", "1")).send().await.unwrap(), release);
        assert_eq!(client.list_releases().model("new").send().await.unwrap().items[0].model_name, "new");
        assert_eq!(client.list_release_aliases().model("new").send().await.unwrap().items, std::slice::from_ref(&alias));
        for time in [None, Some(given::time(0))] {
            let resolve = client.resolve_release("new").alias("stable");
            let resolve = time.map_or_else(|| resolve.clone(), |time| resolve.clone().as_of_time(time));
            let resolved = resolve.send_resolved().await.unwrap();
            assert_eq!((resolved.release, resolved.alias), (release.clone(), Some(alias.clone())));
        }
        assert_eq!(client.list_release_alias_history("new", "stable").send().await.unwrap().items.len(), 1);
        let by_old_key = client.get_release(ReleaseRef::key("old", "1")).send().await.unwrap_err();
        assert_eq!(by_old_key.code(), Code::NotFound);
        assert_eq!(given::release(registry, "new", "2").await.number, 2);
    }

    /// The old name is free at once, for a new model and for another's rename.
    async fn the_old_name_is_free_at_once(registry: &Harness) {
        let first = given::model(registry, "a").await;
        let second = given::model(registry, "b").await;
        // Two models trade their names.
        for (model, name) in [(&first, "c"), (&second, "a"), (&first, "b")] {
            assert_eq!(registry.client.rename_model(model, name).send().await.unwrap().id, model.id);
        }
        assert_eq!(registry.client.get_model("a").send().await.unwrap().id, second.id);
        assert_eq!(registry.client.get_model("b").send().await.unwrap().id, first.id);
        given::model(registry, "c").await;
    }

    /// A name that another model has cannot be had, also not if that model is deleted: the error says which it is.
    async fn a_taken_name_cannot_be_had(registry: &Harness) {
        given::model(registry, "m").await;
        let live = given::model(registry, "live").await;
        let deleted = given::model(registry, "deleted").await;
        registry.client.delete_model("deleted").send().await.unwrap();
        let before = rows::all(registry).await;
        for (holder, is_deleted) in [(&live, "false"), (&deleted, "true")] {
            for validate_only in [false, true] {
                let rename = registry.client.rename_model("m", &holder.name);
                let answer = if validate_only { rename.validate_only() } else { rename }.send().await;
                let error = expect::refused(answer, Code::AlreadyExists, ErrorReason::ModelAlreadyExists);
                assert_eq!((expect::fact(&error, "id"), expect::fact(&error, "deleted")), (holder.id.as_str(), is_deleted));
            }
        }
        assert_eq!(rows::all(registry).await, before);
        registry.client.purge_model(&deleted).send().await.unwrap();
        assert_eq!(registry.client.rename_model("m", "deleted").send().await.unwrap().name, "deleted");
    }

    /// The name it has already changes nothing; names are told apart by their case.
    async fn its_own_name_changes_nothing(registry: &Harness) {
        let model = given::model(registry, "m").await;
        registry.advance(Duration::from_secs(1));
        assert_eq!(registry.client.rename_model("m", "m").send().await.unwrap(), model);
        assert_eq!(given::revision(registry).await, 1);
        let renamed = registry.client.rename_model("m", "M").send().await.unwrap();
        assert_eq!((renamed.name.as_str(), renamed.revision), ("M", 2));
    }

    /// With an etag, only the model that was read is renamed.
    async fn only_the_model_that_was_read_is_renamed(registry: &Harness) {
        let stale = given::model(registry, "m").await;
        let current = registry.client.update_model("m").description("d").send().await.unwrap();
        for name in ["new", "m"] {
            let answer = registry.client.rename_model("m", name).etag(&stale.etag).send().await;
            let error = expect::refused(answer, Code::Aborted, ErrorReason::EtagMismatch);
            assert_eq!(expect::fact(&error, "currentEtag"), current.etag);
        }
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), current);
        let renamed = registry.client.rename_model("m", "new").etag(&current.etag).send().await.unwrap();
        assert_eq!((renamed.name.as_str(), renamed.revision), ("new", current.revision + 1));
    }

    /// A new name keeps to the rules of every name, and cannot be mistaken for an id.
    async fn a_new_name_keeps_to_the_rules(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let too_long = "n".repeat(256);
        let cases = [
            ("", "REQUIRED"),
            ("-n", "STRING_PATTERN"),
            ("a//b", "STRING_PATTERN"),
            ("a b", "STRING_PATTERN"),
            (&too_long, "STRING_MAX_LEN"),
            ("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11", "NAME_NOT_UUID"),
            (&model.id.to_uppercase(), "NAME_NOT_UUID"),
        ];
        for (name, rule) in cases {
            expect::invalid(registry.client.rename_model("m", name).send().await, &[("new_name", rule)]);
        }
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), model);
        let longest = "n".repeat(255);
        assert_eq!(registry.client.rename_model("m", &longest).send().await.unwrap().name, longest);
    }

    /// A deleted model keeps its name: by its id the error says why, and by its name it is not found.
    async fn a_deleted_model_is_not_renamed(registry: &Harness) {
        let model = given::model(registry, "m").await;
        registry.client.delete_model("m").send().await.unwrap();
        for name in ["new", "m"] {
            let by_id = registry.client.rename_model(&model, name).send().await;
            expect::refused(by_id, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
            let by_name = registry.client.rename_model("m", name).send().await;
            expect::refused(by_name, Code::NotFound, ErrorReason::ModelNotFound);
        }
        assert_eq!(registry.client.undelete_model("m").send().await.unwrap().name, "m");
    }

    /// A renamed model is deleted, undeleted and purged by its new name.
    async fn a_renamed_model_lives_on(registry: &Harness) {
        let model = given::model(registry, "old").await;
        let release = given::release(registry, "old", "1").await;
        registry.client.rename_model("old", "new").send().await.unwrap();
        registry.client.delete_model("new").force().send().await.unwrap();
        assert_eq!(registry.client.undelete_model("new").send().await.unwrap().id, model.id);
        assert_eq!(registry.client.get_release(&release).send().await.unwrap().model_name, "new");
        registry.client.delete_model("new").force().send().await.unwrap();
        registry.client.purge_model("new").send().await.unwrap();
        given::model(registry, "new").await;
    }
}
