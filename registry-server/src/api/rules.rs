//! What a request must keep to that no rule of the contract can say, checked together with those rules, so that
//! everything that is wrong is told at once.

use super::convert::{release, resolve};
use crate::domain::Refused;
use crate::domain::name::{ApiKeyName, FilePath, ImageTag, ModelName};
use crate::domain::release::ReleaseState;
use prost::Message;
use registry_proto::request::Request;
use registry_proto::v1 as pb;
use registry_proto::v1::list_releases_request::Order;
use registry_proto::v1::resolve_release_request::Selector;
use registry_proto::v1::upload_artifact_request::{Message as Part, Start};
use registry_proto::validate::Collector;
use std::collections::HashSet;

/// A request with rules of its own.
pub(super) trait Rules: Request + Message {
    /// Reports what is wrong beyond the rules of the contract.
    fn rules(&self, at: &mut Collector);
}

/// Reports a refused value, unless it is only missing: the contract's own rules say so already.
fn check<T>(value: &str, parse: impl FnOnce(&str) -> Result<T, Refused>, field: &str, at: &mut Collector) {
    if value.is_empty() {
        return;
    }
    if let Err(refused) = parse(value) {
        at.field(field, |at| at.report(refused.reason(), || refused.to_string()));
    }
}

impl Rules for pb::CreateModelRequest {
    fn rules(&self, at: &mut Collector) {
        let Some(model) = &self.model else { return };
        at.field("model", |at| check(&model.name, str::parse::<ModelName>, "name", at));
    }
}

impl Rules for pb::RenameModelRequest {
    fn rules(&self, at: &mut Collector) {
        check(&self.new_name, str::parse::<ModelName>, "new_name", at);
    }
}

impl Rules for pb::CreateReleaseRequest {
    fn rules(&self, at: &mut Collector) {
        let Some(release) = &self.release else { return };
        at.field("release", |at| {
            let quantization = release.quantization.as_deref().unwrap_or_default();
            if release.tag.is_empty() {
                check(&release.version, |version| ImageTag::of(version, quantization), "tag", at);
            }
            let state = release::state(self.initial_state).unwrap_or(ReleaseState::Active);
            if release.digest.is_none() && state != ReleaseState::Candidate {
                at.field("digest", |at| at.report("REQUIRED", || "must be set: only a CANDIDATE may lack its digest".to_owned()));
            }
        });
    }
}

impl Rules for pb::CreateArtifactRequest {
    fn rules(&self, at: &mut Collector) {
        let Some(artifact) = &self.artifact else { return };
        at.field("artifact", |at| check(&artifact.file_path, FilePath::of_caller, "file_path", at));
    }
}

impl Rules for pb::UploadArtifactRequest {
    fn rules(&self, at: &mut Collector) {
        let Some(Part::Start(Start { artifact: Some(artifact), .. })) = &self.message else { return };
        let required = |text: &str, field: &str, at: &mut Collector| {
            if text.is_empty() {
                at.field(field, |at| at.report("REQUIRED", || "must be set".to_owned()));
            }
        };
        at.field("start", |at| {
            at.field("artifact", |at| {
                required(&artifact.name, "name", at);
                required(&artifact.artifact_type, "artifact_type", at);
                check(&artifact.file_path, FilePath::of_caller, "file_path", at);
            });
        });
    }
}

/// The requests of a batch: each keeps to its own rules, and leaves to the batch what is the batch's.
fn batched<M: Rules>(requests: &[M], at: &mut Collector) {
    for (index, request) in requests.iter().enumerate() {
        at.field("requests", |at| {
            at.index(index, |at| {
                request.rules(at);
                let of_the_batch = |name, at: &mut Collector| {
                    at.field(name, |at| at.report("UNSET", || "must be unset: it is the batch's".to_owned()));
                };
                if request.validate_only() {
                    of_the_batch("validate_only", at);
                }
                if request.request_id().is_some_and(|id| !id.is_empty()) {
                    of_the_batch("request_id", at);
                }
            });
        });
    }
}

impl Rules for pb::BatchCreateModelsRequest {
    fn rules(&self, at: &mut Collector) {
        batched(&self.requests, at);
        let mut seen = HashSet::new();
        for (index, request) in self.requests.iter().enumerate() {
            let name = request.model.as_ref().map_or("", |model| model.name.as_str());
            if !name.is_empty() && !seen.insert(name) {
                let twice = || "is the name of an earlier model of the batch".to_owned();
                at.field("requests", |at| {
                    at.index(index, |at| at.field("model", |at| at.field("name", |at| at.report("DUPLICATE", twice))))
                });
            }
        }
    }
}

impl Rules for pb::BatchCreateReleasesRequest {
    fn rules(&self, at: &mut Collector) {
        batched(&self.requests, at);
    }
}

impl Rules for pb::CreateApiKeyRequest {
    fn rules(&self, at: &mut Collector) {
        let Some(key) = &self.api_key else { return };
        at.field("api_key", |at| check(&key.name, str::parse::<ApiKeyName>, "name", at));
    }
}

impl Rules for pb::ListReleasesRequest {
    fn rules(&self, at: &mut Collector) {
        if self.order == i32::from(Order::VersionAsc) && self.model_ref.is_none() {
            at.field("model_ref", |at| at.report("REQUIRED", || "must be set for ORDER_VERSION_ASC".to_owned()));
        }
    }
}

impl Rules for pb::ResolveReleaseRequest {
    fn rules(&self, at: &mut Collector) {
        if let Some(Selector::Requirement(text)) = &self.selector {
            check(text, resolve::requirement, "requirement", at);
        }
        if self.as_of_time.is_some() && !matches!(self.selector, Some(Selector::Alias(_))) {
            at.field("as_of_time", |at| {
                at.report("ALIAS_ONLY", || "is only for an alias: nothing else has a history".to_owned())
            });
        }
        if let Some(platform) = &self.platform {
            check(platform, str::parse::<crate::domain::name::Platform>, "platform", at);
        }
    }
}

impl Rules for pb::BatchResolveReleasesRequest {
    fn rules(&self, at: &mut Collector) {
        for (index, request) in self.requests.iter().enumerate() {
            at.field("requests", |at| at.index(index, |at| request.rules(at)));
        }
    }
}

macro_rules! no_rules {
    ($($message:ident),+ $(,)?) => {
        $(impl Rules for pb::$message {
            fn rules(&self, _: &mut Collector) {}
        })+
    };
}

no_rules!(
    GetModelRequest,
    BatchGetModelsRequest,
    ListModelsRequest,
    UpdateModelRequest,
    DeleteModelRequest,
    UndeleteModelRequest,
    PurgeModelRequest,
    GetReleaseRequest,
    BatchGetReleasesRequest,
    UpdateReleaseRequest,
    TransitionReleaseRequest,
    DeleteReleaseRequest,
    UndeleteReleaseRequest,
    PurgeReleaseRequest,
    GetArtifactRequest,
    DownloadArtifactRequest,
    ListArtifactsRequest,
    UpdateArtifactRequest,
    DeleteArtifactRequest,
    CreateDeploymentRequest,
    GetDeploymentRequest,
    ListDeploymentsRequest,
    UpdateDeploymentRequest,
    TransitionDeploymentRequest,
    SetReleaseAliasRequest,
    DeleteReleaseAliasRequest,
    ListReleaseAliasesRequest,
    ListReleaseAliasHistoryRequest,
    WatchRequest,
    ListEventsRequest,
    GetServerInfoRequest,
    CompactEventsRequest,
    GetApiKeyRequest,
    GetCallerApiKeyRequest,
    ListApiKeysRequest,
    UpdateApiKeyRequest,
    TransitionApiKeyRequest,
    RotateApiKeyRequest,
    ListAuditEntriesRequest,
    ExportRequest,
);
