//! `ModelService`.

use super::convert::model::{self, Dry};
use super::convert::{filter, refs};
use super::page::{Sent, sent};
use super::{Api, page_token};
use crate::domain::page::{List, PageSize};
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::model_service_server::ModelService;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ModelService for Api {
    async fn create_model(&self, request: Request<pb::CreateModelRequest>) -> Result<Response<pb::CreateModelResponse>, Status> {
        self.serve(request, |api, ctx, pb::CreateModelRequest { model, validate_only }| async move {
            let ctx = ctx.dry_run(validate_only);
            let stored = api.registry.create_model(&ctx, model::new(model.unwrap_or_default())?).await?;
            Ok(pb::CreateModelResponse { model: Some(model::full(stored).dry(&ctx)) })
        })
        .await
    }

    async fn get_model(&self, request: Request<pb::GetModelRequest>) -> Result<Response<pb::GetModelResponse>, Status> {
        self.serve(request, |api, _, pb::GetModelRequest { model_ref, view }| async move {
            let view = model::view(view, model::FULL);
            let stored = api.registry.get_model(&refs::model("model_ref", model_ref)?, view).await?;
            Ok(pb::GetModelResponse { model: Some(model::message(stored, view)) })
        })
        .await
    }

    async fn batch_get_models(
        &self,
        request: Request<pb::BatchGetModelsRequest>,
    ) -> Result<Response<pb::BatchGetModelsResponse>, Status> {
        self.serve(request, |api, _, pb::BatchGetModelsRequest { model_refs, view }| async move {
            let view = model::view(view, model::FULL);
            let stored = api.registry.get_models(&refs::each("model_refs", model_refs, refs::model)?, view).await?;
            Ok(pb::BatchGetModelsResponse { models: stored.into_iter().map(|stored| model::message(stored, view)).collect() })
        })
        .await
    }

    async fn list_models(&self, request: Request<pb::ListModelsRequest>) -> Result<Response<pb::ListModelsResponse>, Status> {
        self.serve(request, |api, _, request: pb::ListModelsRequest| async move {
            let same =
                pb::ListModelsRequest { page_size: 0, page_token: String::new(), include_total_size: false, ..request.clone() };
            let fingerprint = page_token::fingerprint(Method::ListModels.path(), &same);
            let pb::ListModelsRequest { page_size, page_token, filter, order, view, show_deleted, include_total_size } = request;
            let list = List {
                filter: filter::models(filter.unwrap_or_default())?,
                order: model::order(order),
                resume: api.tokens.open(&page_token, &fingerprint)?,
                size: PageSize::of(page_size),
                view: model::view(view, model::BASIC),
                show_deleted,
                include_total: include_total_size,
            };
            let page = api.registry.list_models(&list).await?;
            let page = sent(page, &api.tokens, &fingerprint, |row| row.cursor(list.order), |row| model::message(row, list.view));
            let Sent { items, next_page_token, total_size, revision } = page;
            Ok(pb::ListModelsResponse { models: items, next_page_token, total_size, revision })
        })
        .await
    }

    async fn update_model(&self, request: Request<pb::UpdateModelRequest>) -> Result<Response<pb::UpdateModelResponse>, Status> {
        self.serve(request, |api, ctx, pb::UpdateModelRequest { model_ref, model, update_mask, validate_only }| async move {
            let ctx = ctx.dry_run(validate_only);
            let patch = model::patch(model.unwrap_or_default(), update_mask.as_ref())?;
            let stored = api.registry.update_model(&ctx, refs::model("model_ref", model_ref)?, patch).await?;
            Ok(pb::UpdateModelResponse { model: Some(model::full(stored).dry(&ctx)) })
        })
        .await
    }
}
