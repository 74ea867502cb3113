//! What is sent to remove things, to bring them back, to move aliases, and to do several things at once.

use std::time::{Duration, UNIX_EPOCH};

use futures::TryStreamExt as _;
use prost_types::Timestamp;
use registry_client::{
    Client, Error, Model, ModelId, Release, ReleaseAlias, ReleaseAliasMove, ReleaseId, ReleaseQuery, ReleaseRef, Rpc, pb,
};
use registry_proto::request::Request;

use crate::fake::{Fake, Reply};

const ID: &str = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";

fn model_ref() -> Option<pb::ModelRef> {
    Some(pb::ModelRef { value: Some(pb::model_ref::Value::Name("iris".into())) })
}

fn release_ref() -> Option<pb::ReleaseRef> {
    Some(pb::ReleaseRef { value: Some(pb::release_ref::Value::Id(ID.into())) })
}

fn release() -> ReleaseRef {
    ReleaseRef::by_id(ID)
}

/// What arrives when this is sent, without the request id, which it must have if it can.
async fn sent<R: Rpc + Default, T>(send: impl AsyncFnOnce(Client) -> Result<T, Error>) -> R {
    let fake = Fake::new([]);
    let _ = send(fake.client.clone()).await;
    let mut request: R = fake.only();
    if let Some(id) = request.request_id_mut() {
        assert_eq!(std::mem::take(id).len(), 36);
    }
    request
}

macro_rules! requests {
    ($($send:expr => $Request:ident { $($field:ident: $value:expr),* $(,)? };)*) => {$({
        #[allow(clippy::needless_update, reason = "some requests have no other fields")]
        let expected = pb::$Request { $($field: $value,)* ..Default::default() };
        let send: fn(&Client) -> _ = $send;
        assert_eq!(sent::<pb::$Request, _>(async |client| send(&client).send().await).await, expected, stringify!($send));
    })*};
}

#[tokio::test(start_paused = true)]
async fn models_are_removed_as_it_was_said() {
    let new_name = || "lily".to_owned();
    requests! {
        |client| client.rename_model("iris", "lily") => RenameModelRequest { model_ref: model_ref(), new_name: new_name() };
        |client| client.rename_model("iris", "lily").etag("e").validate_only() =>
            RenameModelRequest { model_ref: model_ref(), new_name: new_name(), etag: "e".into(), validate_only: true };
        |client| client.delete_model("iris") => DeleteModelRequest { model_ref: model_ref() };
        |client| client.delete_model("iris").force().etag("e") =>
            DeleteModelRequest { model_ref: model_ref(), force: true, etag: "e".into() };
        |client| client.delete_model("iris").allow_missing().validate_only() =>
            DeleteModelRequest { model_ref: model_ref(), allow_missing: true, validate_only: true };
        |client| client.undelete_model("iris") => UndeleteModelRequest { model_ref: model_ref() };
        |client| client.undelete_model("iris").etag("e") => UndeleteModelRequest { model_ref: model_ref(), etag: "e".into() };
        |client| client.purge_model("iris") => PurgeModelRequest { model_ref: model_ref() };
        |client| client.purge_model("iris").etag("e") => PurgeModelRequest { model_ref: model_ref(), etag: "e".into() };
        |client| client.compact_events(7) => CompactEventsRequest { revision: 7 };
    }
}

#[tokio::test(start_paused = true)]
async fn releases_are_removed_as_it_was_said() {
    requests! {
        |client| client.delete_release(release()) => DeleteReleaseRequest { release_ref: release_ref() };
        |client| client.delete_release(release()).force().etag("e") =>
            DeleteReleaseRequest { release_ref: release_ref(), force: true, etag: "e".into() };
        |client| client.delete_release(release()).allow_missing().validate_only() =>
            DeleteReleaseRequest { release_ref: release_ref(), allow_missing: true, validate_only: true };
        |client| client.undelete_release(release()) => UndeleteReleaseRequest { release_ref: release_ref() };
        |client| client.undelete_release(release()).etag("e") =>
            UndeleteReleaseRequest { release_ref: release_ref(), etag: "e".into() };
        |client| client.purge_release(release()) => PurgeReleaseRequest { release_ref: release_ref() };
        |client| client.purge_release(release()).etag("e") => PurgeReleaseRequest { release_ref: release_ref(), etag: "e".into() };
    }
}

#[tokio::test(start_paused = true)]
async fn aliases_are_set_and_deleted_as_it_was_said() {
    use pb::set_release_alias_request::{Absent, Precondition};
    let alias = || "production".to_owned();
    requests! {
        |client| client.set_release_alias(release(), "production") =>
            SetReleaseAliasRequest { release_ref: release_ref(), alias: alias() };
        |client| client.set_release_alias(release(), "production").expected_release(ReleaseId::new("old")).reason("why") =>
            SetReleaseAliasRequest {
                release_ref: release_ref(), alias: alias(), reason: Some("why".into()),
                precondition: Some(Precondition::ExpectedReleaseId("old".into())),
            };
        |client| client.set_release_alias(release(), "production").expected_release(ReleaseId::new("x")).expected_absent().validate_only() =>
            SetReleaseAliasRequest {
                release_ref: release_ref(), alias: alias(), validate_only: true,
                precondition: Some(Precondition::Absent(Absent {})),
            };
        |client| client.delete_release_alias("iris", "production") =>
            DeleteReleaseAliasRequest { model_ref: model_ref(), alias: alias() };
        |client| client.delete_release_alias("iris", "production").expected_release(ReleaseId::new("old")).allow_missing() =>
            DeleteReleaseAliasRequest { model_ref: model_ref(), alias: alias(), expected_release_id: "old".into(), allow_missing: true };
        |client| client.list_release_aliases() => ListReleaseAliasesRequest {};
        |client| client.list_release_aliases().model("iris").release(release()).page_size(3).page_token("t") =>
            ListReleaseAliasesRequest { model_ref: model_ref(), release_ref: release_ref(), page_size: 3, page_token: "t".into() };
        |client| client.list_release_alias_history("iris", "production").page_size(3).page_token("t") =>
            ListReleaseAliasHistoryRequest { model_ref: model_ref(), alias: alias(), page_size: 3, page_token: "t".into() };
    }
}

/// What a removal answers with, and that nothing is missing from it unless that was allowed.
#[tokio::test(start_paused = true)]
async fn a_removal_may_have_had_nothing_to_do() {
    let model = Model { id: ID.into(), ..Default::default() };
    let deleted = pb::DeleteModelResponse { model: Some(model.clone()), deleted_release_count: 3 };
    let fake = Fake::new([Reply::message(&deleted)]);
    let outcome = fake.client.delete_model("iris").send().await.unwrap();
    assert_eq!((outcome.model, outcome.deleted_release_count), (Some(model), 3));
    let outcome = fake.client.delete_model("iris").allow_missing().send().await.unwrap();
    assert_eq!((outcome.model, outcome.deleted_release_count), (None, 0));
    assert_eq!(fake.client.delete_release(release()).allow_missing().send().await.unwrap(), None);
    assert_eq!(fake.client.delete_release_alias("iris", "production").allow_missing().send().await.unwrap(), None);

    let fake = Fake::new([
        Reply::message(&pb::DeleteReleaseAliasResponse { revision: 7 }),
        Reply::message(&pb::PurgeModelResponse { revision: 8 }),
        Reply::message(&pb::PurgeReleaseResponse { revision: 9 }),
        Reply::message(&pb::CompactEventsResponse { compacted_revision: 10, dropped_count: 11 }),
    ]);
    assert_eq!(fake.client.delete_release_alias("iris", "production").send().await.unwrap(), Some(7));
    assert_eq!(fake.client.purge_model("iris").send().await.unwrap(), 8);
    assert_eq!(fake.client.purge_release(release()).send().await.unwrap(), 9);
    let compacted = fake.client.compact_events(10).send().await.unwrap();
    assert_eq!((compacted.compacted_revision, compacted.dropped_count), (10, 11));
}

#[tokio::test(start_paused = true)]
async fn a_batch_takes_the_builders_of_single_calls() {
    let models = || vec![Model { id: ID.into(), ..Default::default() }; 2];
    let fake = Fake::new([Reply::message(&pb::BatchCreateModelsResponse { models: models() })]);
    let create = ["a", "b"].map(|name| fake.client.create_model(name, "/x").tag("t"));
    assert_eq!(fake.client.batch_create_models(create).request_id("mine").send().await.unwrap(), models());
    let request: pb::BatchCreateModelsRequest = fake.only();
    assert_eq!((&*request.request_id, request.validate_only), ("mine", false));
    let names: Vec<_> = request.requests.iter().map(|request| &*request.model.as_ref().unwrap().name).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(request.requests.iter().all(|request| request.request_id.is_empty()), "the batch has the only id");

    let fake = Fake::new([Reply::message(&pb::BatchCreateReleasesResponse { releases: vec![Release::default()] })]);
    let create = ["1.0", "1.1"].map(|version| fake.client.create_release(ModelId::new(ID), version).digest("d"));
    let error = fake.client.batch_create_releases(create).validate_only().send().await.unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "one too few: {error}");
    let request: pb::BatchCreateReleasesRequest = fake.only();
    assert!(request.validate_only && Request::request_id(&request).is_some_and(|id| id.len() == 36));
    let versions: Vec<_> = request.requests.iter().map(|request| &*request.release.as_ref().unwrap().version).collect();
    assert_eq!(versions, ["1.0", "1.1"]);
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_the_batch_cannot_be_said_of_its_parts() {
    let fake = Fake::new([]);
    let client = &fake.client;
    let plain = || client.create_model("a", "/a");
    for (part, field) in [
        (plain().request_id("mine"), "requests[1].request_id"),
        (plain().validate_only(), "requests[1].validate_only"),
        (plain().timeout(Duration::from_secs(1)), "requests[1].timeout"),
        (plain().correlation_id("job"), "requests[1].x-request-id"),
        (plain().metadata(serde_json::json!([])), "requests[1].model.metadata"),
    ] {
        let error = client.batch_create_models([plain(), part, plain().validate_only()]).send().await.unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
        assert_eq!(error.violations()[0].field, field, "the first reason counts");
    }
    let release = client.create_release("a", "1.0").validate_only();
    let error = client.batch_create_releases([release]).send().await.unwrap_err();
    assert_eq!(error.violations()[0].field, "requests[0].validate_only");
    assert!(fake.seen().is_empty() && !error.outcome_unknown());
}

#[tokio::test(start_paused = true)]
async fn the_past_of_an_alias_can_be_asked_for() {
    let time = UNIX_EPOCH + Duration::from_millis(1500);
    let stamp = Some(Timestamp { seconds: 1, nanos: 500_000_000 });
    let fake = Fake::new([]);
    let _ = fake.client.resolve_release("iris").alias("production").as_of_time(time).send().await;
    let query = || ReleaseQuery::of("iris").alias("production").as_of_time(Timestamp { seconds: 1, nanos: 500_000_000 });
    let _ = fake.client.resolve_release_from(query()).send().await;
    let _ = fake.client.batch_resolve_releases([query()]).send().await;
    let seen = fake.seen();
    for at in [0, 1] {
        assert_eq!(seen[at].message::<pb::ResolveReleaseRequest>().as_of_time, stamp);
    }
    assert_eq!(seen[2].message::<pb::BatchResolveReleasesRequest>().requests, [query().into()]);

    let fake = Fake::new([]);
    let wrong = || ReleaseQuery::of("iris").latest().as_of_time(time);
    let errors = [
        fake.client.resolve_release("iris").tag("t").as_of_time(time).send().await.unwrap_err(),
        fake.client.resolve_release_from(wrong()).send_resolved().await.unwrap_err(),
        fake.client.batch_resolve_releases([query(), wrong()]).send().await.unwrap_err(),
    ];
    let fields: Vec<_> = errors.iter().map(|error| &*error.violations()[0].field).collect();
    assert_eq!(fields, ["as_of_time", "as_of_time", "requests[1].as_of_time"]);
    assert!(fake.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_alias_comes_with_the_release_it_points_to() {
    let alias = || ReleaseAlias { alias: "production".into(), release_id: ID.into(), ..Default::default() };
    let answer =
        || pb::ResolveReleaseResponse { release: Some(Release { id: ID.into(), ..Default::default() }), alias: Some(alias()) };
    let plain = || pb::ResolveReleaseResponse { alias: None, ..answer() };
    let fake = Fake::new([Reply::message(&answer()), Reply::message(&answer()), Reply::message(&plain())]);
    let resolve = || fake.client.resolve_release("iris").alias("production");
    let resolution = resolve().send_resolved().await.unwrap();
    assert_eq!((&*resolution.release.id, resolution.alias), (ID, Some(alias())));
    assert_eq!(resolve().send().await.unwrap().id, ID);
    let resolution = fake.client.resolve_release("iris").latest().send_resolved_with_meta().await.unwrap();
    assert_eq!((&*resolution.value.release.id, resolution.value.alias, resolution.revision), (ID, None, None));
    let error = resolve().send_resolved().await.unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error}");

    use pb::batch_resolve_releases_response::{Result as Outcome, result::Result as Kind};
    let results = [answer(), plain()].map(|answer| Outcome { result: Some(Kind::Resolved(Box::new(answer))) });
    let fake = Fake::new([Reply::message(&pb::BatchResolveReleasesResponse { results: results.into(), revision: 7 })]);
    let queries = [ReleaseQuery::of("iris").alias("production"), ReleaseQuery::of("iris").latest()];
    let resolved = fake.client.batch_resolve_releases(queries).send().await.unwrap();
    assert!(resolved.outcomes.iter().all(|outcome| outcome.as_ref().unwrap().id == ID));
    assert_eq!(resolved.aliases, [Some(alias()), None]);
}

#[tokio::test(start_paused = true)]
async fn aliases_and_their_history_are_walked_like_other_lists() {
    let page = |alias: &str, next: &str| {
        let aliases = vec![ReleaseAlias { alias: alias.into(), ..Default::default() }];
        Reply::message(&pb::ListReleaseAliasesResponse { aliases, next_page_token: next.into(), revision: 9 })
    };
    let fake = Fake::new([page("canary", "2"), page("production", "")]);
    let aliases: Vec<_> = fake.client.list_release_aliases().items().map_ok(|alias| alias.alias).try_collect().await.unwrap();
    assert_eq!(aliases, ["canary", "production"]);
    assert_eq!(fake.seen()[1].message::<pb::ListReleaseAliasesRequest>().page_token, "2");

    let page = |revision: i64, next: &str| {
        let moves = vec![ReleaseAliasMove { revision, ..Default::default() }];
        Reply::message(&pb::ListReleaseAliasHistoryResponse { moves, next_page_token: next.into() })
    };
    let fake = Fake::new([page(5, "2"), page(4, "")]);
    let pages: Vec<_> = fake.client.list_release_alias_history("iris", "production").pages().try_collect().await.unwrap();
    let moves: Vec<_> = pages.iter().flat_map(|page| &page.items).map(|step| step.revision).collect();
    assert_eq!((moves, pages[0].revision), (vec![5, 4], 0));
}
