//! The labels of models and releases: two tables of one shape, indexed by key and hash of the value.

use super::Source;
use super::entity::{model_label, release_label};
use crate::domain::filter::{LabelCondition, LabelSelector};
use crate::domain::model::Labels;
use crate::domain::{Error, ModelId, ReleaseId};
use sea_orm::sea_query::{Cond, Condition, Expr, ExprTrait, IntoColumnRef, Query, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

use super::Tx;

/// Stands for a value in the index: the first 64 bits of its SHA-256. Equality is always checked on the
/// value too.
pub(super) fn value_hash(value: &str) -> i64 {
    let digest = Sha256::digest(value.as_bytes());
    digest.iter().take(8).fold(0, |hash, byte| (hash << 8) | i64::from(*byte))
}

/// Replaces the labels of a model.
pub(super) async fn put_model(tx: &Tx, id: ModelId, labels: &Labels, is_new: bool) -> Result<(), Error> {
    if !is_new {
        model_label::Entity::delete_many().filter(model_label::Column::ModelId.eq(id)).exec(tx.conn()).await?;
    }
    let row = |(key, value): (&String, &String)| model_label::Model {
        model_id: id,
        key: key.clone(),
        value: value.clone(),
        value_hash: value_hash(value),
    };
    if !labels.is_empty() {
        model_label::Entity::insert_many(labels.iter().map(row).map(IntoActiveModel::into_active_model))
            .exec_without_returning(tx.conn())
            .await?;
    }
    Ok(())
}

/// Replaces the labels of a release.
pub(super) async fn put_release(tx: &Tx, id: ReleaseId, labels: &Labels, is_new: bool) -> Result<(), Error> {
    if !is_new {
        release_label::Entity::delete_many().filter(release_label::Column::ReleaseId.eq(id)).exec(tx.conn()).await?;
    }
    let row = |(key, value): (&String, &String)| release_label::Model {
        release_id: id,
        key: key.clone(),
        value: value.clone(),
        value_hash: value_hash(value),
    };
    if !labels.is_empty() {
        release_label::Entity::insert_many(labels.iter().map(row).map(IntoActiveModel::into_active_model))
            .exec_without_returning(tx.conn())
            .await?;
    }
    Ok(())
}

/// The labels of many models, by one statement.
pub(super) async fn of_models(source: &impl Source, ids: &[ModelId]) -> Result<HashMap<ModelId, Labels>, Error> {
    let rows =
        model_label::Entity::find().filter(model_label::Column::ModelId.is_in(ids.iter().copied())).all(source.conn()).await?;
    let mut labels: HashMap<ModelId, Labels> = HashMap::new();
    for model_label::Model { model_id, key, value, value_hash: _ } in rows {
        labels.entry(model_id).or_default().insert(key, value);
    }
    Ok(labels)
}

/// The labels of many releases, by one statement.
pub(super) async fn of_releases(source: &impl Source, ids: &[ReleaseId]) -> Result<HashMap<ReleaseId, Labels>, Error> {
    let rows = release_label::Entity::find()
        .filter(release_label::Column::ReleaseId.is_in(ids.iter().copied()))
        .all(source.conn())
        .await?;
    let mut labels: HashMap<ReleaseId, Labels> = HashMap::new();
    for release_label::Model { release_id, key, value, value_hash: _ } in rows {
        labels.entry(release_id).or_default().insert(key, value);
    }
    Ok(labels)
}

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
