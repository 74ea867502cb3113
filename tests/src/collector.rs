//! A collector of traces: it speaks OTLP over gRPC, and keeps what it is sent.

use crate::wait;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::task::AbortOnDropHandle;
use tonic::metadata::MetadataMap;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// A collector that listens, until it is dropped.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    kept: Kept,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<(MetadataMap, ExportTraceServiceRequest)>>>);

#[tonic::async_trait]
impl TraceService for Kept {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((metadata, message));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// On a free port of this machine.
    ///
    /// # Panics
    /// If there is none.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let (address, kept) = (listener.local_addr().expect("an address"), Kept::default());
        let server = Server::builder().add_service(TraceServiceServer::new(kept.clone()));
        let serving = tokio::spawn(async move {
            server.serve_with_incoming(TcpListenerStream::new(listener)).await.expect("it serves");
        });
        Self { address, kept, _serving: AbortOnDropHandle::new(serving) }
    }

    /// Where it is, as a program is told.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything it was sent.
    #[must_use]
    pub fn requests(&self) -> Vec<(MetadataMap, ExportTraceServiceRequest)> {
        self.kept.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The spans of a trace that it was sent so far.
    #[must_use]
    pub fn spans(&self, trace: &[u8]) -> Vec<Span> {
        let resources = self.requests().into_iter().flat_map(|(_, request)| request.resource_spans);
        let spans = resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans);
        spans.filter(|span| span.trace_id == trace).collect()
    }

    /// Those, once there is what is looked for among them.
    pub async fn until(&self, trace: &[u8], what: &str, there: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        wait::until(what, Duration::from_secs(20), async || Some(self.spans(trace)).filter(|spans| there(spans))).await
    }
}

/// A text among the attributes of a span.
#[must_use]
pub fn attribute(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    }
}
