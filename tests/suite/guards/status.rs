//! Every error becomes a status whose code is the one that the contract gives to its reason, and which fits.

use registry_client::{Code, ErrorReason, pb};
use registry_proto::reason::REASONS;
use registry_server::api::status;
use registry_server::domain::error::Blockers;
use registry_server::domain::{Error, Kind, Limit, ReleaseId, RequestId, Revision, Role, Violation};
use registry_tests::conformance;
use std::path::Path;
use std::time::Duration;
use tonic_types::{Status as RpcStatus, StatusExt};

/// The names of the codes of gRPC, as the contract spells them.
pub(super) fn code_names() -> impl Iterator<Item = String> {
    (0..17).map(|number| code_name(Code::from_i32(number)))
}

/// `InvalidArgument` to `INVALID_ARGUMENT`.
fn code_name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_uppercase());
    }
    name
}

/// Counts the variants: a new one does not compile here until it has a number, and then needs an example.
const fn number(error: &Error) -> usize {
    match error {
        Error::Invalid(_) => 0,
        Error::InvalidUpdateMask { .. } => 1,
        Error::Immutable { .. } => 2,
        Error::InvalidPageToken => 3,
        Error::PageTokenMismatch => 4,
        Error::NotFound { kind: Kind::Model, .. } => 5,
        Error::NotFound { kind: Kind::Release, .. } => 6,
        Error::Exists { kind: Kind::Model, .. } => 7,
        Error::Exists { kind: Kind::Release | Kind::Alias | Kind::Deployment, .. } => 8,
        Error::EtagMismatch { .. } => 9,
        Error::Deleted { .. } => 10,
        Error::InvalidTransition { .. } => 11,
        Error::Ambiguous { .. } => 12,
        Error::ResponseTooLarge { .. } => 13,
        Error::Conflict(_) => 14,
        Error::Unavailable(_) => 15,
        Error::ShuttingDown => 16,
        Error::OutcomeUnknown(_) => 17,
        Error::StorageFull(_) => 18,
        Error::ReadOnly(_) => 19,
        Error::Internal(_) => 20,
        Error::NotFound { kind: Kind::Alias, .. } => 21,
        Error::InUse { .. } => 22,
        Error::AliasMoved { .. } => 23,
        Error::RequestIdReused { .. } => 24,
        Error::Compacted { .. } => 25,
        Error::InFuture { .. } => 26,
        Error::Behind { .. } => 27,
        Error::LimitExceeded { .. } => 28,
        Error::TooManyStreams { .. } => 29,
        Error::NotFound { kind: Kind::ApiKey, .. } => 30,
        Error::Exists { kind: Kind::ApiKey, .. } => 31,
        Error::LastAdminKey => 32,
        Error::Unauthenticated => 33,
        Error::KeyChanged => 34,
        Error::RoleRequired { .. } => 35,
        Error::OutsidePrefixes { .. } => 36,
        Error::RateLimited { .. } => 37,
        Error::RequestTooLarge { .. } => 38,
        Error::RequestBroken => 39,
        Error::NotFound { kind: Kind::Artifact, .. } => 40,
        Error::Exists { kind: Kind::Artifact, .. } => 41,
        Error::QuotaExceeded { .. } => 42,
        Error::StorageUnavailable(_) => 43,
        Error::NotStored { .. } => 44,
        Error::Damaged { .. } => 45,
        Error::Idle { .. } => 46,
        Error::UploadForgotten => 47,
        Error::NotFound { kind: Kind::Deployment, .. } => 48,
        Error::Taken { .. } => 49,
        Error::ImportChanged { .. } => 50,
    }
}
const NUMBERS: usize = 51;

/// One of each, with texts as long as the contract lets a name be, or with short ones.
fn examples(long: bool) -> Vec<Error> {
    let text = |most: usize| if long { "\u{1f40b}".repeat(most) } else { "x".to_owned() };
    let name = || format!("{}:{}-{} ({})", text(255), text(500), text(50), text(50));
    let cause = || text(10_000).into();
    let violation = |number: usize| Violation {
        field: format!("model.tags[{number}]"),
        reason: "STRING_MAX_LEN".to_owned(),
        description: text(500),
    };
    let id = ReleaseId::from(uuid::Uuid::nil());
    let mut examples = vec![
        Error::Invalid(Vec::new().into()),
        Error::Invalid((0..if long { 1000 } else { 1 }).map(violation).collect::<Vec<_>>().into()),
        Error::InvalidUpdateMask { path: text(64), why: "is not a field of the resource" },
        Error::Immutable { path: "release.base_release_id" },
        Error::Taken { what: "move of alias", name: name(), field: "revision" },
        Error::ImportChanged { id: uuid::Uuid::nil().into() },
        Error::InvalidPageToken,
        Error::PageTokenMismatch,
        Error::InvalidTransition {
            kind: Kind::Release,
            from: "CANDIDATE",
            to: "DEPRECATED",
            why: "the lifecycle has no such step",
        },
        Error::InUse {
            kind: Kind::Release,
            name: name(),
            why: "has aliases that point to it, and `force` is not set",
            blockers: Blockers { kind: Kind::Release, names: vec![name(); 10], count: u64::MAX },
        },
        Error::AliasMoved { alias: text(128), current: Some(id), revision: Revision::new(i64::MAX) },
        Error::AliasMoved { alias: text(128), current: None, revision: Revision::ZERO },
        Error::RequestIdReused { id: uuid::Uuid::nil(), method: text(200) },
        Error::Compacted { after: Revision::ZERO, compacted: Revision::new(i64::MAX), current: Revision::new(i64::MAX) },
        Error::InFuture { after: Revision::new(i64::MAX), current: Revision::ZERO },
        Error::LimitExceeded { subject: text(300), limit: u64::MAX, actual: u64::MAX },
        Error::TooManyStreams { limit: Limit::WatchesPerCaller, most: usize::MAX },
        Error::RateLimited { limit: Limit::FailedAuthentications, retry: Duration::from_secs(10) },
        Error::RequestTooLarge { limit: usize::MAX },
        Error::RequestBroken,
        Error::Behind { wanted: Revision::new(i64::MAX), current: Revision::ZERO },
        Error::Ambiguous { reference: name(), candidates: vec![id; 10], count: usize::MAX },
        Error::ResponseTooLarge { bytes: usize::MAX, limit: usize::MAX },
        Error::Conflict(cause()),
        Error::Unavailable(cause()),
        Error::ShuttingDown,
        Error::OutcomeUnknown(cause()),
        Error::StorageFull(cause()),
        Error::ReadOnly(cause()),
        Error::Internal(cause()),
        Error::QuotaExceeded { limit: u64::MAX },
        Error::StorageUnavailable(cause()),
        Error::NotStored { name: text(255) },
        Error::Damaged { name: text(255), cause: cause() },
        Error::Idle { seconds: u64::MAX },
        Error::UploadForgotten,
        Error::LastAdminKey,
        Error::Unauthenticated,
        Error::KeyChanged,
        Error::RoleRequired { required: Role::Admin, method: "ListReleaseAliasHistory" },
        Error::OutsidePrefixes { name: text(255) },
    ];
    examples.push(Error::NotFound { kind: Kind::Alias, name: name(), hint: None });
    examples.push(Error::NotFound { kind: Kind::Deployment, name: id.to_string(), hint: None });
    examples.push(Error::InUse {
        kind: Kind::Release,
        name: name(),
        why: "has live deployments, which `force` does not end",
        blockers: Blockers {
            kind: Kind::Deployment,
            names: vec![format!("{id} ({} in {})", name(), text(100)); 10],
            count: u64::MAX,
        },
    });
    for kind in [Kind::Model, Kind::Release, Kind::Artifact, Kind::ApiKey] {
        let revision = Revision::new(i64::MAX);
        examples.extend([
            Error::NotFound { kind, name: name(), hint: Some("it was yanked") },
            Error::Exists { kind, name: name(), id: id.to_string(), deleted: true },
            Error::EtagMismatch { kind, name: name(), etag: revision.etag(), revision },
            Error::Deleted { kind, name: name() },
        ]);
    }
    examples
}

/// The code that the contract gives to a reason.
fn contracted(reason: &str) -> &'static str {
    REASONS.iter().find(|known| known.name == reason).unwrap_or_else(|| panic!("{reason} is not in the contract")).code
}

#[test]
fn every_error_has_the_code_of_its_reason() {
    let mut seen = [false; NUMBERS];
    for error in examples(false).into_iter().chain(examples(true)) {
        seen[number(&error)] = true;
        let told = status::of(&error, &RequestId::fresh());
        let details = told.get_error_details();
        let info = details.error_info().unwrap_or_else(|| panic!("{error:?} has no ErrorInfo"));
        assert_eq!(code_name(told.code()), contracted(&info.reason), "{error:?}");
        assert_eq!(info.domain, "modelregistry");
    }
    assert_eq!(seen, [true; NUMBERS], "a variant has no example");
}

/// Larger statuses are lost on their way to some clients.
#[test]
fn every_status_fits() {
    for error in examples(true) {
        let told = status::of(&error, &RequestId::fresh());
        assert!(told.message().len() <= 512, "{} bytes of message for {}", told.message().len(), number(&error));
        assert!(told.details().len() <= 4096, "{} bytes of details for {}", told.details().len(), number(&error));
        let decoded = <RpcStatus as prost::Message>::decode(told.details()).unwrap();
        assert!(decoded.details.len() <= 4 && decoded.message == told.message());
    }
}

/// What the operator needs to know is not the caller's business.
#[test]
fn no_status_tells_a_cause() {
    let secret = "UNIQUE constraint failed: models.name";
    let cause = || secret.into();
    for error in [
        Error::Conflict(cause()),
        Error::Unavailable(cause()),
        Error::OutcomeUnknown(cause()),
        Error::StorageFull(cause()),
        Error::ReadOnly(cause()),
        Error::StorageUnavailable(cause()),
        Error::Damaged { name: "f".to_owned(), cause: cause() },
        Error::bug(secret),
    ] {
        let told = status::of(&error, &RequestId::fresh());
        assert!(!told.message().contains("UNIQUE") && !String::from_utf8_lossy(told.details()).contains("UNIQUE"), "{told:?}");
    }
}

/// The pairs of code and reason in a source file: `refused(Code::X, ErrorReason::Y, …)`.
fn pairs(source: &str) -> Vec<(String, String)> {
    let word = |text: &str| text.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
    // However the lines are broken.
    let source: String = source.split_whitespace().collect();
    let after = source.split("refused(Code::").skip(1);
    after.map(|rest| (word(rest), word(rest.split_once("ErrorReason::").map_or("", |(_, reason)| reason)))).collect()
}

/// Every file in a directory and below.
fn sources(directory: &Path) -> Vec<String> {
    let paths = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![std::fs::read_to_string(path).unwrap()] }).collect()
}

/// The layers choose code and reason side by side: the contract must say the same.
#[test]
fn the_layers_refuse_with_the_code_of_the_reason() {
    assert_eq!(
        pairs("status::refused(\n    Code::Internal,\n    ErrorReason::ReadOnly,\n    x)"),
        [("Internal".to_owned(), "ReadOnly".to_owned())]
    );
    let layers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../registry-server/src/layer");
    let mut seen = 0;
    for source in sources(&layers) {
        for (code, reason) in pairs(&source) {
            let known = REASONS
                .iter()
                .find(|known| format!("{:?}", known.value) == reason)
                .unwrap_or_else(|| panic!("{reason} is not in the contract"));
            let code = (0..17).map(Code::from_i32).find(|known| format!("{known:?}") == code).unwrap();
            assert_eq!(code_name(code), known.code, "{reason}");
            seen += 1;
        }
    }
    assert!(seen >= 4, "only {seen} refusals were found in the layers");
}

conformance! {
    /// Paths of fields are made of what the caller sent, and that can be long.
    async fn a_violation_far_down_still_fits(registry: &Harness) {
        let key = "\u{1f40b}".repeat(15_000);
        let value = prost_types::Value { kind: Some(prost_types::value::Kind::StringValue("\0".to_owned())) };
        let model = pb::Model {
            name: "m".to_owned(),
            storage_path: "s".to_owned(),
            metadata: Some(prost_types::Struct { fields: [(key.clone(), value)].into() }),
            ..Default::default()
        };
        let error = registry.client.call(pb::CreateModelRequest { model: Some(model), ..Default::default() }).send().await.unwrap_err();
        assert_eq!(error.reason(), Some(ErrorReason::InvalidField));
        let told = error.status().unwrap();
        assert!(told.details().len() <= 4096, "{} bytes of details", told.details().len());
        assert!(told.message().len() <= 512);
        assert!(error.violations()[0].field.starts_with("model.metadata"), "{:?}", error.violations());
    }

    /// Many violations with long paths: as many as fit, each told in full or not at all.
    async fn many_violations_with_long_paths_still_fit(registry: &Harness) {
        let labels = (0..128).map(|number| (format!("{number}{}", "ü".repeat(240)), "\0".to_owned())).collect();
        let model = pb::Model { name: "m".to_owned(), storage_path: "s".to_owned(), labels, ..Default::default() };
        let error = registry.client.call(pb::CreateModelRequest { model: Some(model), ..Default::default() }).send().await.unwrap_err();
        let told = error.status().unwrap();
        assert!(told.details().len() <= 4096 && told.message().len() <= 512, "{} bytes of details", told.details().len());
        assert!(!error.violations().is_empty());
    }

    /// A reference that cannot be found is told back, and can be long.
    async fn a_long_name_that_is_not_there_still_fits(registry: &Harness) {
        let error = registry.client.get_model("\u{1f40b}".repeat(255)).send().await.unwrap_err();
        let told = error.status().unwrap();
        assert!(told.details().len() <= 4096 && told.message().len() <= 512, "{} bytes of details", told.details().len());
    }
}
