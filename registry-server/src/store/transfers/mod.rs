//! What is moved in bulk: read in the order of an export, looked up for an import, and written many rows at a time.
//!
//! May not: decide what may be imported.

pub mod export;
pub mod known;
pub mod put;

use super::aliases::{self, Alias};
use super::artifacts::{self, Artifact};
use super::audit::Entry;
use super::deployments::{self, Deployment};
use super::entity::{alias, alias_move, artifact, content, deployment, model, release};
use super::models::{self, Model};
use super::releases::{self, Release};
use super::{Source, visible};
use crate::domain::Error;
use crate::domain::model::{Labels, View};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr, Value};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// What a transfer is made of, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A model.
    Model(Box<Model>),
    /// A release.
    Release(Box<Release>),
    /// An alias.
    Alias(Box<Alias>),
    /// A move of an alias.
    AliasMove(Box<alias_move::Model>),
    /// What is known of stored bytes.
    Content(Box<content::Model>),
    /// An artifact.
    Artifact(Box<Artifact>),
    /// A deployment.
    Deployment(Box<Deployment>),
    /// An entry of the audit log.
    AuditEntry(Box<Entry>),
}

/// What comes with an import: rows, without what they show of others.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Incoming {
    Model(Box<Model>),
    Release(Box<(release::Model, Labels)>),
    Alias(alias::Model),
    AliasMove(alias_move::Model),
    Content(content::Model),
    Artifact(Box<artifact::Model>),
    Deployment(Box<deployment::Model>),
    AuditEntry(Box<Entry>),
}

impl Incoming {
    /// A model.
    #[must_use]
    pub fn model(model: Model) -> Self {
        Self::Model(Box::new(model))
    }

    /// A release and its labels.
    #[must_use]
    pub fn release(release: (release::Model, Labels)) -> Self {
        Self::Release(Box::new(release))
    }

    /// An artifact.
    #[must_use]
    pub fn artifact(row: artifact::Model) -> Self {
        Self::Artifact(Box::new(row))
    }

    /// A deployment.
    #[must_use]
    pub fn deployment(row: deployment::Model) -> Self {
        Self::Deployment(Box::new(row))
    }

    /// An entry of the audit log.
    #[must_use]
    pub fn entry(row: Entry) -> Self {
        Self::AuditEntry(Box::new(row))
    }
}

/// Which rows, and how many of them at the most.
struct Which {
    meets: Condition,
    most: Option<u64>,
}

fn these<E: EntityTrait>(query: Select<E>, which: Which) -> Select<E> {
    let query = query.filter(which.meets);
    match which.most {
        Some(most) => query.limit(most),
        None => query,
    }
}

/// Full models, by id.
async fn models_where(source: &impl Source, which: Which, view: View) -> Result<Vec<Model>, Error> {
    let query = these(models::select(source, view), which).order_by_asc(model::Column::Id);
    Ok(query.into_model().all(source.conn()).await?)
}

/// Releases, by id.
async fn releases_where(source: &impl Source, which: Which, view: View) -> Result<Vec<Release>, Error> {
    let query = these(releases::select(source, view), which).order_by_asc(release::Column::Id);
    Ok(query.into_model().all(source.conn()).await?)
}

/// Aliases, by model and name.
async fn aliases_where(source: &impl Source, which: Which) -> Result<Vec<Alias>, Error> {
    let query = these(aliases::select(source), which).order_by_asc(alias::Column::ModelId).order_by_asc(alias::Column::Alias);
    Ok(query.into_model().all(source.conn()).await?)
}

/// Artifacts, by id.
async fn artifacts_where(source: &impl Source, which: Which, view: View) -> Result<Vec<Artifact>, Error> {
    let query = these(artifacts::select(source, view), which).order_by_asc(artifact::Column::Id);
    Ok(query.into_model().all(source.conn()).await?)
}

/// Deployments, by id.
async fn deployments_where(source: &impl Source, which: Which) -> Result<Vec<Deployment>, Error> {
    let query = these(deployments::select(source), which).order_by_asc(deployment::Column::Id);
    Ok(query.into_model().all(source.conn()).await?)
}

/// That a row is behind another one in the order of these columns.
fn behind<E, C, const N: usize>(columns: [(E, C); N], values: [Value; N]) -> SimpleExpr
where
    E: EntityTrait,
    C: ColumnTrait,
{
    Expr::tuple(columns.map(Expr::col)).gt(Expr::tuple(values.map(Expr::val)))
}

/// The moves of aliases, by model, alias and revision.
fn moves(source: &impl Source) -> Select<alias_move::Entity> {
    visible::find::<alias_move::Entity>(source)
        .order_by_asc(alias_move::Column::ModelId)
        .order_by_asc(alias_move::Column::Alias)
        .order_by_asc(alias_move::Column::Revision)
}
