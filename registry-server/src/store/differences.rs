//! What of a row is not as another one says it: of what stands for something that was to be taken over.
//!
//! May not: compare what this registry gives to every row by itself: ids, numbers, revisions, who wrote.

use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, Value};

/// A column, what one row says in it, and what the other does.
pub type Difference = (String, Option<String>, Option<String>);

const OWN: [&str; 12] = [
    "id",
    "model_id",
    "release_id",
    "base_release_id",
    "number",
    "last_release_number",
    "file_path_hash",
    "content_id",
    "purge_time",
    "revision",
    "created_by",
    "updated_by",
];

/// The columns in which two rows differ.
#[must_use]
pub fn between<M: ModelTrait>(wanted: &M, here: &M) -> Vec<Difference> {
    let columns = <M::Entity as EntityTrait>::Column::iter().filter(|column| !OWN.contains(&column.as_str()));
    let both = columns.map(|column| (column.as_str().to_owned(), wanted.get(column), here.get(column)));
    both.filter(|(_, wanted, here)| wanted != here).map(|(column, wanted, here)| (column, text(wanted), text(here))).collect()
}

/// What it is in the report. Every type that a column of ours has is here.
fn text(value: Value) -> Option<String> {
    match value {
        Value::Bool(value) => value.map(|value| value.to_string()),
        Value::Int(value) => value.map(|value| value.to_string()),
        Value::BigInt(value) => value.map(|value| value.to_string()),
        Value::String(value) => value,
        Value::Uuid(value) => value.map(|value| value.to_string()),
        other => Some(format!("{other:?}")),
    }
}
