//! How requests to a bucket go out: HTTP/1.1 over rustls, to nobody but who is asked for. Answers that are no content are small.
//!
//! May not: follow a redirect, which would take signed requests elsewhere; go through a proxy; repeat words of an answer but the
//! code of an error.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::client::{
    ClientConfigKey, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequestBody, HttpResponseBody, HttpService,
};
use object_store::{ClientOptions, Error};
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long one is kept for the next request. Servers keep theirs for a minute or more.
const IDLE: Duration = Duration::from_secs(30);
/// The most that is read of an answer that is not the content of an object.
const ANSWER: usize = 256 * 1024;

/// Makes clients as the options of `object_store` want them.
#[derive(Debug)]
pub(super) struct Connector;

#[derive(Debug)]
struct Outgoing {
    client: Client<HttpsConnector<Tcp>, HttpRequestBody>,
    /// Whether anything may go out that others can read.
    plain: bool,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let plain = options.get_config_value(&ClientConfigKey::AllowHttp).as_deref() == Some("true");
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECTING));
        let tls = tls(plain).map_err(|source| Error::Generic { store: "S3", source })?;
        let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector.wrap_connector(tcp));
        Ok(HttpClient::new(Outgoing { client, plain }))
    }
}

/// Trusts whom this machine trusts. A machine that trusts nobody can still speak without TLS.
fn tls(plain: bool) -> Result<ClientConfig, Box<dyn std::error::Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() && !plain {
        return Err(
            "this machine trusts no certificate authority: install ca-certificates, or name a file in SSL_CERT_FILE".into()
        );
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[async_trait]
impl HttpService for Outgoing {
    async fn call(&self, request: Request<HttpRequestBody>) -> Result<Response<HttpResponseBody>, HttpError> {
        if !self.plain && request.uri().scheme_str() != Some("https") {
            return Err(HttpError::new(HttpErrorKind::Unknown, Words("refused to send a request without TLS".to_owned())));
        }
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let answer = self.client.request(request).await.map_err(|error| unanswered(&error))?;
        let (mut parts, body) = answer.into_parts();
        let body = if !parts.status.is_success() {
            let code = code(body).await;
            // Its length is that of another body.
            parts.headers.remove(http::header::CONTENT_LENGTH);
            tracing::debug!(%method, host = host(&uri), status = parts.status.as_u16(), code, "S3 answered");
            HttpResponseBody::new(Full::new(Bytes::from(code)).map_err(|never| match never {}))
        } else if method == Method::GET && parts.status != StatusCode::NO_CONTENT {
            HttpResponseBody::new(body.map_err(|error| interrupted(&error)))
        } else {
            HttpResponseBody::new(Limited::new(body, ANSWER).map_err(|error| too_much(&*error)))
        };
        Ok(Response::from_parts(parts, body))
    }
}

fn host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default()
}

/// The code in the answer to a request that failed. Everything else in it is left alone: it may be large, and may repeat what was
/// signed.
async fn code(body: Incoming) -> String {
    let Ok(body) = Limited::new(body, ANSWER).collect().await else { return String::new() };
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    if code.len() <= 64 && code.bytes().all(|letter| letter.is_ascii_alphanumeric()) { code.to_owned() } else { String::new() }
}

/// A request that was not sent can be sent again; one that may have been only if it does the same thing twice.
fn unanswered(error: &legacy::Error) -> HttpError {
    let kind = if error.is_connect() { HttpErrorKind::Connect } else { HttpErrorKind::Interrupted };
    HttpError::new(kind, Words::of(error))
}

fn interrupted(error: &hyper::Error) -> HttpError {
    HttpError::new(HttpErrorKind::Interrupted, Words::of(error))
}

fn too_much(error: &(dyn std::error::Error + 'static)) -> HttpError {
    HttpError::new(HttpErrorKind::Decode, Words::of(error))
}

/// An error and all its reasons in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Words(String);

impl Words {
    fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        Self(crate::chain::of(error))
    }
}
