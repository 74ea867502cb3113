//! `Event`, and the resources that events keep.

use super::{alias, artifact, deployment, model, release, time};
use crate::domain::event::{EventFilter, EventType, ResourceKind};
use crate::domain::model::View;
use crate::domain::{Error, Refused};
use crate::store::Subject;
use crate::store::entity::event::Model as Row;
use prost::Message;
use prost_types::FieldMask;
use registry_proto::v1 as pb;
use registry_proto::v1::event::Resource;

/// A resource as its events show it: without the large free-form fields.
#[must_use]
pub fn picture(subject: Subject<'_>) -> Vec<u8> {
    match subject {
        Subject::Model(stored) => model::message(stored.clone(), View::Basic).encode_to_vec(),
        Subject::Release(stored) => release::message(stored.clone(), View::Basic).encode_to_vec(),
        Subject::Alias(stored) => alias::message(stored.clone()).encode_to_vec(),
        Subject::Artifact(stored) => artifact::message(stored.clone(), View::Basic).encode_to_vec(),
        Subject::Deployment(stored) => deployment::message(stored.clone(), View::Basic).encode_to_vec(),
    }
}

/// An event, with its resource if it was read with it.
pub(in crate::api) fn message(row: Row) -> Result<pb::Event, Error> {
    let Row {
        revision,
        position,
        last_in_revision,
        event_type,
        event_time,
        resource_kind,
        resource_id,
        resource_name,
        model_id,
        actor,
        request_id,
        changed_fields,
        resource,
    } = row;
    let paths: Vec<String> = changed_fields.split(',').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    Ok(pb::Event {
        revision: revision.number(),
        index: position,
        last_in_revision,
        event_type: type_message(event_type).into(),
        event_time: Some(time::timestamp(event_time)),
        resource_kind: kind_message(resource_kind).into(),
        resource_id,
        resource_name,
        model_id: model_id.map(|id| id.to_string()).unwrap_or_default(),
        actor: actor.into(),
        request_id,
        changed_fields: Some(FieldMask { paths }).filter(|mask| !mask.paths.is_empty()),
        resource: resource.map(|bytes| self::resource(resource_kind, &bytes)).transpose()?,
    })
}

fn resource(kind: ResourceKind, bytes: &[u8]) -> Result<Resource, Error> {
    let decoded = match kind {
        ResourceKind::Model => pb::Model::decode(bytes).map(|model| Resource::Model(Box::new(model))),
        ResourceKind::Release => pb::Release::decode(bytes).map(|release| Resource::Release(Box::new(release))),
        ResourceKind::ReleaseAlias => pb::ReleaseAlias::decode(bytes).map(|alias| Resource::ReleaseAlias(Box::new(alias))),
        ResourceKind::Artifact => pb::Artifact::decode(bytes).map(|artifact| Resource::Artifact(Box::new(artifact))),
        ResourceKind::Deployment => pb::Deployment::decode(bytes).map(|deployment| Resource::Deployment(Box::new(deployment))),
        ResourceKind::ApiKey => return Err(Error::bug("an event of an API key")),
    };
    decoded.map_err(|error| Error::Internal(error.into()))
}

fn type_message(event_type: EventType) -> pb::EventType {
    match event_type {
        EventType::Created => pb::EventType::Created,
        EventType::Updated => pb::EventType::Updated,
        EventType::StateChanged => pb::EventType::StateChanged,
        EventType::Deleted => pb::EventType::Deleted,
        EventType::Undeleted => pb::EventType::Undeleted,
        EventType::Purged => pb::EventType::Purged,
    }
}

fn event_type(number: i32) -> Option<EventType> {
    match pb::EventType::try_from(number).ok()? {
        pb::EventType::Unspecified => None,
        pb::EventType::Created => Some(EventType::Created),
        pb::EventType::Updated => Some(EventType::Updated),
        pb::EventType::StateChanged => Some(EventType::StateChanged),
        pb::EventType::Deleted => Some(EventType::Deleted),
        pb::EventType::Undeleted => Some(EventType::Undeleted),
        pb::EventType::Purged => Some(EventType::Purged),
    }
}

pub(in crate::api) fn kind_message(kind: ResourceKind) -> pb::ResourceKind {
    match kind {
        ResourceKind::Model => pb::ResourceKind::Model,
        ResourceKind::Release => pb::ResourceKind::Release,
        ResourceKind::ReleaseAlias => pb::ResourceKind::ReleaseAlias,
        ResourceKind::Artifact => pb::ResourceKind::Artifact,
        ResourceKind::Deployment => pb::ResourceKind::Deployment,
        ResourceKind::ApiKey => pb::ResourceKind::ApiKey,
    }
}

pub(in crate::api) fn kind(number: i32) -> Option<ResourceKind> {
    match pb::ResourceKind::try_from(number).ok()? {
        pb::ResourceKind::Unspecified => None,
        pb::ResourceKind::Model => Some(ResourceKind::Model),
        pb::ResourceKind::Release => Some(ResourceKind::Release),
        pb::ResourceKind::ReleaseAlias => Some(ResourceKind::ReleaseAlias),
        pb::ResourceKind::Artifact => Some(ResourceKind::Artifact),
        pb::ResourceKind::Deployment => Some(ResourceKind::Deployment),
        pb::ResourceKind::ApiKey => Some(ResourceKind::ApiKey),
    }
}

/// A condition on events. What cannot be in it has been refused by the rules of the contract.
pub(in crate::api) fn filter(message: Option<pb::EventFilter>) -> Result<EventFilter, Error> {
    let pb::EventFilter { resource_kinds, event_types, model_ids } = message.unwrap_or_default();
    let models: Result<Vec<_>, Refused> = model_ids.iter().map(|id| id.parse()).collect();
    Ok(EventFilter {
        kinds: resource_kinds.into_iter().filter_map(kind).collect(),
        types: event_types.into_iter().filter_map(event_type).collect(),
        models: models.map_err(|refused| Error::invalid(refused.at("filter.model_ids")))?,
    })
}
