//! What is in the registry of all that a run of items names: by a number of statements that does not depend on how many they are.
//!
//! It is kept up to date with what is to be written, so that an item meets the ones before it. May not: hold documents; decide.

use crate::domain::artifact::ArtifactContentState;
use crate::domain::content::ContentState;
use crate::domain::deployment::DeploymentState;
use crate::domain::name::{
    AliasName, ArtifactName, Checksum, ContentHash, Digest, Environment, ModelName, Platform, Quantization, Version,
};
use crate::domain::release::ReleaseState;
use crate::domain::{ArtifactId, AuditEntryId, ContentId, DeploymentId, Error, ModelId, ReleaseId, Revision, Timestamp};
use crate::store::entity::{alias, alias_move, artifact, audit_entry, content, deployment, model, release};
use crate::store::{Source, visible};
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, Select, TryGetableMany};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a run of items names.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Named {
    pub models: BTreeSet<ModelId>,
    pub model_names: BTreeSet<String>,
    pub releases: BTreeSet<ReleaseId>,
    /// Of which models releases come, with which versions and numbers.
    pub releases_of: BTreeSet<ModelId>,
    pub versions: BTreeSet<String>,
    pub numbers: BTreeSet<i64>,
    /// Of which models aliases or their history come, and which.
    pub aliases_of: BTreeSet<ModelId>,
    pub aliases: BTreeSet<String>,
    /// Releases to which no alias may point.
    pub yanked: BTreeSet<ReleaseId>,
    pub moves: BTreeSet<Revision>,
    pub move_times: BTreeSet<Timestamp>,
    pub contents: BTreeSet<ContentId>,
    pub hashes: BTreeSet<String>,
    pub artifacts: BTreeSet<ArtifactId>,
    /// The names of artifacts that come, and what they come to.
    pub file_names: BTreeSet<String>,
    pub files_of_models: BTreeSet<ModelId>,
    pub files_of_releases: BTreeSet<ReleaseId>,
    pub paths: BTreeSet<Vec<u8>>,
    pub deployments: BTreeSet<DeploymentId>,
    pub entries: BTreeSet<AuditEntryId>,
}

/// A model that is there.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct KnownModel {
    pub id: ModelId,
    pub name: ModelName,
    pub delete_time: Option<Timestamp>,
    pub revision: Revision,
    pub last_release_number: i64,
}

/// What makes a release unique.
pub type ReleaseKey = (ModelId, Version, Quantization, Platform);

/// A release that is there.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct KnownRelease {
    pub id: ReleaseId,
    pub key: ReleaseKey,
    pub number: i64,
    pub state: ReleaseState,
    pub digest: Option<Digest>,
    pub base: Option<ReleaseId>,
    pub delete_time: Option<Timestamp>,
    pub revision: Revision,
}

/// An artifact that is there.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct KnownArtifact {
    pub id: ArtifactId,
    pub model_id: ModelId,
    pub release_id: Option<ReleaseId>,
    pub name: ArtifactName,
    pub checksum: Checksum,
    pub path: Vec<u8>,
    pub size_bytes: i64,
    pub content_state: ArtifactContentState,
    pub content_id: Option<ContentId>,
    pub delete_time: Option<Timestamp>,
    pub revision: Revision,
}

/// Within what the name of a live artifact is unique.
pub type FileName = (ModelId, Option<ReleaseId>, ArtifactName);

/// What is there.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Known {
    pub models: HashMap<ModelId, KnownModel>,
    pub model_names: HashMap<ModelName, ModelId>,
    pub releases: HashMap<ReleaseId, KnownRelease>,
    pub release_keys: HashMap<ReleaseKey, ReleaseId>,
    pub release_numbers: HashMap<(ModelId, i64), ReleaseId>,
    pub aliases: HashMap<(ModelId, AliasName), alias::Model>,
    pub alias_counts: HashMap<ModelId, u64>,
    pub last_moves: HashMap<(ModelId, AliasName), Timestamp>,
    pub moves: HashSet<(ModelId, AliasName, Revision)>,
    pub move_times: HashSet<(ModelId, AliasName, Timestamp)>,
    pub contents: HashMap<ContentId, (ContentHash, ContentState)>,
    pub stored: HashMap<ContentHash, ContentId>,
    pub artifacts: HashMap<ArtifactId, KnownArtifact>,
    pub file_names: HashMap<FileName, ArtifactId>,
    pub paths: HashMap<Vec<u8>, ArtifactId>,
    pub deployments: HashMap<DeploymentId, (ReleaseId, Environment, DeploymentState)>,
    pub entries: HashSet<AuditEntryId>,
}

impl Known {
    /// Adds what is there of what is named. What is known already stays as it is.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn learn(&mut self, source: &impl Source, named: &Named) -> Result<(), Error> {
        self.learn_models(source, named).await?;
        self.learn_releases(source, named).await?;
        self.learn_aliases(source, named).await?;
        self.learn_moves(source, named).await?;
        self.learn_contents(source, named).await?;
        self.learn_artifacts(source, named).await?;
        self.learn_others(source, named).await
    }

    async fn learn_models(&mut self, source: &impl Source, named: &Named) -> Result<(), Error> {
        use model::Column::{DeleteTime, Id, LastReleaseNumber, Name, Revision};
        let any = Condition::any().add(among(Id, &named.models)).add(among_texts(Name, &named.model_names));
        let query = visible::find::<model::Entity>(source).filter(any);
        for (id, name, delete_time, revision, last_release_number) in
            rows(source, query, [Id, Name, DeleteTime, Revision, LastReleaseNumber]).await?
        {
            if !self.models.contains_key(&id) {
                self.put_model(KnownModel { id, name, delete_time, revision, last_release_number });
            }
        }
        Ok(())
    }

    /// There is such a model from now on.
    pub fn put_model(&mut self, model: KnownModel) {
        if let Some(before) = self.models.get(&model.id) {
            self.model_names.remove(&before.name);
        }
        self.model_names.insert(model.name.clone(), model.id);
        self.models.insert(model.id, model);
    }

    async fn learn_releases(&mut self, source: &impl Source, named: &Named) -> Result<(), Error> {
        use release::Column::{
            BaseReleaseId, DeleteTime, Digest, Id, ModelId, Number, Platform, Quantization, Revision, State, Version,
        };
        let alike = Condition::any().add(among_texts(Version, &named.versions)).add(among(Number, &named.numbers));
        let alike = Condition::all().add(among(ModelId, &named.releases_of)).add(alike);
        let query = visible::find::<release::Entity>(source).filter(Condition::any().add(among(Id, &named.releases)).add(alike));
        let columns = [Id, ModelId, Version, Quantization, Platform, Number, State, Digest, BaseReleaseId, DeleteTime, Revision];
        for (id, model, version, quantization, platform, number, state, digest, base, delete_time, revision) in
            rows(source, query, columns).await?
        {
            if !self.releases.contains_key(&id) {
                let key = (model, version, quantization, platform);
                self.put_release(KnownRelease { id, key, number, state, digest, base, delete_time, revision });
            }
        }
        Ok(())
    }

    /// There is such a release from now on. Its key and its number never change.
    pub fn put_release(&mut self, release: KnownRelease) {
        self.release_keys.insert(release.key.clone(), release.id);
        self.release_numbers.insert((release.key.0, release.number), release.id);
        self.releases.insert(release.id, release);
    }

    async fn learn_aliases(&mut self, source: &impl Source, named: &Named) -> Result<(), Error> {
        use alias::Column::{Alias, ModelId, ReleaseId};
        let these = Condition::all().add(among(ModelId, &named.aliases_of)).add(among_texts(Alias, &named.aliases));
        let any = Condition::any().add(these).add(among(ReleaseId, &named.yanked));
        for row in visible::find::<alias::Entity>(source).filter(any).all(source.conn()).await? {
            self.aliases.entry((row.model_id, row.alias.clone())).or_insert(row);
        }
        let counts = visible::find::<alias::Entity>(source)
            .filter(among(ModelId, &named.aliases_of))
            .select_only()
            .column(ModelId)
            .column_as(Alias.count(), "count")
            .group_by(ModelId);
        for (model, count) in counts.into_tuple::<(crate::domain::ModelId, i64)>().all(source.conn()).await? {
            self.alias_counts.entry(model).or_insert(count.unsigned_abs());
        }
        Ok(())
    }

    async fn learn_moves(&mut self, source: &impl Source, named: &Named) -> Result<(), Error> {
        use alias_move::Column::{Alias, ModelId, MoveTime, Revision};
        let of_them = || {
            let these = Condition::all().add(among(ModelId, &named.aliases_of)).add(among_texts(Alias, &named.aliases));
            visible::find::<alias_move::Entity>(source).filter(these)
        };
        let last =
            of_them().select_only().columns([ModelId, Alias]).column_as(MoveTime.max(), "last").group_by(ModelId).group_by(Alias);
        for (model, alias, last) in last.into_tuple::<(_, _, Timestamp)>().all(source.conn()).await? {
            self.last_moves.entry((model, alias)).or_insert(last);
        }
        let alike = Condition::any().add(among(Revision, &named.moves)).add(among(MoveTime, &named.move_times));
        for (model, alias, revision, time) in
            rows::<_, _, (_, AliasName, _, _), 4>(source, of_them().filter(alike), [ModelId, Alias, Revision, MoveTime]).await?
        {
            self.moves.insert((model, alias.clone(), revision));
            self.move_times.insert((model, alias, time));
        }
        Ok(())
    }

    async fn learn_contents(&mut self, source: &impl Source, named: &Named) -> Result<(), Error> {
        use content::Column::{Id, Sha256, State};
        let any = Condition::any().add(among(Id, &named.contents)).add(among_texts(Sha256, &named.hashes));
        let query = visible::of_registry::<content::Entity>().filter(any);
        for (id, sha256, state) in rows(source, query, [Id, Sha256, State]).await? {
            if !self.contents.contains_key(&id) {
                self.put_content(id, sha256, state);
            }
        }
        // Equal bytes of those that are named and not sound.
        let named = named.contents.iter().filter_map(|id| self.contents.get(id));
        let lost = named.filter(|(_, state)| *state != ContentState::Stored).map(|(sha256, _)| sha256.to_string());
        let lost: BTreeSet<String> = lost.collect();
        let equal =
            visible::of_registry::<content::Entity>().filter(among_texts(Sha256, &lost)).filter(State.eq(ContentState::Stored));
        for (id, sha256, state) in rows(source, equal, [Id, Sha256, State]).await? {
            self.put_content(id, sha256, state);
        }
        Ok(())
    }

    /// There are such bytes from now on.
    pub fn put_content(&mut self, id: ContentId, sha256: ContentHash, state: ContentState) {
        if state == ContentState::Stored {
            self.stored.insert(sha256.clone(), id);
        }
        self.contents.insert(id, (sha256, state));
    }

    async fn learn_artifacts(&mut self, source: &impl Source, named: &Named) -> Result<(), Error> {
        use artifact::Column::{
            Checksum, ContentId, ContentState, DeleteTime, FilePathHash, Id, ModelId, Name, ReleaseId, Revision, SizeBytes,
        };
        let parent = Condition::any()
            .add(among(ReleaseId, &named.files_of_releases))
            .add(Condition::all().add(ReleaseId.is_null()).add(among(ModelId, &named.files_of_models)));
        let namesakes = Condition::all().add(DeleteTime.is_null()).add(among_texts(Name, &named.file_names)).add(parent);
        let paths = Condition::all().add(DeleteTime.is_null()).add(FilePathHash.is_in(named.paths.iter().cloned()));
        let any = Condition::any().add(among(Id, &named.artifacts)).add(namesakes).add(paths);
        let query = visible::find::<artifact::Entity>(source).filter(any);
        let columns =
            [Id, ModelId, ReleaseId, Name, Checksum, FilePathHash, SizeBytes, ContentState, ContentId, DeleteTime, Revision];
        for (id, model_id, release_id, name, checksum, path, size_bytes, content_state, content_id, delete_time, revision) in
            rows(source, query, columns).await?
        {
            if !self.artifacts.contains_key(&id) {
                self.put_artifact(KnownArtifact {
                    id,
                    model_id,
                    release_id,
                    name,
                    checksum,
                    path,
                    size_bytes,
                    content_state,
                    content_id,
                    delete_time,
                    revision,
                });
            }
        }
        Ok(())
    }

    /// There is such an artifact from now on. What is soft-deleted keeps neither its name nor its path.
    pub fn put_artifact(&mut self, artifact: KnownArtifact) {
        let name = |artifact: &KnownArtifact| (artifact.model_id, artifact.release_id, artifact.name.clone());
        if let Some(before) = self.artifacts.get(&artifact.id).filter(|before| before.delete_time.is_none()) {
            self.file_names.remove(&name(before));
            self.paths.remove(&before.path);
        }
        if artifact.delete_time.is_none() {
            self.file_names.insert(name(&artifact), artifact.id);
            self.paths.insert(artifact.path.clone(), artifact.id);
        }
        self.artifacts.insert(artifact.id, artifact);
    }

    async fn learn_others(&mut self, source: &impl Source, named: &Named) -> Result<(), Error> {
        use deployment::Column::{Environment, Id, ReleaseId, State};
        let query = visible::find::<deployment::Entity>(source).filter(among(Id, &named.deployments));
        for (id, release, environment, state) in rows(source, query, [Id, ReleaseId, Environment, State]).await? {
            self.deployments.entry(id).or_insert((release, environment, state));
        }
        let entries = visible::of_registry::<audit_entry::Entity>().filter(among(audit_entry::Column::Id, &named.entries));
        let ids: Vec<AuditEntryId> =
            entries.select_only().column(audit_entry::Column::Id).into_tuple().all(source.conn()).await?;
        self.entries.extend(ids);
        Ok(())
    }
}

/// Some columns of some rows.
async fn rows<E, C, T, const N: usize>(source: &impl Source, query: Select<E>, columns: [C; N]) -> Result<Vec<T>, Error>
where
    E: EntityTrait,
    C: ColumnTrait,
    T: TryGetableMany,
{
    Ok(query.select_only().columns(columns).into_tuple().all(source.conn()).await?)
}

fn among<T>(column: impl ColumnTrait, values: &BTreeSet<T>) -> SimpleExpr
where
    T: Copy + Into<sea_orm::Value>,
{
    column.is_in(values.iter().copied())
}

fn among_texts(column: impl ColumnTrait, texts: &BTreeSet<String>) -> SimpleExpr {
    column.is_in(texts.iter().map(String::as_str))
}
