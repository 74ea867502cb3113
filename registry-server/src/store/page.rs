//! Keyset pages: `(sort, id) > (?, ?)` as a row value, which both databases answer from one index at any
//! depth. Never OFFSET.

use crate::domain::page::{Cursor, SortKey};
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Order, SimpleExpr, Value};
use sea_orm::{EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// A column to sort by, and which way. The id breaks ties the same way.
pub(super) struct Sort<C> {
    pub(super) by: C,
    pub(super) order: Order,
}

/// Restricts a query to what comes behind `after`, sorts it, and reads one row more than `rows` to know
/// whether there is more.
pub(super) fn page<E, C, I>(query: Select<E>, sort: Sort<C>, id: I, after: Option<&Cursor>, rows: usize) -> Select<E>
where
    E: EntityTrait,
    C: IntoColumnRef + Copy,
    I: IntoColumnRef + Copy,
{
    let (by, id) = (Expr::col(sort.by), Expr::col(id));
    let query = match after {
        None => query,
        Some(cursor) => query.filter(behind(by.clone(), id.clone(), cursor, &sort.order)),
    };
    let limit = u64::try_from(rows).unwrap_or(u64::MAX).saturating_add(1);
    query.order_by(by, sort.order.clone()).order_by(id, sort.order).limit(limit)
}

fn behind(by: SimpleExpr, id: SimpleExpr, cursor: &Cursor, order: &Order) -> SimpleExpr {
    let key: Value = match &cursor.key {
        SortKey::Time(time) => (*time).into(),
        SortKey::Text(text) => text.clone().into(),
    };
    let row = Expr::tuple([by, id]);
    let last = Expr::tuple([Expr::val(key), Expr::val(cursor.id)]);
    match order {
        Order::Desc => row.lt(last),
        _ => row.gt(last),
    }
}

/// Cuts off the extra row; tells whether it was there.
pub(super) fn cut<T>(mut rows: Vec<T>, size: usize) -> (Vec<T>, bool) {
    let more = rows.len() > size;
    rows.truncate(size);
    (rows, more)
}
