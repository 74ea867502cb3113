//! `SystemService`.

use super::{Api, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES};
use crate::domain::Error;
use crate::domain::page::MAX_PAGE_SIZE;
use crate::layer::MAX_DEADLINE;
use crate::service::Info;
use registry_proto::v1 as pb;
use registry_proto::v1::system_service_server::SystemService;
use tonic::{Request, Response, Status};

/// How many items a batch method takes, and how many bytes a metadata document has; the rules of the
/// contract enforce them.
const MAX_BATCH_SIZE: i32 = 250;
const MAX_METADATA_BYTES: i64 = 64 * 1024;

#[tonic::async_trait]
impl SystemService for Api {
    async fn get_server_info(
        &self,
        request: Request<pb::GetServerInfoRequest>,
    ) -> Result<Response<pb::GetServerInfoResponse>, Status> {
        self.serve(request, |api, _, pb::GetServerInfoRequest {}| async move { server_info(api.registry.info().await?) }).await
    }
}

fn server_info(info: Info) -> Result<pb::GetServerInfoResponse, Error> {
    let Info { registry_id, revision, compacted_revision } = info;
    Ok(pb::GetServerInfoResponse {
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
        api_packages: vec!["modelregistry.v1".to_owned()],
        registry_id: registry_id.to_string(),
        current_revision: revision.number(),
        compacted_revision: compacted_revision.number(),
        read_only: false,
        limits: Some(limits()?),
        capabilities: Some(pb::get_server_info_response::Capabilities {
            watch: false,
            transfer: false,
            import_preserve_identity: false,
        }),
    })
}

fn limits() -> Result<pb::get_server_info_response::Limits, Error> {
    let bytes = |limit: usize| i64::try_from(limit).map_err(|_| Error::bug("a limit does not fit"));
    Ok(pb::get_server_info_response::Limits {
        max_request_bytes: bytes(MAX_REQUEST_BYTES)?,
        max_response_bytes: bytes(MAX_RESPONSE_BYTES)?,
        max_page_size: i32::from(MAX_PAGE_SIZE),
        max_batch_size: MAX_BATCH_SIZE,
        max_metadata_bytes: MAX_METADATA_BYTES,
        max_deadline: prost_types::Duration::try_from(MAX_DEADLINE).ok(),
    })
}
