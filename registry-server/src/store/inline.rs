//! What a row shows of other tables, read by the statement that reads the row: subqueries among its columns, of JSON where they
//! are many. A row that can be seen shows all that is its own, so these know nothing of who looks.
//!
//! May not: ask anything by itself; be used for what is not bounded by a limit of the contract, but for counting.

use super::backend::Backend;
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, DbBackend, DbErr, EntityTrait, QueryResult};
use serde::de::DeserializeOwned;

/// The values of a column in the rows of another table that are `its` own, in no order.
pub(super) fn values<C: ColumnTrait>(dialect: DbBackend, column: C, its: impl IntoCondition) -> SimpleExpr {
    one(column, Backend::json_array(dialect, Expr::col(column.as_column_ref())), its)
}

/// The pairs of two columns, of which the first is unique among `its` own.
pub(super) fn pairs<C: ColumnTrait>(dialect: DbBackend, key: C, value: C, its: impl IntoCondition) -> SimpleExpr {
    let object = Backend::json_object(dialect, Expr::col(key.as_column_ref()), Expr::col(value.as_column_ref()));
    one(key, object, its)
}

/// How many there are.
pub(super) fn count<C: ColumnTrait>(column: C, its: impl IntoCondition) -> SimpleExpr {
    one(column, Expr::col(column.as_column_ref()).count(), its)
}

fn one<C: ColumnTrait>(of: C, what: SimpleExpr, its: impl IntoCondition) -> SimpleExpr {
    let its: SelectStatement = Query::select().expr(what).from(of.entity_name()).cond_where(its.into_condition()).take();
    its.into()
}

/// That a column of another table is the key of the row.
pub(super) fn its_own<E: EntityTrait>(column: impl ColumnTrait, id: (E, E::Column)) -> SimpleExpr {
    Expr::col(column.as_column_ref()).equals(id)
}

/// What [`values`] or [`pairs`] have found; nothing if there was nothing.
pub(super) fn decode<T: DeserializeOwned + Default>(row: &QueryResult, prefix: &str, name: &str) -> Result<T, DbErr> {
    let text: Option<String> = row.try_get(prefix, name)?;
    let decoded = text.map(|text| serde_json::from_str(&text)).transpose();
    decoded.map(Option::unwrap_or_default).map_err(|error| DbErr::Json(format!("{name}: {error}")))
}
