//! ModelForge, a tool that fine-tunes models and keeps a SQLite table of them: `fine_tuned_models` of its first version, with or
//! without the column `is_custom_base_model`, and `models` of its second, which began anew in the same file.
//!
//! Each row is a run and becomes a model of its own, because base model, task and path are facts about a model here.
//!
//! May not: write to the old database, or forget a row because another one has its name.

mod first;
mod row;
mod second;
mod titles;

use super::source::{Source, place};
use super::{Portion, System, Trouble};
use crate::domain::import::Origin;
use crate::service::families::Family;
use crate::store::legacy::{Row, Table};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// The name of the system, as the operator knows it.
const NAME: &str = "modelforge";
/// What tells a row from the others of its table.
const ID: &str = "id";

/// Which of its two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Version {
    First,
    Second,
}

impl Version {
    const ALL: [Self; 2] = [Self::First, Self::Second];

    const fn table(self) -> &'static str {
        match self {
            Self::First => "fine_tuned_models",
            Self::Second => "models",
        }
    }

    /// The columns by which its table is known.
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::First => &[ID, "model_name", "base_model", "task", "model_path"],
            Self::Second => &[ID, "name", "base_model", "task", "path"],
        }
    }

    fn origin(self, row: &Row) -> Origin {
        Origin::new(self.table(), text(row, ID))
    }
}

/// What a column of a row holds; nothing for NULL.
fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).and_then(Option::as_deref).unwrap_or_default()
}

/// A database of ModelForge, open.
#[derive(Debug)]
pub struct ModelForge {
    source: Source,
    tables: Vec<(Version, Table)>,
    /// The name that each row gets.
    names: HashMap<Origin, String>,
    page: VecDeque<(Version, Row)>,
    /// How far it has been read: which table, and behind which row.
    at: (usize, Option<Vec<String>>),
}

impl ModelForge {
    /// Looks for its tables, and gives every row a name.
    ///
    /// # Errors
    /// A sentence that says what was found instead.
    pub async fn open(source: Source) -> Result<Self, Trouble> {
        let mut tables: Vec<(Version, Table)> = Vec::new();
        for version in Version::ALL {
            tables.extend(source.known(None, version.table(), version.columns())?.map(|table| (version, table.clone())));
        }
        if tables.is_empty() {
            let [first, second] = Version::ALL.map(|version| format!("{} ({})", version.table(), version.columns().join(", ")));
            let found = source.found();
            return Err(Trouble(format!("no database of ModelForge: expected a table {first} or {second}, found {found}")));
        }
        let mut forge = Self { source, tables, names: HashMap::new(), page: VecDeque::new(), at: (0, None) };
        let mut runs = Vec::new();
        while let Some((version, row)) = forge.row().await? {
            runs.push(titles::Run::of(version, &row));
        }
        forge.names = titles::give(runs);
        forge.at = (0, None);
        Ok(forge)
    }

    /// The next row of both tables, by id.
    async fn row(&mut self) -> Result<Option<(Version, Row)>, Trouble> {
        while self.page.is_empty() {
            let (index, after) = &self.at;
            let Some((version, table)) = self.tables.get(*index) else { return Ok(None) };
            let rows = self.source.page(table, &[ID], after.as_deref()).await?;
            self.at = match rows.last() {
                Some(last) => (*index, Some(place(last, &[ID]))),
                None => (index + 1, None),
            };
            self.page.extend(rows.into_iter().map(|row| (*version, row)));
        }
        Ok(self.page.pop_front())
    }

    fn family(&mut self, version: Version, row: Row) -> Result<Family, Trouble> {
        let name = self.names.remove(&version.origin(&row)).unwrap_or_default();
        match version {
            Version::First => first::family(row, &name),
            Version::Second => second::family(row, &name),
        }
    }
}

impl System for ModelForge {
    const NAME: &'static str = NAME;

    fn described(&self) -> String {
        let has_flag = |table: &Table| table.has(&["is_custom_base_model"]);
        let parts = self.tables.iter().map(|(version, table)| match version {
            Version::First if has_flag(table) => "version 1 with is_custom_base_model",
            Version::First => "version 1 without is_custom_base_model",
            Version::Second => "version 2",
        });
        format!("ModelForge {}", parts.collect::<Vec<_>>().join(" and "))
    }

    async fn counts(&mut self) -> Result<BTreeMap<&'static str, u64>, Trouble> {
        let mut counts = BTreeMap::new();
        for (version, table) in &self.tables {
            counts.insert(version.table(), self.source.count(table).await?);
        }
        Ok(counts)
    }

    async fn next(&mut self) -> Result<Option<Portion>, Trouble> {
        let Some((version, row)) = self.row().await? else { return Ok(None) };
        Ok(Some(Portion::Family(Box::new(self.family(version, row)?))))
    }
}
