//! Events: appended by the writer, in the transaction of the change.
//!
//! An event keeps the resource as it was after the change, encoded as it is sent: how, the door decides.

use super::entity::event;
use super::models::Model;
use super::releases::Release;
use super::rows;
use crate::domain::event::{EventType, ResourceKind};
use crate::domain::{Context, ModelId, Revision};
use crate::store::aliases::Alias;
use sea_orm::{DatabaseTransaction, DbErr};

/// What a change was of.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A model.
    Model(&'a Model),
    /// A release.
    Release(&'a Release),
    /// An alias.
    Alias(&'a Alias),
}

/// Encodes a resource as it is sent, without its large free-form fields.
pub type Picture = fn(Subject<'_>) -> Vec<u8>;

impl<'a> From<&'a Model> for Subject<'a> {
    fn from(model: &'a Model) -> Self {
        Self::Model(model)
    }
}

impl<'a> From<&'a Release> for Subject<'a> {
    fn from(release: &'a Release) -> Self {
        Self::Release(release)
    }
}

impl<'a> From<&'a Alias> for Subject<'a> {
    fn from(alias: &'a Alias) -> Self {
        Self::Alias(alias)
    }
}

impl Subject<'_> {
    const fn kind(self) -> ResourceKind {
        match self {
            Self::Model(_) => ResourceKind::Model,
            Self::Release(_) => ResourceKind::Release,
            Self::Alias(_) => ResourceKind::ReleaseAlias,
        }
    }

    fn id(self) -> String {
        match self {
            Self::Model(model) => model.row.id.to_string(),
            Self::Release(release) => release.row.id.to_string(),
            Self::Alias(alias) => format!("{}/{}", alias.row.model_id, alias.row.alias),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Model(model) => model.row.name.to_string(),
            Self::Release(release) => release.key().to_string(),
            Self::Alias(alias) => alias.to_string(),
        }
    }

    const fn model(self) -> ModelId {
        match self {
            Self::Model(model) => model.row.id,
            Self::Release(release) => release.row.model_id,
            Self::Alias(alias) => alias.row.model_id,
        }
    }
}

/// A change, to be appended with its revision.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    event_type: EventType,
    kind: ResourceKind,
    id: String,
    name: String,
    model: ModelId,
    changed_fields: String,
    resource: Option<Vec<u8>>,
}

impl Recorded {
    pub(super) fn new(event_type: EventType, subject: Subject<'_>, changed_fields: &[&'static str], picture: Picture) -> Self {
        Self {
            event_type,
            kind: subject.kind(),
            id: subject.id(),
            name: subject.name(),
            model: subject.model(),
            changed_fields: changed_fields.join(","),
            resource: (event_type != EventType::Purged).then(|| picture(subject)),
        }
    }
}

/// The rows of one write, in order.
pub(super) fn rows(revision: Revision, ctx: &Context, events: Vec<Recorded>) -> Vec<event::Model> {
    let last = events.len().saturating_sub(1);
    let rows = events.into_iter().enumerate();
    rows.map(|(position, event)| row(revision, ctx, event, position, position == last)).collect()
}

fn row(revision: Revision, ctx: &Context, event: Recorded, position: usize, last: bool) -> event::Model {
    let Recorded { event_type, kind, id, name, model, changed_fields, resource } = event;
    event::Model {
        revision,
        position: i32::try_from(position).unwrap_or(i32::MAX),
        last_in_revision: last,
        event_type,
        event_time: ctx.now(),
        resource_kind: kind,
        resource_id: id,
        resource_name: name,
        model_id: Some(model),
        actor: ctx.actor().clone(),
        request_id: ctx.change_id(),
        changed_fields,
        resource,
    }
}

/// Appends in the order given.
pub(super) async fn append(txn: &DatabaseTransaction, rows: Vec<event::Model>) -> Result<(), DbErr> {
    rows::insert::<event::ActiveModel, _>(txn, rows).await
}
