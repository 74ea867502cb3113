//! `AuditService`.

use super::convert::audit;
use super::page::{Sent, sent};
use super::{Api, page_token};
use crate::domain::model::View;
use crate::domain::page::{List, PageSize};
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::audit_service_server::AuditService;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl AuditService for Api {
    async fn list_audit_entries(
        &self,
        request: Request<pb::ListAuditEntriesRequest>,
    ) -> Result<Response<pb::ListAuditEntriesResponse>, Status> {
        self.serve(request, |api, ctx, request: pb::ListAuditEntriesRequest| async move {
            let same = pb::ListAuditEntriesRequest { page_size: 0, page_token: String::new(), ..request.clone() };
            let fingerprint = page_token::fingerprint(&ctx, Method::ListAuditEntries.path(), &same);
            let pb::ListAuditEntriesRequest { page_size, page_token, filter } = request;
            let list = List {
                filter: audit::filter(filter)?,
                order: (),
                resume: api.tokens.open(&page_token, &fingerprint)?,
                size: PageSize::of(page_size),
                view: View::Full,
                show_deleted: false,
                include_total: false,
            };
            let page = api.registry.list_audit_entries(&list).await?;
            let page = sent(page, &api.tokens, &fingerprint, |row| row.cursor(), audit::message);
            let Sent { items, next_page_token, total_size: _, revision: _ } = page;
            Ok(pb::ListAuditEntriesResponse { entries: items, next_page_token })
        })
        .await
    }
}
