//! `ApiKeyService`.

use super::convert::api_key;
use super::page::{Sent, sent};
use super::{Api, page_token};
use crate::domain::Context;
use crate::domain::model::View;
use crate::domain::page::{List, PageSize};
use crate::service::api_keys;
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::api_key_service_server::ApiKeyService;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ApiKeyService for Api {
    async fn create_api_key(
        &self,
        request: Request<pb::CreateApiKeyRequest>,
    ) -> Result<Response<pb::CreateApiKeyResponse>, Status> {
        self.serve(request, |api, ctx, message| async move {
            let (key, secret) = api.registry.run(&ctx, api_key::create(message)?, api_keys::create).await?;
            Ok(pb::CreateApiKeyResponse { api_key: Some(api_key::written(key, &ctx)), secret: secret.reveal().to_string() })
        })
        .await
    }

    async fn get_api_key(&self, request: Request<pb::GetApiKeyRequest>) -> Result<Response<pb::GetApiKeyResponse>, Status> {
        self.serve(request, |api, ctx, pb::GetApiKeyRequest { api_key_id }| async move {
            let key = api.registry.get_api_key(api_key::id(&api_key_id)?).await?;
            Ok(pb::GetApiKeyResponse { api_key: Some(api_key::message(key, ctx.now())) })
        })
        .await
    }

    async fn get_caller_api_key(
        &self,
        request: Request<pb::GetCallerApiKeyRequest>,
    ) -> Result<Response<pb::GetCallerApiKeyResponse>, Status> {
        self.serve(request, |api, ctx, pb::GetCallerApiKeyRequest {}| async move {
            let key = api.registry.get_caller_api_key(&ctx).await?;
            Ok(pb::GetCallerApiKeyResponse { api_key: Some(api_key::message(key, ctx.now())) })
        })
        .await
    }

    async fn list_api_keys(&self, request: Request<pb::ListApiKeysRequest>) -> Result<Response<pb::ListApiKeysResponse>, Status> {
        self.serve(request, |api, ctx, request: pb::ListApiKeysRequest| async move {
            let same = pb::ListApiKeysRequest { page_size: 0, page_token: String::new(), ..request.clone() };
            let fingerprint = page_token::fingerprint(&ctx, Method::ListApiKeys.path(), &same);
            let pb::ListApiKeysRequest { page_size, page_token, states } = request;
            let list = List {
                filter: api_key::filter(&states),
                order: (),
                resume: api.tokens.open(&page_token, &fingerprint)?,
                size: PageSize::of(page_size),
                view: View::Full,
                show_deleted: false,
                include_total: false,
            };
            let page = api.registry.list_api_keys(&ctx, &list).await?;
            let page = sent(page, &api.tokens, &fingerprint, |row| row.cursor(), |row| api_key::message(row, ctx.now()));
            let Sent { items, next_page_token, total_size: _, revision: _ } = page;
            Ok(pb::ListApiKeysResponse { api_keys: items, next_page_token })
        })
        .await
    }

    async fn update_api_key(
        &self,
        request: Request<pb::UpdateApiKeyRequest>,
    ) -> Result<Response<pb::UpdateApiKeyResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::UpdateApiKeyResponse { api_key: Some(api_key::written(stored, ctx)) };
        self.change(request, api_key::update, api_keys::update, answer).await
    }

    async fn transition_api_key(
        &self,
        request: Request<pb::TransitionApiKeyRequest>,
    ) -> Result<Response<pb::TransitionApiKeyResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::TransitionApiKeyResponse { api_key: Some(api_key::written(stored, ctx)) };
        self.change(request, api_key::transition, api_keys::transition, answer).await
    }

    async fn rotate_api_key(
        &self,
        request: Request<pb::RotateApiKeyRequest>,
    ) -> Result<Response<pb::RotateApiKeyResponse>, Status> {
        self.serve(request, |api, ctx, message| async move {
            let (key, secret) = api.registry.run(&ctx, api_key::rotate(message)?, api_keys::rotate).await?;
            Ok(pb::RotateApiKeyResponse { api_key: Some(api_key::written(key, &ctx)), secret: secret.reveal().to_string() })
        })
        .await
    }
}
