//! The bytes that the registry holds, as far as the database knows of them.

use super::entity::{artifact, content};
use super::{Source, Tx, labels, rows, visible};
use crate::domain::content::{ContentState, NewContent};
use crate::domain::name::ContentHash;
use crate::domain::{ContentId, Error, Timestamp};
use crate::storage::ContentKey;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// Notes of those of these bytes that no artifact has any more, live or not, that it is so from now on. To be called in the
/// transaction that removes artifacts, after it has.
pub async fn note_orphans(tx: &Tx, ids: &[ContentId]) -> Result<(), Error> {
    use content::Column;
    for some in ids.chunks(labels::OWNERS) {
        let had = Query::select()
            .column(artifact::Column::ContentId)
            .from(artifact::Entity)
            .and_where(artifact::Column::ContentId.is_in(some.iter().copied()))
            .take();
        let orphans = content::Entity::update_many()
            .col_expr(Column::OrphanTime, Expr::val(tx.ctx().now()))
            .filter(Column::Id.is_in(some.iter().copied()))
            .filter(Column::OrphanTime.is_null())
            .filter(Column::Id.not_in_subquery(had));
        orphans.exec(tx.conn()).await?;
    }
    Ok(())
}

/// The bytes of a content, for whoever reads them.
#[derive(Debug, Clone)]
pub struct Content {
    /// Its id.
    pub id: ContentId,
    /// Where it is in the storage.
    pub key: ContentKey,
    /// How many bytes there are.
    pub size: u64,
    /// The digests of its chunks, one after the other.
    pub chunk_digests: Vec<u8>,
}

/// One content. `None` if it is about to be removed, or has been.
///
/// # Errors
/// Those of the database.
pub async fn get(source: &impl Source, id: ContentId) -> Result<Option<Content>, Error> {
    let not_condemned = content::Column::State.ne(ContentState::Condemned);
    let query = visible::of_registry::<content::Entity>().filter(content::Column::Id.eq(id)).filter(not_condemned);
    query.one(source.conn()).await?.map(readable).transpose()
}

/// The sound bytes with this hash, if there are any.
///
/// # Errors
/// Those of the database.
pub async fn equal(source: &impl Source, sha256: &ContentHash) -> Result<Option<Content>, Error> {
    let equal = content::Column::Sha256.eq(sha256).and(content::Column::State.eq(ContentState::Stored));
    visible::of_registry::<content::Entity>().filter(equal).one(source.conn()).await?.map(readable).transpose()
}

fn readable(row: content::Model) -> Result<Content, Error> {
    let content::Model { id, sha256, size_bytes, chunk_digests, state: _, create_time: _, orphan_time: _ } = row;
    let size = u64::try_from(size_bytes).unwrap_or(0);
    Ok(Content { id, key: key(id.uuid(), &sha256)?, size, chunk_digests })
}

/// Where a content is in the storage.
///
/// # Errors
/// Never: a hash is hexadecimal.
pub fn key(id: Uuid, sha256: &ContentHash) -> Result<ContentKey, Error> {
    let mut digest = [0; 32];
    hex::decode_to_slice(sha256.as_str(), &mut digest).map_err(|error| Error::bug(format!("content {id}: {error}")))?;
    Ok(ContentKey::new(digest, id))
}

/// Sound bytes with this hash, for one more artifact to share; `None` if there are none.
///
/// # Errors
/// Those of the database.
pub async fn take_equal(tx: &Tx, sha256: &ContentHash) -> Result<Option<ContentId>, Error> {
    use content::Column;
    let equal = Column::Sha256.eq(sha256).and(Column::State.eq(ContentState::Stored));
    let query = visible::of_registry::<content::Entity>().filter(equal).select_only().column(Column::Id);
    let Some(id) = query.into_tuple::<ContentId>().one(tx.conn()).await? else { return Ok(None) };
    let kept =
        content::Entity::update_many().col_expr(Column::OrphanTime, Expr::val(None::<Timestamp>)).filter(Column::Id.eq(id));
    kept.exec(tx.conn()).await?;
    Ok(Some(id))
}

/// Notes new bytes.
///
/// # Errors
/// Those of the database.
pub async fn insert(tx: &Tx, new: &NewContent) -> Result<ContentId, Error> {
    let NewContent { upload, sha256, size_bytes, chunk_digests } = new.clone();
    let id = ContentId::from(upload.uuid());
    let row = content::Model {
        id,
        sha256,
        size_bytes,
        chunk_digests,
        state: ContentState::Stored,
        create_time: tx.ctx().now(),
        orphan_time: None,
    };
    rows::insert::<content::ActiveModel, _>(tx.conn(), vec![row]).await?;
    Ok(id)
}

/// Changes what is known of the state of bytes, if it was `from`.
///
/// # Errors
/// Those of the database.
pub async fn change(tx: &Tx, id: ContentId, from: ContentState, to: ContentState) -> Result<bool, Error> {
    use content::Column;
    let update = content::Entity::update_many().col_expr(Column::State, Expr::val(to.as_str()));
    let update = update.filter(Column::Id.eq(id)).filter(Column::State.eq(from));
    Ok(update.exec(tx.conn()).await?.rows_affected == 1)
}

/// Whether there are sound bytes with the hash of these.
///
/// # Errors
/// Those of the database.
pub async fn has_equal(source: &impl Source, id: ContentId) -> Result<bool, Error> {
    use content::Column;
    let hash = Query::select().column(Column::Sha256).from(content::Entity).and_where(Column::Id.eq(id)).take();
    let equal = visible::of_registry::<content::Entity>()
        .filter(Column::Sha256.in_subquery(hash))
        .filter(Column::State.eq(ContentState::Stored));
    Ok(equal.one(source.conn()).await?.is_some())
}

/// How many bytes there are in all.
///
/// # Errors
/// Those of the database.
pub async fn stored_bytes(source: &impl Source) -> Result<i64, Error> {
    let sum = Expr::col(content::Column::SizeBytes).sum().cast_as("bigint");
    let query = visible::of_registry::<content::Entity>().select_only().expr_as(sum, "sum");
    let sum: Option<Option<i64>> = query.into_tuple().one(source.conn()).await?;
    Ok(sum.flatten().unwrap_or(0))
}

/// The first contents to be removed: that belong to nothing since `time` or before, or that somebody began to remove.
///
/// # Errors
/// Those of the database.
pub async fn dead(source: &impl Source, time: Timestamp, limit: u64) -> Result<Vec<ContentId>, Error> {
    let query =
        visible::of_registry::<content::Entity>().filter(is_dead(time)).order_by_asc(content::Column::OrphanTime).limit(limit);
    Ok(query.select_only().column(content::Column::Id).into_tuple().all(source.conn()).await?)
}

/// Says that nothing may refer to bytes any more that belong to nothing since `time` or before. Gives where they are; `None` if
/// there is nothing to remove.
///
/// # Errors
/// Those of the database.
pub async fn condemn(tx: &Tx, id: ContentId, time: Timestamp) -> Result<Option<ContentKey>, Error> {
    use content::Column;
    let had = Query::select()
        .column(artifact::Column::ContentId)
        .from(artifact::Entity)
        .and_where(artifact::Column::ContentId.eq(id))
        .take();
    let dead = Condition::all().add(Column::Id.eq(id)).add(is_dead(time)).add(Column::Id.not_in_subquery(had));
    let update =
        content::Entity::update_many().col_expr(Column::State, Expr::val(ContentState::Condemned.as_str())).filter(dead.clone());
    update.exec(tx.conn()).await?;
    let found = visible::of_registry::<content::Entity>().filter(dead).one(tx.conn()).await?;
    found.map(|row| key(row.id.uuid(), &row.sha256)).transpose()
}

/// Puts what could not be removed behind what can.
///
/// # Errors
/// Those of the database.
pub async fn postpone(tx: &Tx, id: ContentId) -> Result<(), Error> {
    let later = content::Entity::update_many().col_expr(content::Column::OrphanTime, Expr::val(tx.ctx().now()));
    later.filter(content::Column::Id.eq(id)).exec(tx.conn()).await?;
    Ok(())
}

fn is_dead(time: Timestamp) -> Condition {
    use content::Column;
    Condition::any().add(Column::State.eq(ContentState::Condemned)).add(Column::OrphanTime.lte(time))
}

/// Forgets bytes that are removed.
///
/// # Errors
/// Those of the database.
pub async fn remove(tx: &Tx, id: ContentId) -> Result<(), Error> {
    content::Entity::delete_by_id(id).exec(tx.conn()).await?;
    Ok(())
}
