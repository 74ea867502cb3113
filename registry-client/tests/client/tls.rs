//! Settings of TLS that cannot be meant. What TLS does is tested with a real server, in the suite.

use registry_client::{Client, Error, Tls};

fn refusal(endpoint: &str, tls: Tls) -> String {
    let builder = Client::builder(endpoint).tls(tls);
    let shown = format!("{builder:?}");
    let error = builder.connect_lazy().unwrap_err();
    assert!(matches!(error, Error::Endpoint(_)), "{error:?}");
    assert!(!format!("{shown} {error} {error:?}").contains("c4n4ry"), "{shown} {error:?}");
    error.to_string()
}

#[tokio::test]
async fn tls_is_not_for_plaintext_endpoints() {
    let text = refusal("http://127.0.0.1:50051", Tls::native_roots());
    assert!(text.contains("http://") && text.contains("use https://"), "{text}");
}

#[tokio::test]
async fn somebody_must_be_trusted() {
    let text = refusal("https://registry.internal", Tls::new());
    assert!(text.contains("no authority is trusted"), "{text}");
    for nothing in ["", "c4n4ry", "-----BEGIN PRIVATE KEY-----\nc4n4ry\n-----END PRIVATE KEY-----\n"] {
        let text = refusal("https://registry.internal", Tls::new().ca_certificate(nothing));
        assert!(text.contains("no PEM block `CERTIFICATE`"), "{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_not_repeated() {
    let key = "-----BEGIN PRIVATE KEY-----\nc4n4ry\n-----END PRIVATE KEY-----\n";
    let tls = Tls::new().ca_certificate("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
    for identity in [("", ""), ("c4n4ry", "c4n4ry"), (key, key)] {
        let text = refusal("https://registry.internal", tls.clone().identity(identity.0, identity.1));
        assert!(text.contains("TLS: "), "{text}");
    }
    let text = refusal("https://registry.internal", tls.domain_name("not a name"));
    assert!(text.contains("TLS: "), "{text}");
}

#[tokio::test]
async fn the_debug_text_tells_what_there_is_and_no_key() {
    let tls =
        Tls::new().with_native_roots().ca_certificate("c4n4ry").domain_name("registry.example").identity("c4n4ry", "c4n4ry");
    let text = format!("{tls:?} {:?}", Client::builder("https://registry.internal").tls(tls.clone()));
    assert!(!text.contains("c4n4ry"), "{text}");
    assert!(
        text.contains("registry.example") && text.contains("identity: true") && text.contains("ca_certificates: 1"),
        "{text}"
    );
}
