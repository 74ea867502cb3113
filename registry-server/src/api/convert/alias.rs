//! `ReleaseAlias` and `ReleaseAliasMove`.

use super::{refs, time};
use crate::api::violations::Violations;
use crate::domain::alias::{AliasFilter, DeleteAlias, Expected, SetAlias};
use crate::domain::model::ModelRef;
use crate::domain::name::AliasName;
use crate::domain::{Context, Error};
use crate::store::aliases::Alias;
use crate::store::entity::alias::Model as Row;
use crate::store::entity::alias_move::Model as Move;
use registry_proto::v1 as pb;
use registry_proto::v1::set_release_alias_request::{Absent, Precondition};

/// To create an alias or to move it.
pub(in crate::api) fn set(message: pb::SetReleaseAliasRequest) -> Result<SetAlias, Error> {
    let pb::SetReleaseAliasRequest { release_ref, alias, precondition, reason, validate_only: _, request_id: _ } = message;
    let release = refs::release("release_ref", release_ref)?;
    let mut at = Violations::default();
    let alias = at.field("alias", alias.parse());
    let expected = match precondition {
        None => Some(Expected::Anything),
        Some(Precondition::Absent(Absent {})) => Some(Expected::Absent),
        Some(Precondition::ExpectedReleaseId(id)) => at.field("expected_release_id", id.parse().map(Expected::Release)),
    };
    at.finish(|| Some(SetAlias { release, alias: alias?, expected: expected?, reason }))
}

/// To delete an alias.
pub(in crate::api) fn delete(message: pb::DeleteReleaseAliasRequest) -> Result<DeleteAlias, Error> {
    let pb::DeleteReleaseAliasRequest { model_ref, alias, expected_release_id, allow_missing, request_id: _ } = message;
    let model = refs::model("model_ref", model_ref)?;
    let mut at = Violations::default();
    let alias = at.field("alias", alias.parse());
    let expected = at.optional("expected_release_id", super::given(expected_release_id).map(|id| id.parse()));
    at.finish(|| Some(DeleteAlias { model, alias: alias?, expected: expected?, allow_missing }))
}

/// Which aliases to list.
pub(in crate::api) fn filter(model: Option<pb::ModelRef>, release: Option<pb::ReleaseRef>) -> Result<AliasFilter, Error> {
    let model = refs::optional("model_ref", model, refs::model)?;
    Ok(AliasFilter { model, release: refs::optional("release_ref", release, refs::release)? })
}

/// Which alias of which model.
pub(in crate::api) fn one(model: Option<pb::ModelRef>, alias: &str) -> Result<(ModelRef, AliasName), Error> {
    let model = refs::model("model_ref", model)?;
    let mut at = Violations::default();
    let alias = at.field("alias", alias.parse());
    at.finish(|| Some((model, alias?)))
}

/// An alias.
pub(in crate::api) fn message(alias: Alias) -> pb::ReleaseAlias {
    let Alias { row, model } = alias;
    let Row { model_id, alias, release_id, previous_release_id, create_time, update_time, updated_by, revision } = row;
    pb::ReleaseAlias {
        model_id: model_id.to_string(),
        model_name: model.into(),
        alias: alias.into(),
        release_id: release_id.to_string(),
        previous_release_id: previous_release_id.map(|id| id.to_string()),
        create_time: Some(time::timestamp(create_time)),
        update_time: Some(time::timestamp(update_time)),
        updated_by: updated_by.into(),
        revision: revision.number(),
    }
}

/// An alias as it was written; without a revision if it was only validated.
pub(in crate::api) fn written(alias: Alias, ctx: &Context) -> pb::ReleaseAlias {
    let mut message = message(alias);
    if ctx.is_dry_run() {
        message.revision = 0;
    }
    message
}

/// A move of an alias.
pub(in crate::api) fn moved(moved: Move) -> pb::ReleaseAliasMove {
    let Move { model_id: _, alias: _, revision, move_time, moved_by, from_release_id, to_release_id, reason } = moved;
    pb::ReleaseAliasMove {
        revision: revision.number(),
        move_time: Some(time::timestamp(move_time)),
        moved_by: moved_by.into(),
        from_release_id: from_release_id.map(|id| id.to_string()),
        to_release_id: to_release_id.map(|id| id.to_string()),
        reason,
    }
}
