//! What the contract calls a secret is not printed.

use registry_proto::v1 as pb;

#[test]
fn a_secret_is_not_printed() {
    let secret = "mrk_canary".to_owned();
    let api_key = Some(pb::ApiKey { name: "bot".to_owned(), ..Default::default() });
    let created = pb::CreateApiKeyResponse { api_key: api_key.clone(), secret: secret.clone() };
    let rotated = pb::RotateApiKeyResponse { api_key, secret };
    for printed in [format!("{created:?}"), format!("{created:#?}"), format!("{rotated:?}"), format!("{rotated:#?}")] {
        assert!(printed.contains("\"bot\"") && printed.contains("(secret)"), "{printed}");
        assert!(!printed.contains("canary"), "{printed}");
    }
}
