//! The rows of an export, section by section, in an order that depends on nothing but themselves: by key, in byte order.

use super::{Item, Which, aliases_where, artifacts_where, behind, deployments_where, models_where, moves, releases_where};
use crate::domain::content::ContentState;
use crate::domain::model::View;
use crate::domain::transfer::{Key, MOVERS, Section, Wanted};
use crate::domain::{Error, ReleaseId, Revision};
use crate::store::entity::{alias, alias_move, artifact, audit_entry, content, deployment, model, release};
use crate::store::{Source, visible};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use std::collections::HashMap;

/// The largest content of which the digests have room in an item.
const MAX_CONTENT: i64 = 64 * 1024 * 1024 * 1024;

/// Up to `most` items of a section behind a key, each with its own.
///
/// # Errors
/// Those of the database.
pub async fn page(
    source: &impl Source,
    wanted: &Wanted,
    section: Section,
    after: Option<&Key>,
    most: u64,
) -> Result<Vec<(Key, Item)>, Error> {
    let deleted = wanted.deleted;
    Ok(match section {
        Section::Models => {
            let which = which(of_models(deleted), (model::Entity, model::Column::Id), after, most);
            let rows = models_where(source, which, View::Full).await?;
            rows.into_iter().map(|row| (Key::of(row.row.id.uuid()), Item::Model(Box::new(row)))).collect()
        }
        Section::Releases => {
            let own = of_releases(deleted).add(has_base(deleted).not());
            let which = which(own, (release::Entity, release::Column::Id), after, most);
            let mut rows = releases_where(source, which, View::Full).await?;
            // What it was made from is not part of the export, or it would be in the next section.
            rows.iter_mut().for_each(|release| release.row.base_release_id = None);
            rows.into_iter().map(|row| (Key::of(row.row.id.uuid()), Item::Release(Box::new(row)))).collect()
        }
        // They are sorted by how far they are from where they come from, which no query can: see `derived`.
        Section::DerivedReleases => Vec::new(),
        Section::Aliases => {
            let columns = [(alias::Entity, alias::Column::ModelId), (alias::Entity, alias::Column::Alias)];
            let after = after.map(|key| behind(columns, [key.id.into(), key.alias.clone().into()]));
            let which = Which { meets: of_aliases(deleted).add_option(after), most: Some(most) };
            let rows = aliases_where(source, which).await?;
            let key = |row: &alias::Model| Key { alias: row.alias.to_string(), ..Key::of(row.model_id.uuid()) };
            rows.into_iter().map(|row| (key(&row.row), Item::Alias(Box::new(row)))).collect()
        }
        Section::AliasMoves => {
            use alias_move::Column::{Alias, ModelId, Revision};
            let columns = [ModelId, Alias, Revision].map(|column| (alias_move::Entity, column));
            let values = |key: &Key| [key.id.into(), key.alias.clone().into(), key.revision.into()];
            let after = after.map(|key| behind(columns, values(key)));
            let rows = moves(source).filter(of_moves(deleted).add_option(after)).limit(most).all(source.conn()).await?;
            let key = |row: &alias_move::Model| Key {
                alias: row.alias.to_string(),
                revision: row.revision,
                ..Key::of(row.model_id.uuid())
            };
            rows.into_iter().map(|row| (key(&row), Item::AliasMove(Box::new(row)))).collect()
        }
        Section::Contents => {
            let which = which(of_contents(deleted), (content::Entity, content::Column::Id), after, most);
            let query = visible::of_registry::<content::Entity>().filter(which.meets).order_by_asc(content::Column::Id);
            let rows = query.limit(most).all(source.conn()).await?;
            rows.iter().try_for_each(has_room)?;
            rows.into_iter().map(|row| (Key::of(row.id.uuid()), Item::Content(Box::new(row)))).collect()
        }
        Section::Artifacts => {
            let which = which(of_artifacts(deleted), (artifact::Entity, artifact::Column::Id), after, most);
            let rows = artifacts_where(source, which, View::Full).await?;
            rows.into_iter().map(|row| (Key::of(row.row.id.uuid()), Item::Artifact(Box::new(row)))).collect()
        }
        Section::Deployments => {
            let which = which(of_deployments(deleted), (deployment::Entity, deployment::Column::Id), after, most);
            let rows = deployments_where(source, which).await?;
            rows.into_iter().map(|row| (Key::of(row.row.id.uuid()), Item::Deployment(Box::new(row)))).collect()
        }
        Section::AuditEntries => {
            let which = which(of_entries(), (audit_entry::Entity, audit_entry::Column::Id), after, most);
            let query = visible::of_registry::<audit_entry::Entity>().filter(which.meets).order_by_asc(audit_entry::Column::Id);
            let rows = query.limit(most).all(source.conn()).await?;
            rows.into_iter().map(|row| (Key::of(row.id.uuid()), Item::AuditEntry(Box::new(row)))).collect()
        }
    })
}

/// The releases that were made from others, and from which.
///
/// # Errors
/// Those of the database.
pub async fn bases(source: &impl Source, deleted: bool) -> Result<HashMap<ReleaseId, ReleaseId>, Error> {
    let derived = of_releases(deleted).add(has_base(deleted));
    let query = visible::find::<release::Entity>(source).filter(derived);
    let pairs = query.select_only().columns([release::Column::Id, release::Column::BaseReleaseId]);
    Ok(pairs.into_tuple::<(ReleaseId, ReleaseId)>().all(source.conn()).await?.into_iter().collect())
}

/// These releases, in this order.
///
/// # Errors
/// Those of the database.
pub async fn derived(source: &impl Source, wanted: &[Key]) -> Result<Vec<(Key, Item)>, Error> {
    let ids = release::Column::Id.is_in(wanted.iter().map(|key| key.id));
    let rows = releases_where(source, Which { meets: Condition::all().add(ids), most: None }, View::Full).await?;
    let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.row.id.uuid(), row)).collect();
    let item = |key: &Key| rows.remove(&key.id).map(|row| (key.clone(), Item::Release(Box::new(row))));
    Ok(wanted.iter().filter_map(item).collect())
}

/// The greatest revision of anything in an export.
///
/// # Errors
/// Those of the database.
pub async fn greatest_revision(source: &impl Source, wanted: &Wanted) -> Result<Revision, Error> {
    let deleted = wanted.deleted;
    let mut greatest = Revision::ZERO;
    for section in Section::ALL.into_iter().filter(|section| wanted.has(*section)) {
        let found = match section {
            Section::Models => {
                max(source, visible::find::<model::Entity>(source).filter(of_models(deleted)), model::Column::Revision).await?
            }
            Section::Releases => {
                let query = visible::find::<release::Entity>(source).filter(of_releases(deleted));
                max(source, query, release::Column::Revision).await?
            }
            Section::Aliases => {
                max(source, visible::find::<alias::Entity>(source).filter(of_aliases(deleted)), alias::Column::Revision).await?
            }
            Section::AliasMoves => {
                let query = visible::find::<alias_move::Entity>(source).filter(of_moves(deleted));
                max(source, query, alias_move::Column::Revision).await?
            }
            Section::Artifacts => {
                let query = visible::find::<artifact::Entity>(source).filter(of_artifacts(deleted));
                max(source, query, artifact::Column::Revision).await?
            }
            Section::Deployments => {
                let query = visible::find::<deployment::Entity>(source).filter(of_deployments(deleted));
                max(source, query, deployment::Column::Revision).await?
            }
            Section::AuditEntries => {
                let query = visible::of_registry::<audit_entry::Entity>().filter(of_entries());
                max(source, query, audit_entry::Column::Revision).await?
            }
            // Of the first, they are among the releases; bytes have no revision.
            Section::DerivedReleases | Section::Contents => None,
        };
        greatest = Ord::max(greatest, found.unwrap_or(Revision::ZERO));
    }
    Ok(greatest)
}

async fn max<E, C>(source: &impl Source, query: Select<E>, revision: C) -> Result<Option<Revision>, Error>
where
    E: EntityTrait,
    C: ColumnTrait,
{
    let max: Option<Option<Revision>> =
        query.select_only().column_as(revision.max(), "max").into_tuple().one(source.conn()).await?;
    Ok(max.flatten())
}

fn which<E, C>(meets: Condition, id: (E, C), after: Option<&Key>, most: u64) -> Which
where
    E: EntityTrait,
    C: ColumnTrait,
{
    let after = after.map(|key| Expr::col(id).gt(key.id));
    Which { meets: meets.add_option(after), most: Some(most) }
}

/// Without the soft-deleted ones, unless they are wanted.
fn of_models(deleted: bool) -> Condition {
    Condition::all().add_option((!deleted).then(|| model::Column::DeleteTime.is_null()))
}

fn of_releases(deleted: bool) -> Condition {
    Condition::all().add_option((!deleted).then(|| release::Column::DeleteTime.is_null()))
}

fn of_artifacts(deleted: bool) -> Condition {
    Condition::all().add_option((!deleted).then(|| artifact::Column::DeleteTime.is_null()))
}

/// That a release was made from one that is exported.
fn has_base(deleted: bool) -> SimpleExpr {
    let base = release::Column::BaseReleaseId;
    let given = base.is_not_null();
    if deleted {
        given
    } else {
        let gone = Query::select()
            .column(release::Column::Id)
            .from(release::Entity)
            .and_where(release::Column::DeleteTime.is_not_null())
            .take();
        given.and(base.not_in_subquery(gone))
    }
}

/// Those of a soft-deleted model are out of sight with it.
fn of_aliases(deleted: bool) -> Condition {
    let gone = gone((model::Entity, model::Column::Id), model::Column::DeleteTime, alias::Column::ModelId);
    Condition::all().add_option((!deleted).then(|| gone.not()))
}

fn of_moves(deleted: bool) -> Condition {
    let gone = gone((model::Entity, model::Column::Id), model::Column::DeleteTime, alias_move::Column::ModelId);
    Condition::all().add_option((!deleted).then(|| gone.not()))
}

/// Those of a soft-deleted release are history of it.
fn of_deployments(deleted: bool) -> Condition {
    let gone = gone((release::Entity, release::Column::Id), release::Column::DeleteTime, deployment::Column::ReleaseId);
    Condition::all().add_option((!deleted).then(|| gone.not()))
}

/// Bytes that an exported artifact has, also what is lost: whoever imports looks for himself. None of them is about to be removed,
/// because that needs that nothing has them.
fn of_contents(deleted: bool) -> Condition {
    let had = Query::select()
        .column(artifact::Column::ContentId)
        .from(artifact::Entity)
        .and_where(artifact::Column::ContentId.is_not_null())
        .cond_where(of_artifacts(deleted))
        .take();
    let condemned = content::Column::State.eq(ContentState::Condemned);
    Condition::all().add(condemned.not()).add(content::Column::Id.in_subquery(had))
}

/// Rather no export than one that lacks what is known of bytes.
fn has_room(row: &content::Model) -> Result<(), Error> {
    if row.size_bytes <= MAX_CONTENT {
        return Ok(());
    }
    let subject = format!("the bytes of stored content {}", row.id);
    Err(Error::LimitExceeded { subject, limit: MAX_CONTENT.unsigned_abs(), actual: row.size_bytes.unsigned_abs() })
}

fn of_entries() -> Condition {
    Condition::all().add(audit_entry::Column::Method.is_not_in(MOVERS))
}

/// That what a row of another table belongs to is soft-deleted. Asked of each row, by key: as a set of all that are, it would be made for
/// every page, by reading the whole table.
fn gone<E, C>(id: (E, C), delete_time: C, of: impl ColumnTrait) -> SimpleExpr
where
    E: EntityTrait,
    C: ColumnTrait,
{
    let (table, key) = id;
    let its = Expr::col((table, key)).equals(of.as_column_ref());
    Expr::exists(Query::select().expr(Expr::val(1)).from(table).and_where(its).and_where(delete_time.is_not_null()).take())
}
