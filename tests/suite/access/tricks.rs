//! Ways around the door that must not be there.

use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use registry_client::pb::{DeleteModelRequest, ModelRef, Role, model_ref};
use registry_client::{Code, ErrorReason};
use registry_tests::{Harness, conformance, given, keys, raw};
use tokio::net::TcpStream;

const DELETE: &str = "/modelregistry.v1.ModelService/DeleteModel";

fn delete(name: &str) -> bytes::Bytes {
    let value = Some(model_ref::Value::Name(name.to_owned()));
    raw::framed(&DeleteModelRequest { model_ref: Some(ModelRef { value }), ..Default::default() })
}

async fn code(registry: &Harness, path: &str, headers: &[(&str, &str)]) -> (Code, Option<ErrorReason>) {
    let answer = raw::call_without_key(registry, path, headers, delete("iris")).await;
    (answer.status.code(), answer.reason())
}

conformance! {
    /// The path that is authorised is the one that is called.
    async fn a_query_leads_nowhere_else(registry: &Harness) {
        given::model(registry, "iris").await;
        let (_, secret) = keys::make(registry, "viewer", Role::Viewer).await;
        let key = format!("Bearer {secret}");
        let info = "/modelregistry.v1.SystemService/GetServerInfo";
        for path in [format!("{DELETE}?x=1"), format!("{DELETE}?"), format!("{DELETE}?{info}"), DELETE.to_owned()] {
            let denied = (Code::PermissionDenied, Some(ErrorReason::RoleRequired));
            assert_eq!(code(registry, &path, &[("authorization", &key)]).await, denied, "{path}");
            let unknown = (Code::Unauthenticated, Some(ErrorReason::Unauthenticated));
            assert_eq!(code(registry, &path, &[]).await, unknown, "{path}");
        }
        for path in [format!("/{DELETE}"), format!("{DELETE}/"), DELETE.replace("Delete", "%44elete"), DELETE.to_lowercase()] {
            let unknown = (Code::Unimplemented, Some(ErrorReason::UnknownMethod));
            assert_eq!(code(registry, &path, &[("authorization", &key)]).await, unknown, "{path}");
        }
        assert!(registry.client.get_model("iris").send().await.is_ok());
    }

    /// Two credentials are one too many, also if both are good: another reader might take the other one.
    async fn credentials_that_can_be_read_in_two_ways_are_refused(registry: &Harness) {
        given::model(registry, "iris").await;
        let good = format!("Bearer {}", keys::ADMIN);
        let (_, viewer) = keys::make(registry, "viewer", Role::Viewer).await;
        let viewer = format!("Bearer {viewer}");
        let lower = good.replace("Bearer", "bearer");
        let upper = good.replace("Bearer", "BEARER");
        let spaced = good.replace("Bearer ", "Bearer  ");
        let trailing = format!("{good} ");
        let upper_key = format!("Bearer {}", keys::ADMIN.to_uppercase());
        let comma = format!("{good}, {viewer}");
        let binary = "bXJrXw"; // whatever it says, it is not read
        let tricks: &[&[(&str, &str)]] = &[
            &[("authorization", &good), ("authorization", &viewer)],
            &[("authorization", &viewer), ("authorization", &good)],
            &[("authorization", &good), ("authorization", &good)],
            &[("authorization", &good), ("authorization", "Bearer nonsense")],
            &[("authorization", &good), ("x-api-key", keys::ADMIN)],
            &[("x-api-key", keys::ADMIN), ("x-api-key", keys::ADMIN)],
            &[("authorization", ""), ("x-api-key", keys::ADMIN)],
            &[("authorization", &lower)],
            &[("authorization", &upper)],
            &[("authorization", &spaced)],
            &[("authorization", &trailing)],
            &[("authorization", &upper_key)],
            &[("authorization", &comma)],
            &[("x-api-key", &good)],
            &[("authorization-bin", binary)],
            &[("x-api-key-bin", binary)],
            &[("authorization", &good), ("authorization-bin", binary)],
            &[("proxy-authorization", &good)],
            &[("cookie", &good)],
        ];
        for trick in tricks {
            let refused = (Code::Unauthenticated, Some(ErrorReason::Unauthenticated));
            assert_eq!(code(registry, DELETE, trick).await, refused, "{trick:?}");
        }
        assert!(registry.client.get_model("iris").send().await.is_ok());
    }

    /// What a proxy would say of a caller is not believed.
    async fn forwarded_identities_are_not_believed(registry: &Harness) {
        given::model(registry, "iris").await;
        let (_, viewer) = keys::make(registry, "viewer", Role::Viewer).await;
        let viewer = format!("Bearer {viewer}");
        for (name, value) in [
            ("x-forwarded-for", "127.0.0.1"),
            ("forwarded", "for=127.0.0.1"),
            ("x-real-ip", "127.0.0.1"),
            ("x-user", "bootstrap-admin"),
            ("x-role", "ADMIN"),
            ("x-forwarded-client-cert", "Subject=\"CN=admin\""),
            ("x-ssl-client-verify", "SUCCESS"),
        ] {
            let unknown = (Code::Unauthenticated, Some(ErrorReason::Unauthenticated));
            assert_eq!(code(registry, DELETE, &[(name, value)]).await, unknown, "{name}");
            let denied = (Code::PermissionDenied, Some(ErrorReason::RoleRequired));
            assert_eq!(code(registry, DELETE, &[(name, value), ("authorization", &viewer)]).await, denied, "{name}");
        }
        assert!(registry.client.get_model("iris").send().await.is_ok());
    }

    /// A key of 60 KB does not reach anybody who would look at it, and hurts nobody.
    async fn a_huge_key_is_refused(registry: &Harness) {
        given::model(registry, "iris").await;
        for size in [1000, 15_000, 60_000, 200_000] {
            let key = format!("Bearer mrk_{}", "a".repeat(size));
            let answered = try_call(registry, &key).await;
            match answered {
                Some((200, status)) => assert_eq!(status.as_deref(), Some("16"), "{size}"),
                Some((http, _)) => assert_eq!(http, 431, "{size}"),
                None => assert!(size > 15_000, "{size}: no answer"),
            }
        }
        assert!(registry.client.get_model("iris").send().await.is_ok());
    }
}

/// The status of HTTP and that of gRPC, if there is an answer at all.
async fn try_call(registry: &Harness, key: &str) -> Option<(u16, Option<String>)> {
    let stream = TcpStream::connect(registry.address()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::post(format!("{}{DELETE}", registry.endpoint()))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", key);
    let answer = sender.send_request(request.body(Full::new(delete("iris"))).unwrap()).await;
    let answered = match answer {
        Err(_) => None,
        Ok(response) => {
            let (parts, body) = response.into_parts();
            let _ = body.collect().await; // whatever it says
            let status = parts.headers.get("grpc-status").map(|status| status.to_str().unwrap().to_owned());
            Some((parts.status.as_u16(), status))
        }
    };
    connection.abort();
    answered
}
