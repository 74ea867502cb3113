//! The client, by its certificate: none is demanded, and one that is shown must be good.

use super::{Secure, until_closed};
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};
use registry_client::{Error, Tls};
use registry_tests::tls::{Authority, Certified, Hello, VERSIONS, self_signed_client};
use std::net::SocketAddr;

const NAME: &str = "the authority of the clients";

async fn server(clients: &Authority) -> Secure {
    Secure::with(|files, _| files.put_client_ca(&clients.pem())).await
}

fn showing(secure: &Secure, Certified { certificate, key }: &Certified) -> Tls {
    secure.tls().identity(certificate, key)
}

/// What the server says to a handshake that it refuses. With TLS 1.3 it says so after the client believes to be through.
async fn alert(hello: &Hello, address: SocketAddr) -> String {
    match hello.connect(address).await {
        Err(error) => error.to_string(),
        Ok(mut stream) => until_closed(&mut stream).await.1.expect_err("the certificate is accepted").to_string(),
    }
}

/// The certificates that are not good, and what the server says to each.
fn bad(clients: &Authority) -> [(&'static str, Certified, &'static str); 8] {
    [
        ("expired", clients.client(|params| params.not_after = date_time_ymd(2020, 1, 1)), "CertificateExpired"),
        ("not valid yet", clients.client(|params| params.not_before = date_time_ymd(4000, 1, 1)), "CertificateExpired"),
        ("self-signed", self_signed_client(), "UnknownCA"),
        ("of another authority", Authority::new().client(|_| ()), "UnknownCA"),
        ("of an impostor with the name of the authority", Authority::named(NAME).client(|_| ()), "DecryptError"),
        ("for nothing in particular", clients.client(|params| params.extended_key_usages.clear()), "UnsupportedCertificate"),
        ("for servers", clients.server(&["localhost"]), "UnsupportedCertificate"),
        (
            "for anything",
            clients.client(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]),
            "UnsupportedCertificate",
        ),
    ]
}

/// Each is refused in the handshake, in both versions, and the client is told why.
#[tokio::test]
async fn a_certificate_that_is_not_good_is_refused_in_the_handshake() {
    let clients = Authority::named(NAME);
    let secure = server(&clients).await;
    for (what, certified, why) in bad(&clients) {
        for version in VERSIONS {
            let mut hello = secure.hello();
            hello.version = version;
            hello.shows = Some(certified.clone());
            let said = alert(&hello, secure.address()).await;
            assert!(said.contains(why), "{what}, {:?}: {said}", version.version);
        }
    }
    secure.server.stop().await;
}

/// So no call gets through with one.
#[tokio::test]
async fn no_call_gets_through_with_a_certificate_that_is_not_good() {
    let clients = Authority::named(NAME);
    let secure = server(&clients).await;
    for (what, certified, why) in bad(&clients) {
        let error = match secure.client(showing(&secure, &certified)).await {
            Ok(client) => client.create_model("iris", "s3://models/").send().await.expect_err(what),
            Err(error) => error,
        };
        assert!(matches!(error, Error::Transport(_)), "{what}: {error:?}");
        assert!(error.to_string().contains(why), "{what}: the client is told why: {error}");
    }
    let good = secure.client(secure.tls()).await.unwrap();
    assert!(good.list_models().send().await.unwrap().items.is_empty());
    secure.server.stop().await;
}

/// A certificate of the authority, for clients, in its time: accepted. None at all: accepted as well, so far.
#[tokio::test]
async fn a_good_certificate_is_accepted_and_none_is_demanded() {
    let clients = Authority::named(NAME);
    let secure = server(&clients).await;
    let both = clients.client(|params| params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth));
    for tls in [showing(&secure, &clients.client(|_| ())), showing(&secure, &both), secure.tls()] {
        secure.client(tls).await.unwrap().server_info().send().await.unwrap();
    }
    secure.server.stop().await;
}

/// A server that has no authority of clients asks nobody for a certificate.
#[tokio::test]
async fn a_certificate_that_nobody_asked_for_is_not_looked_at() {
    let secure = Secure::start().await;
    secure.client(showing(&secure, &self_signed_client())).await.unwrap().server_info().send().await.unwrap();
    secure.server.stop().await;
}
