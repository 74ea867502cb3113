//! The server, by its certificate: whoever trusts it gets through, and nobody gets through in another way.

use super::{GREETING, Secure, connect, until_closed};
use registry_client::{Client, Error, RetryPolicy, Tls};
use registry_tests::tls::{Authority, VERSIONS};
use registry_tests::{Database, Harness};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::process::Command;

/// A failed connection, and that its text says why.
fn untrusted(outcome: Result<Client, Error>, why: &str) {
    let error = outcome.expect_err("the connection is trusted");
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    assert!(error.to_string().contains(why), "{why:?} is not in {error}");
    assert!(!error.outcome_unknown(), "{error}");
}

/// A client that trusts the authority makes calls, by the name in the endpoint or by another one.
#[tokio::test]
async fn a_client_that_trusts_the_authority_gets_through() {
    let secure = Secure::start().await;
    let client = secure.client(secure.tls()).await.unwrap();
    client.create_model("iris", "s3://models/iris/").send().await.unwrap();
    let endpoint = format!("https://{}", secure.address()); // the certificate is not for an address
    let by_name = registry_tests::keys::admin(&endpoint).tls(secure.tls().domain_name("localhost")).connect().await.unwrap();
    assert_eq!(by_name.get_model("iris").send().await.unwrap().name, "iris");
    let lazy = registry_tests::keys::admin(&endpoint).tls(secure.tls().domain_name("localhost")).connect_lazy().unwrap();
    assert_eq!(lazy.get_model("iris").send().await.unwrap().name, "iris");
    secure.server.stop().await;
}

/// The wrong authority, the wrong name, and an address that is not in the certificate are told apart from a dead server.
#[tokio::test]
async fn a_client_that_does_not_trust_it_does_not_get_through() {
    let secure = Secure::start().await;
    untrusted(secure.client(Tls::new().ca_certificate(Authority::new().pem())).await, "UnknownIssuer");
    untrusted(secure.client(secure.tls().domain_name("registry.example")).await, "not valid for name");
    let by_address = registry_tests::keys::admin(format!("https://{}", secure.address())).tls(secure.tls()).connect().await;
    untrusted(by_address, "not valid for name");
    secure.server.stop().await;
}

/// The second of several authorities is as good as the first.
#[tokio::test]
async fn several_authorities_can_be_trusted() {
    let secure = Secure::start().await;
    let tls = Tls::new().ca_certificate(Authority::new().pem()).ca_certificate(secure.authority.pem());
    secure.client(tls).await.unwrap().server_info().send().await.unwrap();
    secure.server.stop().await;
}

/// What an `https://` endpoint gets without any settings: what the machine trusts. Run again in a process that trusts
/// what the test says.
#[tokio::test]
async fn without_settings_the_machine_decides() {
    const ENDPOINT: &str = "REGISTRY_TEST_TLS_ENDPOINT";
    if let Ok(endpoint) = std::env::var(ENDPOINT) {
        registry_tests::keys::admin(endpoint)
            .retry(RetryPolicy::none())
            .connect()
            .await
            .unwrap()
            .server_info()
            .send()
            .await
            .unwrap();
        return;
    }
    let secure = Secure::start().await;
    for (authority, trusts) in [(&secure.authority, true), (&Authority::new(), false)] {
        let file = secure.files.path("machine.pem");
        std::fs::write(&file, authority.pem()).unwrap();
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "tls::server::without_settings_the_machine_decides"]).stdout(Stdio::piped());
        again.env(ENDPOINT, format!("https://localhost:{}", secure.address().port()));
        let output = again.env("SSL_CERT_FILE", file).env("SSL_CERT_DIR", "").output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.success(), trusts, "{said}");
        assert!(said.contains("1 passed") || said.contains("UnknownIssuer"), "{said}");
    }
    secure.server.stop().await;
}

/// Both versions are spoken, and no session is resumed: a certificate is looked at each time.
#[tokio::test]
async fn both_versions_are_spoken_and_nothing_is_resumed() {
    use tokio_rustls::rustls::HandshakeKind;
    let secure = Secure::start().await;
    for version in VERSIONS {
        let mut hello = secure.hello();
        hello.version = version;
        let config = hello.config();
        for _ in 0..2 {
            let mut stream = registry_tests::tls::connect(config.clone(), secure.address()).await.unwrap();
            let (_, session) = stream.get_ref();
            assert_eq!(session.protocol_version(), Some(version.version));
            assert_eq!(session.handshake_kind(), Some(HandshakeKind::Full));
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            drop(until_closed(&mut stream).await); // tickets would have come by now
        }
    }
    secure.server.stop().await;
}

/// A connection is for HTTP/2, and says so beforehand.
#[tokio::test]
async fn nothing_but_http2_is_spoken() {
    let secure = Secure::start().await;
    for version in VERSIONS {
        let mut hello = secure.hello();
        hello.version = version;
        hello.protocols = vec![b"http/1.1"];
        let error = hello.connect(secure.address()).await.unwrap_err();
        assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
        hello.protocols = Vec::new();
        let mut stream = hello.connect(secure.address()).await.unwrap();
        let _ = stream.write_all(GREETING).await; // the server may have closed by now
        assert_eq!(until_closed(&mut stream).await.0, b"");
        hello.protocols = vec![b"http/1.1", b"h2"];
        let stream = hello.connect(secure.address()).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    }
    secure.server.stop().await;
}

/// The hello of a client that speaks this version at most, with a cipher suite of its time.
fn hello_of(version: u8) -> Vec<u8> {
    let mut body = vec![3, version];
    body.extend([7; 32]); // its random number
    body.extend([0, 0, 4, 0xc0, 0x13, 0x00, 0x2f, 1, 0]); // no session; ECDHE-RSA and RSA with AES-128-CBC; no compression
    body.extend([0, 8, 0, 13, 0, 4, 0, 2, 4, 3]); // signatures by ECDSA with SHA-256
    let mut message = vec![1, 0, 0, u8::try_from(body.len()).unwrap()];
    message.extend(body);
    let mut record = vec![22, 3, 1, 0, u8::try_from(message.len()).unwrap()];
    record.extend(message);
    record
}

/// TLS 1.1 and what was before it is refused, with the alert that says so.
#[tokio::test]
async fn old_versions_are_refused() {
    const PROTOCOL_VERSION: u8 = 70;
    let secure = Secure::start().await;
    for version in [2, 1, 0] {
        let mut stream = TcpStream::connect(secure.address()).await.unwrap();
        stream.write_all(&hello_of(version)).await.unwrap();
        let (alert, _) = until_closed(&mut stream).await;
        assert_eq!((alert.first(), alert.get(5..)), (Some(&21), Some([2, PROTOCOL_VERSION].as_slice())), "{version}: {alert:?}");
    }
    // The same hello for TLS 1.2 is refused for another reason, so that it is the version above.
    let mut stream = TcpStream::connect(secure.address()).await.unwrap();
    stream.write_all(&hello_of(3)).await.unwrap();
    let (alert, _) = until_closed(&mut stream).await;
    assert!(alert.len() == 7 && alert[6] != PROTOCOL_VERSION, "{alert:?}");
    secure.server.stop().await;
}

/// Who speaks in the clear to a server with TLS, or TLS to one without, is sent away at once and not kept waiting.
#[tokio::test]
async fn what_the_other_side_does_not_speak_fails_at_once() {
    let secure = Secure::start().await;
    let mut stream = TcpStream::connect(secure.address()).await.unwrap();
    stream.write_all(registry_tests::frames::PREFACE).await.unwrap();
    drop(until_closed(&mut stream).await);
    let plaintext =
        registry_tests::keys::admin(format!("http://{}", secure.address())).retry(RetryPolicy::none()).connect_lazy().unwrap();
    let error = plaintext.server_info().send().await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    secure.server.stop().await;

    let plain = Harness::start(Database::Sqlite).await;
    let error = connect(plain.address(), Tls::new().ca_certificate(Authority::new().pem())).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    let mut stream = TcpStream::connect(plain.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    drop(until_closed(&mut stream).await);
    plain.stop().await;
}
