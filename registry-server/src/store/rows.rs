//! Inserting many rows: one statement, or as few as the bind limits of the databases allow.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable};

/// How many values a statement binds at the most: SQLite takes 32,766 and PostgreSQL twice that.
const VALUES: usize = 30_000;

/// Inserts every row.
pub(super) async fn insert<A, M>(conn: &impl ConnectionTrait, rows: impl IntoIterator<Item = M>) -> Result<(), DbErr>
where
    A: ActiveModelTrait + Send,
    M: IntoActiveModel<A>,
{
    let columns = <A::Entity as EntityTrait>::Column::iter().count().max(1);
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while rows.peek().is_some() {
        let some: Vec<A> = rows.by_ref().take(VALUES / columns).collect();
        A::Entity::insert_many(some).exec_without_returning(conn).await?;
    }
    Ok(())
}
