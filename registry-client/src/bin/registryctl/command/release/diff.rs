//! `registryctl release diff`: two releases, field by field.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use registry_client::Reference;
use serde_json::{Value, json};

use crate::arguments::Build;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Table};
use crate::resource::Resource as _;
use crate::session::Session;

/// Tells in which fields two releases differ
///
/// What the registry keeps for itself (ids, numbers, etags, revisions, times, names of keys) is left out, unless --all is said.
#[derive(Debug, Args)]
pub struct Diff {
    /// A release
    first: Reference,

    /// Another one
    second: Reference,

    #[command(flatten)]
    build: Build,

    /// Also fields that differ between any two releases
    #[arg(long)]
    all: bool,

    /// End with 13 if they differ
    #[arg(long)]
    exit_code: bool,
}

/// What differs between any two.
const OWN: [&str; 12] = [
    "id",
    "number",
    "etag",
    "revision",
    "createTime",
    "updateTime",
    "promoteTime",
    "createdBy",
    "updatedBy",
    "deleteTime",
    "purgeTime",
    "modelId",
];

impl Diff {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { first, second, build, all, exit_code } = self;
        let client = session.client().await?;
        let (first, second) = (build.resolve(&client, first).await?, build.resolve(&client, second).await?);
        let fields = differences(&flat(&output::json(&first)?), &flat(&output::json(&second)?), all);
        let mut table = Table::new(["FIELD".to_owned(), first.name(), second.name()]);
        let (mut values, mut names) = (Vec::new(), Vec::new());
        for (field, before, after) in fields {
            table.row([&field, &text(&before), &text(&after)]);
            values.push(json!({"field": field, "first": before, "second": after}));
            names.push(field);
        }
        let printed = session.output.values(&values, table, &names);
        if exit_code && !names.is_empty() {
            // That nobody reads it does not make them the same.
            printed.map_err(Failure::untold)?;
            return Ok(Exit::Different);
        }
        printed.map(|()| Exit::Done)
    }
}

type Fields = BTreeMap<String, Value>;

fn differences(first: &Fields, second: &Fields, all: bool) -> Vec<(String, Value, Value)> {
    let names: BTreeSet<&String> =
        first.keys().chain(second.keys()).filter(|name| all || !OWN.contains(&name.as_str())).collect();
    let value = |fields: &Fields, name: &String| fields.get(name).cloned().unwrap_or_default();
    let both = names.into_iter().map(|name| (name.clone(), value(first, name), value(second, name)));
    both.filter(|(_, first, second)| first != second).collect()
}

/// The fields of objects within objects, as `training.gpuCount`.
fn flat(value: &Value) -> Fields {
    let mut fields = Fields::new();
    collect("", value, &mut fields);
    fields
}

fn collect(path: &str, value: &Value, fields: &mut Fields) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(&path, value, fields);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            fields.insert(path.to_owned(), value.clone());
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
