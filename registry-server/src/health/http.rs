//! `GET /health`, `/livez`, `/readyz` and `/metrics`, for balancers, orchestrators, scrapers and people who do not speak gRPC, on an
//! address of its own.
//!
//! May not: tell why something is not healthy; keep a connection; tell a secret, because nobody is asked who he is.

use super::{Component, Found, Health};
use crate::metrics::{Format, Scrape};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::get;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
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
pub async fn serve(listener: TcpListener, health: Health, scrape: Scrape) {
    let routes = routes(health, scrape);
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

fn routes(health: Health, scrape: Scrape) -> Router {
    let ready = health.clone();
    Router::new()
        .route("/health", get(move || std::future::ready(document(health.found()))))
        .route("/livez", get(|| std::future::ready(words(true, "ok\n".to_owned()))))
        .route("/readyz", get(move |request: Request| std::future::ready(readiness(ready.found(), request.uri().query()))))
        .route("/metrics", get(move |headers: HeaderMap| metrics(scrape.clone(), headers)))
}

async fn metrics(scrape: Scrape, headers: HeaderMap) -> Response<Body> {
    let format = Format::accepted(headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()));
    answer(true, format.content_type(), scrape.text(format).await)
}

/// Whether calls can be sent here; with `verbose`, a line for each component and for the server itself, also for what is not needed for that.
fn readiness(found: Found, query: Option<&str>) -> Response<Body> {
    let ready = found.is_ready();
    let end = if ready { "ok\n" } else { "not ready\n" };
    let verbose = query.is_some_and(|query| query.split('&').any(|part| part == "verbose" || part.starts_with("verbose=")));
    if !verbose {
        return words(ready, end.to_owned());
    }
    let line = |healthy, name| if healthy { format!("[+]{name} ok\n") } else { format!("[-]{name} failed\n") };
    let components = Component::ALL.iter().map(|component| line(found.is_healthy(*component), component.name()));
    words(ready, components.chain([line(!found.is_leaving(), "serving")]).collect::<String>() + end)
}

fn words(well: bool, text: String) -> Response<Body> {
    answer(well, "text/plain; charset=utf-8", text)
}

fn document(found: Found) -> Response<Body> {
    let word = |healthy| Value::from(if healthy { "healthy" } else { "unhealthy" });
    let serves = found.serves(&Component::ALL);
    let components: Map<String, Value> =
        Component::ALL.iter().map(|component| (component.name().to_owned(), word(found.is_healthy(*component)))).collect();
    let body = json!({ "status": word(serves), "components": components, "version": env!("CARGO_PKG_VERSION") });
    answer(serves, "application/json", body.to_string())
}

fn answer(well: bool, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = body.into_response();
    *response.status_mut() = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
