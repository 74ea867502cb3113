//! The bytes that the registry holds, as far as the database knows of them.

use super::entity::{artifact, content};
use super::{Source, Tx, labels};
use crate::domain::{ContentId, Error};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

/// Notes of those of these bytes that no artifact has any more, live or not, that it is so from now on. To be called in the
/// transaction that removes artifacts, after it has.
pub async fn note_orphans(tx: &Tx, ids: &[ContentId]) -> Result<(), Error> {
    use content::Column;
    for some in ids.chunks(labels::OWNERS) {
        let had = Query::select()
            .column(artifact::Column::ContentId)
            .from(artifact::Entity)
            .and_where(artifact::Column::ContentId.is_in(some.iter().copied()))
            .take();
        let orphans = content::Entity::update_many()
            .col_expr(Column::OrphanTime, Expr::val(tx.ctx().now()))
            .filter(Column::Id.is_in(some.iter().copied()))
            .filter(Column::OrphanTime.is_null())
            .filter(Column::Id.not_in_subquery(had));
        orphans.exec(tx.conn()).await?;
    }
    Ok(())
}
