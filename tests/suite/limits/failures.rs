//! Callers who are not let in, and try again and again.

use super::{GET, PATIENCE, caller, get_m, limited, told_to_wait, until_served};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use registry_client::{Code, ErrorReason};
use registry_server::domain::Limit;
use registry_tests::{Harness, keys, on_every_database, raw, wait};
use std::net::Ipv4Addr;
use tokio::net::TcpSocket;
use tonic::Status;

const FAILED: Limit = Limit::FailedAuthentications;

/// Credentials that are none: none at all, something that is no key, a key that is not there, a wrong secret of one that is.
fn wrong() -> [Option<String>; 4] {
    let unknown = keys::ADMIN.replace("0001_", "0002_");
    let forged = keys::ADMIN.replace("5ca1ab1e", "5ca1ab1f");
    [None, Some("nonsense".into()), Some(unknown), Some(forged)]
}

/// What a call from an address of this machine is told.
async fn ask(registry: &Harness, from: [u8; 4], key: Option<&str>) -> Status {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::from(from), 0).into()).unwrap();
    let stream = socket.connect(registry.address()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::post(format!("{}{GET}", registry.endpoint())).header("content-type", "application/grpc");
    let request = key.into_iter().fold(request, |request, key| request.header("x-api-key", key));
    let (parts, body) = sender.send_request(request.body(Full::<Bytes>::new(get_m())).unwrap()).await.unwrap().into_parts();
    let trailers = body.collect().await.unwrap().trailers().cloned().unwrap_or_default();
    connection.abort();
    Status::from_header_map(&trailers).or_else(|| Status::from_header_map(&parts.headers)).unwrap()
}

/// How many calls were told that they have no credentials before one was told to wait.
async fn until_told_to_wait(registry: &Harness, from: [u8; 4]) -> usize {
    for (told, key) in wrong().iter().cycle().take(1000).enumerate() {
        let status = ask(registry, from, key.as_deref()).await;
        if status.code() != Code::Unauthenticated {
            told_to_wait(&status, FAILED);
            return told;
        }
        assert_eq!(raw::reason(&status), Some(ErrorReason::Unauthenticated));
    }
    panic!("a thousand calls were never told to wait");
}

const HERE: [u8; 4] = [127, 0, 0, 1];
const THERE: [u8; 4] = [127, 0, 0, 2];

on_every_database! {
    /// After ten, an address is told to wait whatever it sends that is not valid; another address is not, and a valid key is
    /// served, from wherever it comes.
    async fn guessing_is_slowed_down(database: Database) {
        let registry = limited(database, |calls| calls.failed_authentications = 10).await;
        assert!(until_told_to_wait(&registry, HERE).await >= 10);
        for key in wrong() {
            wait::until("told to wait", PATIENCE, async || {
                let status = ask(&registry, HERE, key.as_deref()).await;
                (status.code() == Code::ResourceExhausted).then(|| told_to_wait(&status, FAILED))
            }).await;
            assert_eq!(ask(&registry, HERE, Some(keys::ADMIN)).await.code(), Code::Ok);
            registry.client.get_model("m").send().await.unwrap();
        }
        assert_eq!(ask(&registry, THERE, None).await.code(), Code::Unauthenticated);
        // Also a new caller behind that address.
        let (_, newcomer) = caller(&registry, "newcomer").await;
        until_served(&newcomer, FAILED).await;
        assert!(registry.refused(FAILED) >= 15, "every one of them is counted");
        registry.stop().await;
    }

    /// It ends: who waits is told what is wrong again.
    async fn waiting_helps(database: Database) {
        let registry = limited(database, |calls| calls.failed_authentications = 40).await;
        until_told_to_wait(&registry, HERE).await;
        wait::until("no longer told to wait", PATIENCE, async || {
            (ask(&registry, HERE, None).await.code() == Code::Unauthenticated).then_some(())
        }).await;
        registry.stop().await;
    }

    /// What needs no credentials is no failure, and too low a role is none either.
    async fn only_failures_count(database: Database) {
        let registry = limited(database, |calls| calls.failed_authentications = 1).await;
        let viewer = keys::make(&registry, "viewer", registry_client::pb::Role::Viewer).await.1;
        let viewer = keys::client(registry.endpoint(), &viewer).await;
        let anonymous = registry_client::Client::builder(registry.endpoint()).connect().await.unwrap();
        for _ in 0..20 {
            anonymous.server_info().send().await.unwrap();
            assert_eq!(viewer.create_model("x", "/x").send().await.unwrap_err().code(), Code::PermissionDenied);
        }
        assert_eq!(registry.refused(FAILED), 0);
        registry.stop().await;
    }
}
