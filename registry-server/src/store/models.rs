//! Models, with their tags and labels.

use super::entity::{model, model_tag, release};
use super::page::{Sort, cut, page};
use super::{Source, Tx, aliases, filter, labels, rows, visible};
use crate::domain::filter::ModelFilter;
use crate::domain::model::{Labels, ModelOrder, ModelRef, Tags, View};
use crate::domain::name::ModelName;
use crate::domain::page::{Cursor, List, SortKey};
use crate::domain::{Error, Kind, ModelId, Timestamp};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, OnConflict, Order};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, Iterable, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
};
use std::collections::{BTreeMap, HashMap};

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
    let row = select(source, view).filter(refers(model)).into_model().one(source.conn()).await?;
    let row = row.ok_or_else(|| Error::not_found(Kind::Model, model))?;
    let mut models = complete(source, vec![row], view).await?;
    models.pop().ok_or_else(|| Error::bug("a model lost its row"))
}

/// Many models, in the order asked for; all of them or an error that names the first missing one.
pub async fn get_many(source: &impl Source, wanted: &[ModelRef], view: View) -> Result<Vec<Model>, Error> {
    let any = wanted.iter().fold(Condition::any(), |any, model| any.add(refers(model)));
    let rows = select(source, view).filter(any).into_model().all(source.conn()).await?;
    let found = complete(source, rows, view).await?;
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
    let row = visible::find::<model::Entity>(tx).filter(refers(model)).lock_exclusive().one(tx.conn()).await?;
    let row = row.ok_or_else(|| Error::not_found(Kind::Model, model))?;
    let mut models = complete(tx, vec![row], View::Full).await?;
    models.pop().ok_or_else(|| Error::bug("a model lost its row"))
}

/// One model, live or not, whether by id or by name, locked until the end of the transaction.
pub async fn lock_any(tx: &Tx, model: &ModelRef) -> Result<Model, Error> {
    let refers = match model {
        ModelRef::Id(id) => model::Column::Id.eq(*id),
        ModelRef::Name(name) => model::Column::Name.eq(name),
    };
    let row = visible::find::<model::Entity>(tx).filter(refers).lock_exclusive().one(tx.conn()).await?;
    let row = row.ok_or_else(|| Error::not_found(Kind::Model, model))?;
    let mut models = complete(tx, vec![row], View::Full).await?;
    models.pop().ok_or_else(|| Error::bug("a model lost its row"))
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
    let total = total.map(|total| i64::try_from(total).unwrap_or(i64::MAX));
    Ok((complete(source, rows, list.view).await?, more, total))
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

/// The columns of a view; the large ones are not even read for the basic one.
pub(super) fn select(source: &impl Source, view: View) -> Select<model::Entity> {
    use model::Column::{Metadata, Training};
    let query = visible::find::<model::Entity>(source);
    match view {
        View::Full => query,
        View::Basic => query
            .select_only()
            .columns(model::Column::iter().filter(|column| !matches!(column, Metadata | Training)))
            .expr_as(Expr::cust("'{}'"), "metadata")
            .expr_as(Expr::cust("NULL"), "training"),
    }
}

/// Adds tags, labels and counts: one statement each, however many rows.
pub(super) async fn complete(source: &impl Source, rows: Vec<model::Model>, view: View) -> Result<Vec<Model>, Error> {
    let ids: Vec<ModelId> = rows.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut tags = tags_of(source, &ids).await?;
    let mut labels = labels::of_models(source, &ids).await?;
    let counts = match view {
        View::Basic => None,
        View::Full => Some(release_counts(source, &ids).await?),
    };
    let model = |row: model::Model| Model {
        tags: tags.remove(&row.id).unwrap_or_default(),
        labels: labels.remove(&row.id).unwrap_or_default(),
        release_count: counts.as_ref().map(|counts| counts.get(&row.id).copied().unwrap_or(0)),
        row,
    };
    Ok(rows.into_iter().map(model).collect())
}

async fn tags_of(source: &impl Source, ids: &[ModelId]) -> Result<HashMap<ModelId, Tags>, Error> {
    let rows = visible::find::<model_tag::Entity>(source)
        .filter(model_tag::Column::ModelId.is_in(ids.iter().copied()))
        .all(source.conn())
        .await?;
    let mut tags: HashMap<ModelId, Tags> = HashMap::new();
    for model_tag::Model { model_id, tag } in rows {
        tags.entry(model_id).or_default().insert(tag);
    }
    Ok(tags)
}

async fn release_counts(source: &impl Source, ids: &[ModelId]) -> Result<HashMap<ModelId, i64>, Error> {
    let counts = visible::find::<release::Entity>(source)
        .select_only()
        .column(release::Column::ModelId)
        .column_as(release::Column::Id.count(), "count")
        .filter(release::Column::ModelId.is_in(ids.iter().copied()))
        .filter(release::Column::DeleteTime.is_null())
        .group_by(release::Column::ModelId)
        .into_tuple::<(ModelId, i64)>()
        .all(source.conn())
        .await?;
    Ok(counts.into_iter().collect())
}
