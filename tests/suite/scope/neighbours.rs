//! What is within refers to what is outside, or the other way round: nothing of the other side is told but an id that is part of
//! what is seen anyway.

use super::{operator, viewer};
use registry_client::{Code, ErrorReason, ModelFilter, ReleaseFilter, ReleaseState, pb};
use registry_tests::{conformance, expect, given, rows};

conformance! {
    /// A release that was derived from one outside shows the id of that, as it shows it to everybody; the id leads nowhere.
    async fn the_base_of_a_release_is_an_id_and_no_more(registry: &Harness) {
        for model in ["team-a/m", "team-b/m"] {
            given::model(registry, model).await;
        }
        let base = given::release(registry, "team-b/m", "1").await;
        let create = registry.client.create_release("team-a/m", "1-int8").digest(given::digest(2)).base_release(&base);
        let derived = create.send().await.unwrap();
        let client = operator(registry, &["team-a/"]).await;
        let seen = client.get_release(&derived).send().await.unwrap();
        assert_eq!(seen, derived);
        assert_eq!(seen.base_release_id.as_deref(), Some(&*base.id));
        expect::refused(client.get_release(&base).send().await, Code::NotFound, ErrorReason::ReleaseNotFound);
        let filter = ReleaseFilter { base_release_ids: vec![base.id.clone()], ..Default::default() };
        let found = client.list_releases().filter(filter).send().await.unwrap().items;
        assert_eq!(found.iter().map(|release| &*release.id).collect::<Vec<_>>(), [&*derived.id]);
        let again = client.create_release("team-a/m", "2-int8").digest(given::digest(2)).base_release(&base);
        expect::refused(again.send().await, Code::NotFound, ErrorReason::ReleaseNotFound);
        client.update_release(&derived).release_notes("mine").send().await.unwrap();
    }

    /// A path that something outside has is refused, because the registry has each path once. Who has it is not told, and the
    /// refusal is the same at every way to it.
    async fn a_path_that_is_taken_outside_is_taken_by_nobody(registry: &Harness) {
        for model in ["team-a/m", "team-b/m"] {
            given::model(registry, model).await;
        }
        let outside = given::artifact(registry, "team-b/m", "secret").await;
        let client = operator(registry, &["team-a/"]).await;
        let own = given::wheel(&client, "team-a/m", "own").send().await.unwrap();
        let before = rows::all(registry).await;
        let created = given::wheel(&client, "team-a/m", "new").file_path(&outside.file_path).send().await;
        let updated = client.update_artifact(&own).file_path(&outside.file_path).send().await;
        client.delete_model("team-a/m").force().send().await.unwrap();
        registry.client.update_artifact(&outside).file_path(&own.file_path).send().await.unwrap();
        let undeleted = client.undelete_model(registry_client::ModelRef::by_id(&own.model_id)).send().await.map(drop);
        for (answer, path) in [(created.map(drop), &outside), (updated.map(drop), &outside), (undeleted, &own)] {
            let error = expect::refused(answer, Code::AlreadyExists, ErrorReason::ArtifactAlreadyExists);
            assert_eq!((expect::fact(&error, "id"), expect::fact(&error, "deleted")), ("", "false"));
            assert_eq!(error.resource().unwrap().resource_name, path.file_path);
            assert!(!error.message().contains("secret") && !error.message().contains("team-b"), "{error}");
        }
        assert_eq!(rows::all(registry).await["artifacts"].len(), before["artifacts"].len());
        expect::refused(client.get_artifact(&outside).send().await, Code::NotFound, ErrorReason::ArtifactNotFound);
    }

    /// What others derive from a release is not in the way of its owner, and is not named to him.
    async fn what_is_derived_outside_is_not_told(registry: &Harness) {
        let client = operator(registry, &["team-a/"]).await;
        for model in ["team-a/m", "team-b/m"] {
            given::model(registry, model).await;
        }
        let base = given::release(registry, "team-a/m", "1").await;
        let derived = registry.client.create_release("team-b/m", "1").digest(given::digest(2)).base_release(&base).send().await.unwrap();
        let filter = ReleaseFilter { base_release_ids: vec![base.id.clone()], ..Default::default() };
        assert_eq!(client.list_releases().filter(filter).send().await.unwrap().items, []);
        let error = expect::refused(client.delete_model("team-a/m").send().await, Code::FailedPrecondition, ErrorReason::ResourceInUse);
        assert_eq!(error.blockers(), ["team-a/m:1 (linux/amd64)"]);
        client.delete_model("team-a/m").force().send().await.unwrap();
        // Only admins purge, and they see who is in the way.
        let purged = registry.client.purge_model(registry_client::ModelRef::by_name("team-a/m")).send().await;
        let error = expect::refused(purged, Code::FailedPrecondition, ErrorReason::ResourceInUse);
        assert_eq!(error.blockers(), ["team-b/m:1 (linux/amd64)"]);
        expect::refused(client.get_release(&derived).send().await, Code::NotFound, ErrorReason::ReleaseNotFound);
    }

    /// The aliases in the way of a release are those of its own model.
    async fn what_is_in_the_way_is_within(registry: &Harness) {
        let client = operator(registry, &["team-a/"]).await;
        for model in ["team-a/m", "team-b/m"] {
            given::model(registry, model).await;
            let release = given::release(registry, model, "1").await;
            given::alias(registry, &release, "prod").await;
        }
        let own = client.resolve_release("team-a/m").alias("prod").send().await.unwrap();
        let yanked = client.transition_release(&own, ReleaseState::Yanked).send().await;
        let error = expect::refused(yanked, Code::FailedPrecondition, ErrorReason::ResourceInUse);
        assert_eq!(error.blockers(), ["team-a/m@prod"]);
    }

    /// Conditions on models and releases, also those that exclude, choose among what is within and nothing else.
    async fn filters_choose_among_what_is_within(registry: &Harness) {
        for (model, tag) in [("team-a/1", "x"), ("team-a/2", "y"), ("team-b/1", "x"), ("team-b/2", "y")] {
            let create = registry.client.create_model(model, "/m").tags([tag]).label("k", tag).company("acme");
            create.send().await.unwrap();
            registry.client.create_release(model, "1").digest(given::digest(1)).label("k", tag).send().await.unwrap();
        }
        let client = viewer(registry, &["team-a/"]).await;
        let named = |prefix: &str| ModelFilter { name_prefix: prefix.into(), ..Default::default() };
        let label = |condition| vec![pb::LabelSelector { key: "k".into(), condition: Some(condition) }];
        use pb::label_selector::Condition;
        let filters = [
            (named("team"), 2),
            (named("team-b"), 0),
            (ModelFilter { tags_any: vec!["x".into()], ..Default::default() }, 1),
            (ModelFilter { tags_none: vec!["x".into()], ..Default::default() }, 1),
            (ModelFilter { labels: label(Condition::NotEquals("x".into())), ..Default::default() }, 1),
            (ModelFilter { any_of: vec![named("team-a/1"), named("team-b")], ..Default::default() }, 1),
            (ModelFilter { none_of: vec![named("team-a/1")], ..Default::default() }, 1),
            (ModelFilter { none_of: vec![named("team-c")], ..Default::default() }, 2),
            (ModelFilter { text_query: "team".into(), ..Default::default() }, 2),
        ];
        for (filter, count) in filters {
            let page = client.list_models().filter(filter.clone()).include_total_size().send().await.unwrap();
            assert_eq!(page.items.len(), count, "{filter:?}");
            assert_eq!(page.total_size, i64::try_from(count).ok(), "{filter:?}");
            assert!(page.items.iter().all(|model| model.name.starts_with("team-a/")), "{filter:?}");
        }
        let filters = [
            (ReleaseFilter { companies: vec!["acme".into()], ..Default::default() }, 2),
            (ReleaseFilter { labels: label(Condition::Exists(true)), ..Default::default() }, 2),
            (ReleaseFilter { labels: label(Condition::Exists(false)), ..Default::default() }, 0),
            (ReleaseFilter { versions: vec!["1".into()], ..Default::default() }, 2),
            (ReleaseFilter { none_of: vec![ReleaseFilter { versions: vec!["2".into()], ..Default::default() }], ..Default::default() }, 2),
        ];
        for (filter, count) in filters {
            let page = client.list_releases().filter(filter.clone()).include_total_size().send().await.unwrap();
            assert_eq!((page.items.len(), page.total_size), (count, i64::try_from(count).ok()), "{filter:?}");
        }
    }
}
