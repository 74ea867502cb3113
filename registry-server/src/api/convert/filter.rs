//! Filters. Depth and number of conditions have been checked against the contract before.

use super::{model, release, time};
use crate::domain::filter::{ArtifactFilter, LabelCondition, LabelSelector, ModelFilter, ReleaseFilter, TimeRange};
use crate::domain::{Error, Refused};
use registry_proto::v1 as pb;
use registry_proto::v1::label_selector;

pub(in crate::api) fn models(message: pb::ModelFilter) -> Result<ModelFilter, Error> {
    let pb::ModelFilter {
        companies,
        base_models,
        parameter_counts,
        server_types,
        sources,
        tags_all,
        tags_any,
        tags_none,
        is_custom_base_model,
        requires_gpu,
        name_prefix,
        text_query,
        create_time_from,
        create_time_before,
        update_time_from,
        update_time_before,
        tasks,
        labels,
        any_of,
        none_of,
    } = message;
    Ok(ModelFilter {
        companies,
        base_models,
        parameter_counts,
        server_types,
        sources: sources.into_iter().filter_map(model::source).collect(),
        tags_all,
        tags_any,
        tags_none,
        is_custom_base_model,
        requires_gpu,
        name_prefix,
        text_query,
        create_time: range(create_time_from, create_time_before),
        update_time: range(update_time_from, update_time_before),
        tasks,
        labels: self::labels(labels)?,
        any_of: any_of.into_iter().map(models).collect::<Result<_, _>>()?,
        none_of: none_of.into_iter().map(models).collect::<Result<_, _>>()?,
    })
}

pub(in crate::api) fn releases(message: pb::ReleaseFilter) -> Result<ReleaseFilter, Error> {
    let pb::ReleaseFilter {
        versions,
        tags,
        digests,
        quantizations,
        platforms,
        states,
        companies,
        create_time_from,
        create_time_before,
        text_query,
        environments,
        labels,
        base_release_ids,
        any_of,
        none_of,
    } = message;
    let ids = base_release_ids.iter().map(|id| id.parse()).collect::<Result<_, Refused>>();
    Ok(ReleaseFilter {
        versions,
        tags,
        digests,
        quantizations,
        platforms,
        states: states.into_iter().filter_map(release::state).collect(),
        companies,
        create_time: range(create_time_from, create_time_before),
        text_query,
        environments,
        labels: self::labels(labels)?,
        base_release_ids: ids.map_err(|refused| Error::invalid(refused.at("filter.base_release_ids")))?,
        any_of: any_of.into_iter().map(releases).collect::<Result<_, _>>()?,
        none_of: none_of.into_iter().map(releases).collect::<Result<_, _>>()?,
    })
}

pub(in crate::api) fn artifacts(message: pb::ArtifactFilter) -> ArtifactFilter {
    let pb::ArtifactFilter { artifact_types, platforms, python_versions, checksums, name_prefix } = message;
    ArtifactFilter { artifact_types, platforms, python_versions, checksums, name_prefix }
}

pub(super) fn range(from: Option<prost_types::Timestamp>, before: Option<prost_types::Timestamp>) -> TimeRange {
    TimeRange { from: from.map(time::parse_bound), before: before.map(time::parse_bound) }
}

fn labels(messages: Vec<pb::LabelSelector>) -> Result<Vec<LabelSelector>, Error> {
    messages.into_iter().map(label).collect()
}

fn label(message: pb::LabelSelector) -> Result<LabelSelector, Error> {
    let pb::LabelSelector { key, condition } = message;
    let condition = match condition {
        None => return Err(Error::invalid(Refused::new("REQUIRED", "must be set").at("filter.labels.condition"))),
        Some(label_selector::Condition::Equals(value)) => LabelCondition::Equals(value),
        Some(label_selector::Condition::NotEquals(value)) => LabelCondition::NotEquals(value),
        Some(label_selector::Condition::Any(label_selector::Values { values })) => LabelCondition::Any(values),
        Some(label_selector::Condition::Exists(exists)) => LabelCondition::Exists(exists),
    };
    Ok(LabelSelector { key, condition })
}
