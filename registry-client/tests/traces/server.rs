//! A registry that answers one method, over the network, and remembers the headers of what it was asked.

use std::sync::{Arc, Mutex};

use registry_client::{Client, pb};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

#[derive(Clone, Default)]
struct Heard {
    headers: Arc<Mutex<Vec<MetadataMap>>>,
    failures: usize,
}

pub struct Server {
    heard: Heard,
    endpoint: String,
}

impl Server {
    pub async fn start() -> Self {
        Self::failing(0).await
    }

    /// Fails so often first.
    pub async fn failing(failures: usize) -> Self {
        let heard = Heard { failures, ..Heard::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let service = pb::system_service_server::SystemServiceServer::new(heard.clone());
        let router = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
        Self { heard, endpoint }
    }

    pub async fn client(&self) -> Client {
        crate::connected(&self.endpoint).await
    }

    /// What each request had in this header, those left out that had none.
    pub fn header(&self, name: &str) -> Vec<String> {
        let headers = self.heard.headers.lock().unwrap();
        headers.iter().filter_map(|headers| Some(headers.get(name)?.to_str().unwrap().to_owned())).collect()
    }
}

#[tonic::async_trait]
impl pb::system_service_server::SystemService for Heard {
    async fn get_server_info(
        &self,
        request: Request<pb::GetServerInfoRequest>,
    ) -> Result<Response<pb::GetServerInfoResponse>, Status> {
        let seen = {
            let mut headers = self.headers.lock().unwrap();
            headers.push(request.metadata().clone());
            headers.len()
        };
        if seen <= self.failures {
            return Err(crate::refused());
        }
        let mut response = Response::new(pb::GetServerInfoResponse::default());
        response.metadata_mut().insert("x-request-id", "answered".parse().unwrap());
        Ok(response)
    }

    async fn compact_events(&self, _: Request<pb::CompactEventsRequest>) -> Result<Response<pb::CompactEventsResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }
}
