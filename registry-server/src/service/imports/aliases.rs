//! Aliases that come with an import, and their history.

use super::plan::{Change, Done, Place, Plan};
use crate::domain::release::ReleaseState;
use crate::domain::transfer::Skipped;
use crate::domain::{Error, Kind, ModelId, Refused};
use crate::service::aliases::{MAX_ALIASES, TICK};
use crate::store::entity::{alias, alias_move};

impl Plan {
    pub(super) fn alias(&mut self, mut row: alias::Model) -> Result<Done, Error> {
        let model = self.model_of(row.model_id)?.clone();
        if self.is_left_out(model.delete_time) {
            return Ok(Done::Skipped(Skipped::IdentityNotPreserved));
        }
        row.model_id = model.id;
        row.release_id = self.pointed_to(&row, model.delete_time.is_some())?;
        if !self.options.preserve_identity {
            row.previous_release_id = None;
        }
        let key = (row.model_id, row.alias.clone());
        let stored = self.known.aliases.get(&key).cloned();
        let name = || format!("{}@{}", model.name, row.alias);
        let taken = || Error::Taken { what: "alias", name: name(), field: "alias" };
        let place = match self.place(stored.is_some(), false, taken)? {
            Ok(place) => place,
            Err(done) => return Ok(done),
        };
        if place == Place::Free {
            let count = self.known.alias_counts.entry(row.model_id).or_default();
            if *count >= MAX_ALIASES {
                let subject = format!("the aliases of model `{}`", model.name);
                return Err(Error::LimitExceeded { subject, limit: MAX_ALIASES, actual: count.saturating_add(1) });
            }
            *count += 1;
        }
        if !self.keeps_revisions {
            self.begin_history(&mut row, stored.as_ref())?;
        }
        self.known.aliases.insert(key, row.clone());
        self.ids.aliases_of.insert(row.model_id.uuid());
        self.ids.aliases.insert(row.alias.to_string());
        self.rows.aliases.retain(|before| (before.model_id, &before.alias) != (row.model_id, &row.alias));
        let change = Change::alias(row.model_id, row.alias.as_str());
        self.rows.aliases.push(row);
        Ok(self.changed(change, place))
    }

    /// The release that it points to: of its model, not withdrawn, and live unless the model is deleted.
    fn pointed_to(&self, row: &alias::Model, model_is_deleted: bool) -> Result<crate::domain::ReleaseId, Error> {
        let release = self.release_of(row.release_id)?;
        if release.key.0 != row.model_id {
            let refused = Refused::new("OTHER_MODEL", "must be a release of the model");
            return Err(Error::invalid(refused.at("release_alias.release_id")));
        }
        if release.delete_time.is_some() && !model_is_deleted {
            return Err(Error::Deleted { kind: Kind::Release, name: self.name_of(release) });
        }
        match release.state {
            ReleaseState::Yanked => Err(Error::InvalidTransition {
                kind: Kind::Release,
                from: ReleaseState::Yanked.as_str(),
                to: "ALIASED",
                why: "no alias can point to a yanked release",
            }),
            ReleaseState::Candidate | ReleaseState::Active | ReleaseState::Deprecated | ReleaseState::Archived => Ok(release.id),
        }
    }

    /// Its history here begins, or goes on, with its import. Times of moves are strictly ascending.
    fn begin_history(&mut self, row: &mut alias::Model, stored: Option<&alias::Model>) -> Result<(), Error> {
        let key = (row.model_id, row.alias.clone());
        if !self.known.moves.insert((row.model_id, row.alias.clone(), self.revision)) {
            return Err(Error::Taken { what: "alias", name: row.alias.to_string(), field: "alias" });
        }
        let own = if self.options.preserve_identity { row.update_time } else { self.now };
        let time = self.known.last_moves.get(&key).map_or(own, |last| own.max(last.after(TICK)));
        self.known.last_moves.insert(key, time);
        let from = stored.map(|stored| stored.release_id);
        if let Some(stored) = stored {
            row.previous_release_id = from.filter(|from| *from != row.release_id).or(stored.previous_release_id);
            row.create_time = stored.create_time;
        }
        row.create_time = row.create_time.min(time);
        (row.update_time, row.revision) = (time, self.revision);
        self.rows.moves.push(alias_move::Model {
            model_id: row.model_id,
            alias: row.alias.clone(),
            revision: self.revision,
            move_time: time,
            moved_by: row.updated_by.clone(),
            from_release_id: from,
            to_release_id: Some(row.release_id),
            reason: None,
        });
        Ok(())
    }

    pub(super) fn alias_move(&mut self, row: alias_move::Model) -> Result<Done, Error> {
        if !self.options.preserve_identity {
            return Ok(Done::Skipped(Skipped::IdentityNotPreserved));
        }
        if !self.keeps_revisions {
            return Ok(Done::Skipped(Skipped::OtherHistory));
        }
        let model: ModelId = self.model_of(row.model_id)?.id;
        let at_revision = (model, row.alias.clone(), row.revision);
        let at_time = (model, row.alias.clone(), row.move_time);
        if self.known.moves.contains(&at_revision) || self.known.move_times.contains(&at_time) {
            return self.unchanging(|| Error::Taken { what: "move of alias", name: row.alias.to_string(), field: "revision" });
        }
        self.known.moves.insert(at_revision);
        self.known.move_times.insert(at_time);
        self.rows.moves.push(row);
        Ok(Done::Created)
    }

    /// What becomes of something that is there and never changes.
    pub(super) fn unchanging(&self, taken: impl FnOnce() -> Error) -> Result<Done, Error> {
        match self.place(true, false, taken)? {
            Ok(_) => Ok(Done::Skipped(Skipped::Exists)),
            Err(done) => Ok(done),
        }
    }
}
