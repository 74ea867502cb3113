//! Asking for many things by one statement: a table of what is wanted, of bound values, is joined to the rows and drives the query,
//! so that each of them is one look at an index, however many there are.
//!
//! May not: know tables.

use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, SimpleExpr, TableRef, Value, ValueTuple};
use sea_orm::{Condition, EntityTrait, JoinType, QuerySelect, Select};

/// What the table is called within a query.
const WANTED: &str = "wanted";
/// What both databases call its columns.
const COLUMNS: [&str; 5] = ["column1", "column2", "column3", "column4", "column5"];

/// One thing that is wanted: what it is told by, in the order of [`columns`].
pub(super) type Row<const N: usize> = [Value; N];

/// The columns of the table.
pub(super) fn columns<const N: usize>() -> [SimpleExpr; N] {
    std::array::from_fn(|at| Expr::col((WANTED, COLUMNS.get(at).copied().unwrap_or_default())))
}

/// Joins a query with what is wanted, of which there is something.
pub(super) fn join<E: EntityTrait, const N: usize>(mut query: Select<E>, wanted: Vec<Row<N>>, on: Condition) -> Select<E> {
    let rows = wanted.into_iter().map(|row| ValueTuple::Many(row.into())).collect();
    QuerySelect::query(&mut query).join(JoinType::InnerJoin, TableRef::ValuesList(rows, WANTED.into_iden()), on);
    query
}

/// That a value that may be left out is the same.
pub(super) fn same_if_given(column: SimpleExpr, wanted: SimpleExpr) -> SimpleExpr {
    wanted.clone().is_null().or(column.eq(wanted))
}
