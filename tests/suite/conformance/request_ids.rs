//! Request ids: a change that is asked for twice is made once, and told twice.
//!
//! That every method keeps this is in `replayable.rs`, for how long in `remembered.rs`, and what two callers at once
//! get in `request_id_races.rs`.

use registry_client::{Answer, Code, Error, ErrorReason, ModelRef, Release, ReleaseRef, ReleaseState, ReleaseView};
use registry_tests::{Harness, conformance, expect, given};
use std::fmt::Debug;

/// What was answered, if nothing was done before and this did it.
#[track_caller]
fn done<T: Debug>(answer: Result<Answer<T>, Error>) -> T {
    let answer = answer.expect("an answer");
    assert!(!answer.replayed, "{answer:?}");
    answer.value
}

/// What was answered, if it was done by an earlier call.
#[track_caller]
fn replayed<T: Debug>(answer: Result<Answer<T>, Error>) -> T {
    let answer = answer.expect("an answer");
    assert!(answer.replayed, "{answer:?}");
    answer.value
}

/// Releases of `m` that a caller can see.
async fn releases(registry: &Harness) -> Vec<Release> {
    registry.client.list_releases().model("m").view(ReleaseView::Full).page_size(1000).send().await.expect("releases").items
}

conformance! {
    /// The same request with the same id is answered the same, and there is one model, one revision and one event, which has the id.
    async fn a_change_that_is_asked_for_twice_is_made_once(registry: &Harness) {
        let id = given::request_id();
        let create = registry.client.create_model("m", "/m").tags(["b", "a"]).label("k", "v").request_id(&id);
        let model = done(create.clone().send_with_meta().await);
        for _ in 0..3 {
            registry.advance(std::time::Duration::from_secs(1));
            assert_eq!(replayed(create.clone().send_with_meta().await), model);
        }
        assert_eq!(given::revision(registry).await, 1);
        assert_eq!(registry.client.list_models().send().await.unwrap().items.len(), 1);
        let events = given::events_of(registry, &id).await;
        assert_eq!(events.iter().map(|event| (event.revision, &event.resource_id)).collect::<Vec<_>>(), [(1, &model.id)]);
    }

    /// The answer is the first one even when what it is about has changed or is gone since, and it changes nothing back.
    async fn a_replay_is_the_first_answer_whatever_happened_since(registry: &Harness) {
        let id = given::request_id();
        let create = registry.client.create_model("m", "/m").request_id(&id);
        let model = done(create.clone().send_with_meta().await);
        let renamed = registry.client.rename_model("m", "n").send().await.unwrap();
        assert_eq!(replayed(create.clone().send_with_meta().await), model);
        registry.client.delete_model("n").send().await.unwrap();
        registry.client.purge_model(&renamed).send().await.unwrap();
        assert_eq!(replayed(create.send_with_meta().await), model);
        assert_eq!(given::revision(registry).await, 4);
        expect::refused(registry.client.get_model(&model).send().await, Code::NotFound, ErrorReason::ModelNotFound);
    }

    /// The id of a change is of no use for another request or another method, and the attempt changes nothing.
    async fn an_id_is_for_one_request(registry: &Harness) {
        let id = given::request_id();
        let create = |name: &str| registry.client.create_model(name, "/m").request_id(&id);
        let model = done(create("m").send_with_meta().await);
        let reused = |error| expect::refused(Err::<(), Error>(error), Code::FailedPrecondition, ErrorReason::RequestIdReused);
        reused(create("n").send().await.unwrap_err());
        reused(create("m").label("k", "v").send().await.unwrap_err());
        let same = |registry: &Harness| registry.client.update_model(ModelRef::by_id(&model.id)).description("d");
        reused(same(registry).request_id(&id).send().await.unwrap_err());
        reused(registry.client.delete_model("m").request_id(&id).send().await.unwrap_err());
        // The same fields under the same numbers, but of another method.
        let (undelete, purge) = (registry.client.undelete_model("m"), registry.client.purge_model("m"));
        let other = given::request_id();
        done(undelete.request_id(&other).send_with_meta().await);
        reused(purge.request_id(&other).send().await.unwrap_err());
        assert_eq!(registry.client.list_models().send().await.unwrap().items.len(), 1);
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), model);
        assert_eq!(given::revision(registry).await, 1);
        assert_eq!(replayed(create("m").send_with_meta().await), model);
    }

    /// A UUID is the same in whatever case it is written, and an event has it in the usual one.
    async fn an_id_is_a_uuid_and_no_text(registry: &Harness) {
        let id = given::request_id();
        let create = |id: &str| registry.client.create_model("m", "/m").request_id(id);
        let model = done(create(&id.to_uppercase()).send_with_meta().await);
        assert_eq!(replayed(create(&id).send_with_meta().await), model);
        assert_eq!(given::events_of(registry, &id).await.len(), 1);
        for malformed in ["x", "0193f0c4", &id.replace('-', ""), &format!("{{{id}}}"), &format!("{id} "), &id.replace('-', "_")] {
            expect::invalid(create(malformed).send().await, &[("request_id", "STRING_UUID")]);
        }
        assert_eq!(given::revision(registry).await, 1);
    }

    /// A call that fails is not remembered: with the same id it succeeds when the cause is gone, also with another request.
    async fn a_failure_is_not_remembered(registry: &Harness) {
        let id = given::request_id();
        let create = || registry.client.create_release("m", "1").digest(given::digest(1)).request_id(&id);
        for _ in 0..2 {
            expect::refused(create().send().await, Code::NotFound, ErrorReason::ModelNotFound);
        }
        given::model(registry, "m").await;
        let release = done(create().send_with_meta().await);
        assert_eq!(replayed(create().send_with_meta().await), release);
        let other = given::request_id();
        let stale = registry.client.update_model("m").etag("stale").description("d").request_id(&other).send().await;
        expect::refused(stale, Code::Aborted, ErrorReason::EtagMismatch);
        expect::invalid(registry.client.create_model("?", "/m").request_id(&other).send().await, &[("model.name", "STRING_PATTERN")]);
        done(registry.client.update_model("m").description("d").request_id(&other).send_with_meta().await);
        assert_eq!((given::revision(registry).await, releases(registry).await), (3, vec![release]));
    }

    /// A call that is only validated is not remembered, and not answered with what is.
    async fn a_validation_is_not_remembered(registry: &Harness) {
        let id = given::request_id();
        let create = || registry.client.create_model("m", "/m").request_id(&id);
        for _ in 0..2 {
            assert_eq!(done(create().validate_only().send_with_meta().await).id, "");
        }
        let model = done(create().send_with_meta().await);
        let twin = expect::refused(create().validate_only().send().await, Code::AlreadyExists, ErrorReason::ModelAlreadyExists);
        assert_eq!(expect::fact(&twin, "id"), model.id);
        assert_eq!(replayed(create().send_with_meta().await), model);
    }

    /// A call that found everything as it wanted it is remembered too: repeated, it does not undo what others did since.
    async fn a_call_that_changed_nothing_is_remembered(registry: &Harness) {
        let before = registry.client.create_model("m", "/m").description("ours").send().await.unwrap();
        let id = given::request_id();
        let update = || registry.client.update_model("m").description("ours").request_id(&id);
        assert_eq!(done(update().send_with_meta().await), before);
        let theirs = registry.client.update_model("m").description("theirs").send().await.unwrap();
        assert_eq!(replayed(update().send_with_meta().await), before);
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), theirs);

        let release = given::release(registry, "m", "1").await;
        let id = given::request_id();
        let delete = || registry.client.delete_release_alias("m", "prod").allow_missing().request_id(&id);
        assert_eq!(done(delete().send_with_meta().await), None);
        let alias = registry.client.set_release_alias(&release, "prod").send().await.unwrap();
        assert_eq!(replayed(delete().send_with_meta().await), None);
        assert_eq!(registry.client.list_release_aliases().send().await.unwrap().items, [alias]);
        assert_eq!(given::revision(registry).await, 4);
    }

    /// A step that somebody else has taken back is not taken again by a repeated call.
    async fn a_repeated_step_is_not_taken_again(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let id = given::request_id();
        let deprecate = || registry.client.transition_release(&release, ReleaseState::Deprecated).request_id(&id);
        let deprecated = done(deprecate().send_with_meta().await);
        let theirs = registry.client.transition_release(&release, ReleaseState::Active).send().await.unwrap();
        assert_eq!(replayed(deprecate().send_with_meta().await), deprecated);
        assert_eq!(registry.client.get_release(&release).send().await.unwrap(), theirs);
    }

    /// Two calls without an id are two changes, and a client makes up an id for each of its own.
    async fn without_an_id_nothing_is_replayed(registry: &Harness) {
        given::model(registry, "m").await;
        let bare = registry_client::pb::UpdateModelRequest {
            model_ref: Some(ModelRef::by_name("m").into()),
            model: Some(registry_client::Model { description: Some("d".into()), ..Default::default() }),
            ..Default::default()
        };
        for expected in [2, 2] {
            let answer = registry.client.model_service().update_model(bare.clone()).await.unwrap();
            assert!(answer.metadata().get("x-replayed").is_none());
            assert_eq!(answer.into_inner().model.unwrap().revision, expected);
        }
        let create = registry.client.create_release("m", "1").digest(given::digest(1));
        done(create.clone().send_with_meta().await);
        expect::refused(create.send().await, Code::AlreadyExists, ErrorReason::ReleaseAlreadyExists);
        assert_eq!(releases(registry).await.len(), 1);
    }

    /// A batch of 250 is one change: repeated, it is answered whole and in order.
    async fn a_batch_of_250_is_replayed(registry: &Harness) {
        given::model(registry, "m").await;
        let id = given::request_id();
        let one = |number: u64| registry.client.create_release("m", format!("1.{number}")).digest(given::digest(number)).label("k", "v");
        let create = || registry.client.batch_create_releases((0..250).map(one)).request_id(&id);
        let created = done(create().send_with_meta().await);
        assert_eq!(created.iter().map(|release| (release.number, release.revision)).collect::<Vec<_>>(), (1..=250).map(|n| (n, 2)).collect::<Vec<_>>());
        registry.client.delete_release(&created[7]).send().await.unwrap();
        assert_eq!(replayed(create().send_with_meta().await), created);
        let fewer = registry.client.batch_create_releases((0..249).map(one)).request_id(&id).send().await;
        expect::refused(fewer, Code::FailedPrecondition, ErrorReason::RequestIdReused);
        assert_eq!((given::revision(registry).await, releases(registry).await.len()), (3, 249));
        assert_eq!(given::events_of(registry, &id).await.len(), 250);
        let gone = registry.client.get_release(ReleaseRef::key("m", "1.7")).send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::ReleaseNotFound);
    }
}
