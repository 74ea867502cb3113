//! The model registry of MLflow 1.x, 2.x and 3.x, in its SQLite file or its PostgreSQL: what a later one has more (aliases,
//! `storage_location`, workspaces) is found by tables and columns.
//!
//! May not: read runs, experiments or webhooks; write to the old database, whose server may go on meanwhile.

mod aliases;
mod batch;
mod family;
mod release;
mod tags;
mod titles;

use super::source::Source;
use super::{Portion, System, Trouble};
use crate::domain::import::Origin;
use crate::store::legacy::{Row, Table};
use batch::Rows;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// The name of the system, as the operator knows it.
const NAME: &str = "mlflow";
const MODELS: &str = "registered_models";
const VERSIONS: &str = "model_versions";
const MODEL_TAGS: &str = "registered_model_tags";
const VERSION_TAGS: &str = "model_version_tags";
const ALIASES: &str = "registered_model_aliases";
/// Where everything is that is in no other workspace, also in a database that knows none.
const DEFAULT: &str = "default";
const WORKSPACE: &str = "workspace";

/// What is to be imported.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Only this workspace.
    pub workspace: Option<String>,
    /// Prompts as well.
    pub prompts: bool,
}

/// A registered model: its workspace and its name.
type Key = (String, String);

/// What a column of a row holds; nothing for NULL.
fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).and_then(Option::as_deref).unwrap_or_default()
}

/// The registered model that a row of any table is of.
fn key(row: &Row) -> Key {
    let workspace = row.get(WORKSPACE).and_then(Option::as_deref).unwrap_or(DEFAULT);
    (workspace.to_owned(), text(row, "name").to_owned())
}

/// Where a row was: what its primary key holds, the name first.
fn origin(table: &'static str, row: &Row, rest: &[&str]) -> Origin {
    let workspace = row.get(WORKSPACE).and_then(Option::as_deref);
    let parts = workspace.into_iter().chain([text(row, "name")]).chain(rest.iter().map(|column| text(row, column)));
    Origin::new(table, parts.collect::<Vec<_>>().join("/"))
}

/// The tables of the registry; the later ones may be missing.
#[derive(Debug)]
struct Tables {
    models: Table,
    versions: Table,
    model_tags: Option<Table>,
    version_tags: Option<Table>,
    aliases: Option<Table>,
}

impl Tables {
    /// Those of a source; nothing if it is of something else.
    ///
    /// # Errors
    /// If a table of them lacks a column that it has in every version.
    fn of(source: &Source) -> Result<Option<Self>, Trouble> {
        let Some(models) = source.known(None, MODELS, &["name", "creation_time"])?.cloned() else { return Ok(None) };
        let beside = |name: &str, columns: &[&str]| Ok::<_, Trouble>(source.known(Some(&models.schema), name, columns)?.cloned());
        let Some(versions) = beside(VERSIONS, &["name", "version", "current_stage", "source"])? else { return Ok(None) };
        Ok(Some(Self {
            versions,
            model_tags: beside(MODEL_TAGS, &["name", "key", "value"])?,
            version_tags: beside(VERSION_TAGS, &["name", "version", "key", "value"])?,
            aliases: beside(ALIASES, &["name", "alias", "version"])?,
            models,
        }))
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, &Table)> {
        let later = [(MODEL_TAGS, &self.model_tags), (VERSION_TAGS, &self.version_tags), (ALIASES, &self.aliases)];
        let later = later.into_iter().filter_map(|(name, table)| table.as_ref().map(|table| (name, table)));
        [(MODELS, &self.models), (VERSIONS, &self.versions)].into_iter().chain(later)
    }

    fn has_workspaces(&self) -> bool {
        self.models.has(&[WORKSPACE])
    }

    /// The columns that tell one model from the others.
    fn order(&self) -> &'static [&'static str] {
        if self.has_workspaces() { &[WORKSPACE, "name"] } else { &["name"] }
    }
}

/// A registry of MLflow, open.
#[derive(Debug)]
pub struct Mlflow {
    source: Source,
    tables: Tables,
    choice: Choice,
    /// The name that each model gets.
    names: HashMap<Key, String>,
    /// Behind which model it has been read.
    after: Option<Vec<String>>,
    /// Read already, with everything of them.
    models: VecDeque<(Row, Rows)>,
    read: batch::Read,
    /// Tables that may hold rows of no model, not looked through yet.
    strays: Option<VecDeque<batch::Strays>>,
}

impl Mlflow {
    /// Looks for the tables, and gives every model a name.
    ///
    /// # Errors
    /// A sentence that says what was found instead.
    pub async fn open(source: Source, choice: Choice) -> Result<Self, Trouble> {
        let Some(tables) = Tables::of(&source)? else {
            let found = source.found();
            return Err(Trouble(format!(
                "no model registry of MLflow: expected the tables {MODELS} (name, creation_time, …) and {VERSIONS} (name, version, current_stage, source, …), found {found}"
            )));
        };
        let keys = batch::keys(&source, &tables).await?;
        let workspaces: HashSet<&str> = keys.iter().map(|(workspace, _)| workspace.as_str()).collect();
        if let Some(chosen) = choice.workspace.as_deref().filter(|chosen| !workspaces.contains(chosen)) {
            let mut all: Vec<&str> = workspaces.into_iter().collect();
            all.sort_unstable();
            return Err(Trouble(format!("--workspace: {chosen} has no models; there are some in: {}", all.join(", "))));
        }
        let is_prefixed = choice.workspace.is_none() && workspaces.len() > 1;
        let names = titles::give(keys, is_prefixed);
        Ok(Self {
            source,
            tables,
            choice,
            names,
            after: None,
            models: VecDeque::new(),
            read: batch::Read::default(),
            strays: None,
        })
    }

    /// Why a model is left out, if it is.
    fn left_out(&self, model: &Row, rows: &Rows) -> Option<&'static str> {
        let (workspace, _) = key(model);
        if self.choice.workspace.as_ref().is_some_and(|chosen| *chosen != workspace) {
            return Some("in another workspace");
        }
        (!self.choice.prompts && tags::is_prompt(&rows.model_tags)).then_some("a prompt, and --prompts is not given")
    }
}

impl System for Mlflow {
    const NAME: &'static str = NAME;

    fn described(&self) -> String {
        let version = match (&self.tables.aliases, self.tables.has_workspaces()) {
            (None, _) => "without aliases (1.x, or 2.x before 2.3)",
            (Some(_), false) => "with aliases (2.3 or later)",
            (Some(_), true) => "with workspaces (3.x)",
        };
        format!("the model registry of MLflow, {version}")
    }

    async fn counts(&mut self) -> Result<BTreeMap<&'static str, u64>, Trouble> {
        let mut counts = BTreeMap::new();
        for (name, table) in self.tables.all() {
            counts.insert(name, self.source.count(table).await?);
        }
        Ok(counts)
    }

    async fn next(&mut self) -> Result<Option<Portion>, Trouble> {
        if self.models.is_empty() && self.strays.is_none() {
            self.read().await?;
        }
        let Some((model, rows)) = self.models.pop_front() else { return self.next_strays().await };
        if let Some(why) = self.left_out(&model, &rows) {
            return Ok(Some(Portion::Left(rows.origins(&model).map(|origin| (origin, why.to_owned())).collect())));
        }
        let name = self.names.get(&key(&model)).cloned().unwrap_or_default();
        Ok(Some(Portion::Family(Box::new(family::family(model, rows, &name)?))))
    }
}
