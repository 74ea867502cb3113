//! Releases, with their labels and what they show of their model.

use super::backend::Backend;
use super::entity::{model, release};
use super::error::OnForeignKey;
use super::page::{Sort, cut, page};
use super::writer::Stamp;
use super::{Source, Tx, filter, labels};
use crate::domain::event::Subject;
use crate::domain::filter::ReleaseFilter;
use crate::domain::model::{Labels, View};
use crate::domain::name::{ModelName, Platform, Quantization, StoragePath};
use crate::domain::page::{Cursor, List, SortKey};
use crate::domain::release::{ReleaseKey, ReleaseOrder, ReleaseRef, ReleaseState};
use crate::domain::{Error, Kind, ModelId, ReleaseId, Revision};
use sea_orm::sea_query::{CaseStatement, Expr, LockType, OnConflict, Order, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult,
    IntoActiveModel, Iterable, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, RelationDef, Select,
};
use std::collections::HashMap;

/// What every release shows of its model, as the model is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfModel {
    /// Its name.
    pub name: ModelName,
    /// Its storage path.
    pub storage_path: StoragePath,
    /// Its repository.
    pub repository: Option<String>,
}

/// A release as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// Its row.
    pub row: release::Model,
    /// What it shows of its model.
    pub model: OfModel,
    /// Its labels.
    pub labels: Labels,
}

impl Release {
    /// Its natural key.
    #[must_use]
    pub fn key(&self) -> ReleaseKey {
        key(&self.model.name, &self.row)
    }

    /// Its place in a list.
    #[must_use]
    pub fn cursor(&self, order: ReleaseOrder) -> Cursor {
        let key = match order {
            ReleaseOrder::CreateTimeDesc | ReleaseOrder::CreateTimeAsc => SortKey::Time(self.row.create_time),
            ReleaseOrder::VersionAsc => SortKey::Text(self.row.version.to_string()),
        };
        Cursor { key, id: self.row.id.uuid() }
    }
}

impl Stamp for Release {
    fn stamp(&mut self, revision: Revision) {
        self.row.revision = revision;
    }
}

fn key(model: &ModelName, row: &release::Model) -> ReleaseKey {
    ReleaseKey {
        model: model.clone(),
        version: row.version.clone(),
        quantization: row.quantization.clone(),
        platform: row.platform.clone(),
    }
}

/// A row together with what it shows of its model.
struct Joined(release::Model, OfModel);

impl FromQueryResult for Joined {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let model = OfModel {
            name: row.try_get(prefix, "model_name")?,
            storage_path: row.try_get(prefix, "model_storage_path")?,
            repository: row.try_get(prefix, "model_repository")?,
        };
        Ok(Self(release::Model::from_query_result(row, prefix)?, model))
    }
}

/// Adds a release; the database says whether its key is taken.
pub async fn insert(tx: &Tx, new: &Release) -> Result<(), Error> {
    use release::Column::{ModelId, Platform, Quantization, Version};
    let row = new.row.clone().into_active_model().reset_all();
    let taken = OnConflict::columns([ModelId, Version, Quantization, Platform]).do_nothing().to_owned();
    let base = || Error::not_found(Kind::Release, new.row.base_release_id.map(|id| id.to_string()).unwrap_or_default());
    let insert = release::Entity::insert(row).on_conflict(taken);
    if insert.exec_without_returning(tx.conn()).await.on_foreign_key(base)? == 0 {
        return Err(exists(tx, new).await?);
    }
    labels::put_release(tx, new.row.id, &new.labels, true).await
}

/// Who holds the key.
async fn exists(tx: &Tx, new: &Release) -> Result<Error, Error> {
    let key = new.key();
    let holder = release::Entity::find()
        .filter(release::Column::ModelId.eq(new.row.model_id))
        .filter(has_key(&key))
        .one(tx.conn())
        .await?;
    let holder = holder.ok_or_else(|| Error::bug("a key is taken by nobody"))?;
    Ok(Error::Exists {
        kind: Kind::Release,
        name: key.to_string(),
        id: holder.id.to_string(),
        deleted: holder.delete_time.is_some(),
    })
}

/// Writes a changed row. It must have been read with [`lock`] in the same transaction.
pub async fn update(tx: &Tx, row: &release::Model) -> Result<(), Error> {
    row.clone().into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Replaces the labels.
pub async fn put_labels(tx: &Tx, id: ReleaseId, labels: &Labels) -> Result<(), Error> {
    labels::put_release(tx, id, labels, false).await
}

/// One release. By id it may be soft-deleted, by its key it is live.
pub async fn get(source: &impl Source, release: &ReleaseRef, view: View) -> Result<Release, Error> {
    let found = select(source, view).filter(refers(release)).into_model().one(source.conn()).await?;
    one(source, found, release).await
}

/// Many releases, in the order asked for; all of them or an error that names the first missing one.
pub async fn get_many(source: &impl Source, wanted: &[ReleaseRef], view: View) -> Result<Vec<Release>, Error> {
    let any = wanted.iter().fold(Condition::any(), |any, release| any.add(refers(release)));
    let rows = select(source, view).filter(any).into_model().all(source.conn()).await?;
    let found = complete(source, rows).await?;
    let mut by_ref: HashMap<String, &Release> = HashMap::new();
    for release in &found {
        by_ref.insert(release.row.id.to_string(), release);
        if release.row.delete_time.is_none() {
            by_ref.insert(release.key().to_string(), release);
        }
    }
    let find = |release: &ReleaseRef| {
        by_ref.get(&release.to_string()).map(|&found| found.clone()).ok_or_else(|| Error::not_found(Kind::Release, release))
    };
    wanted.iter().map(find).collect()
}

/// One release, locked until the end of the transaction. Soft-deleted ones only by id.
pub async fn lock(tx: &Tx, release: &ReleaseRef) -> Result<Release, Error> {
    let mut query = select(tx, View::Full).filter(refers(release));
    QuerySelect::query(&mut query).lock_with_tables(LockType::Update, [release::Entity]);
    let found: Option<Joined> = query.into_model().one(tx.conn()).await?;
    if let Some(Joined(row, _)) = &found {
        tx.claim(Subject::Release(row.id))?;
    }
    one(tx, found, release).await
}

/// One page, sorted and filtered; whether there is more; how many in all if asked.
pub async fn list(
    source: &impl Source,
    model: Option<ModelId>,
    list: &List<ReleaseFilter, ReleaseOrder>,
) -> Result<(Vec<Release>, bool, Option<i64>), Error> {
    let mut matching = Condition::all().add(filter::releases(&list.filter));
    matching = matching.add_option(model.map(|id| release::Column::ModelId.eq(id)));
    if !list.show_deleted {
        matching = matching.add(release::Column::DeleteTime.is_null());
    }
    let total = match list.include_total {
        true => Some(
            release::Entity::find().join(JoinType::InnerJoin, to_model()).filter(matching.clone()).count(source.conn()).await?,
        ),
        false => None,
    };
    let query = select(source, list.view).filter(matching);
    let after = list.resume.as_ref().map(|resume| &resume.after);
    let query = page(query, sort(list.order), (release::Entity, release::Column::Id), after, list.size.rows());
    let (rows, more) = cut(query.into_model().all(source.conn()).await?, list.size.rows());
    let total = total.map(|total| i64::try_from(total).unwrap_or(i64::MAX));
    Ok((complete(source, rows).await?, more, total))
}

/// Which releases of a model a reference may stand for.
#[derive(Debug, Clone)]
pub struct Candidates {
    conditions: Condition,
}

impl Candidates {
    /// The live releases of a model that meet the constraints.
    #[must_use]
    pub fn of(model: ModelId, quantization: Option<&Quantization>, platform: Option<&Platform>) -> Self {
        let conditions = Condition::all()
            .add(release::Column::ModelId.eq(model))
            .add(release::Column::DeleteTime.is_null())
            .add_option(quantization.map(|value| release::Column::Quantization.eq(value)))
            .add_option(platform.map(|value| release::Column::Platform.eq(value)));
        Self { conditions }
    }

    /// Those with this version.
    #[must_use]
    pub fn version(self, version: &str) -> Self {
        self.and(Condition::all().add(release::Column::Version.eq(version)))
    }

    /// Those with this image tag.
    #[must_use]
    pub fn tag(self, tag: &str) -> Self {
        self.and(Condition::all().add(release::Column::Tag.eq(tag)))
    }

    /// Those with this digest.
    #[must_use]
    pub fn digest(self, digest: &str) -> Self {
        self.and(Condition::all().add(release::Column::Digest.eq(digest)))
    }

    /// The one with this number.
    #[must_use]
    pub fn number(self, number: i64) -> Self {
        self.and(Condition::all().add(release::Column::Number.eq(number)))
    }

    fn in_state(self, state: ReleaseState) -> Self {
        self.and(Condition::all().add(release::Column::State.eq(state)))
    }

    fn not_yanked(self) -> Self {
        self.and(Condition::all().add(release::Column::State.ne(ReleaseState::Yanked)))
    }

    fn and(mut self, condition: Condition) -> Self {
        self.conditions = self.conditions.add(condition);
        self
    }

    /// The newest active one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn latest(self, source: &impl Source) -> Result<Option<ReleaseId>, Error> {
        let newest = release::Entity::find()
            .filter(self.in_state(ReleaseState::Active).conditions)
            .order_by_desc(release::Column::CreateTime)
            .order_by_desc(release::Column::Id);
        Ok(newest.select_only().column(release::Column::Id).into_tuple().one(source.conn()).await?)
    }

    /// The active ones, with their versions.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn active_versions(self, source: &impl Source) -> Result<Vec<(ReleaseId, String)>, Error> {
        let active = release::Entity::find().filter(self.in_state(ReleaseState::Active).conditions);
        Ok(active.select_only().columns([release::Column::Id, release::Column::Version]).into_tuple().all(source.conn()).await?)
    }

    /// Those that may be used, oldest first: their ids, up to `limit` of them, and how many there are.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn usable(self, source: &impl Source, limit: u64) -> Result<(Vec<ReleaseId>, usize), Error> {
        let usable = release::Entity::find().filter(self.not_yanked().conditions);
        let ids = usable.clone().order_by_asc(release::Column::Id).select_only().column(release::Column::Id).limit(limit);
        let ids: Vec<ReleaseId> = ids.into_tuple().all(source.conn()).await?;
        let count =
            if ids.len() > 1 { usize::try_from(usable.count(source.conn()).await?).unwrap_or(usize::MAX) } else { ids.len() };
        Ok((ids, count))
    }

    /// Whether one of them was yanked.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn any_yanked(self, source: &impl Source) -> Result<bool, Error> {
        let yanked = release::Entity::find().filter(self.in_state(ReleaseState::Yanked).conditions);
        let one: Option<ReleaseId> = yanked.select_only().column(release::Column::Id).into_tuple().one(source.conn()).await?;
        Ok(one.is_some())
    }
}

/// Writes the revision of the change into the changed rows, by one statement.
pub(super) async fn stamp(txn: &DatabaseTransaction, stamps: &[(ReleaseId, Revision)]) -> Result<(), DbErr> {
    if stamps.is_empty() {
        return Ok(());
    }
    let id = release::Column::Id;
    let revision = stamps.iter().fold(CaseStatement::new(), |case, (row, revision)| case.case(id.eq(*row), Expr::val(*revision)));
    let update = Query::update()
        .table(release::Entity)
        .value(release::Column::Revision, Expr::Case(Box::new(revision)))
        .and_where(id.is_in(stamps.iter().map(|(row, _)| *row)))
        .take();
    txn.execute(&update).await.map(drop)
}

fn sort(order: ReleaseOrder) -> Sort<(release::Entity, release::Column)> {
    use release::Column::{CreateTime, Version};
    let (by, order) = match order {
        ReleaseOrder::CreateTimeDesc => (CreateTime, Order::Desc),
        ReleaseOrder::CreateTimeAsc => (CreateTime, Order::Asc),
        ReleaseOrder::VersionAsc => (Version, Order::Asc),
    };
    Sort { by: (release::Entity, by), order }
}

fn refers(release: &ReleaseRef) -> Condition {
    match release {
        ReleaseRef::Id(id) => Condition::all().add(release::Column::Id.eq(*id)),
        ReleaseRef::Key(key) => has_key(key)
            .add(model::Column::Name.eq(&key.model))
            .add(release::Column::DeleteTime.is_null())
            .add(model::Column::DeleteTime.is_null()),
    }
}

fn has_key(key: &ReleaseKey) -> Condition {
    let ReleaseKey { model: _, version, quantization, platform } = key;
    Condition::all()
        .add(release::Column::Version.eq(version))
        .add(release::Column::Quantization.eq(quantization))
        .add(release::Column::Platform.eq(platform))
}

fn to_model() -> RelationDef {
    release::Entity::belongs_to(model::Entity).from(release::Column::ModelId).to(model::Column::Id).into()
}

/// The columns of a view, joined with the model; the large ones are not even read for the basic view.
fn select(source: &impl Source, view: View) -> Select<release::Entity> {
    use release::Column::{Metadata, ReleaseNotes, Training};
    let query = release::Entity::find().join(JoinType::InnerJoin, to_model());
    let query = match view {
        View::Full => query,
        View::Basic => query
            .select_only()
            .columns(release::Column::iter().filter(|column| !matches!(column, Metadata | ReleaseNotes | Training)))
            .expr_as(Backend::empty_document(source.conn()), "metadata")
            .expr_as(Backend::no_text(source.conn()), "release_notes")
            .expr_as(Backend::no_document(source.conn()), "training"),
    };
    query
        .column_as(model::Column::Name, "model_name")
        .column_as(model::Column::StoragePath, "model_storage_path")
        .column_as(model::Column::Repository, "model_repository")
}

async fn one(source: &impl Source, found: Option<Joined>, release: &ReleaseRef) -> Result<Release, Error> {
    let found = found.ok_or_else(|| Error::not_found(Kind::Release, release))?;
    let mut releases = complete(source, vec![found]).await?;
    releases.pop().ok_or_else(|| Error::bug("a release lost its row"))
}

/// Adds the labels: one statement, however many rows.
async fn complete(source: &impl Source, rows: Vec<Joined>) -> Result<Vec<Release>, Error> {
    let ids: Vec<ReleaseId> = rows.iter().map(|Joined(row, _)| row.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut labels = labels::of_releases(source, &ids).await?;
    let release = |Joined(row, model)| Release { labels: labels.remove(&row.id).unwrap_or_default(), row, model };
    Ok(rows.into_iter().map(release).collect())
}
