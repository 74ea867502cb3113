//! The bare echo: tonic and nothing else, answering GetModel from a constant. What a call costs at the least.

use super::data::Names;
use registry_proto::v1 as pb;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// Serves until the process ends.
///
/// # Panics
/// If it cannot listen.
#[expect(clippy::print_stdout, reason = "the line that says where it listens")]
pub async fn serve() {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    println!("echo listening on {}", listener.local_addr().expect("an address"));
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let answer = pb::GetModelResponse { model: Some(Names.model(0)) };
    let served = tonic::transport::Server::builder().add_service(Echo(answer)).serve_with_incoming(incoming).await;
    served.expect("a server");
}

#[derive(Clone)]
struct Echo(pb::GetModelResponse);

impl NamedService for Echo {
    const NAME: &'static str = "modelregistry.v1.ModelService";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let method = Constant(self.0.clone());
        Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).unary(method, request).await) })
    }
}

struct Constant(pb::GetModelResponse);

impl UnaryService<pb::GetModelRequest> for Constant {
    type Response = pb::GetModelResponse;
    type Future = Ready<Result<Response<pb::GetModelResponse>, Status>>;

    fn call(&mut self, _: Request<pb::GetModelRequest>) -> Self::Future {
        ready(Ok(Response::new(self.0.clone())))
    }
}
