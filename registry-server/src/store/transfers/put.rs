//! Writing what an import brings: rows of one kind by one statement, over those that have their id.
//!
//! Who has the right to write has seen that nobody else has a key of them, and nobody writes meanwhile.

use super::{Item, Which, aliases_where, artifacts_where, deployments_where, models_where, releases_where};
use crate::domain::model::{Labels, View};
use crate::domain::{ContentId, Error, ModelId, ReleaseId, Timestamp};
use crate::store::aliases::Alias;
use crate::store::artifacts::Artifact;
use crate::store::deployments::Deployment;
use crate::store::entity::{alias, alias_move, artifact, audit_entry, content, deployment, model, model_tag, release};
use crate::store::models::Model;
use crate::store::{Source, Tx, labels, rows};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, Iterable, QueryFilter};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be written. Of one id there is one row.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Rows {
    pub models: Vec<Model>,
    pub releases: Vec<(release::Model, Labels)>,
    pub aliases: Vec<alias::Model>,
    pub moves: Vec<alias_move::Model>,
    pub contents: Vec<content::Model>,
    pub artifacts: Vec<artifact::Model>,
    pub deployments: Vec<deployment::Model>,
    pub entries: Vec<audit_entry::Model>,
    /// The greatest number that a release of a model has.
    pub numbers: BTreeMap<ModelId, i64>,
}

/// Writes all of them.
///
/// # Errors
/// Those of the database.
pub async fn all(tx: &Tx, rows: Rows) -> Result<(), Error> {
    let Rows { models, releases, aliases, moves, contents, artifacts, deployments, entries, numbers } = rows;
    put_models(tx, &models).await?;
    put_releases(tx, &releases).await?;
    count_releases(tx, &numbers).await?;
    over(tx, aliases, [alias::Column::ModelId, alias::Column::Alias]).await?;
    rows::insert::<alias_move::ActiveModel, _>(tx.conn(), moves).await?;
    rows::insert::<content::ActiveModel, _>(tx.conn(), contents).await?;
    keep_contents(tx, &artifacts).await?;
    over(tx, artifacts, [artifact::Column::Id]).await?;
    over(tx, deployments, [deployment::Column::Id]).await?;
    Ok(rows::insert::<audit_entry::ActiveModel, _>(tx.conn(), entries).await?)
}

async fn put_models(tx: &Tx, models: &[Model]) -> Result<(), Error> {
    let ids: Vec<ModelId> = models.iter().map(|model| model.row.id).collect();
    over(tx, models.iter().map(|model| model.row.clone()).collect(), [model::Column::Id]).await?;
    let tags = model_tag::Column::ModelId.is_in(ids.iter().copied());
    model_tag::Entity::delete_many().filter(tags).exec(tx.conn()).await?;
    labels::clear_models(tx, &ids).await?;
    crate::store::models::put_tags(tx, models.iter().map(|model| (model.row.id, &model.tags))).await?;
    labels::put_models(tx, models.iter().map(|model| (model.row.id, &model.labels))).await
}

async fn put_releases(tx: &Tx, releases: &[(release::Model, Labels)]) -> Result<(), Error> {
    let ids: Vec<ReleaseId> = releases.iter().map(|(row, _)| row.id).collect();
    over(tx, releases.iter().map(|(row, _)| row.clone()).collect(), [release::Column::Id]).await?;
    labels::clear_releases(tx, &ids).await?;
    labels::put_releases(tx, releases.iter().map(|(row, labels)| (row.id, labels))).await
}

/// The next release of a model gets a greater number than every one that it has, or had.
async fn count_releases(tx: &Tx, numbers: &BTreeMap<ModelId, i64>) -> Result<(), Error> {
    if numbers.is_empty() {
        return Ok(());
    }
    use model::Column::{Id, LastReleaseNumber};
    let greatest = numbers.iter().fold(CaseStatement::new(), |case, (id, number)| case.case(Id.eq(*id), Expr::val(*number)));
    let update = model::Entity::update_many()
        .col_expr(LastReleaseNumber, Expr::expr(greatest.finally(Expr::col(LastReleaseNumber))))
        .filter(Id.is_in(numbers.keys().copied()));
    update.exec(tx.conn()).await?;
    Ok(())
}

/// Bytes that belonged to nothing belong to something again.
async fn keep_contents(tx: &Tx, artifacts: &[artifact::Model]) -> Result<(), Error> {
    let held: BTreeSet<_> = artifacts.iter().filter_map(|row| row.content_id.map(ContentId::uuid)).collect();
    let kept = content::Entity::update_many()
        .col_expr(content::Column::OrphanTime, Expr::val(None::<Timestamp>))
        .filter(content::Column::Id.is_in(held));
    kept.exec(tx.conn()).await?;
    Ok(())
}

/// Rows of one table, each over the one that has its primary key.
async fn over<A, M, C, const N: usize>(tx: &Tx, rows: Vec<M>, key: [C; N]) -> Result<(), Error>
where
    A: ActiveModelTrait + Send,
    A::Entity: EntityTrait<Column = C>,
    M: IntoActiveModel<A>,
    C: ColumnTrait + Iterable,
{
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<A> = rows.into_iter().map(|row| row.into_active_model().reset_all()).collect();
    let others = C::iter().filter(|column| !key.iter().any(|key| key.as_str() == column.as_str()));
    let replaced = OnConflict::columns(key).update_columns(others).to_owned();
    A::Entity::insert_many(rows).on_conflict(replaced).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The ids of what was written, for what history is to tell of it.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Ids {
    pub models: BTreeSet<uuid::Uuid>,
    pub releases: BTreeSet<uuid::Uuid>,
    pub aliases_of: BTreeSet<uuid::Uuid>,
    pub aliases: BTreeSet<String>,
    pub artifacts: BTreeSet<uuid::Uuid>,
    pub deployments: BTreeSet<uuid::Uuid>,
}

/// What was written, as it is now, with what it shows of others.
///
/// # Errors
/// Those of the database.
pub async fn written(tx: &Tx, ids: &Ids) -> Result<Vec<Item>, Error> {
    let Ids { models, releases, aliases_of, aliases, artifacts, deployments } = ids;
    let is = |meets| Which { meets: Condition::all().add(meets), most: None };
    let mut items = Vec::new();
    if !models.is_empty() {
        let found = models_where(tx, is(model::Column::Id.is_in(models.iter().copied())), View::Basic).await?;
        items.extend(found.into_iter().map(|row| Item::Model(Box::new(row))));
    }
    if !releases.is_empty() {
        let found = releases_where(tx, is(release::Column::Id.is_in(releases.iter().copied())), View::Basic).await?;
        items.extend(found.into_iter().map(|row| Item::Release(Box::new(row))));
    }
    if !aliases.is_empty() {
        let names = alias::Column::Alias.is_in(aliases.iter().map(String::as_str));
        let these = alias::Column::ModelId.is_in(aliases_of.iter().copied()).and(names);
        let found: Vec<Alias> = aliases_where(tx, is(these)).await?;
        items.extend(found.into_iter().map(|row| Item::Alias(Box::new(row))));
    }
    if !artifacts.is_empty() {
        let these = is(artifact::Column::Id.is_in(artifacts.iter().copied()));
        let found: Vec<Artifact> = artifacts_where(tx, these, View::Basic).await?;
        items.extend(found.into_iter().map(|row| Item::Artifact(Box::new(row))));
    }
    if !deployments.is_empty() {
        let these = is(deployment::Column::Id.is_in(deployments.iter().copied()));
        let found: Vec<Deployment> = deployments_where(tx, these).await?;
        items.extend(found.into_iter().map(|row| Item::Deployment(Box::new(row))));
    }
    Ok(items)
}
