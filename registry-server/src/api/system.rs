//! `SystemService`.

use super::exports::IDLE as EXPORT_IDLE;
use super::imports::{MAX_ITEM_BYTES, MAX_ITEMS};
use super::transfers::IDLE;
use super::{AllLimits, Api, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES};
use crate::domain::page::MAX_PAGE_SIZE;
use crate::domain::{Error, Quota, Retention, Revision};
use crate::health::{Component, Found};
use crate::layer::{CallLimits, MAX_DEADLINE};
use crate::listener::{KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT, Limits, MAX_HEADER_BYTES};
use crate::service::Info;
use crate::service::history::Compaction;
use registry_proto::v1 as pb;
use registry_proto::v1::system_service_server::SystemService;
use registry_proto::validate::{MAX_DOCUMENT_BYTES, MAX_DOCUMENT_DEPTH};
use registry_proto::version;
use tonic::{Request, Response, Status};

/// How many items a batch method takes; the rules of the contract enforce it.
const MAX_BATCH_SIZE: i32 = 250;

/// What the program is: its version, its contract, its sources.
#[must_use]
pub fn version() -> String {
    version::told(env!("CARGO_PKG_VERSION"))
}

#[tonic::async_trait]
impl SystemService for Api {
    async fn get_server_info(
        &self,
        request: Request<pb::GetServerInfoRequest>,
    ) -> Result<Response<pb::GetServerInfoResponse>, Status> {
        self.serve(request, |api, ctx, pb::GetServerInfoRequest {}| async move {
            // Who is not known is not told what could be known of the holes of a version.
            let known = ctx.caller().role.is_some();
            let version = if known { env!("CARGO_PKG_VERSION") } else { "" };
            let components = Component::ALL.map(|component| self::component(component, api.health.found(), known)).into();
            let info = server_info(version, api.registry.info().await?, api.registry.retention(), api.limits)?;
            Ok(pb::GetServerInfoResponse { components, ..info })
        })
        .await
    }

    async fn compact_events(
        &self,
        request: Request<pb::CompactEventsRequest>,
    ) -> Result<Response<pb::CompactEventsResponse>, Status> {
        self.serve(request, |api, ctx, pb::CompactEventsRequest { revision }| async move {
            let Compaction { compacted, dropped } = api.registry.compact_events(&ctx, Revision::new(revision)).await?;
            let dropped_count = i64::try_from(dropped).unwrap_or(i64::MAX);
            Ok(pb::CompactEventsResponse { compacted_revision: compacted.number(), dropped_count })
        })
        .await
    }
}

fn server_info(version: &str, info: Info, retention: Retention, all: AllLimits) -> Result<pb::GetServerInfoResponse, Error> {
    let Info { registry_id, revision, compacted_revision } = info;
    Ok(pb::GetServerInfoResponse {
        server_version: version.to_owned(),
        api_packages: vec![version::PACKAGE.to_owned()],
        registry_id: registry_id.to_string(),
        current_revision: revision.number(),
        compacted_revision: compacted_revision.number(),
        read_only: false,
        limits: Some(limits(retention, all)?),
        capabilities: Some(pb::get_server_info_response::Capabilities {
            watch: true,
            transfer: true,
            import_preserve_identity: true,
        }),
        components: Vec::new(),
    })
}

fn component(component: Component, found: Found, known: bool) -> pb::get_server_info_response::Component {
    let healthy = found.is_healthy(component);
    let detail = (known && !healthy).then(|| "it does not answer as it should: the log of the server says how".to_owned());
    let health = if healthy { pb::HealthState::Healthy } else { pb::HealthState::Unhealthy };
    pb::get_server_info_response::Component { name: component.name().to_owned(), health: health.into(), detail }
}

fn limits(retention: Retention, all: AllLimits) -> Result<pb::get_server_info_response::Limits, Error> {
    let AllLimits {
        connections: Limits { connections, connections_per_address, handshake, streams },
        calls,
        quota,
        grace: _,
        told_apart: _,
    } = all;
    let CallLimits {
        calls_in_flight,
        request_bytes_in_flight,
        calls_per_second,
        failed_authentications,
        watches,
        watches_per_caller,
        transfers,
        exports,
        imports,
    } = calls;
    let Quota { artifact, total } = quota;
    let bytes = |limit: usize| i64::try_from(limit).map_err(|_| Error::bug("a limit does not fit"));
    Ok(pb::get_server_info_response::Limits {
        max_request_bytes: bytes(MAX_REQUEST_BYTES)?,
        max_response_bytes: bytes(MAX_RESPONSE_BYTES)?,
        max_page_size: i32::from(MAX_PAGE_SIZE),
        max_batch_size: MAX_BATCH_SIZE,
        max_metadata_bytes: bytes(MAX_DOCUMENT_BYTES)?,
        max_deadline: prost_types::Duration::try_from(MAX_DEADLINE).ok(),
        request_id_retention: prost_types::Duration::try_from(retention.answers).ok(),
        soft_delete_retention: prost_types::Duration::try_from(retention.deleted).ok(),
        max_header_bytes: i64::from(MAX_HEADER_BYTES),
        max_streams_per_connection: count(streams),
        max_connections: count(connections),
        max_connections_per_address: count(connections_per_address),
        max_calls_in_flight: count(calls_in_flight),
        max_request_bytes_in_flight: i64::try_from(request_bytes_in_flight).unwrap_or(i64::MAX),
        max_watches: count(watches),
        max_watches_per_caller: count(watches_per_caller),
        max_calls_per_second: count(calls_per_second),
        max_failed_authentications: count(failed_authentications),
        audit_retention: prost_types::Duration::try_from(retention.audit).ok(),
        handshake_timeout: prost_types::Duration::try_from(handshake).ok(),
        keep_alive_interval: prost_types::Duration::try_from(KEEP_ALIVE_INTERVAL).ok(),
        keep_alive_timeout: prost_types::Duration::try_from(KEEP_ALIVE_TIMEOUT).ok(),
        max_metadata_depth: count(MAX_DOCUMENT_DEPTH),
        max_artifact_bytes: i64::try_from(artifact).unwrap_or(i64::MAX),
        max_stored_bytes: i64::try_from(total.unwrap_or(0)).unwrap_or(i64::MAX),
        max_transfers: count(transfers),
        transfer_idle_timeout: prost_types::Duration::try_from(IDLE).ok(),
        orphan_retention: prost_types::Duration::try_from(retention.orphans).ok(),
        max_transfer_items: count(MAX_ITEMS),
        max_transfer_bytes: bytes(MAX_ITEM_BYTES)?,
        max_exports: count(exports),
        max_imports: count(imports),
        export_idle_timeout: prost_types::Duration::try_from(EXPORT_IDLE).ok(),
    })
}

/// More than anybody counts to is as many as can be said.
fn count(limit: impl TryInto<i32>) -> i32 {
    limit.try_into().unwrap_or(i32::MAX)
}
