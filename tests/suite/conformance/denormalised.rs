//! What every release says of its model, in every answer, as it is now.

use registry_client::{Model, Release, ReleaseQuery, ReleaseRef, ReleaseState, ReleaseView};
use registry_tests::{Harness, conformance, given};

/// The same release, from every call that returns one without creating it. The last two change it.
async fn everywhere(registry: &Harness, release: &Release) -> Vec<(&'static str, Release)> {
    let client = &registry.client;
    let key = ReleaseRef::key(&release.model_name, &release.version);
    let only = |page: registry_client::Page<Release>| page.items.into_iter().find(|item| item.id == release.id).unwrap();
    let query = ReleaseQuery::of(&release.model_name).version(&release.version);
    let queries = [query.clone(), ReleaseQuery::of(&release.model_name).latest()];
    let mut resolved = client.batch_resolve_releases(queries).send().await.unwrap().outcomes;
    let basic = ReleaseView::Basic;
    vec![
        ("get by id", client.get_release(release).send().await.unwrap()),
        ("get by key", client.get_release(key.clone()).send().await.unwrap()),
        ("get, basic", client.get_release(release).view(basic).send().await.unwrap()),
        ("batch get", client.batch_get_releases([release]).send().await.unwrap().remove(0)),
        ("batch get by key, basic", client.batch_get_releases([key.clone()]).view(basic).send().await.unwrap().remove(0)),
        ("list of all", only(client.list_releases().send().await.unwrap())),
        (
            "list of the model, full",
            only(client.list_releases().model(&release.model_name).view(ReleaseView::Full).send().await.unwrap()),
        ),
        ("resolve a version", client.resolve_release_from(query).send().await.unwrap()),
        ("resolve latest", client.resolve_release(&release.model_name).latest().send().await.unwrap()),
        ("resolve a requirement", client.resolve_release(&release.model_name).requirement("*").send().await.unwrap()),
        ("batch resolve latest", resolved.remove(1).unwrap()),
        ("batch resolve a version", resolved.remove(0).unwrap()),
        ("an update that changes nothing", client.update_release(release).tag(&release.tag).send().await.unwrap()),
        (
            "update",
            client.update_release(release).release_notes(format!("{} again", release.model_storage_path)).send().await.unwrap(),
        ),
        ("a step to where it is", client.promote_release(release).send().await.unwrap()),
        ("transition", client.deprecate_release(key.clone()).send().await.unwrap()),
        ("transition back", client.promote_release(key).send().await.unwrap()),
    ]
}

async fn check(registry: &Harness, release: &Release, storage_path: &str, repository: Option<&str>) {
    for (call, found) in everywhere(registry, release).await {
        assert_eq!((found.id.as_str(), found.model_id.as_str()), (release.id.as_str(), release.model_id.as_str()), "{call}");
        assert_eq!(found.model_name, "llama", "{call}");
        assert_eq!(found.model_storage_path, storage_path, "{call}");
        assert_eq!(found.model_repository.as_deref(), repository, "{call}");
    }
}

conformance! {
    /// Every release says the name, the storage path and the repository of its model, in every answer; the path is never the repository.
    async fn every_release_says_what_its_model_is(registry: &Harness) {
        let create = registry.client.create_model("llama", "s3://files/llama/").repository("docker.io/acme/llama");
        create.send().await.unwrap();
        let release = given::release(registry, "llama", "1.0.0").await;
        assert_eq!(release.model_storage_path, "s3://files/llama/");
        assert_eq!((release.model_name.as_str(), release.model_repository.as_deref()), ("llama", Some("docker.io/acme/llama")));
        check(registry, &release, "s3://files/llama/", Some("docker.io/acme/llama")).await;
    }

    /// A model without a repository gives its releases none, and never its storage path instead.
    async fn a_model_without_a_repository_gives_its_releases_none(registry: &Harness) {
        registry.client.create_model("llama", "/files").send().await.unwrap();
        let release = given::release(registry, "llama", "1.0.0").await;
        assert_eq!(release.model_repository, None);
        check(registry, &release, "/files", None).await;
    }

    /// When the model moves, its releases say so at once, in every answer, and are otherwise untouched.
    async fn releases_follow_their_model(registry: &Harness) {
        let model = registry.client.create_model("llama", "/old").send().await.unwrap();
        let release = given::release(registry, "llama", "1.0.0").await;
        for (path, repository) in [("/new", Some("docker.io/new")), ("s3://newer/", Some("")), ("/newest", None)] {
            let values = Model { storage_path: path.into(), repository: repository.map(Into::into), ..Model::default() };
            registry.client.update_model_from(&model, values, ["storage_path", "repository"]).send().await.unwrap();
            let read = registry.client.get_release(&release).send().await.unwrap();
            assert_eq!((read.model_storage_path.as_str(), read.model_repository.as_deref()), (path, repository));
            check(registry, &release, path, repository).await;
        }
    }

    /// A change of the model is no change of the release: its etag, revision and times stay.
    async fn a_change_of_the_model_is_none_of_the_release(registry: &Harness) {
        registry.client.create_model("llama", "/old").send().await.unwrap();
        let before = given::release(registry, "llama", "1.0.0").await;
        registry.advance(std::time::Duration::from_secs(1));
        registry.client.update_model("llama").storage_path("/new").send().await.unwrap();
        let after = registry.client.get_release(&before).send().await.unwrap();
        assert_eq!(after, Release { model_storage_path: "/new".into(), ..before });
    }

    /// The storage path of a release is its own, and does not stand in for that of the model.
    async fn a_release_can_have_a_storage_path_of_its_own(registry: &Harness) {
        registry.client.create_model("llama", "/model").send().await.unwrap();
        let create = registry.client.create_release("llama", "1").digest(given::digest(1)).storage_path("/release");
        let release = create.initial_state(ReleaseState::Active).send().await.unwrap();
        assert_eq!((release.model_storage_path.as_str(), release.storage_path.as_deref()), ("/model", Some("/release")));
        let cleared = registry.client.update_release(&release).clear_storage_path().send().await.unwrap();
        assert_eq!((cleared.model_storage_path.as_str(), cleared.storage_path), ("/model", None));
    }
}
