//! Every method of the contract, called by everybody there can be.

use registry_client::pb::{ApiKey, ApiKeyState, Role, RotateApiKeyRequest};
use registry_client::{Code, ErrorReason, Method};
use registry_tests::{Harness, conformance, given, keys, raw};
use std::collections::BTreeMap;
use std::time::Duration;

/// A message with nothing in it.
const NOTHING: [u8; 5] = [0; 5];

/// What an empty request of a method is answered with, if the caller may make it. A new method does not compile until it is
/// said.
const fn answered(method: Method) -> Code {
    match method {
        Method::CreateModel
        | Method::GetModel
        | Method::BatchGetModels
        | Method::UpdateModel
        | Method::RenameModel
        | Method::DeleteModel
        | Method::UndeleteModel
        | Method::PurgeModel
        | Method::BatchCreateModels
        | Method::CreateRelease
        | Method::GetRelease
        | Method::BatchGetReleases
        | Method::ResolveRelease
        | Method::BatchResolveReleases
        | Method::UpdateRelease
        | Method::TransitionRelease
        | Method::DeleteRelease
        | Method::UndeleteRelease
        | Method::PurgeRelease
        | Method::BatchCreateReleases
        | Method::SetReleaseAlias
        | Method::DeleteReleaseAlias
        | Method::ListReleaseAliasHistory
        | Method::CreateArtifact
        | Method::GetArtifact
        | Method::UpdateArtifact
        | Method::DeleteArtifact
        | Method::UploadArtifact
        | Method::DownloadArtifact
        | Method::CreateDeployment
        | Method::GetDeployment
        | Method::UpdateDeployment
        | Method::TransitionDeployment
        | Method::CompactEvents
        | Method::CreateApiKey
        | Method::GetApiKey
        | Method::UpdateApiKey
        | Method::TransitionApiKey
        | Method::RotateApiKey
        | Method::Import => Code::InvalidArgument,
        Method::ListModels
        | Method::ListReleases
        | Method::ListReleaseAliases
        | Method::ListArtifacts
        | Method::ListDeployments
        | Method::GetServerInfo
        | Method::ListEvents
        | Method::GetCallerApiKey
        | Method::ListApiKeys
        | Method::ListAuditEntries
        | Method::Export => Code::Ok,
        // It goes on until its deadline.
        Method::Watch => Code::DeadlineExceeded,
    }
}

async fn call(registry: &Harness, method: Method, credentials: &[(&str, &str)]) -> raw::Answer {
    let timeout = if method == Method::Watch { "200m" } else { "20S" };
    let headers: Vec<_> = credentials.iter().copied().chain([("grpc-timeout", timeout)]).collect();
    raw::call_without_key(registry, method.path(), &headers, NOTHING.to_vec()).await
}

fn bearer(secret: &str) -> String {
    format!("Bearer {secret}")
}

/// The same key with another secret: its last digit is changed.
fn with_another_secret(secret: &str) -> String {
    let (rest, last) = secret.split_at(secret.len() - 1);
    format!("{rest}{}", if last == "0" { '1' } else { '0' })
}

/// Everything an answer says but which call it answers and when.
fn said(answer: &raw::Answer) -> String {
    let mut headers: Vec<_> = answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.retain(|header| !header.starts_with("x-request-id") && !header.starts_with("date"));
    headers.sort();
    format!("{headers:?} {:?} {}", answer.body, answer.status.message())
}

/// Credentials that do not let anybody in, each with what is wrong with them.
async fn bad(registry: &Harness) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let (valid, secret) = keys::make(registry, "valid", Role::Admin).await;
    let later = given::time(3_600_000_000);
    let expiring = ApiKey { name: "expired".into(), role: Role::Admin.into(), expire_time: Some(later), ..Default::default() };
    let (_, expired) = keys::make_as(registry, expiring).await;
    let (key, disabled) = keys::make(registry, "disabled", Role::Admin).await;
    keys::transition(registry, &key, ApiKeyState::Disabled).await;
    let (key, revoked) = keys::make(registry, "revoked", Role::Admin).await;
    keys::transition(registry, &key, ApiKeyState::Revoked).await;
    let (key, rotated) = keys::make(registry, "rotated", Role::Admin).await;
    registry.client.call(RotateApiKeyRequest { api_key_id: key.id, grace_period: None }).send().await.unwrap();
    let (key, grace_over) = keys::make(registry, "rotated-with-grace", Role::Admin).await;
    let grace_period = Some(prost_types::Duration { seconds: 60, nanos: 0 });
    registry.client.call(RotateApiKeyRequest { api_key_id: key.id, grace_period }).send().await.unwrap();
    registry.advance(Duration::from_secs(3600));
    let unknown = secret.replace(&valid.id.replace('-', ""), &uuid::Uuid::now_v7().simple().to_string());
    let header = |secret: &str| vec![("authorization", bearer(secret))];
    vec![
        ("no key", Vec::new()),
        ("garbage", header("garbage")),
        ("an empty key", header("")),
        ("another scheme", vec![("authorization", format!("Basic {secret}"))]),
        ("no scheme", vec![("authorization", secret.clone())]),
        ("an unknown key", header(&unknown)),
        ("a wrong secret", header(&with_another_secret(&secret))),
        ("a wrong secret as x-api-key", vec![("x-api-key", with_another_secret(&secret))]),
        ("only the public part", header(&valid.prefix)),
        ("an expired key", header(&expired)),
        ("a disabled key", header(&disabled)),
        ("a revoked key", header(&revoked)),
        ("the secret before", header(&rotated)),
        ("the secret before, after its grace", header(&grace_over)),
    ]
}

conformance! {
    /// Without valid credentials nothing but the server info is to be had, and not even why is told.
    async fn nobody_gets_in_without_a_valid_key(registry: &Harness) {
        let mut answers = BTreeMap::new();
        for (what, credentials) in bad(registry).await {
            let credentials: Vec<_> = credentials.iter().map(|(name, value)| (*name, value.as_str())).collect();
            for &method in Method::ALL {
                let answer = call(registry, method, &credentials).await;
                if method.policy().public && credentials.is_empty() {
                    assert_eq!(answer.status.code(), answered(method), "{method:?} with {what}");
                    continue;
                }
                let refused = (answer.status.code(), answer.reason());
                assert_eq!(refused, (Code::Unauthenticated, Some(ErrorReason::Unauthenticated)), "{method:?} with {what}");
                assert!(answer.body.is_empty());
                answers.entry(said(&answer)).or_insert((method, what));
            }
        }
        assert_eq!(answers.len(), 1, "{answers:#?}");
    }

    /// A role opens the methods that need it or less, and nothing else; the refusal says which one is needed.
    async fn a_role_opens_what_the_contract_says(registry: &Harness) {
        let mut refusals = 0;
        for role in [Role::Viewer, Role::Operator, Role::Admin] {
            let (_, secret) = keys::make(registry, role.as_str_name(), role).await;
            for (header, value) in [("authorization", bearer(&secret)), ("x-api-key", secret)] {
                for &method in Method::ALL {
                    let answer = call(registry, method, &[(header, &value)]).await;
                    let needed = method.policy().min_role;
                    if role >= needed {
                        assert_eq!(answer.status.code(), answered(method), "{method:?} as {role:?}: {}", answer.status.message());
                        continue;
                    }
                    refusals += 1;
                    let refused = (answer.status.code(), answer.reason());
                    assert_eq!(refused, (Code::PermissionDenied, Some(ErrorReason::RoleRequired)), "{method:?} as {role:?}");
                    let metadata = raw::metadata(&answer.status);
                    assert_eq!(metadata["requiredRole"], needed.as_str_name(), "{method:?}");
                    assert_eq!(metadata["method"], method.name());
                }
            }
        }
        assert!(refusals > 0);
    }

    /// A path that leads to no method leads nobody anywhere, with or without a key.
    async fn an_unknown_method_is_unimplemented(registry: &Harness) {
        for path in ["/modelregistry.v1.ModelService/DropModel", "/modelregistry.v1.Nothing/GetModel", "/a/b/c", "/"] {
            for answer in [
                raw::call(registry, path, &[], NOTHING.to_vec()).await,
                raw::call_without_key(registry, path, &[], NOTHING.to_vec()).await,
            ] {
                assert_eq!((answer.status.code(), answer.reason()), (Code::Unimplemented, Some(ErrorReason::UnknownMethod)), "{path}");
            }
        }
    }

    /// Whether something exists is not told to whoever may not touch it.
    async fn a_low_role_learns_nothing_of_what_exists(registry: &Harness) {
        given::model(registry, "iris").await;
        let (_, secret) = keys::make(registry, "viewer", Role::Viewer).await;
        let viewer = keys::client(registry.endpoint(), &secret).await;
        let answer = |name: &'static str| viewer.delete_model(name).send();
        let (there, not) = (answer("iris").await.unwrap_err(), answer("lotus").await.unwrap_err());
        assert_eq!((there.code(), there.reason()), (Code::PermissionDenied, Some(ErrorReason::RoleRequired)));
        assert_eq!(there.message(), not.message());
        assert!(registry.client.get_model("iris").send().await.is_ok());
    }
}
