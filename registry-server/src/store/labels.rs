//! The labels of models and releases: two tables of one shape, indexed by key and hash of the value.

use super::entity::{model, model_label, release, release_label};
use super::{Source, Tx, inline, rows};
use crate::domain::filter::{LabelCondition, LabelSelector};
use crate::domain::model::Labels;
use crate::domain::{Error, ModelId, ReleaseId};
use sea_orm::sea_query::{Cond, Condition, Expr, ExprTrait, IntoColumnRef, Query, SimpleExpr};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};

/// How many owners a statement names at the most. A page or a batch is never more.
pub(super) const OWNERS: usize = 1000;

/// Stands for a value in the index: the first 64 bits of its SHA-256. Equality is always checked on the
/// value too.
pub(super) fn value_hash(value: &str) -> i64 {
    let digest = Sha256::digest(value.as_bytes());
    digest.iter().take(8).fold(0, |hash, byte| (hash << 8) | i64::from(*byte))
}

/// Writing and reading the labels of one kind of owner: two tables of one shape are two types to SeaORM.
macro_rules! labels_of {
    ($put:ident, $clear:ident, $read:ident, $table:ident, $of:ident, $Owner:ident, $Column:ident, $owner:ident) => {
        /// Stores the labels of owners that have none yet.
        pub(super) async fn $put<'a>(tx: &Tx, of: impl Iterator<Item = ($Owner, &'a Labels)>) -> Result<(), Error> {
            let row = |owner: $Owner, (key, value): (&String, &String)| $table::Model {
                $owner: owner,
                key: key.clone(),
                value: value.clone(),
                value_hash: value_hash(value),
            };
            let rows: Vec<_> = of.flat_map(|(owner, labels)| labels.iter().map(move |pair| row(owner, pair))).collect();
            Ok(rows::insert::<$table::ActiveModel, _>(tx.conn(), rows).await?)
        }

        /// Removes the labels of owners.
        pub(super) async fn $clear(tx: &Tx, owners: &[$Owner]) -> Result<(), Error> {
            for some in owners.chunks(OWNERS) {
                let of_them = $table::Column::$Column.is_in(some.iter().copied());
                $table::Entity::delete_many().filter(of_them).exec(tx.conn()).await?;
            }
            Ok(())
        }

        /// The labels of a row of the owners' table, among its columns.
        pub(super) fn $read(dialect: DbBackend) -> SimpleExpr {
            use $table::Column::{Key, Value, $Column};
            inline::pairs(dialect, Key, Value, inline::its_own($Column, ($of::Entity, $of::Column::Id)))
        }
    };
}

labels_of!(put_models, clear_models, of_model, model_label, model, ModelId, ModelId, model_id);
labels_of!(put_releases, clear_releases, of_release, release_label, release, ReleaseId, ReleaseId, release_id);

/// The columns of one of the two tables.
pub(super) struct Table<C> {
    pub(super) owner: C,
    pub(super) key: C,
    pub(super) value: C,
    pub(super) hash: C,
}

/// Whether the label of `owner` meets the condition. `E` is the table, `table` its columns.
pub(super) fn meets<E, C>(owner: impl IntoColumnRef, table: &Table<C>, selector: &LabelSelector) -> SimpleExpr
where
    E: EntityTrait + Default,
    C: ColumnTrait,
{
    let LabelSelector { key, condition } = selector;
    let key = table.key.eq(key.as_str());
    let holders = |holds: Condition| Query::select().column(table.owner).from(E::default()).cond_where(holds).take();
    let owner = Expr::col(owner);
    match condition {
        LabelCondition::Equals(value) => {
            owner.in_subquery(holders(Cond::all().add(key).add(is_one_of(table, std::slice::from_ref(value)))))
        }
        LabelCondition::Any(values) => owner.in_subquery(holders(Cond::all().add(key).add(is_one_of(table, values)))),
        LabelCondition::NotEquals(value) => owner.in_subquery(holders(Cond::all().add(key).add(table.value.ne(value.as_str())))),
        LabelCondition::Exists(true) => owner.in_subquery(holders(Cond::all().add(key))),
        LabelCondition::Exists(false) => owner.not_in_subquery(holders(Cond::all().add(key))),
    }
}

fn is_one_of<C: ColumnTrait>(table: &Table<C>, values: &[String]) -> Condition {
    Cond::all()
        .add(table.hash.is_in(values.iter().map(|value| value_hash(value))))
        .add(table.value.is_in(values.iter().map(String::as_str)))
}
