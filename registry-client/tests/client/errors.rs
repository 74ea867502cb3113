//! What becomes of a status.

use std::time::Duration;

use registry_client::{Error, ErrorReason, Release, ReleaseId, ReleaseQuery, RetryPolicy, pb};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::fake::{Fake, Reply, status};

async fn failing(status: Status) -> Error {
    let fake = Fake::new([Reply::Fail(status)]);
    fake.client.clone().with_retry(RetryPolicy::none()).create_model("iris", "/iris").send().await.unwrap_err()
}

fn violation(field: &str) -> FieldViolation {
    let (field, description) = (field.to_owned(), "is too long".to_owned());
    FieldViolation { field, description, reason: "STRING_MAX_LEN".into(), localized_message: None }
}

#[tokio::test(start_paused = true)]
async fn all_details_are_read() {
    let mut details = ErrorDetails::new();
    details
        .set_bad_request(["model.name", "model.tags[3]", "model.task", "model.company", "model.labels"].map(violation).to_vec())
        .set_resource_info("model", "iris", "", "is in the way")
        .set_request_info("0193", "")
        .set_retry_info(Some(Duration::from_millis(1500)));
    let error = failing(status(Code::InvalidArgument, ErrorReason::InvalidField, &mut details)).await;
    assert!(matches!(error, Error::Invalid(_)));
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.reason(), Some(ErrorReason::InvalidField));
    assert_eq!(error.metadata()["key"], "value");
    assert_eq!(error.violations().len(), 5);
    assert_eq!(error.violations()[1].field, "model.tags[3]");
    assert_eq!(error.violations()[1].reason, "STRING_MAX_LEN");
    assert_eq!(error.violations()[1].description, "is too long");
    let resource = error.resource().unwrap();
    assert_eq!((&*resource.resource_type, &*resource.resource_name, &*resource.description), ("model", "iris", "is in the way"));
    assert_eq!(error.request_id(), Some("0193"));
    assert_eq!(error.retry_delay(), Some(Duration::from_millis(1500)));
    assert_eq!(error.status().unwrap().code(), Code::InvalidArgument);
    assert!(!error.outcome_unknown() && !error.is_retryable());
    assert_eq!(
        error.to_string(),
        "CreateModel: InvalidArgument (INVALID_FIELD): no; model.name: is too long; model.tags[3]: is too long; \
         model.task: is too long; and 2 more [request 0193]"
    );
}

#[tokio::test(start_paused = true)]
async fn the_kind_follows_the_code() {
    macro_rules! kinds {
        ($($Code:ident => $Kind:ident),* $(,)?) => {$(
            let error = failing(Status::new(Code::$Code, "no")).await;
            assert!(matches!(error, Error::$Kind(_)), "{error:?}");
            assert_eq!(error.code(), Code::$Code);
            assert_eq!(error.reason(), None);
        )*};
    }
    kinds! {
        Cancelled => Cancelled, Unknown => Internal, InvalidArgument => Invalid, DeadlineExceeded => DeadlineExceeded,
        NotFound => NotFound, AlreadyExists => AlreadyExists, PermissionDenied => PermissionDenied,
        ResourceExhausted => ResourceExhausted, FailedPrecondition => FailedPrecondition, Aborted => Aborted,
        OutOfRange => OutOfRange, Unimplemented => Unimplemented, Internal => Internal, Unavailable => Unavailable,
        DataLoss => DataLoss, Unauthenticated => Unauthenticated,
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_registry_has_reasons() {
    let mut details = ErrorDetails::new();
    details.set_error_info("ERROR_REASON_MODEL_NOT_FOUND", "somebody.else", []);
    let error = failing(Status::with_error_details(Code::NotFound, "no", details)).await;
    assert_eq!((error.reason(), error.reason_name()), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_reason_of_tomorrow_has_a_name() {
    let mut details = ErrorDetails::new();
    details.set_error_info("ERROR_REASON_TOO_MUCH_MOON", "modelregistry", []);
    let error = failing(Status::with_error_details(Code::FailedPrecondition, "no", details)).await;
    assert_eq!((error.reason(), error.reason_name()), (None, Some("ERROR_REASON_TOO_MUCH_MOON")));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_the_way_is_named() {
    let mut details = ErrorDetails::new();
    details.add_precondition_failure_violation("release", "iris 1.0", "is live");
    details.add_precondition_failure_violation("release", "iris 1.1", "is live");
    let error = failing(status(Code::FailedPrecondition, ErrorReason::ResourceInUse, &mut details)).await;
    assert_eq!(error.blockers(), ["iris 1.0", "iris 1.1"]);
    assert!(error.violations().is_empty() && error.current_release_id().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_was_moved_says_where_it_is() {
    for (reason, current, expected) in [
        (ErrorReason::AliasMoved, "0193", Some(ReleaseId::new("0193"))),
        (ErrorReason::AliasMoved, "", None),
        (ErrorReason::EtagMismatch, "0193", None),
    ] {
        let metadata = [("currentReleaseId".to_owned(), current.to_owned())];
        let details = ErrorDetails::with_error_info(reason.as_str_name(), "modelregistry", metadata);
        let error = failing(Status::with_error_details(Code::Aborted, "no", details)).await;
        assert_eq!(error.current_release_id(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn broken_details_do_not_hide_the_status() {
    let error = failing(Status::with_details(Code::NotFound, "no", vec![0xff; 40].into())).await;
    assert!(matches!(error, Error::NotFound(_)), "{error}");
    assert_eq!(error.message(), "no");
}

#[tokio::test(start_paused = true)]
async fn the_text_is_one_line() {
    let error = failing(Status::not_found("two\nlines\u{1b}[31m")).await;
    assert_eq!(error.to_string(), "CreateModel: NotFound: two lines [31m");
}

#[tokio::test(start_paused = true)]
async fn a_request_id_in_the_headers_counts() {
    let mut status = Status::internal("oops");
    status.metadata_mut().insert("x-request-id", "0194".parse().unwrap());
    let error = failing(status).await;
    assert_eq!(error.request_id(), Some("0194"));
    assert!(error.outcome_unknown());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_large_leaves_the_outcome_of_a_write_unknown() {
    let model = registry_client::Model { description: Some("x".repeat(5 << 20)), ..Default::default() };
    let fake = Fake::new([Reply::message(&pb::CreateModelResponse { model: Some(model) })]);
    let error = fake.client.create_model("iris", "/iris").send().await.unwrap_err();
    assert!(matches!(error, Error::OutOfRange(_)), "{error}");
    assert!(error.outcome_unknown());
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_size_that_is_promised_is_accepted() {
    let model = registry_client::Model { description: Some("x".repeat(4 << 20)), ..Default::default() };
    let fake = Fake::new([Reply::message(&pb::GetModelResponse { model: Some(model) })]);
    fake.client.get_model("iris").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_outcome_of_a_batch_has_its_own_error() {
    use pb::batch_resolve_releases_response::{Result as Outcome, result::Result as Kind};
    let mut details = ErrorDetails::new();
    details.set_resource_info("release", "iris latest", "", "").set_error_info(
        "ERROR_REASON_RELEASE_NOT_FOUND",
        "modelregistry",
        [],
    );
    let status = Status::with_error_details(Code::NotFound, "no such release", details);
    let status: tonic_types::Status = prost::Message::decode(status.details()).unwrap();
    let release = Some(Release { version: "1.0".into(), ..Default::default() });
    let results = vec![
        Outcome { result: Some(Kind::Resolved(Box::new(pb::ResolveReleaseResponse { release, alias: None }))) },
        Outcome { result: Some(Kind::Status(status)) },
        Outcome { result: Some(Kind::Resolved(Box::default())) },
        Outcome { result: None },
    ];
    let fake = Fake::new([Reply::message(&pb::BatchResolveReleasesResponse { results, revision: 7 })]);
    let queries = ["a", "b", "c", "d"].map(|model| ReleaseQuery::of(model).latest());
    let resolved = fake.client.batch_resolve_releases(queries).send().await.unwrap();
    assert_eq!(resolved.revision, 7);
    let [first, second, third, fourth] = resolved.outcomes.try_into().unwrap();
    assert_eq!(first.unwrap().version, "1.0");
    let second = second.unwrap_err();
    assert!(matches!(second, Error::NotFound(_)), "{second}");
    assert_eq!(second.reason(), Some(ErrorReason::ReleaseNotFound));
    assert_eq!(second.resource().unwrap().resource_name, "iris latest");
    assert_eq!(second.message(), "no such release");
    assert!(matches!(third, Err(Error::Protocol(_))));
    assert!(matches!(fourth, Err(Error::Protocol(_))));
}

#[tokio::test(start_paused = true)]
async fn a_batch_with_an_answer_too_few_is_refused() {
    let models = vec![registry_client::Model::default()];
    let fake = Fake::new([Reply::message(&pb::BatchGetModelsResponse { models })]);
    let error = fake.client.batch_get_models(["a", "b"]).send().await.unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error}");
}

#[test]
fn an_error_is_small() {
    assert!(size_of::<Error>() <= 16);
}
