//! `TransferService`.

use super::Api;
use super::exports::Exported;
use super::imports::Imported;
use registry_proto::v1 as pb;
use registry_proto::v1::transfer_service_server::TransferService;
use tonic::{Request, Response, Status, Streaming};

#[tonic::async_trait]
impl TransferService for Api {
    type ImportStream = Imported;
    type ExportStream = Exported;

    async fn import(&self, request: Request<Streaming<pb::ImportRequest>>) -> Result<Response<Imported>, Status> {
        self.serve_import(request).await
    }

    async fn export(&self, request: Request<pb::ExportRequest>) -> Result<Response<Exported>, Status> {
        self.serve_export(request).await
    }
}
