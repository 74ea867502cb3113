//! Callers without an API key, who are known by their certificate.

use super::{Secure, connect};
use rcgen::{CertificateParams, DnType, SanType, date_time_ymd};
use registry_client::pb::{GetCallerApiKeyRequest, Role};
use registry_client::{Client, Code, ErrorReason, RetryPolicy, Tls};
use registry_server::domain::Clock;
use registry_server::layer::CertificateRole;
use registry_tests::tls::{Authority, Certified};
use registry_tests::watching::{facts, from_now, watch};
use registry_tests::{Harness, expect, keys};
use std::time::Duration;

const TRAINER: &str = "spiffe://example.org/trainer";
const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

fn role(text: &str) -> CertificateRole {
    text.parse().unwrap()
}

/// A server that knows some names, on a clock that can be moved.
async fn server(clients: &Authority, clock: &Clock) -> Secure {
    Secure::with(|files, settings| {
        files.put_client_ca(&clients.pem());
        settings.clock = clock.clone();
        settings.certificate_roles =
            [format!("URI={TRAINER}:operator"), "CN=dashboard:viewer".into(), "EMAIL=root@example.org:admin".into()]
                .iter()
                .map(|text| role(text))
                .collect();
    })
    .await
}

fn clock() -> Clock {
    Harness::settings().clock
}

fn named(common_name: &str, names: &[SanType]) -> impl FnOnce(&mut CertificateParams) {
    move |params| {
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.subject_alt_names = names.to_vec();
        params.not_after = date_time_ymd(4000, 1, 1);
    }
}

fn uri(name: &str) -> SanType {
    SanType::URI(name.try_into().unwrap())
}

fn email(name: &str) -> SanType {
    SanType::Rfc822Name(name.try_into().unwrap())
}

/// A client without an API key.
async fn bare(secure: &Secure, Certified { certificate, key }: &Certified) -> Client {
    let endpoint = format!("https://localhost:{}", secure.address().port());
    let tls = secure.tls().identity(certificate, key);
    Client::builder(endpoint).tls(tls).retry(RetryPolicy::none()).connect().await.unwrap()
}

/// A name that the operator has listed may do what its role may, and is who did it.
#[tokio::test(flavor = "multi_thread")]
async fn a_listed_name_has_its_role() {
    let clients = Authority::new();
    let secure = server(&clients, &clock()).await;
    let trainer = bare(&secure, &clients.client(named("whoever", &[uri(TRAINER)]))).await;
    let model = trainer.create_model("iris", "/iris").send().await.unwrap();
    let events = trainer.list_events().send().await.unwrap().events;
    assert_eq!(events[0].actor, format!("cert:URI={TRAINER}"));
    let purged = trainer.purge_model(&model).send().await;
    let error = expect::refused(purged, Code::PermissionDenied, ErrorReason::RoleRequired);
    assert_eq!(expect::fact(&error, "requiredRole"), Role::Admin.as_str_name());
    let key = trainer.call(GetCallerApiKeyRequest {}).send().await;
    expect::refused(key, Code::NotFound, ErrorReason::ApiKeyNotFound);
    let dashboard = bare(&secure, &clients.client(named("dashboard", &[]))).await;
    assert_eq!(dashboard.get_model("iris").send().await.unwrap(), model);
    let refused = dashboard.create_model("lotus", "/lotus").send().await;
    expect::refused(refused, Code::PermissionDenied, ErrorReason::RoleRequired);
    secure.server.stop().await;
}

/// Of several names that are listed, the one that may do least counts; whoever signs more names into a certificate gains nothing.
#[tokio::test(flavor = "multi_thread")]
async fn of_several_names_the_least_counts() {
    let clients = Authority::new();
    let secure = server(&clients, &clock()).await;
    let names = [email("root@example.org"), uri(TRAINER)];
    for (certificate, may_write) in [
        (clients.client(named("dashboard", &names)), false),
        (clients.client(named("unknown", &names)), true),
        (clients.client(named("unknown", &names[1..])), true),
    ] {
        let client = bare(&secure, &certificate).await;
        let written = client.create_model(format!("m{}", uuid::Uuid::now_v7().simple()), "/m").send().await;
        assert_eq!(written.is_ok(), may_write, "{written:?}");
        let listed = client.list_api_keys().send().await;
        expect::refused(listed, Code::PermissionDenied, ErrorReason::RoleRequired);
    }
    secure.server.stop().await;
}

/// A good certificate that nobody has listed is a caller without credentials: he can give a key.
#[tokio::test(flavor = "multi_thread")]
async fn an_unlisted_name_is_nobody() {
    let clients = Authority::new();
    let secure = server(&clients, &clock()).await;
    for certificate in [
        clients.client(named("stranger", &[])),
        clients.client(named("DASHBOARD", &[uri("spiffe://example.org/trainer/x"), uri("dashboard")])),
        clients.client(named("CN=dashboard", &[SanType::DnsName("dashboard".try_into().unwrap())])),
    ] {
        let client = bare(&secure, &certificate).await;
        assert_eq!(client.server_info().send().await.unwrap().server_version, "");
        expect::refused(client.list_models().send().await, Code::Unauthenticated, ErrorReason::Unauthenticated);
        let Certified { certificate, key } = &certificate;
        let with_key = connect(secure.address(), secure.tls().identity(certificate, key)).await.unwrap();
        with_key.list_api_keys().send().await.unwrap();
    }
    secure.server.stop().await;
}

/// Who shows both is who his key says; a key that is no good is not made good by a certificate.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_goes_before_a_certificate() {
    let clients = Authority::new();
    let secure = server(&clients, &clock()).await;
    let Certified { certificate, key } = clients.client(named("dashboard", &[]));
    let tls = || -> Tls { secure.tls().identity(&certificate, &key) };
    let admin = connect(secure.address(), tls()).await.unwrap();
    admin.create_model("iris", "/iris").send().await.unwrap();
    assert_eq!(admin.list_events().send().await.unwrap().events[0].actor, "bootstrap-admin");
    let endpoint = format!("https://localhost:{}", secure.address().port());
    let unknown = keys::ADMIN.replace("mrk_0193", "mrk_0194");
    let wrong = Client::builder(endpoint).tls(tls()).api_key(unknown).retry(RetryPolicy::none()).connect().await.unwrap();
    expect::refused(wrong.list_models().send().await, Code::Unauthenticated, ErrorReason::Unauthenticated);
    secure.server.stop().await;
}

/// A connection outlives its handshake, and a certificate that expires meanwhile lets nobody in any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_expires_on_an_open_connection() {
    let clients = Authority::new();
    let clock = clock();
    let secure = server(&clients, &clock).await;
    let dashboard = bare(&secure, &clients.client(named("dashboard", &[]))).await;
    dashboard.list_models().send().await.unwrap();
    let stream = watch(&dashboard, from_now()).await;
    assert!(clock.advance(2000 * YEAR));
    let ended = tokio::time::timeout(Duration::from_secs(5), stream.end()).await.expect("an end");
    let _ = facts(&ended, Code::Unauthenticated, ErrorReason::Unauthenticated);
    expect::refused(dashboard.list_models().send().await, Code::Unauthenticated, ErrorReason::Unauthenticated);
    secure.server.stop().await;
}

/// What cannot be meant is refused with what is expected.
#[test]
fn a_role_of_a_certificate_is_checked() {
    for (text, expected) in [
        ("dashboard", "KIND=NAME:ROLE"),
        ("dashboard:viewer", "KIND=NAME:ROLE"),
        ("SAN=dashboard:viewer", "CN, DNS, URI, EMAIL"),
        ("cn=dashboard:viewer", "CN, DNS, URI, EMAIL"),
        ("CN=:viewer", "CN, DNS, URI, EMAIL"),
        ("CN=dashboard:root", "viewer, operator or admin"),
        ("CN=dashboard:", "viewer, operator or admin"),
    ] {
        let refused = text.parse::<CertificateRole>().unwrap_err();
        assert!(refused.contains(expected), "{text}: {refused}");
    }
    role("URI=spiffe://example.org:8443/a:ADMIN");
}
