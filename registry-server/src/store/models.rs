//! Models, with their tags and labels.

use super::entity::{model, model_tag, release};
use super::page::{Sort, cut, page};
use super::{Source, Tx, aliases, filter, inline, labels, rows, visible};
use crate::domain::filter::ModelFilter;
use crate::domain::model::{Labels, ModelOrder, ModelRef, Tags, View};
use crate::domain::name::ModelName;
use crate::domain::page::{Cursor, List, SortKey};
use crate::domain::{Error, Kind, ModelId, Timestamp};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, OnConflict, Order, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, Iterable,
    PaginatorTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait, Select,
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A model as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its row.
    pub row: model::Model,
    /// Its tags.
    pub tags: Tags,
    /// Its labels.
    pub labels: Labels,
    /// How many live releases it has, if that was asked for.
    pub release_count: Option<i64>,
}

impl Model {
    /// Its place in a list.
    #[must_use]
    pub fn cursor(&self, order: ModelOrder) -> Cursor {
        let key = match order {
            ModelOrder::CreateTimeDesc | ModelOrder::CreateTimeAsc => SortKey::Time(self.row.create_time),
            ModelOrder::UpdateTimeDesc => SortKey::Time(self.row.update_time),
            ModelOrder::NameAsc | ModelOrder::NameDesc => SortKey::Text(self.row.name.to_string()),
        };
        Cursor { key, id: self.row.id.uuid() }
    }
}

impl FromQueryResult for Model {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            tags: inline::decode(row, prefix, "tags")?,
            labels: inline::decode(row, prefix, "labels")?,
            release_count: row.try_get(prefix, "release_count")?,
            row: model::Model::from_query_result(row, prefix)?,
        })
    }
}

/// Adds models; the database says whether a name is taken. Nobody gives a name that is not within his prefixes.
pub async fn insert(tx: &Tx, new: &[Model]) -> Result<(), Error> {
    new.iter().try_for_each(|model| tx.scope().admit(&model.row.name))?;
    let rows = new.iter().map(|model| model.row.clone().into_active_model().reset_all());
    let taken = OnConflict::column(model::Column::Name).do_nothing().to_owned();
    let inserted = model::Entity::insert_many(rows).on_conflict(taken).exec_without_returning(tx.conn()).await?;
    if usize::try_from(inserted).is_ok_and(|inserted| inserted < new.len()) {
        return Err(taken_name(tx, new).await?);
    }
    put_tags(tx, new.iter().map(|model| (model.row.id, &model.tags))).await?;
    labels::put_models(tx, new.iter().map(|model| (model.row.id, &model.labels))).await
}

/// Who holds the first name that is taken.
async fn taken_name(tx: &Tx, new: &[Model]) -> Result<Error, Error> {
    let names = new.iter().map(|model| model.row.name.as_str());
    let holders = visible::find::<model::Entity>(tx).filter(model::Column::Name.is_in(names)).all(tx.conn()).await?;
    let holder = |new: &Model| holders.iter().find(|holder| holder.name == new.row.name && holder.id != new.row.id);
    new.iter().find_map(holder).map(exists).ok_or_else(|| Error::bug("a name is taken by nobody"))
}

/// The model that has a name, live or not.
pub async fn holder(source: &impl Source, name: &ModelName) -> Result<Option<model::Model>, Error> {
    Ok(visible::find::<model::Entity>(source).filter(model::Column::Name.eq(name)).one(source.conn()).await?)
}

/// The refusal of a name that this model has.
#[must_use]
pub fn exists(holder: &model::Model) -> Error {
    let (name, id) = (holder.name.to_string(), holder.id.to_string());
    Error::Exists { kind: Kind::Model, name, id, deleted: holder.delete_time.is_some() }
}

/// Writes a changed row. It must have been read with [`lock`] in the same transaction.
pub async fn update(tx: &Tx, row: &model::Model) -> Result<(), Error> {
    tx.scope().admit(&row.name)?;
    row.clone().into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Replaces the tags.
pub async fn replace_tags(tx: &Tx, id: ModelId, tags: &Tags) -> Result<(), Error> {
    clear_tags(tx, id).await?;
    put_tags(tx, [(id, tags)].into_iter()).await
}

async fn clear_tags(tx: &Tx, id: ModelId) -> Result<(), Error> {
    model_tag::Entity::delete_many().filter(model_tag::Column::ModelId.eq(id)).exec(tx.conn()).await?;
    Ok(())
}

pub(super) async fn put_tags<'a>(tx: &Tx, of: impl Iterator<Item = (ModelId, &'a Tags)>) -> Result<(), Error> {
    let row = |id, tag: &String| model_tag::Model { model_id: id, tag: tag.clone() };
    let rows: Vec<_> = of.flat_map(|(id, tags)| tags.iter().map(move |tag| row(id, tag))).collect();
    Ok(rows::insert::<model_tag::ActiveModel, _>(tx.conn(), rows).await?)
}

/// Replaces the labels.
pub async fn replace_labels(tx: &Tx, id: ModelId, labels: &Labels) -> Result<(), Error> {
    labels::clear_models(tx, &[id]).await?;
    labels::put_models(tx, [(id, labels)].into_iter()).await
}

/// Removes a model for good, with its tags, labels, aliases and their history. Its releases are gone already.
pub async fn purge(tx: &Tx, id: ModelId) -> Result<(), Error> {
    clear_tags(tx, id).await?;
    labels::clear_models(tx, &[id]).await?;
    aliases::purge_history(tx, id).await?;
    model::Entity::delete_by_id(id).exec(tx.conn()).await?;
    Ok(())
}

/// The models that were due to be purged by `time`.
pub async fn due(source: &impl Source, time: Timestamp) -> Result<Vec<ModelId>, Error> {
    let due =
        visible::find::<model::Entity>(source).filter(model::Column::PurgeTime.lte(time)).order_by_asc(model::Column::PurgeTime);
    Ok(due.select_only().column(model::Column::Id).into_tuple().all(source.conn()).await?)
}

/// One model. By id it may be soft-deleted, by name it is live.
pub async fn get(source: &impl Source, model: &ModelRef, view: View) -> Result<Model, Error> {
    let found = select(source, view).filter(refers(model)).into_model().one(source.conn()).await?;
    found.ok_or_else(|| Error::not_found(Kind::Model, model))
}

/// Many models, in the order asked for; all of them or an error that names the first missing one.
pub async fn get_many(source: &impl Source, wanted: &[ModelRef], view: View) -> Result<Vec<Model>, Error> {
    let any = wanted.iter().fold(Condition::any(), |any, model| any.add(refers(model)));
    let found: Vec<Model> = select(source, view).filter(any).into_model().all(source.conn()).await?;
    let mut by_ref: HashMap<ModelRef, &Model> = HashMap::new();
    for model in &found {
        by_ref.insert(ModelRef::Id(model.row.id), model);
        if model.row.delete_time.is_none() {
            by_ref.insert(ModelRef::Name(model.row.name.clone()), model);
        }
    }
    let find =
        |model: &ModelRef| by_ref.get(model).map(|&found| found.clone()).ok_or_else(|| Error::not_found(Kind::Model, model));
    wanted.iter().map(find).collect()
}

/// One model, locked until the end of the transaction. Soft-deleted ones only by id.
pub async fn lock(tx: &Tx, model: &ModelRef) -> Result<Model, Error> {
    locked(tx, model, refers(model)).await
}

/// One model, live or not, whether by id or by name, locked until the end of the transaction.
pub async fn lock_any(tx: &Tx, model: &ModelRef) -> Result<Model, Error> {
    let refers = match model {
        ModelRef::Id(id) => model::Column::Id.eq(*id),
        ModelRef::Name(name) => model::Column::Name.eq(name),
    };
    locked(tx, model, Condition::all().add(refers)).await
}

/// What it has in other tables is of the same moment: whoever writes has waited for everybody else who does before.
async fn locked(tx: &Tx, model: &ModelRef, refers: Condition) -> Result<Model, Error> {
    let found = select(tx, View::Full).filter(refers).lock_exclusive().into_model().one(tx.conn()).await?;
    found.ok_or_else(|| Error::not_found(Kind::Model, model))
}

/// The id of a model; of a soft-deleted one only by that id.
pub async fn get_id(source: &impl Source, model: &ModelRef) -> Result<ModelId, Error> {
    let query = visible::find::<model::Entity>(source).filter(refers(model)).select_only().column(model::Column::Id);
    query.into_tuple().one(source.conn()).await?.ok_or_else(|| Error::not_found(Kind::Model, model))
}

/// The id of a live model.
pub async fn find_id(source: &impl Source, model: &ModelRef) -> Result<ModelId, Error> {
    let live = visible::find::<model::Entity>(source).filter(refers(model)).filter(model::Column::DeleteTime.is_null());
    let id = live.select_only().column(model::Column::Id).into_tuple().one(source.conn()).await?;
    id.ok_or_else(|| Error::not_found(Kind::Model, model))
}

/// The ids of those of these models that are live: one statement for those told by id, one for those told by name.
pub async fn find_ids(source: &impl Source, wanted: &HashSet<&ModelRef>) -> Result<HashMap<ModelRef, ModelId>, Error> {
    let (mut ids, mut names) = (Vec::new(), Vec::new());
    for model in wanted {
        match model {
            ModelRef::Id(id) => ids.push(*id),
            ModelRef::Name(name) => names.push(name.as_str()),
        }
    }
    let mut found = HashMap::new();
    if !ids.is_empty() {
        let live = live_among(source, model::Column::Id.is_in(ids)).await?;
        found.extend(live.into_iter().map(|(id, _)| (ModelRef::Id(id), id)));
    }
    if !names.is_empty() {
        let live = live_among(source, model::Column::Name.is_in(names)).await?;
        found.extend(live.into_iter().map(|(id, name)| (ModelRef::Name(name), id)));
    }
    Ok(found)
}

async fn live_among(source: &impl Source, these: SimpleExpr) -> Result<Vec<(ModelId, ModelName)>, Error> {
    let live = visible::find::<model::Entity>(source).filter(these).filter(model::Column::DeleteTime.is_null());
    let pairs = live.select_only().columns([model::Column::Id, model::Column::Name]);
    Ok(pairs.into_tuple().all(source.conn()).await?)
}

/// The rows of models, in the order asked for, locked until the end of the transaction; soft-deleted ones only by id.
pub async fn lock_rows(tx: &Tx, wanted: &[ModelRef]) -> Result<Vec<model::Model>, Error> {
    let any = wanted.iter().fold(Condition::any(), |any, model| any.add(refers(model)));
    let rows =
        visible::find::<model::Entity>(tx).filter(any).order_by_asc(model::Column::Id).lock_exclusive().all(tx.conn()).await?;
    let is = |row: &model::Model, model: &ModelRef| match model {
        ModelRef::Id(id) => row.id == *id,
        ModelRef::Name(name) => row.name == *name,
    };
    let find = |model: &ModelRef| rows.iter().find(|row| is(row, model)).cloned();
    wanted.iter().map(|model| find(model).ok_or_else(|| Error::not_found(Kind::Model, model))).collect()
}

/// Takes that many release numbers of one model; its row as it is then. Soft-deleted ones only by id.
pub async fn take_numbers_of(tx: &Tx, model: &ModelRef, count: i64) -> Result<model::Model, Error> {
    let number = model::Column::LastReleaseNumber;
    let it = visible::find::<model::Entity>(tx).filter(refers(model)).select_only().column(model::Column::Id).into_query();
    let update = model::Entity::update_many()
        .col_expr(number, Expr::col(number).add(Expr::val(count)))
        .filter(model::Column::Id.in_subquery(it));
    let mut rows = update.exec_with_returning(tx.conn()).await?;
    rows.pop().ok_or_else(|| Error::not_found(Kind::Model, model))
}

/// Takes that many release numbers of each of these models, by one statement. They must have been locked.
pub async fn take_numbers(tx: &Tx, taken: &BTreeMap<ModelId, i64>) -> Result<(), Error> {
    let number = model::Column::LastReleaseNumber;
    let more =
        taken.iter().fold(CaseStatement::new(), |case, (id, count)| case.case(model::Column::Id.eq(*id), Expr::val(*count)));
    let update = model::Entity::update_many()
        .col_expr(number, Expr::col(number).add(Expr::expr(more.finally(0_i64))))
        .filter(model::Column::Id.is_in(taken.keys().copied()));
    update.exec(tx.conn()).await?;
    Ok(())
}

/// One page, sorted and filtered; whether there is more; how many in all if asked.
pub async fn list(source: &impl Source, list: &List<ModelFilter, ModelOrder>) -> Result<(Vec<Model>, bool, Option<i64>), Error> {
    let mut matching = Condition::all().add(filter::models(&list.filter));
    if !list.show_deleted {
        matching = matching.add(model::Column::DeleteTime.is_null());
    }
    let total = match list.include_total {
        true => Some(visible::find::<model::Entity>(source).filter(matching.clone()).count(source.conn()).await?),
        false => None,
    };
    let query = select(source, list.view).filter(matching);
    let after = list.resume.as_ref().map(|resume| &resume.after);
    let query = page(query, sort(list.order), (model::Entity, model::Column::Id), after, list.size.rows());
    let (rows, more) = cut(query.into_model().all(source.conn()).await?, list.size.rows());
    Ok((rows, more, total.map(|total| i64::try_from(total).unwrap_or(i64::MAX))))
}

fn sort(order: ModelOrder) -> Sort<(model::Entity, model::Column)> {
    use model::Column::{CreateTime, Name, UpdateTime};
    let (by, order) = match order {
        ModelOrder::CreateTimeDesc => (CreateTime, Order::Desc),
        ModelOrder::CreateTimeAsc => (CreateTime, Order::Asc),
        ModelOrder::UpdateTimeDesc => (UpdateTime, Order::Desc),
        ModelOrder::NameAsc => (Name, Order::Asc),
        ModelOrder::NameDesc => (Name, Order::Desc),
    };
    Sort { by: (model::Entity, by), order }
}

fn refers(model: &ModelRef) -> Condition {
    match model {
        ModelRef::Id(id) => Condition::all().add(model::Column::Id.eq(*id)),
        ModelRef::Name(name) => Condition::all().add(model::Column::Name.eq(name)).add(model::Column::DeleteTime.is_null()),
    }
}

/// The columns of a view, and what the models have in other tables: all by one statement. The large columns are not even read for
/// the basic view.
pub(super) fn select(source: &impl Source, view: View) -> Select<model::Entity> {
    use model::Column::{Metadata, Training};
    let (dialect, id) = (source.conn().get_database_backend(), (model::Entity, model::Column::Id));
    let query = visible::find::<model::Entity>(source);
    let query = match view {
        View::Full => query.expr_as(release_count(), "release_count"),
        View::Basic => query
            .select_only()
            .columns(model::Column::iter().filter(|column| !matches!(column, Metadata | Training)))
            .expr_as(Expr::cust("'{}'"), "metadata")
            .expr_as(Expr::cust("NULL"), "training")
            .expr_as(Expr::cust("NULL"), "release_count"),
    };
    let tags = inline::values(dialect, model_tag::Column::Tag, inline::its_own(model_tag::Column::ModelId, id));
    query.expr_as(tags, "tags").expr_as(labels::of_model(dialect), "labels")
}

fn release_count() -> SimpleExpr {
    let its = inline::its_own(release::Column::ModelId, (model::Entity, model::Column::Id));
    inline::count(release::Column::Id, Condition::all().add(its).add(release::Column::DeleteTime.is_null()))
}
