//! Events: appended by the writer, in the transaction of the change; read in order; dropped when they are old.
//!
//! An event keeps the resource as it was after the change, encoded as it is sent: how, the door decides.

use super::aliases::Alias;
use super::artifacts::Artifact;
use super::deployments::Deployment;
use super::entity::event::{self, Column, Entity};
use super::models::Model;
use super::releases::Release;
use super::{Source, Tx, rows, visible};
use crate::domain::event::{EventFilter, EventType, ResourceKind};
use crate::domain::{Context, Error, ModelId, Revision, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, Iterable, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

/// What a change was of.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A model.
    Model(&'a Model),
    /// A release.
    Release(&'a Release),
    /// An alias.
    Alias(&'a Alias),
    /// An artifact.
    Artifact(&'a Artifact),
    /// A deployment.
    Deployment(&'a Deployment),
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

impl<'a> From<&'a Artifact> for Subject<'a> {
    fn from(artifact: &'a Artifact) -> Self {
        Self::Artifact(artifact)
    }
}

impl<'a> From<&'a Deployment> for Subject<'a> {
    fn from(deployment: &'a Deployment) -> Self {
        Self::Deployment(deployment)
    }
}

impl Subject<'_> {
    const fn kind(self) -> ResourceKind {
        match self {
            Self::Model(_) => ResourceKind::Model,
            Self::Release(_) => ResourceKind::Release,
            Self::Alias(_) => ResourceKind::ReleaseAlias,
            Self::Artifact(_) => ResourceKind::Artifact,
            Self::Deployment(_) => ResourceKind::Deployment,
        }
    }

    fn id(self) -> String {
        match self {
            Self::Model(model) => model.row.id.to_string(),
            Self::Release(release) => release.row.id.to_string(),
            Self::Alias(alias) => format!("{}/{}", alias.row.model_id, alias.row.alias),
            Self::Artifact(artifact) => artifact.row.id.to_string(),
            Self::Deployment(deployment) => deployment.row.id.to_string(),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Model(model) => model.row.name.to_string(),
            Self::Release(release) => release.key().to_string(),
            Self::Alias(alias) => alias.to_string(),
            Self::Artifact(artifact) => fitting(artifact.to_string()),
            Self::Deployment(deployment) => deployment.to_string(),
        }
    }

    const fn model(self) -> ModelId {
        match self {
            Self::Model(model) => model.row.id,
            Self::Release(release) => release.row.model_id,
            Self::Alias(alias) => alias.row.model_id,
            Self::Artifact(artifact) => artifact.row.model_id,
            Self::Deployment(deployment) => deployment.row.model_id,
        }
    }
}

/// How many characters of a name there is room for. That of an artifact can have more, because it has those of its release in it.
const MAX_NAME: usize = 1000;

/// A name that there is room for: its beginning, where the model is.
fn fitting(name: String) -> String {
    match name.char_indices().nth(MAX_NAME) {
        Some(_) => name.chars().take(MAX_NAME - 1).chain(['…']).collect(),
        None => name,
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

/// What an audited call was about: of all it changed, the first and topmost resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About {
    pub(super) kind: ResourceKind,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) changed_fields: String,
}

impl About {
    /// Of a call that recorded these changes. A model is above its releases, and those above what points to them or is of them.
    pub(super) fn topmost(events: &[Recorded]) -> Option<Self> {
        let level = |event: &&Recorded| match event.kind {
            ResourceKind::Model => 0,
            ResourceKind::Release => 1,
            ResourceKind::ReleaseAlias | ResourceKind::Artifact => 2,
            ResourceKind::Deployment => 3,
            ResourceKind::ApiKey => 4,
        };
        let Recorded { kind, id, name, changed_fields, .. } = events.iter().min_by_key(level)?.clone();
        Some(Self { kind, id, name, changed_fields })
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

/// A place in history: behind an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its revision.
    pub revision: Revision,
    position: i32,
}

impl Place {
    /// Behind everything of a revision.
    #[must_use]
    pub const fn end_of(revision: Revision) -> Self {
        Self { revision, position: i32::MAX }
    }

    /// Behind an event, and behind its revision if it is the last one of that.
    #[must_use]
    pub const fn after(event: &event::Model) -> Self {
        let position = if event.last_in_revision { i32::MAX } else { event.position };
        Self { revision: event.revision, position }
    }

    /// The newest revision of which nothing comes behind this place.
    #[must_use]
    pub const fn complete(self) -> Revision {
        if self.position == i32::MAX { self.revision } else { self.revision.previous() }
    }
}

/// Up to `limit` events behind a place and up to the end of a revision, in order; with or without the resources.
///
/// # Errors
/// Those of the database.
pub async fn after(
    source: &impl Source,
    place: Place,
    end: Revision,
    filter: &EventFilter,
    limit: u64,
    pictures: bool,
) -> Result<Vec<event::Model>, Error> {
    let here = Expr::tuple([Expr::col(Column::Revision), Expr::col(Column::Position)]);
    let query = match pictures {
        true => visible::find::<Entity>(source),
        false => visible::find::<Entity>(source)
            .select_only()
            .columns(Column::iter().filter(|column| !matches!(column, Column::Resource)))
            .expr_as(Expr::cust("NULL"), "resource"),
    };
    let query = query
        .filter(here.gt(Expr::tuple([Expr::val(place.revision), Expr::val(place.position)])))
        .filter(Column::Revision.lte(end))
        .filter(meets(filter))
        .order_by_asc(Column::Revision)
        .order_by_asc(Column::Position);
    Ok(query.limit(limit).all(source.conn()).await?)
}

fn meets(filter: &EventFilter) -> Condition {
    let EventFilter { kinds, types, models } = filter;
    Condition::all()
        .add_option((!kinds.is_empty()).then(|| Column::ResourceKind.is_in(kinds.iter().copied())))
        .add_option((!types.is_empty()).then(|| Column::EventType.is_in(types.iter().copied())))
        .add_option((!models.is_empty()).then(|| Column::ModelId.is_in(models.iter().copied())))
}

/// How many events there are after one revision and up to another.
///
/// # Errors
/// Those of the database.
pub async fn count(source: &impl Source, after: Revision, through: Revision) -> Result<u64, Error> {
    let between = visible::find::<Entity>(source).filter(Column::Revision.gt(after)).filter(Column::Revision.lte(through));
    Ok(between.count(source.conn()).await?)
}

/// Which models have changed after a revision and up to another, and with which: the first so many, in order.
///
/// # Errors
/// Those of the database.
pub async fn models_changed(
    source: &impl Source,
    after: Revision,
    through: Revision,
    limit: u64,
) -> Result<Vec<(Revision, Option<ModelId>)>, Error> {
    let between = Column::Revision.gt(after).and(Column::Revision.lte(through));
    let changed = visible::find::<Entity>(source).filter(between).order_by_asc(Column::Revision).limit(limit);
    let changed = changed.select_only().columns([Column::Revision, Column::ModelId]).distinct();
    Ok(changed.into_tuple().all(source.conn()).await?)
}

/// When the oldest event happened that is there.
///
/// # Errors
/// Those of the database.
pub async fn oldest(source: &impl Source) -> Result<Option<Timestamp>, Error> {
    let first = visible::find::<Entity>(source).order_by_asc(Column::Revision).order_by_asc(Column::Position).limit(1);
    Ok(first.select_only().column(Column::EventTime).into_tuple().one(source.conn()).await?)
}

/// Whether there are events up to a revision.
///
/// # Errors
/// Those of the database.
pub async fn any_through(source: &impl Source, through: Revision) -> Result<bool, Error> {
    let any =
        visible::find::<Entity>(source).filter(Column::Revision.lte(through)).select_only().column(Column::Position).limit(1);
    Ok(any.into_tuple::<i32>().one(source.conn()).await?.is_some())
}

/// Removes up to `limit` events up to a revision; tells how many.
///
/// # Errors
/// Those of the database.
pub async fn remove(tx: &Tx, through: Revision, limit: u64) -> Result<u64, Error> {
    let some = Query::select()
        .columns([Column::Revision, Column::Position])
        .from(Entity)
        .and_where(Expr::col(Column::Revision).lte(through))
        .limit(limit)
        .take();
    let place = Expr::tuple([Expr::col(Column::Revision), Expr::col(Column::Position)]);
    Ok(Entity::delete_many().filter(place.in_subquery(some)).exec(tx.conn()).await?.rows_affected)
}

/// The revision up to which all events after another one are from before a time, if there are any. Looks at no more
/// than `limit` events.
///
/// # Errors
/// Those of the database.
pub async fn old_after(source: &impl Source, after: Revision, time: Timestamp, limit: u64) -> Result<Option<Revision>, Error> {
    let next = visible::find::<Entity>(source).filter(Column::Revision.gt(after)).order_by_asc(Column::Revision).limit(limit);
    let next = next.select_only().columns([Column::Revision, Column::EventTime]);
    let next: Vec<(Revision, Timestamp)> = next.into_tuple().all(source.conn()).await?;
    Ok(next.into_iter().take_while(|(_, happened)| *happened < time).last().map(|(revision, _)| revision))
}
