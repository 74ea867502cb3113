//! Calls that were refused or failed: they are told too, with who called and why it came to nothing.

use registry_client::pb::{self, Role};
use registry_client::{AuditEntry, Client, Code, ErrorReason, Method, ModelId, ResourceKind};
use registry_tests::{Harness, audited, conformance, expect, given, keys, raw};

/// The one entry of calls of this method that failed.
fn of(entries: &[AuditEntry], method: Method) -> &AuditEntry {
    let path = method.path().trim_start_matches('/');
    let mut found = entries.iter().filter(|entry| entry.method == path);
    let entry = found.next().unwrap_or_else(|| panic!("no entry of {path}: {entries:#?}"));
    assert!(found.next().is_none(), "{entries:#?}");
    entry
}

/// What it says of how the call ended.
fn end(entry: &AuditEntry) -> (Code, Option<&str>) {
    (Code::from_i32(entry.code), entry.error_reason.as_deref())
}

fn because(code: Code, reason: ErrorReason) -> (Code, Option<&'static str>) {
    (code, Some(reason.as_str_name()))
}

/// What it says of who called.
fn who(entry: &AuditEntry) -> (&str, Option<&str>, Option<&str>) {
    (&entry.actor, entry.api_key_id.as_deref(), entry.api_key_name.as_deref())
}

fn about(entry: &AuditEntry) -> (ResourceKind, Option<&str>, Option<&str>) {
    (entry.resource_kind(), entry.resource_id.as_deref(), entry.resource_name.as_deref())
}

/// Calls a method with nothing in it, whatever comes of it.
async fn call(registry: &Harness, method: Method, headers: &[(&str, &str)]) -> raw::Answer {
    raw::call_without_key(registry, method.path(), headers, raw::frame(&[])).await
}

conformance! {
    /// Whatever a use case refuses is told with its code and its reason, and with the resource as far as the caller was told.
    async fn what_is_refused_is_told(registry: &Harness) {
        let client = &registry.client;
        let key = audited::key_of(client).await;
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let (unknown, change) = (ModelId::new("01930000-0000-7000-8000-0000000000ff"), given::request_id());
        client.create_model("m", "/m").request_id(&change).send().await.unwrap_err();
        client.create_model("", "/m").validate_only().send().await.unwrap_err();
        client.rename_model("none", "other").send().await.unwrap_err();
        client.delete_model(unknown.clone()).send().await.unwrap_err();
        client.update_model(&model).task("t").etag("stale").send().await.unwrap_err();
        client.purge_release(&release).send().await.unwrap_err();
        client.compact_events(1000).send().await.unwrap_err();
        let failed = audited::failures(registry, 7).await;
        for entry in &failed {
            assert_eq!(who(entry), ("bootstrap-admin", Some(&*key), Some("bootstrap-admin")), "{entry:?}");
            assert_eq!((entry.client_address.as_deref(), entry.call_count, entry.revision), (Some("127.0.0.1"), 1, None), "{entry:?}");
            assert!(entry.user_agent.as_deref().is_some_and(|agent| agent.starts_with("registry-client/")), "{entry:?}");
            assert!(!entry.request_id.is_empty() && entry.changed_fields.is_none(), "{entry:?}");
            assert_eq!(entry.create_time, Some(given::time(0)));
        }
        let creates: Vec<_> = failed.iter().filter(|entry| entry.method.ends_with("/CreateModel")).collect();
        let twin = creates.iter().find(|entry| entry.code == Code::AlreadyExists as i32).expect("an entry");
        assert_eq!((end(twin), &twin.request_id), (because(Code::AlreadyExists, ErrorReason::ModelAlreadyExists), &change));
        assert_eq!(about(twin), (ResourceKind::Model, None, Some("m")));
        let nameless = creates.iter().find(|entry| entry.code == Code::InvalidArgument as i32).expect("an entry");
        assert_eq!(end(nameless), because(Code::InvalidArgument, ErrorReason::InvalidField));
        assert_eq!(about(nameless), (ResourceKind::Unspecified, None, None));
        let missing = of(&failed, Method::RenameModel);
        assert_eq!(end(missing), because(Code::NotFound, ErrorReason::ModelNotFound));
        assert_eq!(about(missing), (ResourceKind::Model, None, Some("none")));
        let missing = of(&failed, Method::DeleteModel);
        assert_eq!(about(missing), (ResourceKind::Model, Some("01930000-0000-7000-8000-0000000000ff"), None));
        let stale = of(&failed, Method::UpdateModel);
        assert_eq!(end(stale), because(Code::Aborted, ErrorReason::EtagMismatch));
        assert_eq!(about(stale), (ResourceKind::Model, None, Some("m")));
        let live = of(&failed, Method::PurgeRelease);
        assert_eq!(end(live), because(Code::FailedPrecondition, ErrorReason::InvalidStateTransition));
        let ahead = of(&failed, Method::CompactEvents);
        assert_eq!(end(ahead), because(Code::OutOfRange, ErrorReason::RevisionInFuture));
    }

    /// Whoever may not call an audited method is told with his key if he has one, whichever method it is; whoever only reads is not.
    async fn who_may_not_is_told(registry: &Harness) {
        let (pb::ApiKey { id, .. }, secret) = keys::make(registry, "viewer", Role::Viewer).await;
        let audited: Vec<Method> = Method::ALL.iter().copied().filter(|method| method.policy().audited).collect();
        assert!(audited.len() > 20, "{audited:?}");
        let bearer = format!("Bearer {secret}");
        for method in Method::ALL.iter().filter(|method| **method != Method::Watch) {
            let viewer = call(registry, *method, &[("authorization", &bearer), ("user-agent", "probe/1")]).await;
            let stranger = call(registry, *method, &[("x-request-id", method.name())]).await;
            if audited.contains(method) {
                assert_eq!((viewer.status.code(), stranger.status.code()), (Code::PermissionDenied, Code::Unauthenticated));
            }
        }
        let failed = audited::failures(registry, i64::try_from(audited.len()).unwrap() * 2).await;
        for method in audited {
            let path = method.path().trim_start_matches('/');
            let told = |code: Code| failed.iter().find(|entry| entry.method == path && entry.code == code as i32).expect("an entry");
            let viewer = told(Code::PermissionDenied);
            assert_eq!(end(viewer), because(Code::PermissionDenied, ErrorReason::RoleRequired));
            assert_eq!((who(viewer), viewer.user_agent.as_deref()), (("viewer", Some(&*id), Some("viewer")), Some("probe/1")));
            let stranger = told(Code::Unauthenticated);
            assert_eq!(end(stranger), because(Code::Unauthenticated, ErrorReason::Unauthenticated));
            assert_eq!((who(stranger), stranger.user_agent.as_deref()), (("anonymous", None, None), None));
            assert_eq!((stranger.client_address.as_deref(), &*stranger.request_id), (Some("127.0.0.1"), method.name()));
        }
    }

    /// A secret that is none is nobody's, even if it is almost one; so is that of a key that was revoked.
    async fn a_bad_secret_is_nobodys(registry: &Harness) {
        let (pb::ApiKey { id, .. }, secret) = keys::make(registry, "gone", Role::Operator).await;
        let revoke = pb::TransitionApiKeyRequest { api_key_id: id, target_state: pb::ApiKeyState::Revoked.into(), ..Default::default() };
        registry.client.call(revoke).send().await.unwrap();
        let almost = format!("{}0", &keys::ADMIN[..keys::ADMIN.len() - 1]);
        for (method, secret) in [(Method::CreateModel, &*secret), (Method::DeleteModel, &*almost), (Method::RenameModel, "mrk_nonsense")] {
            let answer = call(registry, method, &[("authorization", &format!("Bearer {secret}"))]).await;
            assert_eq!(answer.reason(), Some(ErrorReason::Unauthenticated));
        }
        for entry in audited::failures(registry, 3).await {
            assert_eq!(who(&entry), ("anonymous", None, None));
        }
    }

    /// What is no message, or too large to be one, is told by the code that the caller sees.
    async fn what_cannot_be_read_is_told(registry: &Harness) {
        let bearer = format!("Bearer {}", keys::ADMIN);
        let headers = [("authorization", bearer.as_str())];
        let noise = raw::call_without_key(registry, Method::CreateModel.path(), &headers, raw::frame(&[0xff; 8])).await;
        let large = raw::call_without_key(registry, Method::DeleteModel.path(), &headers, raw::frame(&vec![0; 600 * 1024])).await;
        assert_eq!((noise.status.code(), large.status.code()), (Code::InvalidArgument, Code::ResourceExhausted));
        let failed = audited::failures(registry, 2).await;
        assert_eq!(end(of(&failed, Method::CreateModel)), because(Code::InvalidArgument, ErrorReason::MalformedMessage));
        assert_eq!(end(of(&failed, Method::DeleteModel)), because(Code::ResourceExhausted, ErrorReason::MessageTooLarge));
    }

    /// Only admins read the log.
    async fn only_admins_read_it(registry: &Harness) {
        for (name, role) in [("viewer", Role::Viewer), ("operator", Role::Operator)] {
            let (_, secret) = keys::make(registry, name, role).await;
            let client = keys::client(registry.endpoint(), &secret).await;
            let answer = client.list_audit_entries().send().await.map(|page| page.items);
            let error = expect::refused(answer, Code::PermissionDenied, ErrorReason::RoleRequired);
            assert_eq!(expect::fact(&error, "requiredRole"), "ROLE_ADMIN");
        }
        let stranger = Client::connect(registry.endpoint()).await.unwrap();
        let answer = stranger.list_audit_entries().send().await;
        expect::refused(answer, Code::Unauthenticated, ErrorReason::Unauthenticated);
        assert_eq!(audited::entries(registry).await.len(), 2, "to read is not audited");
    }
}
