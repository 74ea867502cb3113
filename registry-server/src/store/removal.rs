//! Releases that go, for a time or for good, and come back: one of them, or all of a model at once.

use super::entity::{model, release};
use super::releases::{Release, select, to_model};
use super::{Source, Tx, labels, visible};
use crate::domain::model::View;
use crate::domain::{Error, ModelId, ReleaseId, Revision, Timestamp};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

/// The releases that were due to be purged by `time`, without those that were deleted with their model: they go, or
/// come back, with it.
pub async fn due(source: &impl Source, time: Timestamp) -> Result<Vec<ReleaseId>, Error> {
    let revision_of_model = Expr::col((model::Entity, model::Column::Revision));
    let by_itself = Expr::col((release::Entity, release::Column::Revision)).ne(revision_of_model);
    let due = visible::find::<release::Entity>(source)
        .join(JoinType::InnerJoin, to_model())
        .filter(release::Column::PurgeTime.lte(time))
        .filter(model::Column::DeleteTime.is_null().or(by_itself))
        .order_by_asc(release::Column::PurgeTime);
    Ok(due.select_only().column(release::Column::Id).into_tuple().all(source.conn()).await?)
}

/// The first of the live releases of a model, by number, and how many there are.
pub async fn live(source: &impl Source, model: ModelId, limit: u64) -> Result<(Vec<Release>, u64), Error> {
    let of_it = Condition::all().add(release::Column::ModelId.eq(model)).add(release::Column::DeleteTime.is_null());
    let query = select(source, View::Basic).filter(of_it.clone()).order_by_asc(release::Column::Number).limit(limit);
    let first = query.into_model().all(source.conn()).await?;
    let count = visible::find::<release::Entity>(source).filter(of_it).count(source.conn()).await?;
    Ok((first, count))
}

/// The first releases outside of `purged`, by number, that name one of these as their base, and how many there are.
pub async fn derived_from(source: &impl Source, purged: &Purged, limit: u64) -> Result<(Vec<Release>, u64), Error> {
    let derived = Condition::all()
        .add(release::Column::BaseReleaseId.in_subquery(purged.ids()))
        .add(release::Column::Id.not_in_subquery(purged.ids()));
    let query = select(source, View::Basic).filter(derived.clone()).order_by_asc(release::Column::Number).limit(limit);
    let first = query.into_model().all(source.conn()).await?;
    let count = visible::find::<release::Entity>(source).filter(derived).count(source.conn()).await?;
    Ok((first, count))
}

/// Which releases go for good.
#[derive(Debug, Clone, Copy)]
pub enum Purged {
    /// This one.
    One(ReleaseId),
    /// All of this model.
    AllOf(ModelId),
}

impl Purged {
    fn condition(self) -> SimpleExpr {
        match self {
            Self::One(id) => release::Column::Id.eq(id),
            Self::AllOf(model) => release::Column::ModelId.eq(model),
        }
    }

    fn ids(self) -> SelectStatement {
        Query::select().column(release::Column::Id).from(release::Entity).and_where(self.condition()).take()
    }
}

/// Removes releases for good, with their labels. No alias points to them and no deployment is of them any more. Gives
/// what they were.
pub async fn purge(tx: &Tx, purged: &Purged) -> Result<Vec<Release>, Error> {
    let query = select(tx, View::Basic).filter(purged.condition()).order_by_asc(release::Column::Number);
    let gone: Vec<Release> = query.into_model().all(tx.conn()).await?;
    let ids: Vec<ReleaseId> = gone.iter().map(|release| release.row.id).collect();
    labels::clear_releases(tx, &ids).await?;
    release::Entity::delete_many().filter(purged.condition()).exec(tx.conn()).await?;
    Ok(gone)
}

/// Soft-deletes the live releases of a model, by one statement. Gives what they are now, by number.
pub async fn delete_of(tx: &Tx, model: ModelId) -> Result<Vec<Release>, Error> {
    let ctx = tx.ctx();
    let live = release::Column::DeleteTime.is_null();
    touch_of(tx, model, live, Some(ctx.now()), Some(ctx.purge_time())).await
}

/// Brings back the releases of a model that were deleted at a revision, by one statement: the revision of a release
/// does not move while it is deleted. Gives what they are now, by number.
pub async fn undelete_of(tx: &Tx, model: ModelId, deleted_at: Revision) -> Result<Vec<Release>, Error> {
    let with_it = release::Column::DeleteTime.is_not_null().and(release::Column::Revision.eq(deleted_at));
    touch_of(tx, model, with_it, None, None).await
}

async fn touch_of(
    tx: &Tx,
    model: ModelId,
    which: SimpleExpr,
    delete_time: Option<Timestamp>,
    purge_time: Option<Timestamp>,
) -> Result<Vec<Release>, Error> {
    use release::Column::{DeleteTime, ModelId, Number, PurgeTime, Revision, UpdateTime, UpdatedBy};
    let now = tx.ctx().now();
    // Times never run backwards within a resource.
    let update_time = CaseStatement::new().case(UpdateTime.gt(now), Expr::col(UpdateTime)).finally(now);
    let update = release::Entity::update_many()
        .col_expr(DeleteTime, Expr::val(delete_time))
        .col_expr(PurgeTime, Expr::val(purge_time))
        .col_expr(UpdateTime, update_time.into())
        .col_expr(UpdatedBy, Expr::val(tx.ctx().actor().as_str()))
        .col_expr(Revision, Expr::val(tx.revision()))
        .filter(ModelId.eq(model))
        .filter(which);
    update.exec(tx.conn()).await?;
    let touched = select(tx, View::Basic).filter(ModelId.eq(model)).filter(Revision.eq(tx.revision())).order_by_asc(Number);
    Ok(touched.into_model().all(tx.conn()).await?)
}
