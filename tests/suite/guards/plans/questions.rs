//! Every list of the contract, with each order and each filter, first of all and of one model or release.

use registry_client::pb::{self, label_selector};
use registry_client::{ModelRef, ReleaseRef};
use registry_tests::given;

/// A filter and its name.
pub(super) type Named<F> = (&'static str, F);

fn text(text: &str) -> Vec<String> {
    vec![text.to_owned()]
}

fn two(text: &str) -> Vec<String> {
    vec![format!("{text}-1"), format!("{text}-2")]
}

fn time(micros: i32) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: 0, nanos: micros * 1000 })
}

fn label(condition: label_selector::Condition) -> Vec<pb::LabelSelector> {
    vec![pb::LabelSelector { key: "key-1".to_owned(), condition: Some(condition) }]
}

/// Filters of which each sets the named fields.
macro_rules! filters {
    ($Filter:ident { $($name:literal: $field:ident = $value:expr),+ $(,)? }) => {
        vec![("none", pb::$Filter::default()), $(($name, pb::$Filter { $field: $value, ..Default::default() })),+]
    };
}

pub(super) fn of_models() -> Vec<Named<pb::ModelFilter>> {
    let tag = || pb::ModelFilter { tags_any: text("tag-1"), ..Default::default() };
    let company = || pb::ModelFilter { companies: text("company-1"), ..Default::default() };
    filters!(ModelFilter {
        "company": companies = text("company-1"),
        "companies": companies = two("company"),
        "base_model": base_models = text("base-1"),
        "parameter_count": parameter_counts = text("7B"),
        "server_type": server_types = text("server-1"),
        "task": tasks = text("task-1"),
        "source": sources = vec![pb::ModelSource::Filesystem.into()],
        "tag": tags_all = text("tag-1"),
        "tags_all": tags_all = two("tag"),
        "tags_any": tags_any = two("tag"),
        "tags_none": tags_none = text("tag-1"),
        "is_custom": is_custom_base_model = Some(true),
        "gpu": requires_gpu = Some(true),
        "name_prefix": name_prefix = "model-1".to_owned(),
        "text": text_query = "del-1".to_owned(),
        "create_time": create_time_from = time(1000),
        "update_time": update_time_before = time(1000),
        "label": labels = label(label_selector::Condition::Equals("v".to_owned())),
        "label_not": labels = label(label_selector::Condition::NotEquals("w".to_owned())),
        "label_any": labels = label(label_selector::Condition::Any(label_selector::Values { values: two("v") })),
        "label_exists": labels = label(label_selector::Condition::Exists(true)),
        "label_missing": labels = label(label_selector::Condition::Exists(false)),
        "any_of": any_of = vec![tag(), company()],
        "none_of": none_of = vec![tag(), company()],
    })
}

pub(super) fn of_releases() -> Vec<Named<pb::ReleaseFilter>> {
    let tag = || pb::ReleaseFilter { tags: text("tag-1"), ..Default::default() };
    let label = |condition| label(condition);
    filters!(ReleaseFilter {
        "version": versions = text("1.1"),
        "tag": tags = text("tag-1"),
        "digest": digests = vec![given::digest(1)],
        "quantization": quantizations = text("int4"),
        "platform": platforms = text("linux/arm64"),
        "state": states = vec![pb::ReleaseState::Active.into()],
        "company": companies = text("company-1"),
        "create_time": create_time_from = time(1000),
        "text": text_query = "rc".to_owned(),
        "environment": environments = text("environment-1"),
        "label": labels = label(label_selector::Condition::Equals("v".to_owned())),
        "label_exists": labels = label(label_selector::Condition::Exists(true)),
        "label_missing": labels = label(label_selector::Condition::Exists(false)),
        "base": base_release_ids = text(&release_id(2)),
        "any_of": any_of = vec![tag(), pb::ReleaseFilter { versions: text("1.2"), ..Default::default() }],
        "none_of": none_of = vec![tag()],
    })
}

pub(super) fn of_artifacts() -> Vec<Named<pb::ArtifactFilter>> {
    filters!(ArtifactFilter {
        "type": artifact_types = text("type-1"),
        "platform": platforms = text("linux/arm64"),
        "python": python_versions = text("3.12"),
        "checksum": checksums = vec![given::digest(1)],
        "name_prefix": name_prefix = "file-1".to_owned(),
    })
}

pub(super) fn of_deployments() -> Vec<Named<pb::DeploymentFilter>> {
    filters!(DeploymentFilter {
        "environment": environments = text("environment-1"),
        "state": states = vec![pb::DeploymentState::Running.into()],
        "health": healths = vec![pb::HealthState::Unknown.into()],
        "kind": kinds = vec![pb::DeploymentKind::Metadata.into()],
        "cluster": clusters = text("cluster-1"),
        "namespace": k8s_namespaces = text("namespace-1"),
        "company": companies = text("company-1"),
        "deployed_by": deployed_by = text("somebody-1"),
        "deploy_time": deploy_time_from = time(1000),
    })
}

pub(super) fn of_entries() -> Vec<Named<pb::AuditFilter>> {
    filters!(AuditFilter {
        "method": methods = text("method-1"),
        "key": api_key_ids = text("00000000-0000-7000-8005-000000000001"),
        "kind": resource_kinds = vec![pb::ResourceKind::Model.into()],
        "resource": resource_ids = text("id-1"),
        "succeeded": succeeded = Some(true),
        "failed": succeeded = Some(false),
        "create_time": create_time_from = time(1000),
        "actor": actors = text("actor-1"),
    })
}

pub(super) fn of_events() -> Vec<Named<pb::EventFilter>> {
    filters!(EventFilter {
        "kind": resource_kinds = vec![pb::ResourceKind::Model.into()],
        "type": event_types = vec![pb::EventType::Created.into()],
        "model": model_ids = text(&model_id(1)),
    })
}

pub(super) fn model_id(number: u32) -> String {
    format!("00000000-0000-7000-8001-{number:012x}")
}

pub(super) fn release_id(number: u32) -> String {
    format!("00000000-0000-7000-8002-{number:012x}")
}

/// All, and those of one model.
pub(super) fn models() -> [Named<Option<pb::ModelRef>>; 2] {
    [("all", None), ("of a model", Some(ModelRef::by_id(model_id(1)).into()))]
}

/// Of a release.
pub(super) fn release() -> Option<pb::ReleaseRef> {
    Some(ReleaseRef::by_id(release_id(1)).into())
}
