//! API keys of another system let in those who have their secrets.

use super::{FAIL, Old, SALT, counts, id, quoted, rules};
use registry_client::pb::{ApiKeyState, Role, RotateApiKeyRequest, TransitionApiKeyRequest, UpdateApiKeyRequest};
use registry_client::{Client, Code, ErrorReason, pb};
use registry_tests::{Harness, expect, keys, on_every_database};
use std::time::Duration;

/// What Catapult stored of a secret, at the least cost.
fn hash(secret: &str) -> String {
    let salted = format!("{secret}{SALT}");
    quoted(&bcrypt::hash(&salted.as_bytes()[..salted.len().min(72)], 4).unwrap())
}

async fn key(old: &Old, number: u32, name: &str, secret: &str, more: &[(&str, &str)]) {
    let fixed = [
        ("id", quoted(&id(number))),
        ("name", quoted(name)),
        ("key_hash", hash(secret)),
        ("role", "'operator'".to_owned()),
        ("is_active", "true".to_owned()),
        ("created_at", format!("'2025-08-01 00:00:00.{number:06}'")),
    ];
    old.insert("api_keys", &fixed, more).await;
}

/// A Catapult whose keys have no prefixes yet.
async fn before_prefixes(database: registry_tests::Database) -> Old {
    let old = Old::catapult(database).await;
    old.sql("ALTER TABLE api_keys DROP COLUMN prefix").await;
    old
}

async fn client(registry: &Harness, secret: &str) -> Client {
    keys::client(registry.endpoint(), secret).await
}

async fn caller(registry: &Harness, secret: &str) -> pb::ApiKey {
    client(registry, secret).await.call(pb::GetCallerApiKeyRequest {}).send().await.unwrap().api_key.unwrap()
}

async fn refused(registry: &Harness, secret: &str) {
    let asked = client(registry, secret).await.list_models().send().await;
    expect::refused(asked, Code::Unauthenticated, ErrorReason::Unauthenticated);
}

on_every_database! {
    /// By whatever secret it was, with the role it had; not if it was switched off or has expired, and nobody else.
    async fn old_secrets_let_in(database: Database) {
        let old = before_prefixes(database).await;
        old.sql("ALTER TABLE api_keys ADD COLUMN plaintext text").await;
        let long = "k".repeat(64);
        key(&old, 1, "admin", "admin", &[("role", "'admin'")]).await;
        key(&old, 2, "ci", "abcd1234.secret", &[("plaintext", "'abcd1234.secret'"), ("role", "'viewer'")]).await;
        key(&old, 3, "long", &long, &[]).await;
        key(&old, 4, "off", "off-secret", &[("is_active", "false")]).await;
        key(&old, 5, "over", "over-secret", &[("expires_at", "'2025-01-01 00:00:00'")]).await;
        key(&old, 6, "later", "later-secret", &[("expires_at", "'9999-12-31 23:59:59'")]).await;
        let (registry, report) = old.imported(database).await;
        assert_eq!(counts(&report, "api_keys"), [6, 0, 0, 0, 0]);
        assert_eq!(rules(&report, 2), ["no_place"], "a column that Catapult does not have");
        let told = serde_json::to_string(&report).unwrap();
        assert!(!told.contains("abcd1234") && !told.contains("$2b$"), "{told}");
        for (secret, number, role) in [("admin", 1, Role::Admin), ("abcd1234.secret", 2, Role::Viewer), (&long, 3, Role::Operator), ("later-secret", 6, Role::Operator)] {
            let found = caller(&registry, secret).await;
            assert_eq!((found.id.as_str(), found.role()), (id(number).as_str(), role), "{secret}");
            assert_eq!(caller(&registry, secret).await.id, found.id, "the second time");
        }
        for secret in ["off-secret", "over-secret", "wrong", "Admin", "abcd1234.other", "abcd1234", "kkkk"] {
            refused(&registry, secret).await;
            refused(&registry, secret).await;
        }
        registry.stop().await;
    }

    /// Where Catapult found keys by their prefix, one without a prefix let nobody in, and is DISABLED here.
    async fn keys_that_never_let_in_do_not(database: Database) {
        let old = Old::catapult(database).await;
        key(&old, 1, "cli", "abcd1234.secret", &[("prefix", "'abcd1234'")]).await;
        key(&old, 2, "http", "http-secret", &[]).await;
        key(&old, 3, "empty", "empty-secret", &[("prefix", "''")]).await;
        let (registry, report) = old.imported(database).await;
        assert_eq!(counts(&report, "api_keys"), [3, 0, 0, 0, 0]);
        assert_eq!((rules(&report, 1), rules(&report, 2), rules(&report, 3)), (vec![], vec!["prefix_missing"], vec!["prefix_missing"]));
        assert_eq!(caller(&registry, "abcd1234.secret").await.id, id(1));
        for secret in ["http-secret", "empty-secret", "abcd1234.other", "abcd1234"] {
            refused(&registry, secret).await;
        }
        registry.stop().await;
    }

    /// Whoever guesses is told to wait before anything is compared; whose secret is known already is let in, also after other keys
    /// have changed.
    async fn guessing_is_cheap_for_the_server(database: Database) {
        let old = before_prefixes(database).await;
        for number in 1..=2 {
            key(&old, number, &format!("key-{number}"), &format!("secret-{number}"), &[]).await;
        }
        let fresh = database.fresh().await;
        old.import(fresh.target(), FAIL).await;
        let registry = Harness::on_with(database, fresh, |settings| settings.calls.failed_authentications = 1).await.unwrap();
        caller(&registry, "secret-1").await;
        let mut guesses = (0..100).map(|guess| format!("guess-{guess}"));
        while client(&registry, &guesses.next().expect("somebody who is told to wait")).await.list_models().send().await.unwrap_err().code() != Code::ResourceExhausted {}
        let asked = client(&registry, "secret-2").await.list_models().send().await;
        expect::refused(asked, Code::ResourceExhausted, ErrorReason::RateLimited);
        keys::make(&registry, "newcomer", Role::Viewer).await;
        assert_eq!(caller(&registry, "secret-1").await.id, id(1));
        registry.stop().await;
    }

    /// They are changed, replaced and revoked as others are. The old secret goes on for as long as is said, and no longer.
    async fn they_are_managed_as_others_are(database: Database) {
        let old = before_prefixes(database).await;
        for number in 1..=3 {
            key(&old, number, &format!("key-{number}"), &format!("secret-{number}"), &[]).await;
        }
        let (registry, _) = old.imported(database).await;
        let rotate = async |number, seconds| {
            let grace_period = Some(prost_types::Duration { seconds, nanos: 0 });
            registry.client.call(RotateApiKeyRequest { api_key_id: id(number), grace_period }).send().await.unwrap().secret
        };
        caller(&registry, "secret-1").await;
        let new = rotate(1, 0).await;
        refused(&registry, "secret-1").await;
        assert_eq!(caller(&registry, &new).await.id, id(1));
        let newer = rotate(2, 3600).await;
        assert_eq!((caller(&registry, "secret-2").await.id, caller(&registry, &newer).await.id), (id(2), id(2)));
        registry.advance(Duration::from_secs(3601));
        refused(&registry, "secret-2").await;
        assert_eq!(caller(&registry, &newer).await.id, id(2));
        let api_key = pb::ApiKey { role: Role::Viewer.into(), ..Default::default() };
        let update_mask = Some(prost_types::FieldMask { paths: vec!["role".into()] });
        registry.client.call(UpdateApiKeyRequest { api_key_id: id(3), api_key: Some(api_key), update_mask, ..Default::default() }).send().await.unwrap();
        assert_eq!(caller(&registry, "secret-3").await.role(), Role::Viewer);
        for state in [ApiKeyState::Disabled, ApiKeyState::Active, ApiKeyState::Revoked] {
            let step = TransitionApiKeyRequest { api_key_id: id(3), target_state: state.into(), ..Default::default() };
            registry.client.call(step).send().await.unwrap();
            match state {
                ApiKeyState::Active => assert_eq!(caller(&registry, "secret-3").await.id, id(3)),
                _ => refused(&registry, "secret-3").await,
            }
        }
        registry.stop().await;
    }

    /// Names that are refused or taken become others; keys without a role may do what all could; the first start still makes an
    /// administrator.
    async fn names_and_roles_follow_rules(database: Database) {
        let old = before_prefixes(database).await;
        key(&old, 1, "ci", "one", &[("role", "NULL")]).await;
        key(&old, 2, "ci", "two", &[]).await;
        key(&old, 3, "ключ-ünï", "three", &[]).await;
        key(&old, 4, "broken", "four", &[("key_hash", "'not a hash'")]).await;
        let (registry, report) = old.imported(database).await;
        assert_eq!((rules(&report, 1), rules(&report, 2)), (vec!["role_unknown_is_operator"], vec!["name_taken"]));
        assert_eq!((rules(&report, 3), rules(&report, 4)), (vec!["name_refused"], vec!["hash_refused"]));
        assert!(report.changes.iter().all(|change| change.column != "key_hash" || (change.from.is_none() && change.to.is_none())));
        assert_eq!(caller(&registry, "one").await.name, "ci");
        let other = caller(&registry, "two").await;
        assert!(other.name.starts_with("ci-") && other.description.as_deref().is_some_and(|text| text.contains("`ci`")), "{other:?}");
        assert_eq!(caller(&registry, "three").await.description.as_deref(), Some("called `ключ-ünï` in Catapult"));
        assert_eq!(registry.client.call(pb::GetCallerApiKeyRequest {}).send().await.unwrap().api_key.unwrap().role(), Role::Admin);
        registry.stop().await;
    }
}
