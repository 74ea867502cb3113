//! What was answered to one caller is told to no other for whom there are other models.

use super::reads;
use registry_client::pb::{ApiKey, Role};
use registry_client::{Client, Code, ErrorReason};
use registry_tests::{Harness, conformance, expect, given, keys};

async fn viewer(registry: &Harness, name: &str, prefix: &str) -> Client {
    let model_name_prefixes = vec![prefix.to_owned()];
    let key = ApiKey { name: name.to_owned(), role: Role::Viewer.into(), model_name_prefixes, ..Default::default() };
    keys::client(registry.endpoint(), &keys::make_as(registry, key).await.1).await
}

conformance! {
    /// A model that somebody else has been told of is not there for whoever may not see it, under any name and id.
    async fn what_is_outside_is_not_there(registry: &Harness) {
        let model = given::model(registry, "team-a/m").await;
        let release = given::release(registry, "team-a/m", "1").await;
        given::alias(registry, &release, "production").await;
        let (inside, outside) = (viewer(registry, "a", "team-a/").await, viewer(registry, "b", "team-b/").await);
        for _ in 0..2 {
            for client in [&registry.client, &inside] {
                assert_eq!(client.get_model(&model).send().await.unwrap().id, model.id);
                assert_eq!(client.get_release(&release).send().await.unwrap().id, release.id);
                assert_eq!(client.resolve_release("team-a/m").alias("production").send().await.unwrap().id, release.id);
            }
            let (not_found, reason) = (Code::NotFound, ErrorReason::ModelNotFound);
            expect::refused(outside.get_model(&model).send().await, not_found, reason);
            expect::refused(outside.get_model("team-a/m").send().await, not_found, reason);
            expect::refused(outside.get_release(&release).send().await, not_found, ErrorReason::ReleaseNotFound);
            expect::refused(outside.resolve_release("team-a/m").alias("production").send().await, not_found, reason);
        }
        assert_eq!(reads(registry, "hit").await, 6.0);
    }

    /// A model that gets another name is gone at once for whoever sees only the old one, and there for whoever sees the new one.
    async fn a_new_name_moves_a_model_out_of_sight(registry: &Harness) {
        let model = given::model(registry, "team-a/m").await;
        let (old, new) = (viewer(registry, "a", "team-a/").await, viewer(registry, "b", "team-b/").await);
        for _ in 0..2 {
            old.get_model(&model).send().await.unwrap();
        }
        registry.client.rename_model(&model, "team-b/m").send().await.unwrap();
        expect::refused(old.get_model(&model).send().await, Code::NotFound, ErrorReason::ModelNotFound);
        for _ in 0..2 {
            assert_eq!(new.get_model(&model).send().await.unwrap().name, "team-b/m");
        }
    }

    /// A key that is revoked is let in no more, whatever it was told before.
    async fn a_revoked_key_is_told_nothing(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let (key, secret) = keys::make(registry, "a", Role::Viewer).await;
        let client = keys::client(registry.endpoint(), &secret).await;
        for _ in 0..2 {
            client.get_model(&model).send().await.unwrap();
        }
        keys::transition(registry, &key, registry_client::pb::ApiKeyState::Revoked).await;
        assert_eq!(client.get_model(&model).send().await.unwrap_err().code(), Code::Unauthenticated);
    }
}
