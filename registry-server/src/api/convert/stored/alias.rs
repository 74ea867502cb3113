//! An alias, or a step in the history of one, that comes with an import.

use super::{Read, required};
use crate::domain::Error;
use crate::store::entity::alias::Model as Row;
use crate::store::entity::alias_move::Model as Move;
use registry_proto::v1 as pb;
use registry_proto::v1::transfer_item::AliasMove;

pub(super) fn read(mut read: Read<'_>, message: pb::ReleaseAlias) -> Result<Row, Error> {
    let pb::ReleaseAlias {
        model_id,
        model_name: _,
        alias,
        release_id,
        previous_release_id,
        create_time,
        update_time,
        updated_by,
        revision,
    } = message;
    let model_id = read.reference("release_alias.model_id", &model_id);
    let alias = read.at.field("release_alias.alias", alias.parse());
    let release_id = read.reference("release_alias.release_id", &release_id);
    let previous_release_id = read.optional_reference("release_alias.previous_release_id", previous_release_id);
    let create_time = read.time("release_alias.create_time", create_time);
    let update_time = read.time("release_alias.update_time", update_time);
    let updated_by = read.author("release_alias.updated_by", &updated_by);
    let revision = read.revision("release_alias.revision", revision);
    read.at.finish(|| {
        Some(Row {
            model_id: model_id?,
            alias: alias?,
            release_id: release_id?,
            previous_release_id: previous_release_id?,
            create_time: create_time?,
            update_time: update_time?,
            updated_by: updated_by?,
            revision: revision?,
        })
    })
}

pub(super) fn moved(mut read: Read<'_>, message: AliasMove) -> Result<Move, Error> {
    let AliasMove { model_id, alias, step } = message;
    let Some(step) = step else { return Err(Error::invalid(required().at("alias_move.step"))) };
    let pb::ReleaseAliasMove { revision, move_time, moved_by, from_release_id, to_release_id, reason } = step;
    let model_id = read.reference("alias_move.model_id", &model_id);
    let alias = read.at.field("alias_move.alias", alias.parse());
    let revision = read.revision("alias_move.step.revision", revision);
    let move_time = read.time("alias_move.step.move_time", move_time);
    let moved_by = read.author("alias_move.step.moved_by", &moved_by);
    let from_release_id = read.optional_reference("alias_move.step.from_release_id", from_release_id);
    let to_release_id = read.optional_reference("alias_move.step.to_release_id", to_release_id);
    let reason = read.optional_text("alias_move.step.reason", reason, 1024);
    read.at.finish(|| {
        Some(Move {
            model_id: model_id?,
            alias: alias?,
            revision: revision?,
            move_time: move_time?,
            moved_by: moved_by?,
            from_release_id: from_release_id?,
            to_release_id: to_release_id?,
            reason: reason?,
        })
    })
}
