//! Artifacts that go, for a time or for good, and come back: one of them, or all below a model or a release at once.

use super::{Artifact, joined, other_with_path, path_taken, select};
use crate::domain::artifact::Below;
use crate::domain::model::View;
use crate::domain::{ArtifactId, ContentId, Error, ModelId, Revision, Timestamp};
use crate::store::entity::{artifact, model, release};
use crate::store::{Source, Tx, contents, visible};
use artifact::Column;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

/// The artifacts that were due to be purged by `time`, without those that were deleted with their model or release: they go, or
/// come back, with it.
pub async fn due(source: &impl Source, time: Timestamp) -> Result<Vec<ArtifactId>, Error> {
    let revision = || Expr::col((artifact::Entity, Column::Revision));
    let with_model =
        model::Column::DeleteTime.is_not_null().and(revision().eq(Expr::col((model::Entity, model::Column::Revision))));
    let with_release =
        release::Column::DeleteTime.is_not_null().and(revision().eq(Expr::col((release::Entity, release::Column::Revision))));
    let due = joined(visible::find::<artifact::Entity>(source))
        .filter(Column::PurgeTime.lte(time))
        .filter(with_model.not())
        .filter(Condition::any().add(Column::ReleaseId.is_null()).add(with_release.not()))
        .order_by_asc(Column::PurgeTime);
    Ok(due.select_only().column(Column::Id).into_tuple().all(source.conn()).await?)
}

/// The first live artifacts of a model as a whole, by age, and how many there are.
pub async fn live(source: &impl Source, model: ModelId, limit: u64) -> Result<(Vec<Artifact>, u64), Error> {
    let of_it =
        Condition::all().add(Column::ModelId.eq(model)).add(Column::ReleaseId.is_null()).add(Column::DeleteTime.is_null());
    let first = select(source, View::Basic).filter(of_it.clone()).order_by_asc(Column::CreateTime).order_by_asc(Column::Id);
    let first = first.limit(limit).into_model().all(source.conn()).await?;
    Ok((first, visible::find::<artifact::Entity>(source).filter(of_it).count(source.conn()).await?))
}

/// Which artifacts go for good.
#[derive(Debug, Clone, Copy)]
pub enum Purged {
    /// This one.
    One(ArtifactId),
    /// All of them, live or not.
    All(Below),
}

impl Purged {
    fn condition(self) -> SimpleExpr {
        match self {
            Self::One(id) => Column::Id.eq(id),
            Self::All(below) => is_below(below),
        }
    }
}

fn is_below(below: Below) -> SimpleExpr {
    match below {
        Below::Model(id) => Column::ModelId.eq(id),
        Below::Release(id) => Column::ReleaseId.eq(id),
    }
}

/// Removes artifacts for good. What bytes nobody has any more is noted. Gives what they were.
pub async fn purge(tx: &Tx, purged: Purged) -> Result<Vec<Artifact>, Error> {
    let query = select(tx, View::Basic).filter(purged.condition()).order_by_asc(Column::Id);
    let gone: Vec<Artifact> = query.into_model().all(tx.conn()).await?;
    artifact::Entity::delete_many().filter(purged.condition()).exec(tx.conn()).await?;
    let mut had: Vec<ContentId> = gone.iter().filter_map(|artifact| artifact.row.content_id).collect();
    had.sort();
    had.dedup();
    contents::note_orphans(tx, &had).await?;
    Ok(gone)
}

/// Soft-deletes the live artifacts below a model or a release, by one statement. Gives what they are now.
pub async fn delete_below(tx: &Tx, below: Below) -> Result<Vec<Artifact>, Error> {
    let ctx = tx.ctx();
    touch_below(tx, below, Column::DeleteTime.is_null(), Some(ctx.now()), Some(ctx.purge_time())).await
}

/// Brings back the artifacts below a model or a release that were deleted at a revision, by one statement: the revision of an
/// artifact does not move while it is deleted. Gives what they are now.
///
/// # Errors
/// [`Error::Exists`] if another live artifact has the path of one of them.
pub async fn undelete_below(tx: &Tx, below: Below, deleted_at: Revision) -> Result<Vec<Artifact>, Error> {
    let with_it = Column::DeleteTime.is_not_null().and(Column::Revision.eq(deleted_at));
    let hash = Expr::col((artifact::Entity, Column::FilePathHash));
    let displaced = visible::find::<artifact::Entity>(tx)
        .filter(is_below(below))
        .filter(with_it.clone())
        .filter(Expr::exists(other_with_path(hash)))
        .order_by_asc(Column::Id);
    if let Some(displaced) = displaced.one(tx.conn()).await? {
        return Err(path_taken(tx, &displaced).await?);
    }
    touch_below(tx, below, with_it, None, None).await
}

async fn touch_below(
    tx: &Tx,
    below: Below,
    which: SimpleExpr,
    delete_time: Option<Timestamp>,
    purge_time: Option<Timestamp>,
) -> Result<Vec<Artifact>, Error> {
    let now = tx.ctx().now();
    // Times never run backwards within a resource.
    let update_time = CaseStatement::new().case(Column::UpdateTime.gt(now), Expr::col(Column::UpdateTime)).finally(now);
    let update = artifact::Entity::update_many()
        .col_expr(Column::DeleteTime, Expr::val(delete_time))
        .col_expr(Column::PurgeTime, Expr::val(purge_time))
        .col_expr(Column::UpdateTime, update_time.into())
        .col_expr(Column::Revision, Expr::val(tx.revision()))
        .filter(is_below(below))
        .filter(which);
    update.exec(tx.conn()).await?;
    let touched = select(tx, View::Basic).filter(is_below(below)).filter(Column::Revision.eq(tx.revision()));
    Ok(touched.order_by_asc(Column::Id).into_model().all(tx.conn()).await?)
}
