//! Artifacts, with what they show of the release or model that they belong to.

pub mod removal;

use super::entity::{artifact, model, release};
use super::page::{Sort, cut, page};
use super::{Source, Tx, filter, inline, visible};
use crate::domain::artifact::{ArtifactContentState, Parent};
use crate::domain::filter::ArtifactFilter;
use crate::domain::model::View;
use crate::domain::name::{ArtifactName, ModelName, Platform, Quantization, Version};
use crate::domain::page::{Cursor, List, SortKey};
use crate::domain::release::ReleaseKey;
use crate::domain::{ArtifactId, ContentId, Error, Kind, ModelId, ReleaseId};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, LockType, OnConflict, Order, Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, Iterable, JoinType,
    PaginatorTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, RelationDef, Select,
};

/// An artifact as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// Its row.
    pub row: artifact::Model,
    /// What it belongs to, as that is called now.
    pub parent: Parent,
}

impl Artifact {
    /// Its place in a list.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { key: SortKey::Time(self.row.create_time), id: self.row.id.uuid() }
    }
}

/// Its name for people: that of what it belongs to, and its own. No model and no release has a `#` in its name.
impl std::fmt::Display for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.parent, self.row.name)
    }
}

impl FromQueryResult for Artifact {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let model: ModelName = row.try_get(prefix, "model_name")?;
        let version: Option<Version> = row.try_get(prefix, "release_version")?;
        let quantization: Option<Quantization> = row.try_get(prefix, "release_quantization")?;
        let platform: Option<Platform> = row.try_get(prefix, "release_platform")?;
        let parent = match (version, quantization, platform) {
            (Some(version), Some(quantization), Some(platform)) => {
                Parent::Release(ReleaseKey { model, version, quantization, platform })
            }
            (None, ..) | (_, None, _) | (.., None) => Parent::Model(model),
        };
        Ok(Self { row: artifact::Model::from_query_result(row, prefix)?, parent })
    }
}

/// Adds an artifact; the database says whether its name or its path is taken.
pub async fn insert(tx: &Tx, new: &Artifact) -> Result<(), Error> {
    let row = new.row.clone().into_active_model().reset_all();
    // Of any of the unique keys, which are over a part of the table each.
    let taken = OnConflict::new().do_nothing().to_owned();
    let inserted = artifact::Entity::insert_many([row]).on_conflict(taken).exec_without_returning(tx.conn()).await?;
    if inserted == 0 { Err(in_the_way(tx, new).await?) } else { Ok(()) }
}

/// Who holds the name or the path of a new artifact. Whoever holds the name belongs to what the caller can see.
async fn in_the_way(tx: &Tx, new: &Artifact) -> Result<Error, Error> {
    use artifact::Column::{DeleteTime, ModelId, Name, ReleaseId};
    let parent = match new.row.release_id {
        Some(release) => ReleaseId.eq(release),
        None => ModelId.eq(new.row.model_id).and(ReleaseId.is_null()),
    };
    let namesake =
        visible::find::<artifact::Entity>(tx).filter(parent).filter(Name.eq(&new.row.name)).filter(DeleteTime.is_null());
    match namesake.one(tx.conn()).await? {
        Some(holder) => {
            let (name, id) = (new.to_string(), holder.id.to_string());
            Ok(Error::Exists { kind: Kind::Artifact, name, id, deleted: false })
        }
        None => path_taken(tx, &new.row).await,
    }
}

/// The refusal of a path that another live artifact has. Of one that the caller cannot see, that it is there must be told and
/// nothing else is.
async fn path_taken(source: &impl Source, wanted: &artifact::Model) -> Result<Error, Error> {
    use artifact::Column::{DeleteTime, FilePathHash, Id};
    let holder = visible::find::<artifact::Entity>(source)
        .filter(FilePathHash.eq(wanted.file_path_hash.clone()))
        .filter(DeleteTime.is_null())
        .filter(Id.ne(wanted.id));
    let holder = holder.select_only().column(Id).into_tuple::<ArtifactId>().one(source.conn()).await?;
    let (name, id) = (wanted.file_path.to_string(), holder.map(|id| id.to_string()).unwrap_or_default());
    Ok(Error::Exists { kind: Kind::Artifact, name, id, deleted: false })
}

/// Any live artifact but the one that the query around it looks at that has a path with this hash. It is a condition: nothing of
/// that artifact gets out.
fn other_with_path(hash: SimpleExpr) -> SelectStatement {
    use artifact::Column::{DeleteTime, FilePathHash, Id};
    Query::select()
        .expr(Expr::val(1))
        .from_as(artifact::Entity, "other")
        .and_where(Expr::col(("other", FilePathHash)).eq(hash))
        .and_where(Expr::col(("other", DeleteTime)).is_null())
        .and_where(Expr::col(("other", Id)).ne(Expr::col((artifact::Entity, Id))))
        .take()
}

/// The live artifact of this name, directly in a release or, without one, in a model.
pub async fn namesake(
    source: &impl Source,
    (model, release): (ModelId, Option<ReleaseId>),
    name: &ArtifactName,
) -> Result<Option<ArtifactId>, Error> {
    use artifact::Column::{DeleteTime, Id, ModelId, Name, ReleaseId};
    let parent = match release {
        Some(release) => ReleaseId.eq(release),
        None => ModelId.eq(model).and(ReleaseId.is_null()),
    };
    let query = visible::find::<artifact::Entity>(source).filter(parent).filter(Name.eq(name)).filter(DeleteTime.is_null());
    Ok(query.select_only().column(Id).into_tuple().one(source.conn()).await?)
}

/// Whether any artifact, live or not, has these bytes.
pub async fn has_content(source: &impl Source, id: ContentId) -> Result<bool, Error> {
    let query = visible::find::<artifact::Entity>(source).filter(artifact::Column::ContentId.eq(id));
    Ok(query.count(source.conn()).await? > 0)
}

/// Says of all artifacts that have these bytes what is known of them. Gives what the live ones are now. What is soft-deleted knows it
/// too and keeps its revision: by that it is found when what it was deleted with comes back.
pub async fn content_is(tx: &Tx, id: ContentId, state: ArtifactContentState) -> Result<Vec<Artifact>, Error> {
    use artifact::Column;
    let revision = CaseStatement::new().case(Column::DeleteTime.is_null(), tx.revision()).finally(Expr::col(Column::Revision));
    let update = artifact::Entity::update_many()
        .col_expr(Column::ContentState, Expr::val(state.as_str()))
        .col_expr(Column::Revision, revision.into())
        .filter(Column::ContentId.eq(id));
    update.exec(tx.conn()).await?;
    let live = Condition::all().add(Column::ContentId.eq(id)).add(Column::DeleteTime.is_null());
    let query = select(tx, View::Basic).filter(live).order_by_asc(Column::Id);
    Ok(query.into_model().all(tx.conn()).await?)
}

/// Writes a changed row. It must have been read with [`lock`] in the same transaction. All who write wait for each other, so
/// nobody takes a path between the look and the change.
pub async fn update(tx: &Tx, row: &artifact::Model) -> Result<(), Error> {
    let hash = Expr::val(row.file_path_hash.clone());
    let taken = by_id(tx, row.id).filter(Expr::exists(other_with_path(hash)));
    if taken.count(tx.conn()).await? > 0 {
        return Err(path_taken(tx, row).await?);
    }
    row.clone().into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

fn by_id(source: &impl Source, id: ArtifactId) -> Select<artifact::Entity> {
    visible::find::<artifact::Entity>(source).filter(artifact::Column::Id.eq(id))
}

/// One artifact, live or not.
pub async fn get(source: &impl Source, id: ArtifactId) -> Result<Artifact, Error> {
    let found = select(source, View::Full).filter(artifact::Column::Id.eq(id)).into_model().one(source.conn()).await?;
    found.ok_or_else(|| Error::not_found(Kind::Artifact, id))
}

/// One artifact, live or not, locked until the end of the transaction.
pub async fn lock(tx: &Tx, id: ArtifactId) -> Result<Artifact, Error> {
    let mut query = select(tx, View::Full).filter(artifact::Column::Id.eq(id));
    QuerySelect::query(&mut query).lock_with_tables(LockType::Update, [artifact::Entity]);
    query.into_model().one(tx.conn()).await?.ok_or_else(|| Error::not_found(Kind::Artifact, id))
}

/// Of which model, be it through its releases, and of which release.
pub type Of = (Option<ModelId>, Option<ReleaseId>);

/// One page, the newest first; whether there is more; how many in all if asked.
pub async fn list(
    source: &impl Source,
    (model, release): Of,
    list: &List<ArtifactFilter, ()>,
) -> Result<(Vec<Artifact>, bool, Option<i64>), Error> {
    let mut matching = Condition::all()
        .add(filter::artifacts(&list.filter))
        .add_option(model.map(|id| artifact::Column::ModelId.eq(id)))
        .add_option(release.map(|id| artifact::Column::ReleaseId.eq(id)));
    if !list.show_deleted {
        matching = matching.add(artifact::Column::DeleteTime.is_null());
    }
    let total = match list.include_total {
        true => Some(visible::find::<artifact::Entity>(source).filter(matching.clone()).count(source.conn()).await?),
        false => None,
    };
    let query = select(source, list.view).filter(matching);
    let after = list.resume.as_ref().map(|resume| &resume.after);
    let newest = Sort { by: (artifact::Entity, artifact::Column::CreateTime), order: Order::Desc };
    let query = page(query, newest, (artifact::Entity, artifact::Column::Id), after, list.size.rows());
    let (rows, more) = cut(query.into_model().all(source.conn()).await?, list.size.rows());
    Ok((rows, more, total.map(|total| i64::try_from(total).unwrap_or(i64::MAX))))
}

/// How many live artifacts a row of releases has, among its columns.
pub(super) fn count_of_release() -> SimpleExpr {
    let its = inline::its_own(artifact::Column::ReleaseId, (release::Entity, release::Column::Id));
    inline::count(artifact::Column::Id, Condition::all().add(its).add(artifact::Column::DeleteTime.is_null()))
}

fn to_model() -> RelationDef {
    artifact::Entity::belongs_to(model::Entity).from(artifact::Column::ModelId).to(model::Column::Id).into()
}

fn to_release() -> RelationDef {
    artifact::Entity::belongs_to(release::Entity).from(artifact::Column::ReleaseId).to(release::Column::Id).into()
}

/// The columns of a view, joined with what the artifact belongs to; the document is not even read for the basic view.
pub(super) fn select(source: &impl Source, view: View) -> Select<artifact::Entity> {
    let query = joined(visible::find::<artifact::Entity>(source));
    let query = match view {
        View::Full => query,
        View::Basic => query
            .select_only()
            .columns(artifact::Column::iter().filter(|column| !matches!(column, artifact::Column::Metadata)))
            .expr_as(Expr::cust("'{}'"), "metadata"),
    };
    query
        .column_as(model::Column::Name, "model_name")
        .column_as(release::Column::Version, "release_version")
        .column_as(release::Column::Quantization, "release_quantization")
        .column_as(release::Column::Platform, "release_platform")
}

/// With the model, and with the release if there is one.
fn joined(query: Select<artifact::Entity>) -> Select<artifact::Entity> {
    query.join(JoinType::InnerJoin, to_model()).join(JoinType::LeftJoin, to_release())
}
