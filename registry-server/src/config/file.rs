//! The file with settings: flat TOML, a key for each flag. Everything that is wrong with it is told at once, with its line.
//!
//! May not: repeat a line or a value of the file, in which there may be a password; read a file that was not named.

use super::setting::{self, Kind, Setting, nearest};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How large a file may be. All settings with all their help have a twentieth of that.
const MOST: u64 = 1024 * 1024;

/// Why a file cannot be used: a line for each fault.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadFile(String);

/// A file that was read, every value in it checked by the rule of its flag.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
}

/// What it says of one setting. No `Debug`: there may be a secret in it.
struct Entry {
    line: usize,
    values: Vec<String>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)
    }
}

impl File {
    /// Reads it.
    pub(super) fn read(path: &Path) -> Result<Self, BadFile> {
        let text = contents(path).map_err(|why| BadFile(format!("--config (or REGISTRY_CONFIG) {}: {why}", path.display())))?;
        let at = |place: usize, why: &str| format!("{}:{}: {why}", path.display(), line(&text, place));
        let table = match DeTable::parse(&text) {
            Ok(table) => table.into_inner(),
            Err(error) => return Err(BadFile(at(error.span().map_or(0, |span| span.start), error.message()))),
        };
        let settings = setting::all();
        let (mut entries, mut faults) = (BTreeMap::new(), BTreeMap::new());
        for (key, value) in table {
            let place = key.span().start;
            match understood(&settings, key.get_ref(), &value) {
                Ok(values) => drop(entries.insert(key.into_inner().into_owned(), Entry { line: line(&text, place), values })),
                Err(why) => drop(faults.insert(place, at(place, &why))),
            }
        }
        if faults.is_empty() {
            return Ok(Self { path: path.to_owned(), entries });
        }
        Err(BadFile(faults.into_values().collect::<Vec<_>>().join("\n")))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What it says of a setting, if anything.
    pub(super) fn values(&self, key: &str) -> Option<&[String]> {
        self.entries.get(key).map(|entry| entry.values.as_slice())
    }

    /// In which line.
    pub(super) fn line_of(&self, key: &str) -> Option<usize> {
        self.entries.get(key).map(|entry| entry.line)
    }
}

fn contents(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MOST + 1).read_to_string(&mut text));
    match read.map_err(|error| format!("cannot be read: {error}"))? {
        length if u64::try_from(length).is_ok_and(|length| length > MOST) => Err("is larger than 1 MiB".to_owned()),
        _ => Ok(text),
    }
}

/// The line of a place.
fn line(text: &str, place: usize) -> usize {
    text.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1
}

/// The values that the flag would be given.
fn understood(settings: &[Setting], key: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, String> {
    let Some(setting) = settings.iter().find(|setting| setting.key() == key) else {
        return Err(unknown(settings, key, value.get_ref()));
    };
    let wrong = |found: &DeValue<'_>| format!("{key}: expected {}, found {}", setting.kind().expected(), name(found));
    let values = texts(setting.kind(), value.get_ref()).map_err(wrong)?;
    let refused = values.iter().find_map(|value| setting.refuses(OsStr::new(value).to_owned()));
    refused.map_or(Ok(values), |why| Err(format!("{key}: {why}")))
}

fn unknown(settings: &[Setting], key: &str, value: &DeValue<'_>) -> String {
    if value.is_table() {
        return format!(
            "{key}: settings are not in tables: each is a key, such as {}",
            settings.first().map_or("", Setting::key)
        );
    }
    match nearest(key, settings.iter().map(Setting::key)) {
        Some(near) => format!("{key}: there is no such setting: did you mean {near}?"),
        None => format!("{key}: there is no such setting: `registry-server config init -` prints all of them"),
    }
}

/// A value as the flag would be given it; what it is instead, if it is of another type.
fn texts<'v, 'd>(kind: Kind, value: &'v DeValue<'d>) -> Result<Vec<String>, &'v DeValue<'d>> {
    match (kind, value) {
        (Kind::Switch, DeValue::Boolean(on)) => Ok(vec![on.to_string()]),
        (Kind::Number | Kind::Size, DeValue::Integer(number)) if number.radix() == 10 => Ok(vec![number.as_str().to_owned()]),
        (Kind::Size | Kind::Text, DeValue::String(text)) => Ok(vec![text.clone().into_owned()]),
        (Kind::List, DeValue::Array(items)) => {
            let item = |item: &'v Spanned<DeValue<'d>>| texts(Kind::Text, item.get_ref());
            Ok(items.iter().map(item).collect::<Result<Vec<_>, _>>()?.concat())
        }
        (Kind::Switch | Kind::Number | Kind::Size | Kind::Text | Kind::List, other) => Err(other),
    }
}

/// What a value is.
const fn name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
