//! Deployments, with what they show of their release and its model.

use super::backend::Backend;
use super::entity::{deployment, model, release};
use super::page::{Sort, cut, page};
use super::{Source, Tx, filter, inline, visible};
use crate::domain::deployment::{DeploymentFilter, DeploymentOrder, DeploymentState};
use crate::domain::page::{Cursor, List, SortKey};
use crate::domain::release::{ReleaseKey, ReleaseState};
use crate::domain::{DeploymentId, Error, Kind, ModelId, ReleaseId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Order, Query, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DbBackend, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, JoinType,
    PaginatorTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, RelationDef, Select,
};

/// What every deployment knows of its release, as that is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfRelease {
    /// Its natural key, with the name of the model.
    pub key: ReleaseKey,
    /// Where it is in its life.
    pub state: ReleaseState,
    /// When it was soft-deleted, alone or with its model.
    pub delete_time: Option<Timestamp>,
}

/// A deployment as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// Its row.
    pub row: deployment::Model,
    /// What it knows of its release.
    pub release: OfRelease,
}

/// It begins with the name of the model, and goes on as that of a release does: who may see the events of a model is told by that.
impl std::fmt::Display for Deployment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {}", self.release.key, self.row.environment)
    }
}

impl Deployment {
    /// Its place in a list.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { key: SortKey::Time(self.row.deploy_time), id: self.row.id.uuid() }
    }
}

impl FromQueryResult for Deployment {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let key = ReleaseKey {
            model: row.try_get(prefix, "model_name")?,
            version: row.try_get(prefix, "release_version")?,
            quantization: row.try_get(prefix, "release_quantization")?,
            platform: row.try_get(prefix, "release_platform")?,
        };
        let state = row.try_get(prefix, "release_state")?;
        let delete_time = row.try_get(prefix, "release_delete_time")?;
        let release = OfRelease { key, state, delete_time };
        Ok(Self { row: deployment::Model::from_query_result(row, prefix)?, release })
    }
}

/// Whose deployments.
#[derive(Debug, Clone, Copy)]
pub enum Of {
    /// Those of a release.
    Release(ReleaseId),
    /// Those of all releases of a model.
    Model(ModelId),
}

impl Of {
    fn condition(self) -> SimpleExpr {
        match self {
            Self::Release(id) => deployment::Column::ReleaseId.eq(id),
            Self::Model(id) => deployment::Column::ModelId.eq(id),
        }
    }
}

/// Adds a deployment.
///
/// # Errors
/// Those of the database.
pub async fn insert(tx: &Tx, row: &deployment::Model) -> Result<(), Error> {
    let row = row.clone().into_active_model().reset_all();
    deployment::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Writes a changed row. It must have been read with [`lock`] in the same transaction.
///
/// # Errors
/// Those of the database.
pub async fn update(tx: &Tx, row: &deployment::Model) -> Result<(), Error> {
    row.clone().into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// One deployment, whatever became of its release.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(source: &impl Source, id: DeploymentId) -> Result<Deployment, Error> {
    let query = select(source).filter(deployment::Column::Id.eq(id));
    query.into_model().one(source.conn()).await?.ok_or_else(|| Error::not_found(Kind::Deployment, id))
}

/// The same, locked until the end of the transaction.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn lock(tx: &Tx, id: DeploymentId) -> Result<Deployment, Error> {
    let mut query = select(tx).filter(deployment::Column::Id.eq(id));
    QuerySelect::query(&mut query).lock_with_tables(LockType::Update, [deployment::Entity]);
    query.into_model().one(tx.conn()).await?.ok_or_else(|| Error::not_found(Kind::Deployment, id))
}

/// One page, sorted and filtered; whether there is more; how many in all if asked.
///
/// # Errors
/// Those of the database.
pub async fn list(
    source: &impl Source,
    model: Option<ModelId>,
    release: Option<ReleaseId>,
    list: &List<DeploymentFilter, DeploymentOrder>,
) -> Result<(Vec<Deployment>, bool, Option<i64>), Error> {
    let matching = Condition::all()
        .add(filter::deployments(&list.filter))
        .add_option(model.map(|id| deployment::Column::ModelId.eq(id)))
        .add_option(release.map(|id| deployment::Column::ReleaseId.eq(id)));
    let total = match list.include_total {
        true => Some(joined(source).filter(matching.clone()).count(source.conn()).await?),
        false => None,
    };
    let after = list.resume.as_ref().map(|resume| &resume.after);
    let id = (deployment::Entity, deployment::Column::Id);
    let query = page(select(source).filter(matching), sort(list.order), id, after, list.size.rows());
    let (rows, more) = cut(query.into_model().all(source.conn()).await?, list.size.rows());
    Ok((rows, more, total.map(|total| i64::try_from(total).unwrap_or(i64::MAX))))
}

fn sort(order: DeploymentOrder) -> Sort<(deployment::Entity, deployment::Column)> {
    let order = match order {
        DeploymentOrder::DeployTimeDesc => Order::Desc,
        DeploymentOrder::DeployTimeAsc => Order::Asc,
    };
    Sort { by: (deployment::Entity, deployment::Column::DeployTime), order }
}

/// The first that are live, as they were deployed, and how many there are.
///
/// # Errors
/// Those of the database.
pub async fn live(source: &impl Source, of: Of, limit: u64) -> Result<(Vec<Deployment>, u64), Error> {
    let live = Condition::all().add(of.condition()).add(is_live());
    // Counted first, in the index: usually there is none. Looking for the first ones reads the history in its order.
    let count = visible::find::<deployment::Entity>(source).filter(live.clone()).count(source.conn()).await?;
    if count == 0 {
        return Ok((Vec::new(), 0));
    }
    let first = select(source).filter(live).order_by_asc(deployment::Column::DeployTime).order_by_asc(deployment::Column::Id);
    Ok((first.limit(limit).into_model().all(source.conn()).await?, count))
}

/// How many deployments of a row of releases are live, among its columns.
pub(super) fn live_count() -> SimpleExpr {
    let its = inline::its_own(deployment::Column::ReleaseId, (release::Entity, release::Column::Id));
    inline::count(deployment::Column::Id, Condition::all().add(its).add(is_live()))
}

/// That a release runs in one of these environments: part of a query for releases. One look at an index for each release that is
/// considered, however much runs there of others.
pub(super) fn runs_in<'a>(dialect: DbBackend, environments: impl IntoIterator<Item = &'a str>) -> SimpleExpr {
    let of_it = Expr::col((deployment::Entity, deployment::Column::ReleaseId)).equals((release::Entity, release::Column::Id));
    let running = Query::select()
        .column(deployment::Column::Id)
        .from(deployment::Entity)
        .and_where(of_it)
        .and_where(deployment::Column::State.eq(DeploymentState::Running))
        .and_where(environment(dialect).is_in(environments))
        .take();
    Expr::exists(running)
}

/// Where they run, for whoever knows of what: the index over environments has everything that runs in one.
pub(super) fn environment(dialect: DbBackend) -> SimpleExpr {
    Backend::not_looked_up(dialect, Expr::col((deployment::Entity, deployment::Column::Environment)))
}

/// Removes deployments for good: before their releases, to which they belong. Gives what they were, as they were deployed.
///
/// # Errors
/// Those of the database.
pub async fn purge(tx: &Tx, of: Of) -> Result<Vec<Deployment>, Error> {
    let query = select(tx).filter(of.condition());
    let query = query.order_by_asc(deployment::Column::DeployTime).order_by_asc(deployment::Column::Id);
    let gone = query.into_model().all(tx.conn()).await?;
    deployment::Entity::delete_many().filter(of.condition()).exec(tx.conn()).await?;
    Ok(gone)
}

/// Said by what it is and not by what it is not, so that a long history is passed over in the index.
fn is_live() -> SimpleExpr {
    deployment::Column::State.is_in(DeploymentState::LIVE)
}

fn joined(source: &impl Source) -> Select<deployment::Entity> {
    let to_release: RelationDef =
        deployment::Entity::belongs_to(release::Entity).from(deployment::Column::ReleaseId).to(release::Column::Id).into();
    let to_model: RelationDef =
        deployment::Entity::belongs_to(model::Entity).from(deployment::Column::ModelId).to(model::Column::Id).into();
    visible::find::<deployment::Entity>(source).join(JoinType::InnerJoin, to_release).join(JoinType::InnerJoin, to_model)
}

pub(super) fn select(source: &impl Source) -> Select<deployment::Entity> {
    joined(source)
        .column_as(model::Column::Name, "model_name")
        .column_as(release::Column::Version, "release_version")
        .column_as(release::Column::Quantization, "release_quantization")
        .column_as(release::Column::Platform, "release_platform")
        .column_as(release::Column::State, "release_state")
        .column_as(release::Column::DeleteTime, "release_delete_time")
}
