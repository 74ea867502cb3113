//! Models that come with an import.

use super::plan::{Change, Done, Plan};
use crate::domain::event::ResourceKind;
use crate::domain::transfer::Skipped;
use crate::domain::{Error, Kind, ModelId};
use crate::store::models::Model;
use crate::store::transfers::known::KnownModel;

impl Plan {
    pub(super) fn model(&mut self, mut model: Model) -> Result<Done, Error> {
        if self.is_left_out(model.row.delete_time) {
            return Ok(Done::Skipped(Skipped::IdentityNotPreserved));
        }
        self.scope.admit(&model.row.name)?;
        let row = &mut model.row;
        let stored = self.known.models.get(&row.id).cloned();
        let holder = self.known.model_names.get(&row.name).copied().filter(|holder| *holder != row.id);
        let taken = || self.has_model(holder.unwrap_or(row.id));
        let place = match self.place(stored.is_some(), holder.is_some(), taken)? {
            Ok(place) => place,
            Err(done) => return Ok(done),
        };
        row.revision = self.stamp(row.revision, None, &[]);
        if let Some(stored) = &stored {
            row.revision = Self::found_again(row.revision, stored.delete_time, stored.revision);
            Self::same_life(stored.delete_time, row.delete_time, (Kind::Model, &stored.name))?;
            row.last_release_number = row.last_release_number.max(stored.last_release_number);
        }
        self.known.put_model(KnownModel {
            id: row.id,
            name: row.name.clone(),
            delete_time: row.delete_time,
            revision: row.revision,
            last_release_number: row.last_release_number,
        });
        let id = row.id.uuid();
        self.ids.models.insert(id);
        self.rows.models.retain(|before| before.row.id != model.row.id);
        self.rows.models.push(model);
        Ok(self.changed(Change::new(ResourceKind::Model, id), place))
    }

    fn has_model(&self, id: ModelId) -> Error {
        match self.known.models.get(&id) {
            Some(KnownModel { name, delete_time, .. }) => {
                Error::Exists { kind: Kind::Model, name: name.to_string(), id: id.to_string(), deleted: delete_time.is_some() }
            }
            None => Error::bug("a name is taken by nobody"),
        }
    }
}
