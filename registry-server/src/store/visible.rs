//! Which rows there are for whoever reads. Every query of the store begins here: `tests/suite/tidy.rs` sees to that.
//!
//! A caller may be limited to the models whose names begin with certain prefixes. What is outside of them is not there for
//! him, so rows that are models, or belong to models, can be asked for only through a [`Source`], which knows whose eyes
//! look. For a caller without a limit nothing is added to a query.
//!
//! May not: know what else is asked.

use super::entity::{
    alias, alias_move, answer, api_key, artifact, audit_entry, content, deployment, event, import, model, model_label, model_tag,
    release, release_label, state, upload,
};
use super::{Source, filter};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Select};

/// A table whose rows are models, or belong to models.
pub(super) trait OfModels: EntityTrait {
    /// That a row is within one of these prefixes. It takes nothing for granted of the query it becomes part of.
    fn within(prefixes: &[String]) -> Condition;
}

/// A table of which nothing belongs to a model.
pub(super) trait OfRegistry: EntityTrait {}

/// Begins a query: for the rows that there are for whoever reads.
pub(super) fn find<E: OfModels>(source: &impl Source) -> Select<E> {
    match source.scope().prefixes() {
        [] => E::find(),
        prefixes => E::find().filter(E::within(prefixes)),
    }
}

/// Begins a query that is the same for everybody.
pub(super) fn of_registry<E: OfRegistry>() -> Select<E> {
    E::find()
}

impl OfRegistry for answer::Entity {}
impl OfRegistry for api_key::Entity {}
impl OfRegistry for audit_entry::Entity {}
impl OfRegistry for content::Entity {}
impl OfRegistry for import::Entity {}
impl OfRegistry for state::Entity {}
impl OfRegistry for upload::Entity {}

impl OfModels for model::Entity {
    fn within(prefixes: &[String]) -> Condition {
        begins_with_one(model::Column::Name, prefixes)
    }
}

impl OfModels for release::Entity {
    fn within(prefixes: &[String]) -> Condition {
        has_owner((model::Entity, model::Column::Id), release::Column::ModelId, prefixes)
    }
}

impl OfModels for artifact::Entity {
    fn within(prefixes: &[String]) -> Condition {
        has_owner((model::Entity, model::Column::Id), artifact::Column::ModelId, prefixes)
    }
}

impl OfModels for alias::Entity {
    fn within(prefixes: &[String]) -> Condition {
        has_owner((model::Entity, model::Column::Id), alias::Column::ModelId, prefixes)
    }
}

impl OfModels for alias_move::Entity {
    fn within(prefixes: &[String]) -> Condition {
        has_owner((model::Entity, model::Column::Id), alias_move::Column::ModelId, prefixes)
    }
}

impl OfModels for model_tag::Entity {
    fn within(prefixes: &[String]) -> Condition {
        has_owner((model::Entity, model::Column::Id), model_tag::Column::ModelId, prefixes)
    }
}

impl OfModels for model_label::Entity {
    fn within(prefixes: &[String]) -> Condition {
        has_owner((model::Entity, model::Column::Id), model_label::Column::ModelId, prefixes)
    }
}

impl OfModels for release_label::Entity {
    fn within(prefixes: &[String]) -> Condition {
        has_owner((release::Entity, release::Column::Id), release_label::Column::ReleaseId, prefixes)
    }
}

impl OfModels for deployment::Entity {
    fn within(prefixes: &[String]) -> Condition {
        has_owner((model::Entity, model::Column::Id), deployment::Column::ModelId, prefixes)
    }
}

/// An event is of the name that its resource had then: the name of the model, followed by nothing, by `:` (a release, or a
/// deployment or an artifact of one), by `@` (an alias) or by `#` (an artifact of the model). No prefix can hold one of those, so it
/// is the name of the model that is looked at, and nothing behind it.
impl OfModels for event::Entity {
    fn within(prefixes: &[String]) -> Condition {
        begins_with_one(event::Column::ResourceName, prefixes)
    }
}

fn begins_with_one(column: impl ColumnTrait, prefixes: &[String]) -> Condition {
    prefixes.iter().fold(Condition::any(), |any, prefix| any.add(filter::prefix(column, prefix)))
}

/// That what a row belongs to is within one of the prefixes. One look by primary key for each row, and no join: the query may
/// have joined that table already, or count rows, or lock them.
fn has_owner<O: OfModels>((owner, id): (O, O::Column), reference: impl ColumnTrait, prefixes: &[String]) -> Condition {
    let is_it = Expr::col((owner, id)).equals(reference.as_column_ref());
    let owners: SelectStatement = Query::select().column(id).from(owner).and_where(is_it).cond_where(O::within(prefixes)).take();
    Condition::all().add(Expr::exists(owners))
}
