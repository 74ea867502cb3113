//! What there is already of what is to be taken over from another system: asked before it is written, in the transaction that
//! writes it. All who write wait for each other, so what is found here is still so when it is written.

use super::entity::{alias, alias_move, api_key, artifact, audit_entry, deployment, model, release};
use super::{Source, Tx, labels, visible};
use crate::domain::name::{AliasName, ApiKeyName};
use crate::domain::{ApiKeyId, ArtifactId, AuditEntryId, DeploymentId, Error, ModelId, ReleaseId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Value};
use std::collections::{BTreeSet, HashMap, HashSet};

/// A model, live or not.
///
/// # Errors
/// Those of the database.
pub async fn model(source: &impl Source, id: ModelId) -> Result<Option<model::Model>, Error> {
    Ok(visible::find::<model::Entity>(source).filter(model::Column::Id.eq(id)).one(source.conn()).await?)
}

/// What is told of a release that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Which it is.
    pub id: ReleaseId,
    /// Its version, quantization and platform.
    pub key: (String, String, String),
    /// Its number.
    pub number: i64,
    /// What was built, if that is known.
    pub digest: Option<String>,
    /// Whether it is soft-deleted.
    pub deleted: bool,
}

/// All releases of a model.
///
/// # Errors
/// Those of the database.
pub async fn releases(source: &impl Source, model: ModelId) -> Result<Vec<Known>, Error> {
    use release::Column::{DeleteTime, Digest, Id, Number, Platform, Quantization, Version};
    let columns = [Id, Version, Quantization, Platform, Number, Digest];
    let rows = visible::find::<release::Entity>(source)
        .select_only()
        .columns(columns)
        .column_as(DeleteTime.is_not_null(), "deleted")
        .filter(release::Column::ModelId.eq(model))
        .into_tuple::<(ReleaseId, String, String, String, i64, Option<String>, bool)>()
        .all(source.conn())
        .await?;
    let known = |(id, version, quantization, platform, number, digest, deleted)| Known {
        id,
        key: (version, quantization, platform),
        number,
        digest,
        deleted,
    };
    Ok(rows.into_iter().map(known).collect())
}

/// The aliases of a model, by name, and where they point.
///
/// # Errors
/// Those of the database.
pub async fn aliases(source: &impl Source, model: ModelId) -> Result<HashMap<AliasName, ReleaseId>, Error> {
    let rows = visible::find::<alias::Entity>(source)
        .select_only()
        .columns([alias::Column::Alias, alias::Column::ReleaseId])
        .filter(alias::Column::ModelId.eq(model));
    Ok(rows.into_tuple::<(AliasName, ReleaseId)>().all(source.conn()).await?.into_iter().collect())
}

/// The names that aliases of a model have, or had once.
///
/// # Errors
/// Those of the database.
pub async fn moved_aliases(source: &impl Source, model: ModelId) -> Result<HashSet<AliasName>, Error> {
    let rows = visible::find::<alias_move::Entity>(source)
        .select_only()
        .distinct()
        .column(alias_move::Column::Alias)
        .filter(alias_move::Column::ModelId.eq(model));
    Ok(rows.into_tuple::<AliasName>().all(source.conn()).await?.into_iter().collect())
}

/// Those of these artifacts that are there, live or not.
///
/// # Errors
/// Those of the database.
pub async fn artifacts(source: &impl Source, ids: &[ArtifactId]) -> Result<HashSet<ArtifactId>, Error> {
    let mut found = HashSet::new();
    for some in ids.chunks(labels::OWNERS) {
        let query = visible::find::<artifact::Entity>(source).filter(artifact::Column::Id.is_in(some.iter().copied()));
        let ids = query.select_only().column(artifact::Column::Id).into_tuple::<ArtifactId>().all(source.conn()).await?;
        found.extend(ids);
    }
    Ok(found)
}

/// What tells a live artifact from others by name: its model, its release if it is of one, its name.
pub type Place = (ModelId, Option<ReleaseId>, String);

/// The live artifacts of a model and its releases, by name.
///
/// # Errors
/// Those of the database.
pub async fn artifact_names(source: &impl Source, model: ModelId) -> Result<HashMap<Place, ArtifactId>, Error> {
    use artifact::Column::{DeleteTime, Id, ModelId as OfModel, Name, ReleaseId as OfRelease};
    let rows = visible::find::<artifact::Entity>(source)
        .select_only()
        .columns([OfModel, OfRelease, Name, Id])
        .filter(OfModel.eq(model))
        .filter(DeleteTime.is_null())
        .into_tuple::<(ModelId, Option<ReleaseId>, String, ArtifactId)>()
        .all(source.conn())
        .await?;
    Ok(rows.into_iter().map(|(model, release, name, id)| ((model, release, name), id)).collect())
}

/// A live artifact, and what it belongs to.
pub type Holder = (ArtifactId, ModelId, Option<ReleaseId>);

/// Which live artifacts have these paths, whatever they belong to; by the hashes of the paths.
///
/// # Errors
/// Those of the database.
pub async fn artifact_paths(source: &impl Source, hashes: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, Holder>, Error> {
    use artifact::Column::{FilePathHash, Id, ModelId as OfModel, ReleaseId as OfRelease};
    let mut found = HashMap::new();
    for some in hashes.chunks(labels::OWNERS) {
        let query = visible::find::<artifact::Entity>(source)
            .filter(artifact::Column::FilePathHash.is_in(some.iter().cloned()))
            .filter(artifact::Column::DeleteTime.is_null());
        let query = query.select_only().columns([FilePathHash, Id, OfModel, OfRelease]);
        let rows = query.into_tuple::<(Vec<u8>, ArtifactId, ModelId, Option<ReleaseId>)>().all(source.conn()).await?;
        found.extend(rows.into_iter().map(|(hash, id, model, release)| (hash, (id, model, release))));
    }
    Ok(found)
}

/// The rows of these artifacts.
///
/// # Errors
/// Those of the database.
pub async fn artifact_rows(source: &impl Source, ids: &[ArtifactId]) -> Result<HashMap<ArtifactId, artifact::Model>, Error> {
    let mut found = HashMap::new();
    for some in ids.chunks(labels::OWNERS) {
        let query = visible::find::<artifact::Entity>(source).filter(artifact::Column::Id.is_in(some.iter().copied()));
        found.extend(query.all(source.conn()).await?.into_iter().map(|row| (row.id, row)));
    }
    Ok(found)
}

/// Those of these deployments that are there.
///
/// # Errors
/// Those of the database.
pub async fn deployments(source: &impl Source, ids: &[DeploymentId]) -> Result<HashSet<DeploymentId>, Error> {
    let mut found = HashSet::new();
    for some in ids.chunks(labels::OWNERS) {
        let query = visible::find::<deployment::Entity>(source).filter(deployment::Column::Id.is_in(some.iter().copied()));
        let ids = query.select_only().column(deployment::Column::Id).into_tuple::<DeploymentId>().all(source.conn()).await?;
        found.extend(ids);
    }
    Ok(found)
}

/// The ids and the names of all API keys, whatever became of them.
///
/// # Errors
/// Those of the database.
pub async fn api_keys(source: &impl Source) -> Result<HashMap<ApiKeyId, ApiKeyName>, Error> {
    let query = visible::of_registry::<api_key::Entity>().select_only().columns([api_key::Column::Id, api_key::Column::Name]);
    Ok(query.into_tuple::<(ApiKeyId, ApiKeyName)>().all(source.conn()).await?.into_iter().collect())
}

/// Those of these entries of the audit log that are there.
///
/// # Errors
/// Those of the database.
pub async fn audit_entries(source: &impl Source, ids: &[AuditEntryId]) -> Result<HashSet<AuditEntryId>, Error> {
    let mut found = HashSet::new();
    for some in ids.chunks(labels::OWNERS) {
        let query = visible::of_registry::<audit_entry::Entity>().filter(audit_entry::Column::Id.is_in(some.iter().copied()));
        let ids = query.select_only().column(audit_entry::Column::Id).into_tuple::<AuditEntryId>().all(source.conn()).await?;
        found.extend(ids);
    }
    Ok(found)
}

/// Makes the counter of a model know of numbers that its releases were given elsewhere. It never goes back.
///
/// # Errors
/// Those of the database.
pub async fn raise_release_number(tx: &Tx, model: ModelId, to: i64) -> Result<(), Error> {
    let update = model::Entity::update_many()
        .col_expr(model::Column::LastReleaseNumber, Expr::val(Value::from(to)))
        .filter(model::Column::Id.eq(model))
        .filter(model::Column::LastReleaseNumber.lt(to));
    update.exec(tx.conn()).await?;
    Ok(())
}

/// Those of these releases that are there, whichever model they are of.
///
/// # Errors
/// Those of the database.
pub async fn release_ids(source: &impl Source, ids: &[ReleaseId]) -> Result<HashSet<ReleaseId>, Error> {
    let mut found = HashSet::new();
    for some in ids.chunks(labels::OWNERS) {
        let some: BTreeSet<ReleaseId> = some.iter().copied().collect();
        let missing: HashSet<ReleaseId> = super::releases::missing(source, &some).await?.into_iter().collect();
        found.extend(some.into_iter().filter(|id| !missing.contains(id)));
    }
    Ok(found)
}
