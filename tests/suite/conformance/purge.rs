//! Removing for good: what can be removed, what goes with it, what is free again, and what is remembered.

use registry_client::{Code, ErrorReason, ModelId, ModelRef, ReleaseAliasMove, ReleaseRef};
use registry_tests::{conformance, expect, given, rows};
use std::collections::BTreeMap;

conformance! {
    /// What is live is not purged: it has to be deleted first.
    async fn what_is_live_is_not_purged(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let before = rows::all(registry).await;
        let client = &registry.client;
        let answers = [
            client.purge_model("m").send().await,
            client.purge_model(&model).etag(&model.etag).send().await,
            client.purge_release(&release).send().await,
            client.purge_release(ReleaseRef::key("m", "1")).send().await,
        ];
        for answer in answers {
            let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::InvalidStateTransition);
            assert_eq!((expect::fact(&error, "currentState"), expect::fact(&error, "targetState")), ("LIVE", "PURGED"));
        }
        assert_eq!(rows::all(registry).await, before);
    }

    /// A purged model is gone from every table, with its tags, labels, releases, aliases and their history. What others have
    /// stays.
    async fn a_purged_model_leaves_nothing_behind(registry: &Harness) {
        let (mut ids, mut release_ids) = (Vec::new(), Vec::new());
        for name in ["m", "stays"] {
            let create = registry.client.create_model(name, "/m").tags(["a", "b"]).label("k", "v");
            ids.push(create.send().await.unwrap().id);
            let create = registry.client.create_release(name, "1").digest(given::digest(1)).label("k", "v");
            let one = create.send().await.unwrap();
            let two = registry.client.create_release(name, "2").digest(given::digest(2)).base_release(&one).send().await.unwrap();
            given::alias(registry, &one, "moved").await;
            given::alias(registry, &two, "moved").await;
            given::alias(registry, &one, "deleted").await;
            registry.client.delete_release_alias(name, "deleted").send().await.unwrap();
            release_ids.push(one.id);
        }
        let stood = BTreeMap::from([
            ("events", 7), ("model_labels", 1), ("model_tags", 2), ("models", 1), ("release_alias_moves", 4), ("release_aliases", 1),
            ("releases", 2),
        ]);
        let before = rows::all(registry).await;
        assert_eq!((rows::with_id(&before, &ids[0]), rows::with_id(&before, &ids[1])), (stood.clone(), stood.clone()));
        assert_eq!(rows::with_id(&before, &release_ids[0])["release_labels"], 1);
        registry.client.delete_model("m").force().send().await.unwrap();
        let revision = registry.client.purge_model("m").send().await.unwrap();
        assert_eq!(revision, given::revision(registry).await);
        let after = rows::all(registry).await;
        // History remembers that there was one: three deletions, and four removals with that of the alias.
        assert_eq!(rows::with_id(&after, &ids[0]), BTreeMap::from([("events", 14)]));
        assert_eq!(rows::with_id(&after, &release_ids[0]).keys().copied().collect::<Vec<_>>(), ["events"]);
        assert_eq!(rows::with_id(&after, &ids[1]), stood);
        assert_eq!(rows::with_id(&after, &release_ids[1])["release_labels"], 1);
    }

    /// A purged model is found by nothing, and its name is free for another one, which begins anew.
    async fn a_purged_name_is_free(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        registry.client.delete_model("m").force().send().await.unwrap();
        registry.client.purge_model(&model).send().await.unwrap();
        let client = &registry.client;
        for by in [ModelRef::from("m"), ModelRef::from(&model)] {
            let (code, reason) = (Code::NotFound, ErrorReason::ModelNotFound);
            expect::refused(client.get_model(&by).send().await, code, reason);
            expect::refused(client.undelete_model(&by).send().await, code, reason);
            expect::refused(client.purge_model(&by).send().await, code, reason);
            expect::refused(client.list_releases().model(&by).show_deleted().send().await, code, reason);
        }
        expect::refused(client.get_release(&release).send().await, Code::NotFound, ErrorReason::ReleaseNotFound);
        assert_eq!(client.list_models().show_deleted().send().await.unwrap().items, []);
        assert_ne!(given::model(registry, "m").await.id, model.id);
        assert_eq!(given::release(registry, "m", "1").await.number, 1);
    }

    /// A purged release frees its version for another one, which has the next number: none is used twice.
    async fn the_number_of_a_purged_release_is_not_used_again(registry: &Harness) {
        given::model(registry, "m").await;
        let last = given::releases(registry, "m", [1, 2, 3]).await.pop().unwrap();
        registry.client.delete_release(&last).send().await.unwrap();
        let revision = registry.client.purge_release(ReleaseRef::key("m", "3")).send().await.unwrap();
        assert_eq!(revision, given::revision(registry).await);
        let gone = registry.client.get_release(&last).send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::ReleaseNotFound);
        let gone = registry.client.undelete_release(&last).send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::ReleaseNotFound);
        let again = given::release(registry, "m", "3").await;
        assert_eq!((again.number, again.id == last.id), (4, false));
        let answer = registry.client.resolve_release("m").number(3).send().await;
        expect::refused(answer, Code::NotFound, ErrorReason::ReleaseNotFound);
        assert_eq!(registry.client.get_model("m").send().await.unwrap().release_count, Some(3));
    }

    /// The history of an alias goes on naming a release that was purged, and so does where the alias came from.
    async fn history_survives_a_purged_release(registry: &Harness) {
        given::model(registry, "m").await;
        let [one, two] = given::releases(registry, "m", [1, 2]).await.try_into().unwrap();
        given::alias(registry, &one, "stable").await;
        let alias = given::alias(registry, &two, "stable").await;
        let history = registry.client.list_release_alias_history("m", "stable").send().await.unwrap().items;
        registry.client.delete_release(&one).send().await.unwrap();
        registry.client.purge_release(&one).send().await.unwrap();
        assert_eq!(registry.client.list_release_alias_history("m", "stable").send().await.unwrap().items, history);
        let [newest, oldest]: [ReleaseAliasMove; 2] = history.try_into().unwrap();
        assert_eq!((newest.from_release_id.as_ref(), oldest.to_release_id.as_ref()), (Some(&one.id), Some(&one.id)));
        assert_eq!(registry.client.list_release_aliases().send().await.unwrap().items, [alias]);
        // It pointed there once, and there is nothing there any more.
        let resolve = registry.client.resolve_release("m").alias("stable").as_of_time(oldest.move_time.unwrap());
        expect::refused(resolve.send().await, Code::NotFound, ErrorReason::ReleaseNotFound);
    }

    /// A release that others are derived from stays, live or deleted as they are, and of which model: they are named.
    async fn a_release_that_others_are_derived_from_stays(registry: &Harness) {
        given::model(registry, "m").await;
        given::model(registry, "n").await;
        let base = given::release(registry, "m", "1").await;
        let derive = |model: &str, version: &str| {
            registry.client.create_release(model, version).digest(given::digest(2)).base_release(&base).send()
        };
        let inside = derive("m", "2").await.unwrap();
        let outside = derive("n", "1").await.unwrap();
        registry.client.delete_release(&base).send().await.unwrap();
        registry.client.delete_release(&inside).send().await.unwrap();
        let before = rows::all(registry).await;
        let error =
            expect::refused(registry.client.purge_release(&base).send().await, Code::FailedPrecondition, ErrorReason::ResourceInUse);
        let mut named = error.blockers().to_vec();
        named.sort();
        assert_eq!(named, ["m:2 (linux/amd64)", "n:1 (linux/amd64)"]);
        assert_eq!(rows::all(registry).await, before);
        registry.client.purge_release(&inside).send().await.unwrap();
        let error =
            expect::refused(registry.client.purge_release(&base).send().await, Code::FailedPrecondition, ErrorReason::ResourceInUse);
        assert_eq!(error.blockers(), ["n:1 (linux/amd64)"]);
        registry.client.delete_release(&outside).send().await.unwrap();
        registry.client.purge_release(&outside).send().await.unwrap();
        registry.client.purge_release(&base).send().await.unwrap();
    }

    /// A model stays as long as releases of others are derived from its own: up to ten are named. Those that are derived
    /// within it are not in the way.
    async fn a_model_that_others_are_derived_from_stays(registry: &Harness) {
        let model = given::model(registry, "m").await;
        given::model(registry, "n").await;
        let base = given::release(registry, "m", "1").await;
        let inside = registry.client.create_release("m", "2").digest(given::digest(2)).base_release(&base).send().await.unwrap();
        registry.client.create_release("m", "3").digest(given::digest(3)).base_release(&inside).send().await.unwrap();
        let outside = (1..=12).map(|version| registry.client.create_release("n", version.to_string()));
        let outside = outside.map(|create| create.digest(given::digest(4)).base_release(&inside));
        registry.client.batch_create_releases(outside).send().await.unwrap();
        registry.client.delete_model("m").force().send().await.unwrap();
        let before = rows::all(registry).await;
        let error = expect::refused(registry.client.purge_model("m").send().await, Code::FailedPrecondition, ErrorReason::ResourceInUse);
        assert_eq!(error.blockers(), (1..=10).map(|version| format!("n:{version} (linux/amd64)")).collect::<Vec<_>>());
        assert!(error.message().ends_with(" and 2 more"), "{error}");
        assert_eq!(rows::all(registry).await, before);
        registry.client.delete_model("n").force().send().await.unwrap();
        expect::refused(registry.client.purge_model("m").send().await, Code::FailedPrecondition, ErrorReason::ResourceInUse);
        registry.client.purge_model("n").send().await.unwrap();
        registry.client.purge_model("m").send().await.unwrap();
        assert_eq!(rows::with_id(&rows::all(registry).await, &model.id).keys().copied().collect::<Vec<_>>(), ["events"]);
    }

    /// A release that aliases of its deleted model point to stays: they come back with the model. With the model it goes.
    async fn a_release_that_hidden_aliases_point_to_stays(registry: &Harness) {
        given::model(registry, "m").await;
        let [aliased, other] = given::releases(registry, "m", [1, 2]).await.try_into().unwrap();
        given::alias(registry, &aliased, "stable").await;
        registry.client.delete_model("m").force().send().await.unwrap();
        let answer = registry.client.purge_release(&aliased).send().await;
        let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::ResourceInUse);
        assert_eq!(error.blockers(), ["m@stable"]);
        registry.client.purge_release(&other).send().await.unwrap();
        assert_eq!(registry.client.undelete_model("m").send().await.unwrap().release_count, Some(1));
        assert_eq!(registry.client.resolve_release("m").alias("stable").send().await.unwrap().id, aliased.id);
        registry.client.delete_model("m").force().send().await.unwrap();
        registry.client.purge_model("m").send().await.unwrap();
    }

    /// With an etag, only what was read is purged; what was never there is not found.
    async fn only_what_was_read_is_purged(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let deleted = registry.client.delete_release(&release).send().await.unwrap().unwrap();
        let stale = registry.client.purge_release(&release).etag(&release.etag).send().await;
        expect::refused(stale, Code::Aborted, ErrorReason::EtagMismatch);
        registry.client.purge_release(&release).etag(&deleted.etag).send().await.unwrap();
        let deleted = registry.client.delete_model("m").send().await.unwrap().model.unwrap();
        let stale = registry.client.purge_model("m").etag(&model.etag).send().await;
        let error = expect::refused(stale, Code::Aborted, ErrorReason::EtagMismatch);
        assert_eq!(expect::fact(&error, "currentEtag"), deleted.etag);
        registry.client.purge_model("m").etag(&deleted.etag).send().await.unwrap();
        let nobody = ModelId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
        let answer = registry.client.purge_model(nobody).send().await;
        expect::refused(answer, Code::NotFound, ErrorReason::ModelNotFound);
        let answer = registry.client.purge_release(ReleaseRef::by_id("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11")).send().await;
        expect::refused(answer, Code::NotFound, ErrorReason::ReleaseNotFound);
    }
}
