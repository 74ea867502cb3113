//! `DeploymentService`.

use super::convert::deployment;
use super::page::{Sent, sent};
use super::{Api, page_token};
use crate::domain::Context;
use crate::domain::model::View;
use crate::domain::page::{List, PageSize};
use crate::service::deployments;
use crate::store::deployments::Deployment;
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::deployment_service_server::DeploymentService;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl DeploymentService for Api {
    async fn create_deployment(
        &self,
        request: Request<pb::CreateDeploymentRequest>,
    ) -> Result<Response<pb::CreateDeploymentResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::CreateDeploymentResponse { deployment: Some(deployment::written(stored, ctx)) };
        self.change(request, deployment::create, deployments::create, answer).await
    }

    async fn get_deployment(
        &self,
        request: Request<pb::GetDeploymentRequest>,
    ) -> Result<Response<pb::GetDeploymentResponse>, Status> {
        self.serve(request, |api, ctx, pb::GetDeploymentRequest { deployment_id }| async move {
            let stored = api.registry.get_deployment(&ctx, deployment::id(&deployment_id)?).await?;
            Ok(pb::GetDeploymentResponse { deployment: Some(deployment::message(stored, View::Full)) })
        })
        .await
    }

    async fn list_deployments(
        &self,
        request: Request<pb::ListDeploymentsRequest>,
    ) -> Result<Response<pb::ListDeploymentsResponse>, Status> {
        self.serve(request, |api, ctx, request: pb::ListDeploymentsRequest| async move {
            let same = pb::ListDeploymentsRequest {
                page_size: 0,
                page_token: String::new(),
                include_total_size: false,
                ..request.clone()
            };
            let fingerprint = page_token::fingerprint(&ctx, Method::ListDeployments.path(), &same);
            let pb::ListDeploymentsRequest { page_size, page_token, filter, order, include_total_size, model_ref, release_ref } =
                request;
            let of = deployment::of(model_ref, release_ref)?;
            let list = List {
                filter: deployment::filter(filter.unwrap_or_default()),
                order: deployment::order(order),
                resume: api.tokens.open(&page_token, &fingerprint)?,
                size: PageSize::of(page_size),
                view: View::Full,
                show_deleted: false,
                include_total: include_total_size,
            };
            let page = api.registry.list_deployments(&ctx, &of, &list).await?;
            let message = |stored| deployment::message(stored, View::Full);
            let Sent { items, next_page_token, total_size, revision } =
                sent(page, &api.tokens, &fingerprint, Deployment::cursor, message);
            Ok(pb::ListDeploymentsResponse { deployments: items, next_page_token, total_size, revision })
        })
        .await
    }

    async fn update_deployment(
        &self,
        request: Request<pb::UpdateDeploymentRequest>,
    ) -> Result<Response<pb::UpdateDeploymentResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::UpdateDeploymentResponse { deployment: Some(deployment::written(stored, ctx)) };
        self.change(request, deployment::update, deployments::update, answer).await
    }

    async fn transition_deployment(
        &self,
        request: Request<pb::TransitionDeploymentRequest>,
    ) -> Result<Response<pb::TransitionDeploymentResponse>, Status> {
        let answer =
            |stored, ctx: &Context| pb::TransitionDeploymentResponse { deployment: Some(deployment::written(stored, ctx)) };
        self.change(request, deployment::transition, deployments::transition, answer).await
    }
}
