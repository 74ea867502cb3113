//! What every change leaves in the audit log.

use super::events::{Told, expected};
use super::kinds::{Stock, act};
use super::{fresh_id, mutations, of, registry_now};
use registry_client::{AuditEntry, Method};
use registry_tests::{audited, conformance, given};
use std::time::Duration;

conformance! {
    /// Every change leaves one entry: who called what, from where, under which id, and what came of it.
    async fn every_change_leaves_one_entry(registry: &Harness) {
        let key = audited::key_of(&registry.client).await;
        for mutation in mutations() {
            let method = Method::ALL.iter().find(|method| of(**method).contains(&mutation)).unwrap();
            let stock = Stock::of(registry, mutation, "audited").await;
            registry.advance(Duration::from_secs(1));
            let (before, id) = (audited::entries(registry).await, fresh_id());
            let revision = given::revision(registry).await;
            act(registry, &stock, mutation, &id).await.unwrap();
            let after = audited::entries(registry).await;
            assert_eq!(after[1..], before, "{mutation:?}");
            let told = Told::topmost(expected(registry, &stock, mutation).await);
            assert_eq!(Told::by_entry(&after[0], told.event_type), told, "{mutation:?}");
            let rest = AuditEntry {
                id: after[0].id.clone(),
                create_time: Some(registry_now(registry)),
                method: method.path().trim_start_matches('/').to_owned(),
                code: 0,
                error_reason: None,
                api_key_id: Some(key.clone()),
                api_key_name: Some("bootstrap-admin".to_owned()),
                revision: Some(revision + 1),
                request_id: id,
                client_address: Some("127.0.0.1".to_owned()),
                actor: "bootstrap-admin".to_owned(),
                call_count: 1,
                ..after[0].clone()
            };
            assert_eq!(after[0], rest, "{mutation:?}");
            assert!(rest.user_agent.unwrap().starts_with("registry-client/"), "{mutation:?}");
        }
    }

    /// A change that is asked for again, or that was made before, leaves an entry without a revision; one that is only validated
    /// leaves none.
    async fn what_changes_nothing_has_no_revision(registry: &Harness) {
        for mutation in mutations() {
            let stock = Stock::of(registry, mutation, "again").await;
            let id = fresh_id();
            act(registry, &stock, mutation, &id).await.unwrap();
            act(registry, &stock, mutation, &id).await.unwrap();
            let told: Vec<_> = audited::entries_of(registry, &id).await;
            let revisions: Vec<bool> = told.iter().map(|entry| entry.revision.is_some()).collect();
            assert_eq!(revisions, [false, true], "{mutation:?}: {told:#?}");
            assert!(told.iter().all(|entry| entry.code == 0 && entry.method == told[0].method), "{mutation:?}: {told:#?}");
        }
        let (client, before) = (&registry.client, audited::entries(registry).await);
        let model = given::model(registry, "m").await;
        client.rename_model(&model, "m").send().await.unwrap();
        client.delete_model("none").allow_missing().send().await.unwrap();
        client.delete_model(&model).validate_only().send().await.unwrap();
        client.create_model("n", "/n").validate_only().send().await.unwrap();
        client.compact_events(1).send().await.unwrap();
        let after = audited::entries(registry).await;
        let new: Vec<_> = after[..after.len() - before.len()].iter().map(|entry| (&*entry.method, entry.revision.is_some())).collect();
        let expected = [
            ("modelregistry.v1.SystemService/CompactEvents", false),
            ("modelregistry.v1.ModelService/DeleteModel", false),
            ("modelregistry.v1.ModelService/RenameModel", false),
            ("modelregistry.v1.ModelService/CreateModel", true),
        ];
        assert_eq!(new, expected);
    }
}
