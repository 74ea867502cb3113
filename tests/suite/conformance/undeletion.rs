//! Bringing back what was deleted: all of it, as it was, and nothing that was deleted by itself.

use prost::Message;
use registry_client::{
    Code, ErrorReason, Model, ModelId, ModelRef, Release, ReleaseAlias, ReleaseRef, ReleaseState, ReleaseView,
};
use registry_tests::{Harness, conformance, expect, given, rows};
use serde_json::json;
use std::time::Duration;

/// What a caller sees of a model by every way there is, as the bytes it is sent.
#[derive(Debug, PartialEq)]
struct Seen {
    model: Vec<u8>,
    releases: Vec<Vec<u8>>,
    aliases: Vec<Vec<u8>>,
    resolved: Vec<Vec<u8>>,
}

/// Without what a deletion and an undeletion change besides.
fn bytes_of_model(model: Model) -> Vec<u8> {
    Model { revision: 0, etag: String::new(), update_time: None, ..model }.encode_to_vec()
}

fn bytes_of_release(release: Release) -> Vec<u8> {
    Release { revision: 0, etag: String::new(), update_time: None, ..release }.encode_to_vec()
}

async fn seen(registry: &Harness, model: &Model, aliases: &[&str]) -> Seen {
    let client = &registry.client;
    let releases = client.list_releases().model(model).view(ReleaseView::Full).send().await.unwrap().items;
    for release in &releases {
        assert_eq!(&client.get_release(release).send().await.unwrap(), release);
        assert_eq!(&client.get_release(ReleaseRef::key(&release.model_name, &release.version)).send().await.unwrap(), release);
    }
    let listed: Vec<ReleaseAlias> = client.list_release_aliases().model(model).send().await.unwrap().items;
    let mut resolved = Vec::new();
    for alias in aliases {
        let resolution = client.resolve_release(model).alias(*alias).send_resolved().await.unwrap();
        resolved.push(bytes_of_release(resolution.release));
        resolved.push(resolution.alias.unwrap().encode_to_vec());
    }
    Seen {
        model: bytes_of_model(client.get_model(&model.name).send().await.unwrap()),
        releases: releases.into_iter().map(bytes_of_release).collect(),
        aliases: listed.iter().map(Message::encode_to_vec).collect(),
        resolved,
    }
}

/// A model with everything that a model can have.
async fn everything(registry: &Harness) -> (Model, Release) {
    let document = json!({"license": "llama-3", "n": [1, 2.5, {"deep": null}]});
    let create = registry.client.create_model("m", "s3://m/").repository("docker.io/m").tags(["b", "a"]);
    let model = create.label("k", "v").label("a", "b").metadata(document.clone()).description("d").send().await.unwrap();
    let create = registry.client.create_release("m", "1.0.0").digest(given::digest(1)).label("k", "v").metadata(document);
    let one = create.release_notes("notes").send().await.unwrap();
    let two = registry.client.create_release("m", "2.0.0").digest(given::digest(2)).base_release(&one).send().await.unwrap();
    given::release_in(registry, "m", "3.0.0", ReleaseState::Yanked).await;
    given::candidate(registry, "m", "4.0.0").await;
    given::alias(registry, &one, "canary").await;
    for alias in ["stable", "canary", "a"] {
        registry.advance(Duration::from_secs(1));
        given::alias(registry, &two, alias).await;
    }
    (registry.client.get_model(&model).send().await.unwrap(), one)
}

conformance! {
    /// A model that was deleted and is undeleted is to the byte what it was, with all its releases and aliases; only its
    /// revision, etag and update time have moved on.
    async fn everything_comes_back_as_it_was(registry: &Harness) {
        let aliases = ["a", "canary", "stable"];
        let (model, gone) = everything(registry).await;
        registry.client.delete_release(&gone).send().await.unwrap();
        let before = seen(registry, &model, &aliases).await;
        assert_eq!((before.releases.len(), before.aliases.len()), (3, 3));
        for (by, seconds) in [(ModelRef::from("m"), 123), (ModelRef::from(&model), 243)] {
            registry.advance(Duration::from_secs(60));
            registry.client.delete_model(&model).force().send().await.unwrap();
            registry.advance(Duration::from_secs(60));
            let back = registry.client.undelete_model(by).send().await.unwrap();
            assert_eq!(seen(registry, &model, &aliases).await, before);
            let revision = given::revision(registry).await;
            assert_eq!((back.delete_time, back.purge_time, back.revision), (None, None, revision));
            assert_eq!((back.update_time, back.release_count), (Some(given::time(seconds * 1_000_000)), Some(3)));
            assert_eq!(registry.client.get_model("m").send().await.unwrap(), back);
            let releases = registry.client.list_releases().model("m").send().await.unwrap().items;
            assert!(releases.iter().all(|release| release.revision == revision && release.update_time == back.update_time));
        }
        // What was deleted before the model stays so.
        let gone = registry.client.get_release(&gone).send().await.unwrap();
        assert!(gone.delete_time.is_some() && gone.aliases.is_empty());
    }

    /// As long as the model is deleted, its aliases are neither listed nor resolved, also not for an earlier time; their
    /// history can still be read.
    async fn the_aliases_of_a_deleted_model_are_hidden(registry: &Harness) {
        let (model, one) = everything(registry).await;
        let history = registry.client.list_release_alias_history(&model, "canary").send().await.unwrap().items;
        given::model(registry, "other").await;
        let other = given::release(registry, "other", "1").await;
        let shown = given::alias(registry, &other, "shown").await;
        registry.client.delete_model(&model).force().send().await.unwrap();
        let list = || registry.client.list_release_aliases();
        assert_eq!(list().send().await.unwrap().items, [shown]);
        assert_eq!(list().release(&one).send().await.unwrap().items, []);
        let none = list().model(&model).send().await;
        expect::refused(none, Code::NotFound, ErrorReason::ModelNotFound);
        for by in [ModelRef::from("m"), ModelRef::from(&model)] {
            let resolve = || registry.client.resolve_release(&by).alias("canary");
            for answer in [resolve().send().await, resolve().as_of_time(given::time(0)).send().await] {
                expect::refused(answer, Code::NotFound, ErrorReason::ModelNotFound);
            }
            let deleted = registry.client.delete_release_alias(&by, "canary").send().await.unwrap_err();
            assert!(matches!(deleted.reason(), Some(ErrorReason::ModelNotFound | ErrorReason::ResourceDeleted)), "{deleted}");
        }
        assert_eq!(registry.client.list_release_alias_history(&model, "canary").send().await.unwrap().items, history);
    }

    /// Undeleting what is live is no error, and no change: it takes no revision.
    async fn what_is_live_stays_as_it_is(registry: &Harness) {
        let (model, release) = everything(registry).await;
        registry.advance(Duration::from_secs(1));
        let before = registry.client.get_release(&release).send().await.unwrap();
        let revision = given::revision(registry).await;
        assert_eq!(registry.client.undelete_model("m").send().await.unwrap(), model);
        assert_eq!(registry.client.undelete_model(&model).etag(&model.etag).send().await.unwrap(), model);
        assert_eq!(registry.client.undelete_release(&release).send().await.unwrap(), before);
        assert_eq!(registry.client.undelete_release(ReleaseRef::key("m", "1.0.0")).send().await.unwrap(), before);
        assert_eq!(given::revision(registry).await, revision);
    }

    /// A release comes back by its id and by its key, as it was, but for the aliases that were deleted with it.
    async fn a_release_comes_back_without_its_aliases(registry: &Harness) {
        let (_, release) = everything(registry).await;
        given::alias(registry, &release, "first").await;
        let release = registry.client.get_release(&release).send().await.unwrap();
        assert_eq!(release.aliases, ["first"]);
        let before = bytes_of_release(Release { aliases: Vec::new(), ..release.clone() });
        for by in [ReleaseRef::from(&release), ReleaseRef::key("m", "1.0.0").into()] {
            registry.advance(Duration::from_secs(1));
            registry.client.delete_release(&release).force().send().await.unwrap();
            assert_eq!(registry.client.get_model("m").send().await.unwrap().release_count, Some(3));
            let back = registry.client.undelete_release(by).send().await.unwrap();
            assert_eq!(bytes_of_release(back.clone()), before);
            assert_eq!(back.revision, given::revision(registry).await);
            assert_eq!(registry.client.get_release(&release).send().await.unwrap(), back);
            assert_eq!(registry.client.get_model("m").send().await.unwrap().release_count, Some(4));
        }
        let answer = registry.client.resolve_release("m").alias("first").send().await;
        expect::refused(answer, Code::NotFound, ErrorReason::AliasNotFound);
    }

    /// A release of a deleted model cannot be undeleted by itself, whenever it was deleted: first comes the model.
    async fn no_release_comes_back_before_its_model(registry: &Harness) {
        let (model, earlier) = everything(registry).await;
        registry.client.delete_release(&earlier).send().await.unwrap();
        registry.client.delete_model(&model).force().send().await.unwrap();
        let before = rows::all(registry).await;
        for by in [ReleaseRef::from(&earlier), ReleaseRef::key("m", "1.0.0").into(), ReleaseRef::key("m", "2.0.0").into()] {
            let answer = registry.client.undelete_release(by).send().await;
            let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
            assert_eq!(error.resource().map(|resource| resource.resource_name.as_str()), Some("m"));
        }
        assert_eq!(rows::all(registry).await, before);
        registry.client.undelete_model("m").send().await.unwrap();
        assert_eq!(registry.client.undelete_release(&earlier).send().await.unwrap().delete_time, None);
    }

    /// A model that is deleted twice takes along what is live then, and only that comes back.
    async fn each_deletion_has_its_own_releases(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let [one, two] = given::releases(registry, "m", [1, 2]).await.try_into().unwrap();
        registry.client.delete_model("m").force().send().await.unwrap();
        registry.client.undelete_model("m").send().await.unwrap();
        registry.client.delete_release(&one).send().await.unwrap();
        let deleted = registry.client.delete_model("m").force().send().await.unwrap();
        assert_eq!(deleted.deleted_release_count, 1);
        assert_eq!(registry.client.undelete_model(&model).send().await.unwrap().release_count, Some(1));
        let live = registry.client.list_releases().model("m").send().await.unwrap().items;
        assert_eq!(live.iter().map(|release| &release.id).collect::<Vec<_>>(), [&two.id]);
    }

    /// With an etag, only what was read is brought back; what was never there is not found.
    async fn only_what_was_read_comes_back(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let deleted = registry.client.delete_release(&release).send().await.unwrap().unwrap();
        let stale = registry.client.undelete_release(&release).etag(&release.etag).send().await;
        expect::refused(stale, Code::Aborted, ErrorReason::EtagMismatch);
        registry.client.undelete_release(&release).etag(&deleted.etag).send().await.unwrap();
        let deleted = registry.client.delete_model(&model).force().send().await.unwrap().model.unwrap();
        let stale = registry.client.undelete_model(&model).etag(&model.etag).send().await;
        let error = expect::refused(stale, Code::Aborted, ErrorReason::EtagMismatch);
        assert_eq!(expect::fact(&error, "currentEtag"), deleted.etag);
        registry.client.undelete_model(&model).etag(&deleted.etag).send().await.unwrap();
        let nobody = ModelId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
        for by in [ModelRef::from("nobody"), nobody.into()] {
            let answer = registry.client.undelete_model(by).send().await;
            expect::refused(answer, Code::NotFound, ErrorReason::ModelNotFound);
        }
        let answer = registry.client.undelete_release(ReleaseRef::key("m", "9")).send().await;
        expect::refused(answer, Code::NotFound, ErrorReason::ReleaseNotFound);
    }
}
