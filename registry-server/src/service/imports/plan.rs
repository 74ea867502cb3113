//! What becomes of a run of items: decided item by item, against what is there and what the items before would make.
//!
//! May not: write.

use crate::domain::event::{EventType, ResourceKind};
use crate::domain::release::ReleaseState;
use crate::domain::transfer::{ImportOptions, OnConflict, Skipped, derived_id};
use crate::domain::{Context, Error, Kind, ModelId, ReleaseId, Revision, Scope, Timestamp};
use crate::store::Source;
use crate::store::transfers::known::{Known, KnownModel, KnownRelease, Named};
use crate::store::transfers::put::{Ids, Rows};
use crate::store::transfers::{Incoming, Item};
use std::sync::Arc;
use uuid::Uuid;

/// What has become of an item that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Created,
    Replaced,
    Skipped(Skipped),
}

/// Whether an item is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing is in its place.
    Free,
    /// It goes over what has its id.
    Over,
}

/// What changed: a kind, and what identifies it within.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Change {
    kind: ResourceKind,
    id: Uuid,
    alias: String,
}

impl Change {
    pub(super) fn new(kind: ResourceKind, id: Uuid) -> Self {
        Self { kind, id, alias: String::new() }
    }

    pub(super) fn alias(model: ModelId, alias: &str) -> Self {
        Self { kind: ResourceKind::ReleaseAlias, id: model.uuid(), alias: alias.to_owned() }
    }

    /// What an item of a kind that has events is.
    pub(super) fn of(item: &Item) -> Option<Self> {
        match item {
            Item::Model(model) => Some(Self::new(ResourceKind::Model, model.row.id.uuid())),
            Item::Release(release) => Some(Self::new(ResourceKind::Release, release.row.id.uuid())),
            Item::Alias(alias) => Some(Self::alias(alias.row.model_id, alias.row.alias.as_str())),
            Item::Artifact(artifact) => Some(Self::new(ResourceKind::Artifact, artifact.row.id.uuid())),
            Item::Deployment(deployment) => Some(Self::new(ResourceKind::Deployment, deployment.row.id.uuid())),
            Item::AliasMove(_) | Item::Content(_) | Item::AuditEntry(_) => None,
        }
    }
}

/// What is known, what is decided, and what is to be written.
pub(super) struct Plan {
    pub(super) known: Known,
    pub(super) rows: Rows,
    pub(super) ids: Ids,
    pub(super) changes: Vec<(Change, EventType)>,
    pub(super) options: ImportOptions,
    pub(super) keeps_revisions: bool,
    /// The revision of the write.
    pub(super) revision: Revision,
    pub(super) now: Timestamp,
    /// Until when bytes that belong to nothing are kept.
    pub(super) keep_until: Timestamp,
    pub(super) scope: Scope,
}

impl Plan {
    pub(super) fn new(ctx: &Context, options: &Arc<ImportOptions>, keeps_revisions: bool, revision: Revision) -> Self {
        Self {
            known: Known::default(),
            rows: Rows::default(),
            ids: Ids::default(),
            changes: Vec::new(),
            options: ImportOptions::clone(options),
            keeps_revisions,
            revision,
            now: ctx.now(),
            keep_until: ctx.purge_time(),
            scope: ctx.scope().clone(),
        }
    }

    /// Looks up what the items name.
    pub(super) async fn learn(&mut self, source: &impl Source, items: &[(i64, Incoming)]) -> Result<(), Error> {
        let mut named = Named::default();
        for (_, item) in items {
            self.name(&mut named, item);
        }
        self.known.learn(source, &named).await
    }

    fn name(&self, named: &mut Named, item: &Incoming) {
        match item {
            Incoming::Model(model) => {
                named.models.insert(model.row.id);
                named.model_names.insert(model.row.name.to_string());
            }
            Incoming::Release(release) => {
                let row = &release.0;
                named.releases.insert(row.id);
                named.models.extend(self.either(row.model_id));
                named.releases_of.extend(self.either(row.model_id));
                named.versions.insert(row.version.to_string());
                named.numbers.insert(row.number);
                named.releases.extend(row.base_release_id.into_iter().flat_map(|base| self.either(base)));
                named.yanked.extend((row.state == ReleaseState::Yanked).then_some(row.id));
            }
            Incoming::Alias(row) => {
                named.models.extend(self.either(row.model_id));
                named.aliases_of.extend(self.either(row.model_id));
                named.aliases.insert(row.alias.to_string());
                named.releases.extend(self.either(row.release_id));
            }
            Incoming::AliasMove(row) => {
                named.models.insert(row.model_id);
                named.aliases_of.insert(row.model_id);
                named.aliases.insert(row.alias.to_string());
                named.moves.insert(row.revision);
                named.move_times.insert(row.move_time);
            }
            Incoming::Content(row) => {
                named.contents.insert(row.id);
                named.hashes.insert(row.sha256.to_string());
            }
            Incoming::Artifact(row) => {
                named.artifacts.insert(row.id);
                named.models.extend(self.either(row.model_id));
                named.files_of_models.extend(self.either(row.model_id));
                let releases: Vec<ReleaseId> = row.release_id.into_iter().flat_map(|release| self.either(release)).collect();
                named.releases.extend(releases.iter().copied());
                named.files_of_releases.extend(releases);
                named.file_names.insert(row.name.to_string());
                named.paths.insert(row.file_path_hash.clone());
                named.contents.extend(row.content_id);
            }
            Incoming::Deployment(row) => {
                named.deployments.insert(row.id);
                named.releases.extend(self.either(row.release_id));
            }
            Incoming::AuditEntry(row) => {
                named.entries.insert(row.id);
            }
        }
        // What belongs to a release belongs to its model, which is looked at with it.
    }

    /// What a reference can mean.
    fn either<T: Copy + From<Uuid> + IsUuid>(&self, id: T) -> Vec<T> {
        if self.options.preserve_identity { vec![id] } else { vec![id, self.derived(id)] }
    }

    /// The id of what came under an id with this import, if it assigns ids.
    fn derived<T: From<Uuid> + IsUuid>(&self, id: T) -> T {
        derived_id(self.options.id, &id.as_uuid().to_string()).into()
    }

    pub(super) fn item(&mut self, item: Incoming) -> Result<Done, Error> {
        match item {
            Incoming::Model(model) => self.model(*model),
            Incoming::Release(release) => {
                let (row, labels) = *release;
                self.release(row, labels)
            }
            Incoming::Alias(row) => self.alias(row),
            Incoming::AliasMove(row) => self.alias_move(row),
            Incoming::Content(row) => self.content(row),
            Incoming::Artifact(row) => self.artifact(*row),
            Incoming::Deployment(row) => self.deployment(*row),
            Incoming::AuditEntry(row) => self.entry(*row),
        }
    }

    /// What is in the place of an item: `same` has its id, `other` a key of it.
    pub(super) fn place(&self, same: bool, other: bool, taken: impl FnOnce() -> Error) -> Result<Result<Place, Done>, Error> {
        match (same, other, self.options.on_conflict) {
            (false, false, _) => Ok(Ok(Place::Free)),
            (_, _, OnConflict::Skip) => Ok(Err(Done::Skipped(Skipped::Exists))),
            (true, false, OnConflict::Replace) => Ok(Ok(Place::Over)),
            (..) => Err(taken()),
        }
    }

    /// Notes a change, and tells what it was.
    pub(super) fn changed(&mut self, change: Change, place: Place) -> Done {
        let (event_type, done) = match place {
            Place::Free => (EventType::Created, Done::Created),
            Place::Over => (EventType::Updated, Done::Replaced),
        };
        self.changes.push((change, event_type));
        done
    }

    /// Whether something that is soft-deleted is left out.
    pub(super) fn is_left_out(&self, delete_time: Option<Timestamp>) -> bool {
        delete_time.is_some() && !self.options.preserve_identity
    }

    /// The model that a reference means.
    pub(super) fn model_of(&self, id: ModelId) -> Result<&KnownModel, Error> {
        let derived = (!self.options.preserve_identity).then(|| self.known.models.get(&self.derived(id))).flatten();
        derived.or_else(|| self.known.models.get(&id)).ok_or_else(|| Error::not_found(Kind::Model, id))
    }

    /// The release that a reference means.
    pub(super) fn release_of(&self, id: ReleaseId) -> Result<&KnownRelease, Error> {
        let derived = (!self.options.preserve_identity).then(|| self.known.releases.get(&self.derived(id))).flatten();
        derived.or_else(|| self.known.releases.get(&id)).ok_or_else(|| Error::not_found(Kind::Release, id))
    }

    /// What is live belongs to something live.
    pub(super) fn lives_in(
        delete_time: Option<Timestamp>,
        parent: Option<Timestamp>,
        (kind, name): (Kind, impl ToString),
    ) -> Result<(), Error> {
        match (delete_time, parent) {
            (None, Some(_)) => Err(Error::Deleted { kind, name: name.to_string() }),
            (None, None) | (Some(_), _) => Ok(()),
        }
    }

    /// What goes over something is live if that is, and soft-deleted if that is.
    pub(super) fn same_life(
        stored: Option<Timestamp>,
        item: Option<Timestamp>,
        (kind, name): (Kind, impl ToString),
    ) -> Result<(), Error> {
        match (stored, item) {
            (Some(_), None) => Err(Error::Deleted { kind, name: name.to_string() }),
            (None, Some(_)) => Err(Error::InvalidTransition {
                kind,
                from: "LIVE",
                to: "DELETED",
                why: "an import deletes nothing that is there",
            }),
            (None, None) | (Some(_), Some(_)) => Ok(()),
        }
    }

    /// The revision of a row: its own, or that of the write. What was deleted together with something else is found by having the
    /// same one.
    pub(super) fn stamp(
        &self,
        own: Revision,
        delete_time: Option<Timestamp>,
        parents: &[(Option<Timestamp>, Revision)],
    ) -> Revision {
        if self.keeps_revisions {
            return own;
        }
        if delete_time.is_none() {
            return self.revision;
        }
        match parents.iter().find(|(deleted, _)| *deleted == delete_time) {
            Some((_, revision)) => *revision,
            None => self.apart(parents),
        }
    }

    /// The revision of something that was deleted by itself: that of the write, or the last before it that none of these has, or it
    /// would come back with them.
    fn apart(&self, parents: &[(Option<Timestamp>, Revision)]) -> Revision {
        let before = std::iter::successors(Some(self.revision), |revision| Some(revision.previous()));
        let mut free =
            before.take(parents.len().saturating_add(1)).filter(|revision| parents.iter().all(|(_, of)| of != revision));
        free.next().unwrap_or(self.revision)
    }

    /// The revision of what goes over something: of what is soft-deleted it does not move, because what was deleted together with it
    /// has the same one.
    pub(super) fn found_again(new: Revision, deleted: Option<Timestamp>, stored: Revision) -> Revision {
        if deleted.is_some() { stored } else { new }
    }
}

/// An id that is a UUID.
pub(super) trait IsUuid {
    fn as_uuid(&self) -> Uuid;
}

impl IsUuid for ModelId {
    fn as_uuid(&self) -> Uuid {
        self.uuid()
    }
}

impl IsUuid for ReleaseId {
    fn as_uuid(&self) -> Uuid {
        self.uuid()
    }
}
