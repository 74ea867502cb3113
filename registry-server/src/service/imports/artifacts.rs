//! Artifacts that come with an import.

use super::plan::{Change, Done, Place, Plan};
use crate::domain::artifact::ArtifactContentState;
use crate::domain::content::ContentState;
use crate::domain::event::ResourceKind;
use crate::domain::name::ContentHash;
use crate::domain::transfer::Skipped;
use crate::domain::{ArtifactId, ContentId, Error, Kind, Refused};
use crate::store::entity::artifact;
use crate::store::transfers::known::KnownArtifact;

impl Plan {
    pub(super) fn artifact(&mut self, mut row: artifact::Model) -> Result<Done, Error> {
        if self.is_left_out(row.delete_time) {
            return Ok(Done::Skipped(Skipped::IdentityNotPreserved));
        }
        let model = self.model_of(row.model_id)?.clone();
        row.model_id = model.id;
        Self::lives_in(row.delete_time, model.delete_time, (Kind::Model, &model.name))?;
        let mut parents = vec![(model.delete_time, model.revision)];
        if let Some(release) = row.release_id {
            let release = self.release_of(release)?;
            if release.key.0 != row.model_id {
                return Err(Error::invalid(
                    Refused::new("OTHER_MODEL", "must be a release of the model").at("artifact.release_id"),
                ));
            }
            Self::lives_in(row.delete_time, release.delete_time, (Kind::Release, self.name_of(release)))?;
            parents.insert(0, (release.delete_time, release.revision));
            row.release_id = Some(release.id);
        }
        let place = match self.artifact_place(&row)? {
            Ok(place) => place,
            Err(done) => return Ok(done),
        };
        (row.content_state, row.content_id) = self.bytes_of(&row);
        row.revision = self.stamp(row.revision, row.delete_time, &parents);
        if let Some(stored) = self.known.artifacts.get(&row.id) {
            may_replace(stored, &row)?;
            row.revision = Self::found_again(row.revision, stored.delete_time, stored.revision);
            // What the registry holds of it, it goes on holding.
            if stored.content_id.is_some() {
                (row.content_state, row.content_id) = (stored.content_state, stored.content_id);
            }
        }
        self.known.put_artifact(KnownArtifact {
            id: row.id,
            model_id: row.model_id,
            release_id: row.release_id,
            name: row.name.clone(),
            checksum: row.checksum.clone(),
            path: row.file_path_hash.clone(),
            size_bytes: row.size_bytes,
            content_state: row.content_state,
            content_id: row.content_id,
            delete_time: row.delete_time,
            revision: row.revision,
        });
        let id = row.id.uuid();
        self.ids.artifacts.insert(id);
        self.rows.artifacts.retain(|before| before.id != row.id);
        self.rows.artifacts.push(row);
        Ok(self.changed(Change::new(ResourceKind::Artifact, id), place))
    }

    /// What is soft-deleted is in nobody's way.
    fn artifact_place(&self, row: &artifact::Model) -> Result<Result<Place, Done>, Error> {
        let other = |found: Option<&ArtifactId>| found.copied().filter(|id| *id != row.id && row.delete_time.is_none());
        let namesake = other(self.known.file_names.get(&(row.model_id, row.release_id, row.name.clone())));
        let path = other(self.known.paths.get(&row.file_path_hash));
        let stored = self.known.artifacts.get(&row.id);
        let taken = || {
            let (name, holder) = match (namesake, path) {
                (None, Some(path)) => (row.file_path.to_string(), path),
                (namesake, _) => (row.name.to_string(), namesake.unwrap_or(row.id)),
            };
            let deleted = self.known.artifacts.get(&holder).is_some_and(|holder| holder.delete_time.is_some());
            Error::Exists { kind: Kind::Artifact, name, id: holder.to_string(), deleted }
        };
        self.place(stored.is_some(), namesake.is_some() || path.is_some(), taken)
    }

    /// Where its bytes are: what was found here counts, and not what was so there.
    fn bytes_of(&self, row: &artifact::Model) -> (ArtifactContentState, Option<ContentId>) {
        use ArtifactContentState::{External, Lost, Stored};
        let id = row.content_id.filter(|_| self.options.preserve_identity);
        let found = id.and_then(|id| self.known.contents.get(&id).map(|found| (id, found)));
        match (row.content_state, found) {
            (External, _) => (External, None),
            (Stored | Lost, None) => (Lost, None),
            (Stored | Lost, Some((id, (_, ContentState::Stored)))) => (Stored, Some(id)),
            (Lost, Some((id, (_, ContentState::Lost)))) => (Lost, Some(id)),
            (Stored, Some((id, (sha256, ContentState::Lost)))) => self.equal(sha256).unwrap_or((Lost, Some(id))),
            // Nothing may refer to bytes that are about to be removed.
            (Stored | Lost, Some((_, (sha256, ContentState::Condemned)))) => self.equal(sha256).unwrap_or((Lost, None)),
        }
    }

    fn equal(&self, sha256: &ContentHash) -> Option<(ArtifactContentState, Option<ContentId>)> {
        self.known.stored.get(sha256).map(|equal| (ArtifactContentState::Stored, Some(*equal)))
    }
}

fn may_replace(stored: &KnownArtifact, row: &artifact::Model) -> Result<(), Error> {
    // What the registry holds, or held, is as it was found to be.
    let held = stored.content_state != ArtifactContentState::External;
    let path = if stored.model_id != row.model_id || stored.release_id != row.release_id {
        "artifact.release_id"
    } else if stored.name != row.name {
        "artifact.name"
    } else if stored.checksum != row.checksum {
        "artifact.checksum"
    } else if held != (row.content_state != ArtifactContentState::External) {
        "artifact.content_state"
    } else if held && stored.path != row.file_path_hash {
        "artifact.file_path"
    } else if held && stored.size_bytes != row.size_bytes {
        "artifact.size_bytes"
    } else {
        return Plan::same_life(stored.delete_time, row.delete_time, (Kind::Artifact, &stored.name));
    };
    Err(Error::Immutable { path })
}
