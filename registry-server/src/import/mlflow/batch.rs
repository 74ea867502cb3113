//! Reading: some models at a time with everything of them, and at the end what is of no model.
//!
//! In the older schemas nothing finds the tags of one model but looking at all of them, so that is done for many models at once.
//!
//! May not: decide what becomes of a row.

use super::{ALIASES, Key, MODEL_TAGS, MODELS, Mlflow, Tables, VERSION_TAGS, VERSIONS, WORKSPACE, key, origin};
use crate::domain::import::Origin;
use crate::import::source::{Source, place};
use crate::import::{Portion, Trouble};
use crate::store::legacy::{Row, Table};
use std::collections::{HashMap, VecDeque};

/// How many models are read at once, with all that is of them.
const AT_ONCE: usize = 50;

/// What tells the rows of one model from each other.
const OF_VERSION: &[&str] = &["version"];
const OF_MODEL_TAG: &[&str] = &["key"];
const OF_VERSION_TAG: &[&str] = &["version", "key"];
const OF_ALIAS: &[&str] = &["alias"];

/// The rows of one model but its own.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) versions: Vec<Row>,
    pub(super) model_tags: Vec<Row>,
    pub(super) version_tags: Vec<Row>,
    pub(super) aliases: Vec<Row>,
}

impl Rows {
    /// Where all of it was.
    pub(super) fn origins<'a>(&'a self, model: &'a Row) -> impl Iterator<Item = Origin> + 'a {
        let Self { versions, model_tags, version_tags, aliases } = self;
        std::iter::once(of_model(model))
            .chain(versions.iter().map(of_version))
            .chain(model_tags.iter().map(of_model_tag))
            .chain(version_tags.iter().map(of_version_tag))
            .chain(aliases.iter().map(of_alias))
    }
}

pub(super) fn of_model(row: &Row) -> Origin {
    origin(MODELS, row, &[])
}

pub(super) fn of_version(row: &Row) -> Origin {
    origin(VERSIONS, row, OF_VERSION)
}

pub(super) fn of_model_tag(row: &Row) -> Origin {
    origin(MODEL_TAGS, row, OF_MODEL_TAG)
}

pub(super) fn of_version_tag(row: &Row) -> Origin {
    origin(VERSION_TAGS, row, OF_VERSION_TAG)
}

pub(super) fn of_alias(row: &Row) -> Origin {
    origin(ALIASES, row, OF_ALIAS)
}

/// How many rows of each table were of a model.
#[derive(Debug, Default)]
pub(super) struct Read {
    versions: usize,
    model_tags: usize,
    version_tags: usize,
    aliases: usize,
}

impl Read {
    fn add(&mut self, rows: &Rows) {
        let Rows { versions, model_tags, version_tags, aliases } = rows;
        self.versions += versions.len();
        self.model_tags += model_tags.len();
        self.version_tags += version_tags.len();
        self.aliases += aliases.len();
    }
}

/// All models there are.
pub(super) async fn keys(source: &Source, tables: &Tables) -> Result<Vec<Key>, Trouble> {
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let rows = source.page(&tables.models, tables.order(), after.as_deref()).await?;
        let Some(last) = rows.last() else { return Ok(keys) };
        after = Some(place(last, tables.order()));
        keys.extend(rows.iter().map(key));
    }
}

/// A table whose rows may be of no model.
#[derive(Debug)]
pub(super) struct Strays {
    table: Table,
    order: Vec<&'static str>,
    after: Option<Vec<String>>,
    origin: fn(&Row) -> Origin,
}

impl Mlflow {
    /// Reads the next models, with everything of them.
    pub(super) async fn read(&mut self) -> Result<(), Trouble> {
        let mut rows = self.source.page(&self.tables.models, self.tables.order(), self.after.as_deref()).await?;
        let workspace = rows.first().map(|row| key(row).0);
        let same = rows.iter().take_while(|row| Some(key(row).0) == workspace).count();
        rows.truncate(same.min(AT_ONCE));
        let Some(last) = rows.last() else { return Ok(()) };
        self.after = Some(place(last, self.tables.order()));
        let of_these = self.conditions(&rows);
        let mut found: HashMap<Key, Rows> = HashMap::new();
        for row in self.all(Some(&self.tables.versions), &of_these, OF_VERSION).await? {
            found.entry(key(&row)).or_default().versions.push(row);
        }
        for row in self.all(self.tables.model_tags.as_ref(), &of_these, OF_MODEL_TAG).await? {
            found.entry(key(&row)).or_default().model_tags.push(row);
        }
        for row in self.all(self.tables.version_tags.as_ref(), &of_these, OF_VERSION_TAG).await? {
            found.entry(key(&row)).or_default().version_tags.push(row);
        }
        for row in self.all(self.tables.aliases.as_ref(), &of_these, OF_ALIAS).await? {
            found.entry(key(&row)).or_default().aliases.push(row);
        }
        for of in found.values() {
            self.read.add(of);
        }
        let with_rows = |row: Row| {
            let of_it = found.remove(&key(&row)).unwrap_or_default();
            (row, of_it)
        };
        self.models = rows.into_iter().map(with_rows).collect();
        Ok(())
    }

    fn conditions(&self, models: &[Row]) -> Vec<(&'static str, Vec<String>)> {
        let names = ("name", models.iter().map(|row| key(row).1).collect());
        match models.first().filter(|_| self.tables.has_workspaces()) {
            Some(row) => vec![(WORKSPACE, vec![key(row).0]), names],
            None => vec![names],
        }
    }

    async fn all(&self, table: Option<&Table>, of_these: &[(&str, Vec<String>)], order: &[&str]) -> Result<Vec<Row>, Trouble> {
        let Some(table) = table else { return Ok(Vec::new()) };
        let order: Vec<&str> = std::iter::once("name").chain(order.iter().copied()).collect();
        self.source.all(table, of_these, &order).await
    }

    /// What is of no model: nothing keeps SQLite from having such rows.
    pub(super) async fn next_strays(&mut self) -> Result<Option<Portion>, Trouble> {
        let mut strays = match self.strays.take() {
            Some(strays) => strays,
            None => self.stray_tables().await?,
        };
        while let Some(of) = strays.front_mut() {
            let rows = self.source.page(&of.table, &of.order, of.after.as_deref()).await?;
            let Some(last) = rows.last() else {
                strays.pop_front();
                continue;
            };
            of.after = Some(place(last, &of.order));
            let without = rows.iter().filter(|row| !self.names.contains_key(&key(row)));
            let left: Vec<_> = without.map(|row| ((of.origin)(row), "of a model that is not there".to_owned())).collect();
            if !left.is_empty() {
                self.strays = Some(strays);
                return Ok(Some(Portion::Left(left)));
            }
        }
        self.strays = Some(strays);
        Ok(None)
    }

    /// The tables of which more rows are there than were of models.
    async fn stray_tables(&self) -> Result<VecDeque<Strays>, Trouble> {
        let Tables { models: _, versions, model_tags, version_tags, aliases } = &self.tables;
        let read = &self.read;
        let all = [
            self.strays(Some(versions), read.versions, OF_VERSION, of_version).await?,
            self.strays(model_tags.as_ref(), read.model_tags, OF_MODEL_TAG, of_model_tag).await?,
            self.strays(version_tags.as_ref(), read.version_tags, OF_VERSION_TAG, of_version_tag).await?,
            self.strays(aliases.as_ref(), read.aliases, OF_ALIAS, of_alias).await?,
        ];
        Ok(all.into_iter().flatten().collect())
    }

    async fn strays(
        &self,
        table: Option<&Table>,
        read: usize,
        order: &[&'static str],
        origin: fn(&Row) -> Origin,
    ) -> Result<Option<Strays>, Trouble> {
        let Some(table) = table else { return Ok(None) };
        if self.source.count(table).await? <= u64::try_from(read).unwrap_or(u64::MAX) {
            return Ok(None);
        }
        let order = self.tables.order().iter().chain(order).copied().collect();
        Ok(Some(Strays { table: table.clone(), order, after: None, origin }))
    }
}
