//! `registry-server config show`: each setting, and who said it.
//!
//! May not: show a secret.

use super::AsServer;
use crate::command::say;
use crate::config::{Given, Kind, Source, environment};
use clap::{Args, ValueEnum};
use serde::Serialize;
use toml::Value;

/// What stands for a secret that is set.
const SET: &str = "(set)";

/// Shows what the server would be told, and by whom
///
/// Each setting, its value, and the flag, variable or line of the file that says so. Passwords are shown as `***`, other secrets as `(set)`.
#[derive(Args)]
#[command(after_help = "Examples:\n  registry-server config show --config registry.toml\n  \
                        registry-server config show -o json | jq '.settings[] | select(.source.kind != \"default\")'")]
pub(super) struct Show {
    /// How it is written to standard output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    output: Format,

    #[command(flatten)]
    pub(super) server: AsServer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// An object with the list `settings`
    Json,
    /// A file that says the same; what can hold a secret is commented out
    Toml,
}

/// A setting, or a secret that is none.
#[derive(Serialize)]
struct Row {
    name: String,
    value: Option<String>,
    source: Said,
    #[serde(skip)]
    kind: Kind,
    #[serde(skip)]
    values: Vec<String>,
    #[serde(skip)]
    is_secret: bool,
    #[serde(skip)]
    by: String,
}

/// Who said it, for programs.
#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum Said {
    Flag { name: String },
    Environment { name: String },
    File { path: String, line: usize },
    Default,
}

#[derive(Serialize)]
struct Shown {
    settings: Vec<Row>,
}

impl From<&Source> for Said {
    fn from(source: &Source) -> Self {
        match source {
            Source::Flag(flag) => Self::Flag { name: format!("--{flag}") },
            Source::Environment(variable) => Self::Environment { name: variable.clone() },
            Source::File(path, line) => Self::File { path: path.display().to_string(), line: *line },
            Source::Default => Self::Default,
        }
    }
}

impl Show {
    pub(super) fn run(&self, given: &[Given]) -> Result<(), String> {
        let secrets = environment::secrets().into_iter().map(|(name, source)| Row::secret(name, &source));
        let rows: Vec<Row> = given.iter().map(Row::of).chain(secrets).collect();
        let text = match self.output {
            Format::Table => table(&rows),
            Format::Json => serde_json::to_string_pretty(&Shown { settings: rows }).map_err(|error| error.to_string())?,
            Format::Toml => rows.iter().map(line).collect::<Vec<_>>().join("\n"),
        };
        say(&text);
        Ok(())
    }
}

impl Row {
    fn of(given: &Given) -> Self {
        let Given { setting, shown, source } = given;
        let value = Some(shown.join("; ")).filter(|_| !shown.is_empty());
        Self {
            name: setting.key().to_owned(),
            value,
            source: source.into(),
            kind: setting.kind(),
            values: shown.clone(),
            is_secret: setting.is_secret(),
            by: source.to_string(),
        }
    }

    fn secret(name: &str, source: &Source) -> Self {
        let (name, value, values) = (name.to_owned(), Some(SET.to_owned()), vec![SET.to_owned()]);
        Self { name, value, source: source.into(), kind: Kind::Text, values, is_secret: true, by: source.to_string() }
    }
}

fn table(rows: &[Row]) -> String {
    let shown = |row: &Row| row.value.clone().unwrap_or_else(|| "-".to_owned());
    let width = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or_default();
    let (name, value) = (width(|row| row.name.len()), width(|row| row.value.as_ref().map_or(1, |value| value.chars().count())));
    let head = format!("{:name$}  {:value$}  SOURCE", "SETTING", "VALUE");
    let lines = rows.iter().map(|row| format!("{:name$}  {:value$}  {}", row.name, shown(row), row.by));
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
}

/// A line of a file; a comment, if there is nothing to say or a secret may be missing in it.
fn line(row: &Row) -> String {
    let text = |text: &String| Value::String(text.clone());
    let value = match (row.kind, &*row.values) {
        (Kind::List, values) => Some(Value::Array(values.iter().map(text).collect()).to_string()),
        (Kind::Switch | Kind::Number, [value]) => Some(value.clone()),
        (Kind::Size | Kind::Text, [value]) => Some(text(value).to_string()),
        (Kind::Switch | Kind::Number | Kind::Size | Kind::Text, _) => None,
    };
    match value {
        Some(value) if row.is_secret => format!("# {} = {value}  # {}", row.name, row.by),
        Some(value) => format!("{} = {value}  # {}", row.name, row.by),
        None => format!("# {}  # {}", row.name, row.by),
    }
}
