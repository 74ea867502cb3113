//! What every request says about the connection it came over: asked of the listener, with a program of our own behind it.

use super::{Files, PATIENCE};
use axum::Router;
use axum::extract::Extension;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, DnType, DnValue, SanType, date_time_ymd};
use registry_server::listener::{self, Door, Limits, Peer};
use registry_server::metrics::Traffic;
use registry_server::refusals::Refusals;
use registry_server::tls::Acceptor;
use registry_tests::tls::{Authority, Certified, Hello};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Answers with who is asking.
async fn who(Extension(Peer { address, certificate }): Extension<Peer>) -> String {
    let Some(certificate) = certificate else { return format!("{address} without a certificate") };
    let names: Vec<String> = certificate.names.iter().map(ToString::to_string).collect();
    format!("{address} until {}: {}", certificate.not_after.micros(), names.join("|"))
}

struct Listening {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Listening {
    async fn on(address: SocketAddr, tls: Option<Acceptor>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let door = Door {
            behind: Router::new().fallback(who),
            tls,
            limits: Limits::default(),
            refusals: Refusals::default(),
            traffic: Traffic::default(),
            stop: stop.clone(),
        };
        Self { address, stop, serving: tokio::spawn(listener::serve(listener, door, PATIENCE)) }
    }

    async fn stop(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.serving).await.unwrap().unwrap();
    }
}

/// What the answers to two requests on one connection are.
async fn ask(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> String {
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = Request::get("http://registry/").body(Empty::<Bytes>::new()).unwrap();
        let answer = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        answers.push(String::from_utf8(answer.to_vec()).unwrap());
    }
    connection.abort();
    assert_eq!(answers[0], answers[1]);
    answers.remove(0)
}

/// A listener with TLS, and a client of it that shows a certificate if it has one: what the program behind it knows.
async fn known(clients: &Authority, shows: Option<Certified>) -> (SocketAddr, String) {
    let servers = Authority::new();
    let files = Files::new(&servers.server(&["localhost"]));
    files.put_client_ca(&clients.pem());
    let listening = Listening::on((Ipv4Addr::LOCALHOST, 0).into(), Some(Acceptor::open(files.tls()).unwrap())).await;
    let hello = Hello { shows, ..Hello::trusting(&servers) };
    let stream = hello.connect(listening.address).await.unwrap();
    let from = stream.get_ref().0.local_addr().unwrap();
    let answer = ask(stream).await;
    listening.stop().await;
    (from, answer)
}

/// The names of a certificate made like this.
async fn names(change: impl FnOnce(&mut CertificateParams)) -> String {
    let clients = Authority::new();
    let (_, answer) = known(&clients, Some(clients.client(change))).await;
    answer.split_once(": ").unwrap_or_else(|| panic!("no names: {answer}")).1.to_owned()
}

/// Every name of every kind, in the order of the certificate, with its kind; and how long it is valid.
#[tokio::test]
async fn a_request_says_whose_certificate_it_is() {
    let clients = Authority::new();
    let certified = clients.client(|params| {
        params.not_after = date_time_ymd(2050, 1, 1); // the first year that is written with four digits
        params.subject_alt_names = vec![
            SanType::URI("spiffe://example.org/trainer".try_into().unwrap()),
            SanType::DnsName("trainer.example.org".try_into().unwrap()),
            SanType::IpAddress(Ipv4Addr::LOCALHOST.into()),
            SanType::Rfc822Name("erik@example.org".try_into().unwrap()),
        ];
    });
    let (from, answer) = known(&clients, Some(certified)).await;
    let names = "CN=trainer|URI=spiffe://example.org/trainer|DNS=trainer.example.org|EMAIL=erik@example.org";
    assert_eq!(answer, format!("{from} until 2524608000000000: {names}"));
}

/// Without a certificate there is none, which is not the same as one without names.
#[tokio::test]
async fn a_request_says_that_there_is_no_certificate() {
    let clients = Authority::new();
    let (from, answer) = known(&clients, None).await;
    assert_eq!(answer, format!("{from} without a certificate"));
    assert_eq!(names(|params| params.distinguished_name = rcgen::DistinguishedName::new()).await, "");
}

/// A name that could forge a line of a log stands for nobody, and neither does one of two common names.
#[tokio::test]
async fn a_name_that_is_not_plain_is_left_out() {
    let forged = names(|params| {
        params.distinguished_name.push(DnType::CommonName, "admin\nlevel=ERROR");
        params.subject_alt_names = vec![
            SanType::URI("spiffe://example.org/a\0b".try_into().unwrap()),
            SanType::DnsName("good.example.org".try_into().unwrap()),
            SanType::Rfc822Name("".try_into().unwrap()),
        ];
    });
    assert_eq!(forged.await, "DNS=good.example.org");
    assert_eq!(names(|params| params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 3]), "admin")).await, "");
}

/// The common name is read in whatever way it is written.
#[tokio::test]
async fn a_common_name_is_read_however_it_is_written() {
    for value in [
        DnValue::Utf8String("tränér".to_owned()),
        DnValue::PrintableString("trainer".try_into().unwrap()),
        DnValue::Ia5String("trainer".try_into().unwrap()),
        DnValue::BmpString("tränér".try_into().unwrap()),
    ] {
        let written = match &value {
            DnValue::Utf8String(_) | DnValue::BmpString(_) => "CN=tränér",
            _ => "CN=trainer",
        };
        assert_eq!(names(|params| params.distinguished_name.push(DnType::CommonName, value)).await, written);
    }
}

/// Without TLS there is the address, and an IPv4 address is one even if it came over an IPv6 socket.
#[tokio::test]
async fn a_request_says_where_it_came_from() {
    for on in [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))] {
        let listening = Listening::on(on, None).await;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, listening.address.port())).await.unwrap();
        let from = stream.local_addr().unwrap();
        assert!(from.is_ipv4());
        assert_eq!(ask(stream).await, format!("{from} without a certificate"));
        listening.stop().await;
    }
}
