//! What changes of API keys leave in the audit log: they are told nowhere else.

use registry_client::pb::{self, ApiKeyState, Role};
use registry_client::{AuditEntry, Code, ErrorReason, ResourceKind};
use registry_tests::{Harness, audited, conformance, expect, given, rows};

fn service(method: &str) -> String {
    format!("modelregistry.v1.ApiKeyService/{method}")
}

/// The newest entry, which is of this method and of this key.
async fn newest(registry: &Harness, method: &str, id: &str, name: &str) -> AuditEntry {
    let entry = audited::entries(registry).await.remove(0);
    assert_eq!((entry.method.clone(), entry.code, entry.call_count), (service(method), 0, 1), "{entry:?}");
    assert_eq!(entry.resource_kind(), ResourceKind::ApiKey, "{entry:?}");
    assert_eq!((entry.resource_id.as_deref(), entry.resource_name.as_deref()), (Some(id), Some(name)), "{entry:?}");
    assert_eq!((entry.actor.as_str(), entry.api_key_name.as_deref()), ("bootstrap-admin", Some("bootstrap-admin")), "{entry:?}");
    assert_eq!(entry.client_address.as_deref(), Some("127.0.0.1"), "{entry:?}");
    entry
}

fn changed(entry: &AuditEntry) -> Vec<&str> {
    entry.changed_fields.iter().flat_map(|mask| mask.paths.iter().map(String::as_str)).collect()
}

fn update(id: &str, role: Role) -> pb::UpdateApiKeyRequest {
    let key = pb::ApiKey { role: role.into(), description: Some("new".to_owned()), ..Default::default() };
    pb::UpdateApiKeyRequest { api_key_id: id.to_owned(), api_key: Some(key), ..Default::default() }
}

conformance! {
    /// Every change of a key leaves one entry, with a revision of its own; what changes nothing has none.
    async fn every_change_of_a_key_leaves_one_entry(registry: &Harness) {
        let client = &registry.client;
        let (pb::ApiKey { id, .. }, _) = registry_tests::keys::make(registry, "bot", Role::Viewer).await;
        let entry = newest(registry, "CreateApiKey", &id, "bot").await;
        assert_eq!((entry.revision, changed(&entry)), (Some(1), vec![]));
        let request_id = given::request_id();
        let request = pb::UpdateApiKeyRequest { request_id: request_id.clone(), ..update(&id, Role::Operator) };
        for revision in [Some(2), None] {
            client.call(request.clone()).send().await.unwrap();
            let entry = newest_of(registry, "UpdateApiKey").await;
            assert_eq!((entry.revision, &entry.request_id), (revision, &request_id));
            assert_eq!(changed(&entry), if revision.is_some() { vec!["role", "description"] } else { vec![] });
        }
        let transition = |state: ApiKeyState| pb::TransitionApiKeyRequest { api_key_id: id.clone(), target_state: state.into(), ..Default::default() };
        client.call(transition(ApiKeyState::Disabled)).send().await.unwrap();
        let entry = newest(registry, "TransitionApiKey", &id, "bot").await;
        assert_eq!((entry.revision, changed(&entry)), (Some(3), vec!["state"]));
        client.call(transition(ApiKeyState::Disabled)).send().await.unwrap();
        assert_eq!(newest_of(registry, "TransitionApiKey").await.revision, None);
        client.call(pb::RotateApiKeyRequest { api_key_id: id.clone(), grace_period: None }).send().await.unwrap();
        assert_eq!(newest(registry, "RotateApiKey", &id, "bot").await.revision, Some(4));
        let before = audited::entries(registry).await;
        client.call(pb::UpdateApiKeyRequest { validate_only: true, ..update(&id, Role::Viewer) }).send().await.unwrap();
        assert_eq!(audited::entries(registry).await, before);
    }

    /// A key whose entry cannot be stored is not made and not changed.
    async fn no_change_of_a_key_without_its_entry(registry: &Harness) {
        let (pb::ApiKey { id, .. }, _) = registry_tests::keys::make(registry, "bot", Role::Viewer).await;
        let before = rows::all(registry).await;
        rows::refuse(registry, "audit_entries").await;
        let client = &registry.client;
        let key = pb::ApiKey { name: "other".to_owned(), role: Role::Viewer.into(), ..Default::default() };
        let answer = client.call(pb::CreateApiKeyRequest { api_key: Some(key) }).send().await;
        expect::refused(answer.map(drop), Code::Internal, ErrorReason::Internal);
        let answer = client.call(update(&id, Role::Operator)).send().await;
        expect::refused(answer, Code::Internal, ErrorReason::Internal);
        let revoke = pb::TransitionApiKeyRequest { api_key_id: id.clone(), target_state: ApiKeyState::Revoked.into(), ..Default::default() };
        expect::refused(client.call(revoke).send().await, Code::Internal, ErrorReason::Internal);
        let answer = client.call(pb::RotateApiKeyRequest { api_key_id: id.clone(), grace_period: None }).send().await;
        expect::refused(answer.map(drop), Code::Internal, ErrorReason::Internal);
        assert_eq!(rows::all(registry).await, before);
        rows::accept(registry, "audit_entries").await;
        client.call(update(&id, Role::Operator)).send().await.unwrap();
        newest(registry, "UpdateApiKey", &id, "bot").await;
    }
}

async fn newest_of(registry: &Harness, method: &str) -> AuditEntry {
    let entry = audited::entries(registry).await.remove(0);
    assert_eq!(entry.method, service(method));
    entry
}
