//! `ReleaseService`.

use super::convert::{alias, filter, refs, release, resolve};
use super::page::{Sent, sent};
use super::{Api, page_token, status};
use crate::cache::DependsOn;
use crate::domain::page::{List, PageSize};
use crate::domain::{Context, Revision};
use crate::service::{aliases, releases};
use crate::store::aliases::{Alias, cursor};
use crate::store::releases::Release;
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
        let answer = |stored: Vec<Release>, ctx: &Context| pb::CreateReleaseResponse { release: written(stored, ctx).next() };
        self.change(request, release::create, releases::creating(), answer).await
    }

    async fn batch_create_releases(
        &self,
        request: Request<pb::BatchCreateReleasesRequest>,
    ) -> Result<Response<pb::BatchCreateReleasesResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::BatchCreateReleasesResponse { releases: written(stored, ctx).collect() };
        self.change(request, release::create_many, releases::create, answer).await
    }

    async fn get_release(&self, request: Request<pb::GetReleaseRequest>) -> Result<Response<pb::GetReleaseResponse>, Status> {
        self.read(request, |api, ctx, pb::GetReleaseRequest { release_ref, view }| async move {
            let view = release::view(view, release::FULL);
            let stored = api.registry.get_release(&ctx, &refs::release("release_ref", release_ref)?, view).await?;
            let depends = DependsOn(stored.row.model_id);
            Ok((pb::GetReleaseResponse { release: Some(release::message(stored, view)) }, Some(depends)))
        })
        .await
    }

    async fn batch_get_releases(
        &self,
        request: Request<pb::BatchGetReleasesRequest>,
    ) -> Result<Response<pb::BatchGetReleasesResponse>, Status> {
        self.serve(request, |api, ctx, pb::BatchGetReleasesRequest { release_refs, view }| async move {
            let view = release::view(view, release::FULL);
            let stored = api.registry.get_releases(&ctx, &refs::each("release_refs", release_refs, refs::release)?, view).await?;
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
        self.serve(request, |api, ctx, request: pb::ListReleasesRequest| async move {
            let same =
                pb::ListReleasesRequest { page_size: 0, page_token: String::new(), include_total_size: false, ..request.clone() };
            let fingerprint = page_token::fingerprint(&ctx, Method::ListReleases.path(), &same);
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
            let page = api.registry.list_releases(&ctx, model.as_ref(), &list).await?;
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
        self.read(request, |api, ctx, request: pb::ResolveReleaseRequest| async move {
            let reference = resolve::reference("", request)?;
            let resolved = api.registry.resolve_release(&ctx, &reference).await?;
            let depends = resolve::depends_on(&reference, &resolved);
            Ok((resolve::response(resolved), depends))
        })
        .await
    }

    async fn batch_resolve_releases(
        &self,
        request: Request<pb::BatchResolveReleasesRequest>,
    ) -> Result<Response<pb::BatchResolveReleasesResponse>, Status> {
        self.serve(request, |api, ctx, pb::BatchResolveReleasesRequest { requests }| async move {
            let references = resolve::references(requests)?;
            let (outcomes, revision) = api.registry.resolve_releases(&ctx, &references).await?;
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
        let answer = |stored, ctx: &Context| pb::UpdateReleaseResponse { release: Some(release::written(stored, ctx)) };
        self.change(request, release::update, releases::update, answer).await
    }

    async fn transition_release(
        &self,
        request: Request<pb::TransitionReleaseRequest>,
    ) -> Result<Response<pb::TransitionReleaseResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::TransitionReleaseResponse { release: Some(release::written(stored, ctx)) };
        self.change(request, release::transition, releases::transition, answer).await
    }

    async fn delete_release(
        &self,
        request: Request<pb::DeleteReleaseRequest>,
    ) -> Result<Response<pb::DeleteReleaseResponse>, Status> {
        let answer = |stored: Option<Release>, ctx: &Context| pb::DeleteReleaseResponse {
            release: stored.map(|stored| release::written(stored, ctx)),
        };
        self.change(request, release::delete, releases::delete, answer).await
    }

    async fn undelete_release(
        &self,
        request: Request<pb::UndeleteReleaseRequest>,
    ) -> Result<Response<pb::UndeleteReleaseResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::UndeleteReleaseResponse { release: Some(release::written(stored, ctx)) };
        self.change(request, release::undelete, releases::undelete, answer).await
    }

    async fn purge_release(
        &self,
        request: Request<pb::PurgeReleaseRequest>,
    ) -> Result<Response<pb::PurgeReleaseResponse>, Status> {
        let answer = |revision: Revision, _: &Context| pb::PurgeReleaseResponse { revision: revision.number() };
        self.change(request, release::purge, releases::purge, answer).await
    }

    async fn set_release_alias(
        &self,
        request: Request<pb::SetReleaseAliasRequest>,
    ) -> Result<Response<pb::SetReleaseAliasResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::SetReleaseAliasResponse { alias: Some(alias::written(stored, ctx)) };
        self.change(request, alias::set, aliases::set, answer).await
    }

    async fn delete_release_alias(
        &self,
        request: Request<pb::DeleteReleaseAliasRequest>,
    ) -> Result<Response<pb::DeleteReleaseAliasResponse>, Status> {
        let answer = |revision: Option<Revision>, _: &Context| pb::DeleteReleaseAliasResponse {
            revision: revision.map_or(0, Revision::number),
        };
        self.change(request, alias::delete, aliases::delete, answer).await
    }

    async fn list_release_aliases(
        &self,
        request: Request<pb::ListReleaseAliasesRequest>,
    ) -> Result<Response<pb::ListReleaseAliasesResponse>, Status> {
        self.serve(request, |api, ctx, request: pb::ListReleaseAliasesRequest| async move {
            let same = pb::ListReleaseAliasesRequest { page_size: 0, page_token: String::new(), ..request.clone() };
            let fingerprint = page_token::fingerprint(&ctx, Method::ListReleaseAliases.path(), &same);
            let pb::ListReleaseAliasesRequest { page_size, page_token, model_ref, release_ref } = request;
            let (of, size) = (alias::filter(model_ref, release_ref)?, PageSize::of(page_size));
            let resume = api.tokens.open(&page_token, &fingerprint)?;
            let page = api.registry.list_aliases(&ctx, &of, resume.as_ref(), size).await?;
            let page = sent(page, &api.tokens, &fingerprint, Alias::cursor, alias::message);
            let Sent { items, next_page_token, total_size: _, revision } = page;
            Ok(pb::ListReleaseAliasesResponse { aliases: items, next_page_token, revision })
        })
        .await
    }

    async fn list_release_alias_history(
        &self,
        request: Request<pb::ListReleaseAliasHistoryRequest>,
    ) -> Result<Response<pb::ListReleaseAliasHistoryResponse>, Status> {
        self.serve(request, |api, ctx, request: pb::ListReleaseAliasHistoryRequest| async move {
            let same = pb::ListReleaseAliasHistoryRequest { page_size: 0, page_token: String::new(), ..request.clone() };
            let fingerprint = page_token::fingerprint(&ctx, Method::ListReleaseAliasHistory.path(), &same);
            let pb::ListReleaseAliasHistoryRequest { page_size, page_token, model_ref, alias } = request;
            let (model, name) = alias::one(model_ref, &alias)?;
            let resume = api.tokens.open(&page_token, &fingerprint)?;
            let page = api.registry.alias_history(&ctx, &model, &name, resume.as_ref(), PageSize::of(page_size)).await?;
            let page = sent(page, &api.tokens, &fingerprint, cursor, alias::moved);
            let Sent { items, next_page_token, total_size: _, revision: _ } = page;
            Ok(pb::ListReleaseAliasHistoryResponse { moves: items, next_page_token })
        })
        .await
    }
}

fn written(stored: Vec<Release>, ctx: &Context) -> impl Iterator<Item = pb::Release> {
    stored.into_iter().map(|stored| release::written(stored, ctx))
}
