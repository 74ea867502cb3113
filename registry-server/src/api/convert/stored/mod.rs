//! What comes with an import, read as it was stored: the other way round of what an export sends. Fields that no caller writes
//! otherwise have no rules in the contract, so what holds of them is looked at here.
//!
//! May not: look anything up.

mod alias;
mod artifact;
mod audit;
mod content;
mod deployment;
mod model;
mod release;

use super::time;
use crate::api::violations::Violations;
use crate::domain::name::Actor;
use crate::domain::transfer::derived_id;
use crate::domain::{Error, ImportId, Refused, Revision, Timestamp};
use crate::store::transfers::Incoming;
use registry_proto::v1 as pb;
use registry_proto::v1::transfer_item::Resource;
use registry_proto::validate::{Collector, Validate};
use uuid::Uuid;

/// How items are read.
#[derive(Debug, Clone)]
pub(in crate::api) struct Reading {
    pub(in crate::api) import: ImportId,
    /// Whether ids, times and authors are the item's own.
    pub(in crate::api) preserve: bool,
    /// The greatest revision there may be, if they are the item's own.
    pub(in crate::api) revisions: Option<Revision>,
    /// Who imports.
    pub(in crate::api) actor: Actor,
    /// When.
    pub(in crate::api) now: Timestamp,
}

/// An item, and the number that it has.
pub(in crate::api) fn item(reading: &Reading, sequence: i64, item: pb::TransferItem) -> Result<Incoming, Error> {
    let mut at = Collector::default();
    item.validate(&mut at);
    crate::api::violations::both(at.finish(), Ok(()))?;
    let read = Read { by: reading, sequence, at: Violations::default() };
    let pb::TransferItem { resource, last_release_number, content_id } = item;
    match resource {
        Some(Resource::Model(message)) => model::read(read, *message, last_release_number).map(Incoming::model),
        Some(Resource::Release(message)) => release::read(read, *message).map(Incoming::release),
        Some(Resource::ReleaseAlias(message)) => alias::read(read, *message).map(Incoming::Alias),
        Some(Resource::AliasMove(message)) => alias::moved(read, *message).map(Incoming::AliasMove),
        Some(Resource::StoredContent(message)) => content::read(read, *message).map(Incoming::Content),
        Some(Resource::Artifact(message)) => artifact::read(read, *message, content_id).map(Incoming::artifact),
        Some(Resource::Deployment(message)) => deployment::read(read, *message).map(Incoming::deployment),
        Some(Resource::AuditEntry(message)) => audit::read(read, *message).map(Incoming::entry),
        None => Err(Error::invalid(required().at("resource"))),
    }
}

/// An item that is being read, and what was wrong with it so far. What is wrong becomes `None`.
struct Read<'a> {
    by: &'a Reading,
    sequence: i64,
    at: Violations,
}

impl Read<'_> {
    /// The id of the item itself: its own, or one made of it.
    fn id<T: From<Uuid>>(&mut self, field: &str, text: &str) -> Option<T> {
        let parsed = match (self.by.preserve, text.is_empty()) {
            (false, true) => return Some(derived_id(self.by.import, &format!("#{}", self.sequence)).into()),
            (true, true) => Err(required()),
            (_, false) => Uuid::try_parse(text).map_err(|_| Refused::new("STRING_UUID", "is not a UUID")),
        };
        let id = self.at.field(field, parsed)?;
        Some(if self.by.preserve { id } else { derived_id(self.by.import, &id.to_string()) }.into())
    }

    /// The id of something else.
    fn reference<T: From<Uuid>>(&mut self, field: &str, text: &str) -> Option<T> {
        let parsed = match text {
            "" => Err(required()),
            text => Uuid::try_parse(text).map_err(|_| Refused::new("STRING_UUID", "is not a UUID")),
        };
        self.at.field(field, parsed).map(T::from)
    }

    fn optional_reference<T: From<Uuid>>(&mut self, field: &str, text: Option<String>) -> Option<Option<T>> {
        match text {
            Some(text) => self.reference(field, &text).map(Some),
            None => Some(None),
        }
    }

    /// A time that everything has. It is now, unless it is the item's own.
    fn time(&mut self, field: &str, time: Option<prost_types::Timestamp>) -> Option<Timestamp> {
        match (self.by.preserve, time) {
            (false, _) => Some(self.by.now),
            (true, None) => self.at.field(field, Err(required())),
            (true, Some(time)) => self.at.field(field, sound(time)),
        }
    }

    /// A time that something may have. What has one has it now, unless it is the item's own.
    fn optional_time(&mut self, field: &str, time: Option<prost_types::Timestamp>) -> Option<Option<Timestamp>> {
        match (self.by.preserve, time) {
            (_, None) => Some(None),
            (false, Some(_)) => Some(Some(self.by.now)),
            (true, Some(time)) => self.at.field(field, sound(time)).map(Some),
        }
    }

    /// When something was soft-deleted, and when it is purged: both or neither.
    fn deletion(
        &mut self,
        field: &str,
        deleted: Option<prost_types::Timestamp>,
        purged: Option<prost_types::Timestamp>,
    ) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
        let both = match (&deleted, &purged) {
            (Some(_), Some(_)) | (None, None) => Ok(()),
            (Some(_), None) | (None, Some(_)) => Err(Refused::new("BOTH_OR_NEITHER", "goes together with delete_time")),
        };
        self.at.field(&format!("{field}.purge_time"), both)?;
        let deleted = self.optional_time(&format!("{field}.delete_time"), deleted);
        let purged = self.optional_time(&format!("{field}.purge_time"), purged);
        Some((deleted?, purged?))
    }

    /// Who did it: whoever imports, unless it is the item's own.
    fn author(&mut self, field: &str, name: &str) -> Option<Actor> {
        if !self.by.preserve {
            return Some(self.by.actor.clone());
        }
        let name = self.text(field, name.to_owned(), 255)?;
        self.at.field(field, name.parse())
    }

    /// A revision of the item's own; that of the write comes later.
    fn revision(&mut self, field: &str, number: i64) -> Option<Revision> {
        let Some(greatest) = self.by.revisions else { return Some(Revision::ZERO) };
        let revision = Revision::new(number);
        let known = revision > Revision::ZERO && revision <= greatest;
        let parsed = known.then_some(revision).ok_or_else(|| Refused::new("REVISION", "must be 1 to options.source_revision"));
        self.at.field(field, parsed)
    }

    /// A text that no caller writes otherwise.
    fn text(&mut self, field: &str, text: String, most: usize) -> Option<String> {
        let parsed = match text.chars().count() {
            0 => Err(required()),
            length if length > most => {
                Err(Refused::new("STRING_MAX_LEN", format!("must have at most {most} characters, has {length}")))
            }
            _ if text.contains('\0') => Err(Refused::new("STRING_NUL", "must not contain NUL")),
            _ => Ok(text),
        };
        self.at.field(field, parsed)
    }

    /// The same for one that may be unset, and then may be empty.
    fn optional_text(&mut self, field: &str, text: Option<String>, most: usize) -> Option<Option<String>> {
        match text {
            Some(text) if !text.is_empty() => self.text(field, text, most).map(Some),
            text => Some(text),
        }
    }

    /// Fails unless something holds.
    fn must(&mut self, field: &str, holds: bool, refused: impl FnOnce() -> Refused) {
        self.at.field(field, if holds { Ok(()) } else { Err(refused()) });
    }
}

fn required() -> Refused {
    Refused::new("REQUIRED", "must be set")
}

fn sound(time: prost_types::Timestamp) -> Result<Timestamp, Refused> {
    let mut at = Collector::default();
    time.validate(&mut at);
    at.finish().map_err(|_| Refused::new("TIMESTAMP", "is not a time"))?;
    Ok(time::parse_timestamp(time))
}
