//! Aliases, and every move of every alias.

use super::entity::{alias, alias_move, model, release};
use super::{Source, Tx, inline, rows, visible, wanted};
use crate::domain::name::{AliasName, ModelName};
use crate::domain::page::{Cursor, PageSize, SortKey};
use crate::domain::{Error, ModelId, ReleaseId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition, Query, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DbBackend, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, JoinType,
    PaginatorTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, RelationDef, Select,
};
use std::collections::HashMap;
use uuid::Uuid;

/// An alias as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Its row.
    pub row: alias::Model,
    /// The name of its model.
    pub model: ModelName,
}

impl std::fmt::Display for Alias {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.model, self.row.alias)
    }
}

/// Stands between the model and the alias in a cursor: neither can hold it.
const BETWEEN: char = '\0';

impl Alias {
    /// Its place in a list.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { key: SortKey::Text(format!("{}{BETWEEN}{}", self.model, self.row.alias)), id: Uuid::nil() }
    }
}

impl FromQueryResult for Alias {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self { row: alias::Model::from_query_result(row, prefix)?, model: row.try_get(prefix, "model_name")? })
    }
}

/// The place of a move in the history of its alias.
#[must_use]
pub fn cursor(moved: &alias_move::Model) -> Cursor {
    Cursor { key: SortKey::Time(moved.move_time), id: Uuid::nil() }
}

/// The alias of a model, if it is there.
///
/// # Errors
/// Those of the database.
pub async fn find(source: &impl Source, model: ModelId, alias: &AliasName) -> Result<Option<Alias>, Error> {
    let query = select(source).filter(alias::Column::ModelId.eq(model)).filter(alias::Column::Alias.eq(alias));
    Ok(query.into_model().one(source.conn()).await?)
}

/// The aliases that point to a release, by name.
///
/// # Errors
/// Those of the database.
pub async fn of_release(source: &impl Source, release: ReleaseId) -> Result<Vec<Alias>, Error> {
    let query = select(source).filter(alias::Column::ReleaseId.eq(release)).order_by_asc(alias::Column::Alias);
    Ok(query.into_model().all(source.conn()).await?)
}

/// The names of the aliases that point to a row of releases, among its columns.
pub(super) fn names_of_release(dialect: DbBackend) -> SimpleExpr {
    let its = inline::its_own(alias::Column::ReleaseId, (release::Entity, release::Column::Id));
    inline::values(dialect, alias::Column::Alias, its)
}

/// What that has found, by name.
pub(super) fn decode(row: &QueryResult, prefix: &str, name: &str) -> Result<Vec<AliasName>, DbErr> {
    let mut names: Vec<String> = inline::decode(row, prefix, name)?;
    names.sort_unstable();
    names.iter().map(|alias| alias.parse().map_err(|_| DbErr::Type(format!("{name}: no alias")))).collect()
}

/// One page of the aliases of live models, by the name of the model and the alias; whether there is more.
///
/// # Errors
/// Those of the database.
pub async fn list(
    source: &impl Source,
    model: Option<ModelId>,
    release: Option<ReleaseId>,
    after: Option<&Cursor>,
    size: PageSize,
) -> Result<(Vec<Alias>, bool), Error> {
    let mut query = select(source).filter(model::Column::DeleteTime.is_null());
    if let Some(model) = model {
        query = query.filter(alias::Column::ModelId.eq(model));
    }
    if let Some(release) = release {
        query = query.filter(alias::Column::ReleaseId.eq(release));
    }
    if let Some((model, alias)) = after.and_then(split) {
        let place =
            Expr::tuple([Expr::col((model::Entity, model::Column::Name)), Expr::col((alias::Entity, alias::Column::Alias))]);
        query = query.filter(place.gt(Expr::tuple([Expr::val(model), Expr::val(alias)])));
    }
    let query = query.order_by_asc(model::Column::Name).order_by_asc(alias::Column::Alias);
    let rows = query.limit(one_more(size)).into_model().all(source.conn()).await?;
    Ok(super::page::cut(rows, size.rows()))
}

fn split(cursor: &Cursor) -> Option<(String, String)> {
    let SortKey::Text(text) = &cursor.key else { return None };
    text.split_once(BETWEEN).map(|(model, alias)| (model.to_owned(), alias.to_owned()))
}

fn one_more(size: PageSize) -> u64 {
    u64::try_from(size.rows()).unwrap_or(u64::MAX).saturating_add(1)
}

/// One page of the moves of an alias, newest first; whether there is more.
///
/// # Errors
/// Those of the database.
pub async fn history(
    source: &impl Source,
    model: ModelId,
    alias: &AliasName,
    after: Option<&Cursor>,
    size: PageSize,
) -> Result<(Vec<alias_move::Model>, bool), Error> {
    let mut query = moves_of(source, model, alias);
    if let Some(Cursor { key: SortKey::Time(time), .. }) = after {
        query = query.filter(alias_move::Column::MoveTime.lt(*time));
    }
    let rows = query.limit(one_more(size)).all(source.conn()).await?;
    Ok(super::page::cut(rows, size.rows()))
}

/// The last move of an alias that was made by `time`.
///
/// # Errors
/// Those of the database.
pub async fn last_move(
    source: &impl Source,
    model: ModelId,
    alias: &AliasName,
    by: Option<Timestamp>,
) -> Result<Option<alias_move::Model>, Error> {
    let mut query = moves_of(source, model, alias);
    if let Some(time) = by {
        query = query.filter(alias_move::Column::MoveTime.lte(time));
    }
    Ok(query.one(source.conn()).await?)
}

/// Those of these aliases of models that are there, by one statement.
///
/// # Errors
/// Those of the database.
pub async fn find_many(source: &impl Source, wanted: &[(ModelId, &AliasName)]) -> Result<Vec<Alias>, Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let [model, name] = wanted::columns();
    let on = Condition::all()
        .add(Expr::col((alias::Entity, alias::Column::ModelId)).eq(model))
        .add(Expr::col((alias::Entity, alias::Column::Alias)).eq(name));
    let rows = wanted.iter().map(|(model, alias)| [(*model).into(), alias.as_str().into()]).collect();
    Ok(wanted::join(select(source), rows, on).into_model().all(source.conn()).await?)
}

/// Those of these aliases of models that were there at a time, as they were, for each place: by two statements.
///
/// # Errors
/// Those of the database.
pub async fn find_many_at(source: &impl Source, wanted: &[At<'_>]) -> Result<Vec<(i64, Alias)>, Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let created: HashMap<i64, Timestamp> = last_moves(source, wanted, alias_move::Column::FromReleaseId.is_null())
        .await?
        .into_iter()
        .map(|Moved { place, row, .. }| (place, row.move_time))
        .collect();
    let last = last_moves(source, wanted, Condition::all()).await?;
    Ok(last.into_iter().filter_map(|moved| moved.was(&created)).collect())
}

/// An alias of a model at a time, and the place that it is for.
pub type At<'a> = (i64, ModelId, &'a AliasName, Timestamp);

/// A move of an alias of which more is known.
struct Moved {
    place: i64,
    row: alias_move::Model,
    model: ModelName,
}

impl FromQueryResult for Moved {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let (place, model) = (row.try_get(prefix, "place")?, row.try_get(prefix, "model_name")?);
        Ok(Self { place, row: alias_move::Model::from_query_result(row, prefix)?, model })
    }
}

impl Moved {
    /// What the alias was after this move, if it was there; `created` knows when.
    fn was(self, created: &HashMap<i64, Timestamp>) -> Option<(i64, Alias)> {
        let Self { place, row, model } = self;
        let alias_move::Model { model_id, alias, revision, move_time, moved_by, from_release_id, to_release_id, reason: _ } = row;
        let row = alias::Model {
            model_id,
            alias,
            release_id: to_release_id?,
            previous_release_id: from_release_id,
            create_time: created.get(&place).copied().unwrap_or(move_time),
            update_time: move_time,
            updated_by: moved_by,
            revision,
        };
        Some((place, Alias { row, model }))
    }
}

/// The last of such moves that was made by each of the times. Times of the moves of an alias are strictly ascending.
async fn last_moves(source: &impl Source, wanted: &[At<'_>], such: impl IntoCondition + Clone) -> Result<Vec<Moved>, Error> {
    use alias_move::Column::{Alias, ModelId, MoveTime};
    let col = |column| Expr::col((alias_move::Entity, column));
    let [place, model, name, time] = wanted::columns();
    // Of the same names as the table around it, which it does not look at.
    let last = Query::select()
        .expr(Expr::col(MoveTime).max())
        .from(alias_move::Entity)
        .and_where(col(ModelId).eq(model.clone()))
        .and_where(col(Alias).eq(name.clone()))
        .and_where(col(MoveTime).lte(time))
        .cond_where(such.into_condition())
        .take();
    let on = Condition::all().add(col(ModelId).eq(model)).add(col(Alias).eq(name)).add(col(MoveTime).eq(SimpleExpr::from(last)));
    let of_model: RelationDef = alias_move::Entity::belongs_to(model::Entity).from(ModelId).to(model::Column::Id).into();
    let rows = wanted
        .iter()
        .map(|(place, model, alias, time)| [(*place).into(), (*model).into(), alias.as_str().into(), (*time).into()]);
    let query = wanted::join(visible::find::<alias_move::Entity>(source), rows.collect(), on)
        .join(JoinType::InnerJoin, of_model)
        .expr_as(place, "place")
        .column_as(model::Column::Name, "model_name");
    Ok(query.into_model().all(source.conn()).await?)
}

fn moves_of(source: &impl Source, model: ModelId, alias: &AliasName) -> Select<alias_move::Entity> {
    visible::find::<alias_move::Entity>(source)
        .filter(alias_move::Column::ModelId.eq(model))
        .filter(alias_move::Column::Alias.eq(alias))
        .order_by_desc(alias_move::Column::MoveTime)
}

/// Writes an alias as it is now.
///
/// # Errors
/// Those of the database.
pub async fn put(tx: &Tx, alias: &alias::Model, is_new: bool) -> Result<(), Error> {
    let row = alias.clone().into_active_model().reset_all();
    if is_new {
        alias::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    } else {
        row.update(tx.conn()).await?;
    }
    Ok(())
}

/// How many aliases a model has.
///
/// # Errors
/// Those of the database.
pub async fn count(source: &impl Source, model: ModelId) -> Result<u64, Error> {
    Ok(visible::find::<alias::Entity>(source).filter(alias::Column::ModelId.eq(model)).count(source.conn()).await?)
}

/// When each of these aliases of a model was last moved, if it ever was; by one statement.
///
/// # Errors
/// Those of the database.
pub async fn last_times(
    source: &impl Source,
    model: ModelId,
    aliases: &[&AliasName],
) -> Result<HashMap<AliasName, Timestamp>, Error> {
    let last = visible::find::<alias_move::Entity>(source)
        .select_only()
        .column(alias_move::Column::Alias)
        .column_as(alias_move::Column::MoveTime.max(), "last")
        .filter(alias_move::Column::ModelId.eq(model))
        .filter(alias_move::Column::Alias.is_in(aliases.iter().map(|alias| alias.as_str())))
        .group_by(alias_move::Column::Alias);
    Ok(last.into_tuple::<(AliasName, Timestamp)>().all(source.conn()).await?.into_iter().collect())
}

/// Removes aliases of a model; their history stays.
///
/// # Errors
/// Those of the database.
pub async fn remove(tx: &Tx, model: ModelId, aliases: &[&AliasName]) -> Result<(), Error> {
    let these = alias::Column::Alias.is_in(aliases.iter().map(|alias| alias.as_str()));
    alias::Entity::delete_many().filter(alias::Column::ModelId.eq(model)).filter(these).exec(tx.conn()).await?;
    Ok(())
}

/// Appends moves to the history of aliases.
///
/// # Errors
/// Those of the database.
pub async fn log(tx: &Tx, moves: Vec<alias_move::Model>) -> Result<(), Error> {
    Ok(rows::insert::<alias_move::ActiveModel, _>(tx.conn(), moves).await?)
}

/// Removes the aliases of a model: before its releases, to which they point. Gives what they were.
///
/// # Errors
/// Those of the database.
pub async fn purge(tx: &Tx, model: ModelId) -> Result<Vec<Alias>, Error> {
    let of_it = select(tx).filter(alias::Column::ModelId.eq(model)).order_by_asc(alias::Column::Alias);
    let gone = of_it.into_model().all(tx.conn()).await?;
    alias::Entity::delete_many().filter(alias::Column::ModelId.eq(model)).exec(tx.conn()).await?;
    Ok(gone)
}

/// Removes the history of the aliases of a model.
pub(super) async fn purge_history(tx: &Tx, model: ModelId) -> Result<(), Error> {
    alias_move::Entity::delete_many().filter(alias_move::Column::ModelId.eq(model)).exec(tx.conn()).await?;
    Ok(())
}

fn to_model() -> RelationDef {
    alias::Entity::belongs_to(model::Entity).from(alias::Column::ModelId).to(model::Column::Id).into()
}

pub(super) fn select(source: &impl Source) -> Select<alias::Entity> {
    visible::find::<alias::Entity>(source).join(JoinType::InnerJoin, to_model()).column_as(model::Column::Name, "model_name")
}
