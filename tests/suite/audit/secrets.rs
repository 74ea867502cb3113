//! What is not in the audit log: nothing of what a call says but names and ids, and no secret.

use registry_client::pb::{self, Role};
use registry_client::{Method, ModelRef};
use registry_tests::{audited, conformance, given, keys, raw, rows};

/// Stands in everything that callers write and that is no name.
const CANARY: &str = "c4n4ry";

conformance! {
    /// Neither of what succeeds nor of what fails is anything kept that a caller wrote, but for names, ids and his user agent.
    async fn the_log_holds_nothing_of_what_was_sent(registry: &Harness) {
        let client = &registry.client;
        let text = |what: &str| format!("{what} {CANARY}");
        let model = client.create_model("m", format!("/{CANARY}")).description(text("d")).tags([CANARY]).label("k", CANARY);
        let model = model.metadata(serde_json::json!({ "k": CANARY })).company(CANARY).display_name(CANARY).send().await.unwrap();
        let update = client.update_model(&model).description(text("new")).metadata(serde_json::json!({ CANARY: 1 })).labels([("l", CANARY)]);
        update.send().await.unwrap();
        let release = client.create_release("m", "1").digest(given::digest(1)).release_notes(CANARY).label("k", CANARY).send().await.unwrap();
        client.deprecate_release(&release).reason(CANARY).send().await.unwrap();
        let (pb::ApiKey { id, .. }, secret) = keys::make(registry, "bot", Role::Operator).await;
        let key = pb::ApiKey { description: Some(CANARY.to_owned()), ..Default::default() };
        client.call(pb::UpdateApiKeyRequest { api_key_id: id.clone(), api_key: Some(key), ..Default::default() }).send().await.unwrap();
        let rotated = client.call(pb::RotateApiKeyRequest { api_key_id: id, grace_period: None }).send().await.unwrap().secret;
        let succeeded = audited::entries(registry).await.len();
        assert_eq!(succeeded, 7);
        client.create_model("m", text("/")).description(CANARY).send().await.unwrap_err();
        client.update_model(&model).description(CANARY.repeat(100_000)).send().await.unwrap_err();
        client.update_release(&release).etag(CANARY).release_notes("n").send().await.unwrap_err();
        let unknown = pb::UpdateModelRequest {
            model_ref: Some(ModelRef::by_id(&model.id).into()),
            model: Some(pb::Model::default()),
            update_mask: Some(prost_types::FieldMask { paths: vec![CANARY.to_owned()] }),
            ..Default::default()
        };
        client.call(unknown).send().await.unwrap_err();
        let header = format!("Bearer {CANARY}");
        for headers in [[("authorization", header.as_str())], [("x-api-key", CANARY)], [("authorization", rotated.as_str())]] {
            raw::call_without_key(registry, Method::PurgeModel.path(), &headers, raw::frame(CANARY.as_bytes())).await;
        }
        registry.advance(std::time::Duration::from_secs(60));
        let failed = audited::failures(registry, 7).await;
        assert!(failed.len() >= 5, "{failed:#?}");
        let rows = rows::audit_entries(registry).await;
        assert_eq!(rows.len(), succeeded + failed.len());
        assert!(rows.iter().any(|row| row.contains("bot")), "names are in it: {rows:#?}");
        for secret in [CANARY, keys::ADMIN, &secret, &rotated] {
            let hidden = secret.rsplit('_').next().unwrap();
            assert!(rows.iter().all(|row| !row.to_lowercase().contains(hidden)), "{hidden}: {rows:#?}");
        }
    }
}
