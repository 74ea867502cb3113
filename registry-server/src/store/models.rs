//! Models, with their tags and labels.

use super::backend::Backend;
use super::entity::{model, model_tag, release};
use super::page::{Sort, cut, page};
use super::writer::Stamp;
use super::{Source, Tx, filter, labels};
use crate::domain::event::Subject;
use crate::domain::filter::ModelFilter;
use crate::domain::model::{Labels, ModelOrder, ModelRef, Tags, View};
use crate::domain::page::{Cursor, List, SortKey};
use crate::domain::{Error, Kind, ModelId, Revision};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, OnConflict, Order, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel,
    Iterable, PaginatorTrait, QueryFilter, QuerySelect, Select,
};
use std::collections::HashMap;

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

impl Stamp for Model {
    fn stamp(&mut self, revision: Revision) {
        self.row.revision = revision;
    }
}

/// Adds a model; the database says whether the name is taken.
pub async fn insert(tx: &Tx, new: &Model) -> Result<(), Error> {
    let row = new.row.clone().into_active_model().reset_all();
    let taken = OnConflict::column(model::Column::Name).do_nothing().to_owned();
    if model::Entity::insert(row).on_conflict(taken).exec_without_returning(tx.conn()).await? == 0 {
        return Err(exists(tx, &new.row).await?);
    }
    put_tags(tx, new.row.id, &new.tags, true).await?;
    labels::put_model(tx, new.row.id, &new.labels, true).await
}

/// Who holds the name.
async fn exists(tx: &Tx, new: &model::Model) -> Result<Error, Error> {
    let holder = model::Entity::find().filter(model::Column::Name.eq(&new.name)).one(tx.conn()).await?;
    let holder = holder.ok_or_else(|| Error::bug("a name is taken by nobody"))?;
    Ok(Error::Exists {
        kind: Kind::Model,
        name: new.name.to_string(),
        id: holder.id.to_string(),
        deleted: holder.delete_time.is_some(),
    })
}

/// Writes a changed row. It must have been read with [`lock`] in the same transaction.
pub async fn update(tx: &Tx, row: &model::Model) -> Result<(), Error> {
    row.clone().into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Replaces the tags.
pub async fn put_tags(tx: &Tx, id: ModelId, tags: &Tags, is_new: bool) -> Result<(), Error> {
    if !is_new {
        model_tag::Entity::delete_many().filter(model_tag::Column::ModelId.eq(id)).exec(tx.conn()).await?;
    }
    if !tags.is_empty() {
        let rows = tags.iter().map(|tag| model_tag::Model { model_id: id, tag: tag.clone() });
        model_tag::Entity::insert_many(rows.map(IntoActiveModel::into_active_model)).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// Replaces the labels.
pub async fn put_labels(tx: &Tx, id: ModelId, labels: &Labels) -> Result<(), Error> {
    labels::put_model(tx, id, labels, false).await
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
    let mut by_ref: HashMap<String, &Model> = HashMap::new();
    for model in &found {
        by_ref.insert(model.row.id.to_string(), model);
        if model.row.delete_time.is_none() {
            by_ref.insert(model.row.name.to_string(), model);
        }
    }
    let find = |model: &ModelRef| {
        by_ref.get(&model.to_string()).map(|&found| found.clone()).ok_or_else(|| Error::not_found(Kind::Model, model))
    };
    wanted.iter().map(find).collect()
}

/// One model, locked until the end of the transaction. Soft-deleted ones only by id.
pub async fn lock(tx: &Tx, model: &ModelRef) -> Result<Model, Error> {
    let row = model::Entity::find().filter(refers(model)).lock_exclusive().one(tx.conn()).await?;
    let row = row.ok_or_else(|| Error::not_found(Kind::Model, model))?;
    tx.claim(Subject::Model(row.id))?;
    let mut models = complete(tx, vec![row], View::Full).await?;
    models.pop().ok_or_else(|| Error::bug("a model lost its row"))
}

/// The id of a model; of a soft-deleted one only by that id.
pub async fn get_id(source: &impl Source, model: &ModelRef) -> Result<ModelId, Error> {
    let query = model::Entity::find().filter(refers(model)).select_only().column(model::Column::Id);
    query.into_tuple().one(source.conn()).await?.ok_or_else(|| Error::not_found(Kind::Model, model))
}

/// The id of a live model.
pub async fn find_id(source: &impl Source, model: &ModelRef) -> Result<ModelId, Error> {
    let live = model::Entity::find().filter(refers(model)).filter(model::Column::DeleteTime.is_null());
    let id = live.select_only().column(model::Column::Id).into_tuple().one(source.conn()).await?;
    id.ok_or_else(|| Error::not_found(Kind::Model, model))
}

/// Takes the next release number of a live model, and locks it. `None` if there is no such live model.
pub async fn next_number(tx: &Tx, model: &ModelRef) -> Result<Option<model::Model>, Error> {
    let number = model::Column::LastReleaseNumber;
    let update = Query::update()
        .table(model::Entity)
        .value(number, Expr::col(number).add(1))
        .cond_where(refers(model))
        .and_where(model::Column::DeleteTime.is_null())
        .returning(Query::returning().columns(model::Column::iter()))
        .take();
    let row = tx.conn().query_one(&update).await?;
    Ok(row.map(|row| sea_orm::FromQueryResult::from_query_result(&row, "")).transpose()?)
}

/// One page, sorted and filtered; whether there is more; how many in all if asked.
pub async fn list(source: &impl Source, list: &List<ModelFilter, ModelOrder>) -> Result<(Vec<Model>, bool, Option<i64>), Error> {
    let mut matching = Condition::all().add(filter::models(&list.filter));
    if !list.show_deleted {
        matching = matching.add(model::Column::DeleteTime.is_null());
    }
    let total = match list.include_total {
        true => Some(model::Entity::find().filter(matching.clone()).count(source.conn()).await?),
        false => None,
    };
    let query = select(source, list.view).filter(matching);
    let after = list.resume.as_ref().map(|resume| &resume.after);
    let query = page(query, sort(list.order), (model::Entity, model::Column::Id), after, list.size.rows());
    let (rows, more) = cut(query.into_model().all(source.conn()).await?, list.size.rows());
    let total = total.map(|total| i64::try_from(total).unwrap_or(i64::MAX));
    Ok((complete(source, rows, list.view).await?, more, total))
}

/// Writes the revision of the change into the changed rows, by one statement.
pub(super) async fn stamp(txn: &DatabaseTransaction, stamps: &[(ModelId, Revision)]) -> Result<(), DbErr> {
    if stamps.is_empty() {
        return Ok(());
    }
    let id = model::Column::Id;
    let revision = stamps.iter().fold(CaseStatement::new(), |case, (row, revision)| case.case(id.eq(*row), Expr::val(*revision)));
    let update = Query::update()
        .table(model::Entity)
        .value(model::Column::Revision, Expr::Case(Box::new(revision)))
        .and_where(id.is_in(stamps.iter().map(|(row, _)| *row)))
        .take();
    txn.execute(&update).await.map(drop)
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
fn select(source: &impl Source, view: View) -> Select<model::Entity> {
    use model::Column::{Metadata, Training};
    let query = model::Entity::find();
    match view {
        View::Full => query,
        View::Basic => query
            .select_only()
            .columns(model::Column::iter().filter(|column| !matches!(column, Metadata | Training)))
            .expr_as(Backend::empty_document(source.conn()), "metadata")
            .expr_as(Backend::no_document(source.conn()), "training"),
    }
}

/// Adds tags, labels and counts: one statement each, however many rows.
async fn complete(source: &impl Source, rows: Vec<model::Model>, view: View) -> Result<Vec<Model>, Error> {
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
    let rows = model_tag::Entity::find().filter(model_tag::Column::ModelId.is_in(ids.iter().copied())).all(source.conn()).await?;
    let mut tags: HashMap<ModelId, Tags> = HashMap::new();
    for model_tag::Model { model_id, tag } in rows {
        tags.entry(model_id).or_default().insert(tag);
    }
    Ok(tags)
}

async fn release_counts(source: &impl Source, ids: &[ModelId]) -> Result<HashMap<ModelId, i64>, Error> {
    let counts = release::Entity::find()
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
