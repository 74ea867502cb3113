//! `ReleaseService`.

use super::convert::release::{self, Dry};
use super::convert::{filter, refs, resolve};
use super::page::{Sent, sent};
use super::{Api, page_token, status};
use crate::domain::page::{List, PageSize};
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::release_service_server::ReleaseService;
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ReleaseService for Api {
    async fn create_release(
        &self,
        request: Request<pb::CreateReleaseRequest>,
    ) -> Result<Response<pb::CreateReleaseResponse>, Status> {
        self.serve(
            request,
            |api, ctx, pb::CreateReleaseRequest { model_ref, release, initial_state, validate_only }| async move {
                let ctx = ctx.dry_run(validate_only);
                let new = release::new(refs::model("model_ref", model_ref)?, release.unwrap_or_default(), initial_state)?;
                let stored = api.registry.create_release(&ctx, new).await?;
                Ok(pb::CreateReleaseResponse { release: Some(release::full(stored).dry(&ctx)) })
            },
        )
        .await
    }

    async fn get_release(&self, request: Request<pb::GetReleaseRequest>) -> Result<Response<pb::GetReleaseResponse>, Status> {
        self.serve(request, |api, _, pb::GetReleaseRequest { release_ref, view }| async move {
            let view = release::view(view, release::FULL);
            let stored = api.registry.get_release(&refs::release("release_ref", release_ref)?, view).await?;
            Ok(pb::GetReleaseResponse { release: Some(release::message(stored, view)) })
        })
        .await
    }

    async fn batch_get_releases(
        &self,
        request: Request<pb::BatchGetReleasesRequest>,
    ) -> Result<Response<pb::BatchGetReleasesResponse>, Status> {
        self.serve(request, |api, _, pb::BatchGetReleasesRequest { release_refs, view }| async move {
            let view = release::view(view, release::FULL);
            let stored = api.registry.get_releases(&refs::each("release_refs", release_refs, refs::release)?, view).await?;
            Ok(pb::BatchGetReleasesResponse {
                releases: stored.into_iter().map(|stored| release::message(stored, view)).collect(),
            })
        })
        .await
    }

    async fn list_releases(
        &self,
        request: Request<pb::ListReleasesRequest>,
    ) -> Result<Response<pb::ListReleasesResponse>, Status> {
        self.serve(request, |api, _, request: pb::ListReleasesRequest| async move {
            let same =
                pb::ListReleasesRequest { page_size: 0, page_token: String::new(), include_total_size: false, ..request.clone() };
            let fingerprint = page_token::fingerprint(Method::ListReleases.path(), &same);
            let pb::ListReleasesRequest {
                page_size,
                page_token,
                filter,
                order,
                view,
                show_deleted,
                include_total_size,
                model_ref,
            } = request;
            let model = refs::optional("model_ref", model_ref, refs::model)?;
            let list = List {
                filter: filter::releases(filter.unwrap_or_default())?,
                order: release::order(order),
                resume: api.tokens.open(&page_token, &fingerprint)?,
                size: PageSize::of(page_size),
                view: release::view(view, release::BASIC),
                show_deleted,
                include_total: include_total_size,
            };
            let page = api.registry.list_releases(model.as_ref(), &list).await?;
            let page =
                sent(page, &api.tokens, &fingerprint, |row| row.cursor(list.order), |row| release::message(row, list.view));
            let Sent { items, next_page_token, total_size, revision } = page;
            Ok(pb::ListReleasesResponse { releases: items, next_page_token, total_size, revision })
        })
        .await
    }

    async fn resolve_release(
        &self,
        request: Request<pb::ResolveReleaseRequest>,
    ) -> Result<Response<pb::ResolveReleaseResponse>, Status> {
        self.serve(request, |api, _, request: pb::ResolveReleaseRequest| async move {
            let stored = api.registry.resolve_release(&resolve::reference("", request)?).await?;
            Ok(pb::ResolveReleaseResponse { release: Some(release::full(stored)) })
        })
        .await
    }

    async fn batch_resolve_releases(
        &self,
        request: Request<pb::BatchResolveReleasesRequest>,
    ) -> Result<Response<pb::BatchResolveReleasesResponse>, Status> {
        self.serve(request, |api, ctx, pb::BatchResolveReleasesRequest { requests }| async move {
            let references = resolve::references(requests)?;
            let (outcomes, revision) = api.registry.resolve_releases(&references).await?;
            let result = |outcome| resolve::result(outcome, |error| status::of(error, ctx.request_id()));
            Ok(pb::BatchResolveReleasesResponse {
                results: outcomes.into_iter().map(result).collect(),
                revision: revision.number(),
            })
        })
        .await
    }

    async fn update_release(
        &self,
        request: Request<pb::UpdateReleaseRequest>,
    ) -> Result<Response<pb::UpdateReleaseResponse>, Status> {
        self.serve(
            request,
            |api, ctx, pb::UpdateReleaseRequest { release_ref, release, update_mask, validate_only }| async move {
                let ctx = ctx.dry_run(validate_only);
                let patch = release::patch(release.unwrap_or_default(), update_mask.as_ref())?;
                let stored = api.registry.update_release(&ctx, refs::release("release_ref", release_ref)?, patch).await?;
                Ok(pb::UpdateReleaseResponse { release: Some(release::full(stored).dry(&ctx)) })
            },
        )
        .await
    }

    async fn transition_release(
        &self,
        request: Request<pb::TransitionReleaseRequest>,
    ) -> Result<Response<pb::TransitionReleaseResponse>, Status> {
        self.serve(request, |api, ctx, request: pb::TransitionReleaseRequest| async move {
            let ctx = ctx.dry_run(request.validate_only);
            let stored = api.registry.transition_release(&ctx, release::transition(request)?).await?;
            Ok(pb::TransitionReleaseResponse { release: Some(release::full(stored).dry(&ctx)) })
        })
        .await
    }
}
