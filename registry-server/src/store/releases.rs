//! Releases, with their labels and what they show of their model.

use super::entity::{model, release};
use super::page::{Sort, cut, page};
use super::{Source, Tx, aliases, artifacts, deployments, filter, inline, labels, visible};
use crate::domain::filter::ReleaseFilter;
use crate::domain::model::{Labels, View};
use crate::domain::name::{AliasName, ModelName, StoragePath};
use crate::domain::page::{Cursor, List, SortKey};
use crate::domain::release::{ReleaseKey, ReleaseOrder, ReleaseRef};
use crate::domain::{Error, Kind, ModelId, ReleaseId};
use sea_orm::sea_query::{Expr, LockType, OnConflict, Order};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, Iterable,
    JoinType, PaginatorTrait, QueryFilter, QueryResult, QuerySelect, RelationDef, Select,
};
use std::collections::{BTreeSet, HashMap, HashSet};

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
    /// The aliases that point to it, by name.
    pub aliases: Vec<AliasName>,
    /// How many live artifacts it has, if that was asked for.
    pub artifact_count: Option<i64>,
    /// How many deployments of it are live, if that was asked for.
    pub live_deployment_count: Option<i64>,
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

fn key(model: &ModelName, row: &release::Model) -> ReleaseKey {
    ReleaseKey {
        model: model.clone(),
        version: row.version.clone(),
        quantization: row.quantization.clone(),
        platform: row.platform.clone(),
    }
}

impl FromQueryResult for Release {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let model = OfModel {
            name: row.try_get(prefix, "model_name")?,
            storage_path: row.try_get(prefix, "model_storage_path")?,
            repository: row.try_get(prefix, "model_repository")?,
        };
        let labels = inline::decode(row, prefix, "labels")?;
        let aliases = aliases::decode(row, prefix, "aliases")?;
        let artifact_count = row.try_get(prefix, "artifact_count")?;
        let live_deployment_count = row.try_get(prefix, "live_deployment_count")?;
        let row = release::Model::from_query_result(row, prefix)?;
        // Those of a deleted model are out of sight, though they point to its releases still.
        let aliases = if row.delete_time.is_none() { aliases } else { Vec::new() };
        Ok(Self { row, model, labels, aliases, artifact_count, live_deployment_count })
    }
}

/// Adds releases; the database says whether a key is taken.
pub async fn insert(tx: &Tx, new: &[Release]) -> Result<(), Error> {
    use release::Column::{ModelId, Platform, Quantization, Version};
    let rows = new.iter().map(|release| release.row.clone().into_active_model().reset_all());
    let taken = OnConflict::columns([ModelId, Version, Quantization, Platform]).do_nothing().to_owned();
    let inserted = release::Entity::insert_many(rows).on_conflict(taken).exec_without_returning(tx.conn()).await?;
    if usize::try_from(inserted).is_ok_and(|inserted| inserted < new.len()) {
        return Err(taken_key(tx, new).await?);
    }
    labels::put_releases(tx, new.iter().map(|release| (release.row.id, &release.labels))).await
}

/// Who holds the first key that is taken.
async fn taken_key(tx: &Tx, new: &[Release]) -> Result<Error, Error> {
    let of_model = |new: &Release| has_key(&new.key()).add(release::Column::ModelId.eq(new.row.model_id));
    let any = new.iter().fold(Condition::any(), |any, new| any.add(of_model(new)));
    let holders = visible::find::<release::Entity>(tx).filter(any).all(tx.conn()).await?;
    let same = |holder: &release::Model, new: &release::Model| {
        let key = |row: &release::Model| (row.model_id, row.version.clone(), row.quantization.clone(), row.platform.clone());
        key(holder) == key(new) && holder.id != new.id
    };
    let taken = |new: &Release| holders.iter().find(|holder| same(holder, &new.row)).map(|holder| (new.key(), holder));
    let (key, holder) = new.iter().find_map(taken).ok_or_else(|| Error::bug("a key is taken by nobody"))?;
    let (name, id) = (key.to_string(), holder.id.to_string());
    Ok(Error::Exists { kind: Kind::Release, name, id, deleted: holder.delete_time.is_some() })
}

/// Those of these ids that are no release, live or not.
pub async fn missing(source: &impl Source, ids: &BTreeSet<ReleaseId>) -> Result<Vec<ReleaseId>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = visible::find::<release::Entity>(source).filter(release::Column::Id.is_in(ids.iter().copied()));
    let found: Vec<ReleaseId> = query.select_only().column(release::Column::Id).into_tuple().all(source.conn()).await?;
    Ok(ids.iter().filter(|id| !found.contains(id)).copied().collect())
}

/// Writes a changed row. It must have been read with [`lock`] in the same transaction.
pub async fn update(tx: &Tx, row: &release::Model) -> Result<(), Error> {
    row.clone().into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Replaces the labels.
pub async fn replace_labels(tx: &Tx, id: ReleaseId, labels: &Labels) -> Result<(), Error> {
    labels::clear_releases(tx, &[id]).await?;
    labels::put_releases(tx, [(id, labels)].into_iter()).await
}

/// One release. By id it may be soft-deleted, by its key it is live.
pub async fn get(source: &impl Source, release: &ReleaseRef, view: View) -> Result<Release, Error> {
    let found = select(source, view).filter(refers(release)).into_model().one(source.conn()).await?;
    found.ok_or_else(|| Error::not_found(Kind::Release, release))
}

/// Many releases, in the order asked for; all of them or an error that names the first missing one.
pub async fn get_many(source: &impl Source, wanted: &[ReleaseRef], view: View) -> Result<Vec<Release>, Error> {
    let any = wanted.iter().fold(Condition::any(), |any, release| any.add(refers(release)));
    let found: Vec<Release> = select(source, view).filter(any).into_model().all(source.conn()).await?;
    let mut by_ref: HashMap<ReleaseRef, &Release> = HashMap::new();
    for release in &found {
        by_ref.insert(ReleaseRef::Id(release.row.id), release);
        if release.row.delete_time.is_none() {
            by_ref.insert(ReleaseRef::Key(release.key()), release);
        }
    }
    let find = |release: &ReleaseRef| {
        by_ref.get(release).map(|&found| found.clone()).ok_or_else(|| Error::not_found(Kind::Release, release))
    };
    wanted.iter().map(find).collect()
}

/// Those of these releases that there are, live or not, by one statement.
pub async fn get_any(source: &impl Source, ids: &HashSet<ReleaseId>, view: View) -> Result<HashMap<ReleaseId, Release>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let these = select(source, view).filter(release::Column::Id.is_in(ids.iter().copied()));
    let found: Vec<Release> = these.into_model().all(source.conn()).await?;
    Ok(found.into_iter().map(|release| (release.row.id, release)).collect())
}

/// The id of a release; of a soft-deleted one only by that id.
pub async fn get_id(source: &impl Source, release: &ReleaseRef) -> Result<ReleaseId, Error> {
    let query = visible::find::<release::Entity>(source).join(JoinType::InnerJoin, to_model()).filter(refers(release));
    let id = query.select_only().column(release::Column::Id).into_tuple().one(source.conn()).await?;
    id.ok_or_else(|| Error::not_found(Kind::Release, release))
}

/// One release, locked until the end of the transaction. Soft-deleted ones only by id.
pub async fn lock(tx: &Tx, release: &ReleaseRef) -> Result<Release, Error> {
    locked(tx, release, refers(release), View::Full).await
}

/// The same for who adds something below it. Nothing is counted, and it must not be written: it is not read as a whole.
pub async fn lock_parent(tx: &Tx, release: &ReleaseRef) -> Result<Release, Error> {
    locked(tx, release, refers(release), View::Basic).await
}

/// One release, live or not, whether by id or by key, locked until the end of the transaction.
pub async fn lock_any(tx: &Tx, release: &ReleaseRef) -> Result<Release, Error> {
    let refers = match release {
        ReleaseRef::Id(id) => Condition::all().add(release::Column::Id.eq(*id)),
        ReleaseRef::Key(key) => has_key(key).add(model::Column::Name.eq(&key.model)),
    };
    locked(tx, release, refers, View::Full).await
}

async fn locked(tx: &Tx, release: &ReleaseRef, refers: Condition, view: View) -> Result<Release, Error> {
    let mut query = select(tx, view).filter(refers);
    QuerySelect::query(&mut query).lock_with_tables(LockType::Update, [release::Entity]);
    query.into_model().one(tx.conn()).await?.ok_or_else(|| Error::not_found(Kind::Release, release))
}

/// One page, sorted and filtered; whether there is more; how many in all if asked.
pub async fn list(
    source: &impl Source,
    model: Option<ModelId>,
    list: &List<ReleaseFilter, ReleaseOrder>,
) -> Result<(Vec<Release>, bool, Option<i64>), Error> {
    let mut matching = Condition::all().add(filter::releases(source.conn().get_database_backend(), &list.filter));
    matching = matching.add_option(model.map(|id| release::Column::ModelId.eq(id)));
    if !list.show_deleted {
        matching = matching.add(release::Column::DeleteTime.is_null());
    }
    let total = match list.include_total {
        true => Some(
            visible::find::<release::Entity>(source)
                .join(JoinType::InnerJoin, to_model())
                .filter(matching.clone())
                .count(source.conn())
                .await?,
        ),
        false => None,
    };
    let query = select(source, list.view).filter(matching);
    let after = list.resume.as_ref().map(|resume| &resume.after);
    let query = page(query, sort(list.order), (release::Entity, release::Column::Id), after, list.size.rows());
    let (rows, more) = cut(query.into_model().all(source.conn()).await?, list.size.rows());
    Ok((rows, more, total.map(|total| i64::try_from(total).unwrap_or(i64::MAX))))
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

pub(super) fn to_model() -> RelationDef {
    release::Entity::belongs_to(model::Entity).from(release::Column::ModelId).to(model::Column::Id).into()
}

/// The columns of a view, joined with the model, and what the releases have in other tables: all by one statement. The large columns
/// are not even read for the basic view.
pub(super) fn select(source: &impl Source, view: View) -> Select<release::Entity> {
    use release::Column::{Metadata, ReleaseNotes, Training};
    let dialect = source.conn().get_database_backend();
    let query = visible::find::<release::Entity>(source).join(JoinType::InnerJoin, to_model());
    let query = match view {
        View::Full => query
            .expr_as(artifacts::count_of_release(), "artifact_count")
            .expr_as(deployments::live_count(), "live_deployment_count"),
        View::Basic => query
            .select_only()
            .columns(release::Column::iter().filter(|column| !matches!(column, Metadata | ReleaseNotes | Training)))
            .expr_as(Expr::cust("'{}'"), "metadata")
            .expr_as(Expr::cust("NULL"), "release_notes")
            .expr_as(Expr::cust("NULL"), "training")
            .expr_as(Expr::cust("NULL"), "artifact_count")
            .expr_as(Expr::cust("NULL"), "live_deployment_count"),
    };
    query
        .column_as(model::Column::Name, "model_name")
        .column_as(model::Column::StoragePath, "model_storage_path")
        .column_as(model::Column::Repository, "model_repository")
        .expr_as(labels::of_release(dialect), "labels")
        .expr_as(aliases::names_of_release(dialect), "aliases")
}
