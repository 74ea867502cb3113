//! Releases that come with an import.

use super::plan::{Change, Done, Place, Plan};
use crate::domain::error::Blockers;
use crate::domain::event::ResourceKind;
use crate::domain::model::Labels;
use crate::domain::release::{self as names, ReleaseState};
use crate::domain::transfer::Skipped;
use crate::domain::{Error, Kind, ModelId, ReleaseId};
use crate::store::entity::release;
use crate::store::transfers::known::{KnownModel, KnownRelease, ReleaseKey};

impl Plan {
    pub(super) fn release(&mut self, mut row: release::Model, labels: Labels) -> Result<Done, Error> {
        if self.is_left_out(row.delete_time) {
            return Ok(Done::Skipped(Skipped::IdentityNotPreserved));
        }
        let model = self.model_of(row.model_id)?.clone();
        row.model_id = model.id;
        row.base_release_id = row.base_release_id.map(|base| self.release_of(base).map(|base| base.id)).transpose()?;
        if !self.options.preserve_identity {
            row.number = model.last_release_number.saturating_add(1);
        }
        let key = (model.id, row.version.clone(), row.quantization.clone(), row.platform.clone());
        let place = match self.release_place(&row, &key)? {
            Ok(place) => place,
            Err(done) => return Ok(done),
        };
        Self::lives_in(row.delete_time, model.delete_time, (Kind::Model, &model.name))?;
        row.revision = self.stamp(row.revision, row.delete_time, &[(model.delete_time, model.revision)]);
        if let Some(stored) = self.known.releases.get(&row.id) {
            self.may_replace(stored, &row, &key)?;
            // They never change.
            (row.number, row.base_release_id) = (stored.number, stored.base);
            row.revision = Self::found_again(row.revision, stored.delete_time, stored.revision);
        }
        self.count(&model, row.number);
        self.known.put_release(KnownRelease {
            id: row.id,
            key,
            number: row.number,
            state: row.state,
            digest: row.digest.clone(),
            base: row.base_release_id,
            delete_time: row.delete_time,
            revision: row.revision,
        });
        let id = row.id.uuid();
        self.ids.releases.insert(id);
        self.rows.releases.retain(|(before, _)| before.id != row.id);
        self.rows.releases.push((row, labels));
        Ok(self.changed(Change::new(ResourceKind::Release, id), place))
    }

    fn release_place(&self, row: &release::Model, key: &ReleaseKey) -> Result<Result<Place, Done>, Error> {
        let other = |found: Option<&ReleaseId>| found.copied().filter(|id| *id != row.id);
        let twin = other(self.known.release_keys.get(key));
        let stored = self.known.releases.contains_key(&row.id);
        let number = other(self.known.release_numbers.get(&(row.model_id, row.number))).filter(|_| !stored);
        let taken = || match (twin, number) {
            (None, Some(_)) if !stored => {
                Error::Taken { what: "release", name: format!("{}#{}", row.model_id, row.number), field: "number" }
            }
            (twin, _) => self.has_release(twin.unwrap_or(row.id)),
        };
        self.place(stored, twin.is_some() || number.is_some(), taken)
    }

    fn may_replace(&self, stored: &KnownRelease, row: &release::Model, key: &ReleaseKey) -> Result<(), Error> {
        let path = match stored.key == *key {
            _ if stored.key.0 != key.0 => Some("release.model_id"),
            false => Some("release.version"),
            true if stored.digest.is_some() && stored.digest != row.digest => Some("release.digest"),
            // Otherwise a release could come to be made from itself.
            true if row.base_release_id.is_some() && row.base_release_id != stored.base => Some("release.base_release_id"),
            true => None,
        };
        if let Some(path) = path {
            return Err(Error::Immutable { path });
        }
        Self::same_life(stored.delete_time, row.delete_time, (Kind::Release, self.name_of(stored)))?;
        match (stored.state == ReleaseState::Yanked, row.state == ReleaseState::Yanked) {
            (true, false) => {
                return Err(Error::InvalidTransition {
                    kind: Kind::Release,
                    from: ReleaseState::Yanked.as_str(),
                    to: row.state.as_str(),
                    why: "a yanked release stays yanked",
                });
            }
            (true, true) | (false, false) => return Ok(()),
            (false, true) => {}
        }
        let aliases = self.known.aliases.values().filter(|alias| alias.release_id == row.id);
        let mut names: Vec<String> = aliases.map(|alias| alias.alias.to_string()).collect();
        names.sort();
        if names.is_empty() {
            return Ok(());
        }
        let count = u64::try_from(names.len()).unwrap_or(u64::MAX);
        names.truncate(usize::try_from(Blockers::NAMED).unwrap_or(1));
        let blockers = Blockers { kind: Kind::Alias, names, count };
        Err(Error::InUse { kind: Kind::Release, name: self.name_of(stored), why: "is pointed to, and would be yanked", blockers })
    }

    /// The numbers of a model go on after the greatest.
    fn count(&mut self, model: &KnownModel, number: i64) {
        let greatest = model.last_release_number.max(number);
        self.rows.numbers.insert(model.id, greatest);
        if let Some(model) = self.known.models.get_mut(&model.id) {
            model.last_release_number = greatest;
        }
    }

    fn has_release(&self, id: ReleaseId) -> Error {
        match self.known.releases.get(&id) {
            Some(stored) => Error::Exists {
                kind: Kind::Release,
                name: self.name_of(stored),
                id: id.to_string(),
                deleted: stored.delete_time.is_some(),
            },
            None => Error::bug("a key is taken by nobody"),
        }
    }

    /// As people call it.
    pub(super) fn name_of(&self, release: &KnownRelease) -> String {
        let (model, version, quantization, platform) = release.key.clone();
        match self.name_of_model(model) {
            Some(model) => names::ReleaseKey { model, version, quantization, platform }.to_string(),
            None => release.id.to_string(),
        }
    }

    fn name_of_model(&self, id: ModelId) -> Option<crate::domain::name::ModelName> {
        self.known.models.get(&id).map(|model| model.name.clone())
    }
}
