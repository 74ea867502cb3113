//! `GET /health`, for balancers and people who do not speak gRPC, on an address of its own.
//!
//! May not: tell why something is not healthy; keep a connection.

use super::{Component, Health};
use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use axum::routing::get;
use http::{HeaderValue, Response, StatusCode, header};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// How many are asked for at once; one more is closed.
const CONNECTIONS: usize = 32;
/// How long the head of a request may take, and everything.
const HEAD: Duration = Duration::from_secs(5);
const ALL: Duration = Duration::from_secs(10);
/// How large it may be.
const HEAD_BYTES: usize = 8 * 1024;
/// How long to wait when no connection can be accepted: a descriptor may be free by then.
const NO_DESCRIPTOR: Duration = Duration::from_millis(50);

/// Answers whoever asks.
pub async fn serve(listener: TcpListener, health: Health) {
    let routes = Router::new().route("/health", get(move || std::future::ready(answer(&health))));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(NO_DESCRIPTOR).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let service = TowerToHyperService::new(routes.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_BYTES)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            // Who does not get an answer asks again.
            drop(timeout(ALL, connection).await);
            drop(place);
        });
    }
}

fn answer(health: &Health) -> Response<Body> {
    let found = health.found();
    let word = |healthy| Value::from(if healthy { "healthy" } else { "unhealthy" });
    let serves = found.serves(&Component::ALL);
    let components: Map<String, Value> =
        Component::ALL.iter().map(|component| (component.name().to_owned(), word(found.is_healthy(*component)))).collect();
    let body = json!({ "status": word(serves), "components": components, "version": env!("CARGO_PKG_VERSION") });
    let mut response = body.to_string().into_response();
    *response.status_mut() = if serves { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
