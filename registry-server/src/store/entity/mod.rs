//! The rows, table by table, made of domain values.
//!
//! May not: hold queries or rules. A test compares what these say of the schema with what the migrations
//! build; the server compares it with the live database at every start.

pub mod alias;
pub mod alias_move;
pub mod answer;
pub mod api_key;
pub mod artifact;
pub mod audit_entry;
pub mod content;
pub mod deployment;
pub mod event;
pub mod import;
pub mod model;
pub mod model_label;
pub mod model_tag;
pub mod release;
pub mod release_label;
pub mod state;
pub mod upload;

use sea_orm::sea_query::{Index, TableCreateStatement};
use sea_orm::{DbBackend, EntityTrait, Schema};

/// The table of every entity, as this binary needs it, parents first.
#[must_use]
pub fn tables(backend: DbBackend) -> Vec<TableCreateStatement> {
    fn table<E: EntityTrait>(schema: &Schema, entity: E) -> TableCreateStatement {
        let mut table = schema.create_table_from_entity(entity);
        // `unique_key` is not part of the table that SeaORM makes of an entity.
        for mut index in schema.create_index_from_entity(entity) {
            table.index(&mut index);
        }
        table
    }
    let schema = Schema::new(backend);
    vec![
        table(&schema, model::Entity),
        table(&schema, model_tag::Entity),
        table(&schema, model_label::Entity),
        table(&schema, release::Entity)
            .index(Index::create().unique().col(release::Column::ModelId).col(release::Column::Number))
            .take(),
        table(&schema, release_label::Entity),
        table(&schema, alias::Entity),
        table(&schema, alias_move::Entity),
        table(&schema, state::Entity),
        table(&schema, event::Entity),
        table(&schema, answer::Entity),
        table(&schema, api_key::Entity),
        table(&schema, audit_entry::Entity),
        table(&schema, content::Entity),
        table(&schema, upload::Entity),
        table(&schema, artifact::Entity),
        table(&schema, deployment::Entity),
        table(&schema, import::Entity),
    ]
}
