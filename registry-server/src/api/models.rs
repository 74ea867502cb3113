//! `ModelService`.

use super::convert::{filter, model, refs};
use super::page::{Sent, sent};
use super::{Api, page_token};
use crate::cache::DependsOn;
use crate::domain::page::{List, PageSize};
use crate::domain::{Context, Revision};
use crate::service::models::{self, Deletion};
use crate::store::models::Model;
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::model_service_server::ModelService;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ModelService for Api {
    async fn create_model(&self, request: Request<pb::CreateModelRequest>) -> Result<Response<pb::CreateModelResponse>, Status> {
        let answer = |stored: Vec<Model>, ctx: &Context| pb::CreateModelResponse { model: written(stored, ctx).next() };
        self.change(request, model::create, models::create, answer).await
    }

    async fn batch_create_models(
        &self,
        request: Request<pb::BatchCreateModelsRequest>,
    ) -> Result<Response<pb::BatchCreateModelsResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::BatchCreateModelsResponse { models: written(stored, ctx).collect() };
        self.change(request, model::create_many, models::create, answer).await
    }

    async fn get_model(&self, request: Request<pb::GetModelRequest>) -> Result<Response<pb::GetModelResponse>, Status> {
        self.read(request, |api, ctx, pb::GetModelRequest { model_ref, view }| async move {
            let view = model::view(view, model::FULL);
            let stored = api.registry.get_model(&ctx, &refs::model("model_ref", model_ref)?, view).await?;
            let depends = DependsOn(stored.row.id);
            Ok((pb::GetModelResponse { model: Some(model::message(stored, view)) }, Some(depends)))
        })
        .await
    }

    async fn batch_get_models(
        &self,
        request: Request<pb::BatchGetModelsRequest>,
    ) -> Result<Response<pb::BatchGetModelsResponse>, Status> {
        self.serve(request, |api, ctx, pb::BatchGetModelsRequest { model_refs, view }| async move {
            let view = model::view(view, model::FULL);
            let stored = api.registry.get_models(&ctx, &refs::each("model_refs", model_refs, refs::model)?, view).await?;
            Ok(pb::BatchGetModelsResponse { models: stored.into_iter().map(|stored| model::message(stored, view)).collect() })
        })
        .await
    }

    async fn list_models(&self, request: Request<pb::ListModelsRequest>) -> Result<Response<pb::ListModelsResponse>, Status> {
        self.serve(request, |api, ctx, request: pb::ListModelsRequest| async move {
            let same =
                pb::ListModelsRequest { page_size: 0, page_token: String::new(), include_total_size: false, ..request.clone() };
            let fingerprint = page_token::fingerprint(&ctx, Method::ListModels.path(), &same);
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
            let page = api.registry.list_models(&ctx, &list).await?;
            let page = sent(page, &api.tokens, &fingerprint, |row| row.cursor(list.order), |row| model::message(row, list.view));
            let Sent { items, next_page_token, total_size, revision } = page;
            Ok(pb::ListModelsResponse { models: items, next_page_token, total_size, revision })
        })
        .await
    }

    async fn update_model(&self, request: Request<pb::UpdateModelRequest>) -> Result<Response<pb::UpdateModelResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::UpdateModelResponse { model: Some(model::written(stored, ctx)) };
        self.change(request, model::update, models::update, answer).await
    }

    async fn rename_model(&self, request: Request<pb::RenameModelRequest>) -> Result<Response<pb::RenameModelResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::RenameModelResponse { model: Some(model::written(stored, ctx)) };
        self.change(request, model::rename, models::rename, answer).await
    }

    async fn delete_model(&self, request: Request<pb::DeleteModelRequest>) -> Result<Response<pb::DeleteModelResponse>, Status> {
        let answer = |(stored, releases): Deletion, ctx: &Context| pb::DeleteModelResponse {
            model: stored.map(|stored| model::written(stored, ctx)),
            deleted_release_count: i64::try_from(releases).unwrap_or(i64::MAX),
        };
        self.change(request, model::delete, models::delete, answer).await
    }

    async fn undelete_model(
        &self,
        request: Request<pb::UndeleteModelRequest>,
    ) -> Result<Response<pb::UndeleteModelResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::UndeleteModelResponse { model: Some(model::written(stored, ctx)) };
        self.change(request, model::undelete, models::undelete, answer).await
    }

    async fn purge_model(&self, request: Request<pb::PurgeModelRequest>) -> Result<Response<pb::PurgeModelResponse>, Status> {
        let answer = |revision: Revision, _: &Context| pb::PurgeModelResponse { revision: revision.number() };
        self.change(request, model::purge, models::purge, answer).await
    }
}

fn written(stored: Vec<Model>, ctx: &Context) -> impl Iterator<Item = pb::Model> {
    stored.into_iter().map(|stored| model::written(stored, ctx))
}
