//! `ArtifactService`.

use super::convert::{artifact, filter, refs};
use super::page::{Sent, sent};
use super::transfers::Chunks;
use super::{Api, page_token};
use crate::domain::Context;
use crate::domain::artifact::Whose;
use crate::domain::model::View;
use crate::domain::page::{List, PageSize};
use crate::service::artifacts;
use crate::store::artifacts::Artifact;
use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::artifact_service_server::ArtifactService;
use tonic::{Request, Response, Status, Streaming};

#[tonic::async_trait]
impl ArtifactService for Api {
    type DownloadArtifactStream = Chunks;

    async fn create_artifact(
        &self,
        request: Request<pb::CreateArtifactRequest>,
    ) -> Result<Response<pb::CreateArtifactResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::CreateArtifactResponse { artifact: Some(artifact::written(stored, ctx)) };
        self.change(request, artifact::create, artifacts::create, answer).await
    }

    async fn get_artifact(&self, request: Request<pb::GetArtifactRequest>) -> Result<Response<pb::GetArtifactResponse>, Status> {
        self.serve(request, |api, ctx, pb::GetArtifactRequest { artifact_id }| async move {
            let stored = api.registry.get_artifact(&ctx, artifact::id(&artifact_id)?).await?;
            Ok(pb::GetArtifactResponse { artifact: Some(artifact::message(stored, View::Full)) })
        })
        .await
    }

    async fn list_artifacts(
        &self,
        request: Request<pb::ListArtifactsRequest>,
    ) -> Result<Response<pb::ListArtifactsResponse>, Status> {
        self.serve(request, |api, ctx, request: pb::ListArtifactsRequest| async move {
            let same = pb::ListArtifactsRequest {
                page_size: 0,
                page_token: String::new(),
                include_total_size: false,
                ..request.clone()
            };
            let fingerprint = page_token::fingerprint(&ctx, Method::ListArtifacts.path(), &same);
            let pb::ListArtifactsRequest {
                page_size,
                page_token,
                filter,
                show_deleted,
                include_total_size,
                model_ref,
                release_ref,
            } = request;
            let of = Whose {
                model: refs::optional("model_ref", model_ref, refs::model)?,
                release: refs::optional("release_ref", release_ref, refs::release)?,
            };
            let list = List {
                filter: filter::artifacts(filter.unwrap_or_default()),
                order: (),
                resume: api.tokens.open(&page_token, &fingerprint)?,
                size: PageSize::of(page_size),
                view: View::Full,
                show_deleted,
                include_total: include_total_size,
            };
            let page = api.registry.list_artifacts(&ctx, &of, &list).await?;
            let page = sent(page, &api.tokens, &fingerprint, Artifact::cursor, |row| artifact::message(row, View::Full));
            let Sent { items, next_page_token, total_size, revision } = page;
            Ok(pb::ListArtifactsResponse { artifacts: items, next_page_token, total_size, revision })
        })
        .await
    }

    async fn update_artifact(
        &self,
        request: Request<pb::UpdateArtifactRequest>,
    ) -> Result<Response<pb::UpdateArtifactResponse>, Status> {
        let answer = |stored, ctx: &Context| pb::UpdateArtifactResponse { artifact: Some(artifact::written(stored, ctx)) };
        self.change(request, artifact::update, artifacts::update, answer).await
    }

    async fn delete_artifact(
        &self,
        request: Request<pb::DeleteArtifactRequest>,
    ) -> Result<Response<pb::DeleteArtifactResponse>, Status> {
        let answer = |stored: Option<Artifact>, ctx: &Context| pb::DeleteArtifactResponse {
            artifact: stored.map(|stored| artifact::written(stored, ctx)),
        };
        self.change(request, artifact::delete, artifacts::delete, answer).await
    }

    async fn upload_artifact(
        &self,
        request: Request<Streaming<pb::UploadArtifactRequest>>,
    ) -> Result<Response<pb::UploadArtifactResponse>, Status> {
        self.upload(request).await
    }

    async fn download_artifact(&self, request: Request<pb::DownloadArtifactRequest>) -> Result<Response<Chunks>, Status> {
        self.download(request).await
    }
}
