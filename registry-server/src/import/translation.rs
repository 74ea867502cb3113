//! One row of another system on its way to what is stored here: its values are taken out of it one by one, what has to be changed is
//! noted, and what has no place of its own goes to the metadata.
//!
//! May not: lose a value. What nobody took is still there at the end, and is kept.

use super::document::{fitting, flattened, parse, plain};
use super::names::Alphabet;
use super::time;
use crate::domain::Timestamp;
use crate::domain::document::Document;
use crate::domain::import::{Change, Origin};
use crate::domain::model::Labels;
use crate::store::legacy::Row;
use serde_json::{Map, Value};

/// A text of the old system that is kept in the metadata is under a name that begins so.
pub const LEGACY: &str = "legacy.";

/// A row on its way.
#[derive(Debug)]
pub struct Translation {
    origin: Origin,
    row: Row,
    changes: Vec<Change>,
    legacy: Map<String, Value>,
}

impl Translation {
    /// Begins with a row.
    #[must_use]
    pub fn of(origin: Origin, row: Row) -> Self {
        Self { origin, row, changes: Vec::new(), legacy: Map::new() }
    }

    /// Where the row is.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether there is such a column, whatever it holds.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.row.contains_key(column)
    }

    /// Takes what a column holds. A NUL, which not every database can hold, becomes the character for what cannot be shown.
    pub fn take(&mut self, column: &str) -> Option<String> {
        let text = self.row.remove(column).flatten()?;
        if !text.contains('\0') {
            return Some(text);
        }
        let shown = text.replace('\0', "\u{fffd}");
        self.changed(column, Some(text.escape_debug().to_string()), Some(shown.clone()), "nul");
        Some(shown)
    }

    /// Takes a text for which there is room for so many characters. Of a longer one the beginning stays, and the whole is kept.
    pub fn text(&mut self, column: &str, longest: usize) -> Option<String> {
        let text = self.take(column)?;
        if text.chars().count() <= longest {
            return Some(text);
        }
        let cut: String = text.chars().take(longest).collect();
        self.replaced(column, text, Some(cut.clone()), "too_long");
        Some(cut)
    }

    /// Takes a text that must consist of certain characters; what it would be empty without them is nothing.
    pub fn spelled(&mut self, column: &str, alphabet: Alphabet) -> Option<String> {
        let text = self.take(column)?;
        if alphabet.has(&text) {
            return Some(text);
        }
        let spelled = Some(alphabet.spelled(&text)).filter(|spelled| !spelled.is_empty());
        self.replaced(column, text, spelled.clone(), "spelling");
        spelled
    }

    /// The same, where nothing will not do.
    pub fn spelled_or(&mut self, column: &str, alphabet: Alphabet, otherwise: impl FnOnce() -> String) -> String {
        let text = self.take(column);
        match text {
            Some(text) if alphabet.has(&text) => text,
            text => {
                let spelled = text.as_deref().map(|text| alphabet.spelled(text)).filter(|spelled| !spelled.is_empty());
                let to = spelled.unwrap_or_else(otherwise);
                match text {
                    Some(text) => self.replaced(column, text, Some(to.clone()), "spelling"),
                    None => self.changed(column, None, Some(to.clone()), "spelling"),
                }
                to
            }
        }
    }

    /// Takes a time. One that cannot be read is nothing, and its text is kept.
    pub fn time(&mut self, column: &str) -> Option<Timestamp> {
        let text = self.take(column)?;
        let read = time::parse(&text);
        if read.is_none() {
            self.replaced(column, text, None, "time_unreadable");
        }
        read
    }

    /// The same, where nothing will not do: then it is that, in both cases.
    pub fn time_or(&mut self, column: &str, otherwise: Timestamp) -> Timestamp {
        let to = || Some(time::written(otherwise));
        match self.take(column) {
            None => self.changed(column, None, to(), "time_unknown"),
            Some(text) => match time::parse(&text) {
                Some(read) => return read,
                None => self.replaced(column, text, to(), "time_unreadable"),
            },
        }
        otherwise
    }

    /// Takes a whole number that is not below the least one there may be. Another one is nothing, and its text is kept.
    pub fn number(&mut self, column: &str, least: i64, most: i64) -> Option<i64> {
        let text = self.take(column)?;
        let read = text.parse().ok().filter(|number| (least..=most).contains(number));
        if read.is_none() {
            self.replaced(column, text, None, "number_out_of_range");
        }
        read
    }

    /// The same, where nothing will not do: then it is the least.
    pub fn number_or_least(&mut self, column: &str, least: i64, most: i64) -> i64 {
        match self.take(column) {
            None => self.changed(column, None, Some(least.to_string()), "number_unknown"),
            Some(text) => match text.parse().ok().filter(|number| (least..=most).contains(number)) {
                Some(read) => return read,
                None => self.replaced(column, text, Some(least.to_string()), "number_out_of_range"),
            },
        }
        least
    }

    /// Takes a truth. What is neither is nothing, and its text is kept.
    pub fn truth(&mut self, column: &str) -> Option<bool> {
        let text = self.take(column)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Some(true),
            "false" | "f" | "0" => Some(false),
            _ => {
                self.replaced(column, text, None, "not_a_truth");
                None
            }
        }
    }

    /// Takes JSON. What is none is nothing, and its text is kept.
    pub fn json(&mut self, column: &str) -> Option<Value> {
        let text = self.take(column)?;
        let Some((value, replaced)) = parse(&text) else {
            self.replaced(column, text, None, "not_json");
            return None;
        };
        let (value, had_nul) = plain(value);
        if had_nul {
            self.changed(column, Some(text.clone()), Some(value.to_string()), "nul");
        }
        if replaced > 0 {
            self.changed(column, Some(text), Some(value.to_string()), "number_as_text");
        }
        Some(value)
    }

    /// Takes a JSON object. NULL is an empty one; other JSON is kept under the name of the column.
    pub fn object(&mut self, column: &str) -> Map<String, Value> {
        match self.json(column) {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(members)) => members,
            Some(other) => {
                self.changed(column, Some(other.to_string()), None, "not_an_object");
                self.keep(column, other);
                Map::new()
            }
        }
    }

    /// Notes that a value is not what it was. What it was is not kept but in the report.
    pub fn changed(&mut self, column: &str, from: Option<String>, to: Option<String>, rule: &'static str) {
        self.changes.push(Change { origin: self.origin.clone(), column: column.to_owned(), from, to, rule });
    }

    /// Notes the same, and keeps what it was.
    pub fn replaced(&mut self, column: &str, from: String, to: Option<String>, rule: &'static str) {
        self.changed(column, Some(from.clone()), to, rule);
        self.keep(column, Value::String(from));
    }

    /// Keeps something under the name of its column. Of what is changed twice, what was there at first is what it was.
    pub fn keep(&mut self, column: &str, value: Value) {
        let plain_name = format!("{LEGACY}{}", column.replace('\0', "\u{fffd}"));
        self.legacy.entry(plain_name).or_insert(value);
    }

    /// Takes a column and keeps it: there is no place for it.
    pub fn take_and_keep(&mut self, column: &str) {
        if let Some(text) = self.take(column) {
            self.keep(column, Value::String(text));
        }
    }

    /// Notes and keeps what is in columns that nobody took: the old system was given them by somebody who extended it.
    fn rest(&mut self) {
        let columns: Vec<String> = self.row.keys().cloned().collect();
        for column in columns {
            if let Some(text) = self.take(&column) {
                self.changed(&column, Some(text.clone()), Some(text.clone()), "extra_column");
                self.keep(&column, Value::String(text));
            }
        }
    }

    /// Ends as another row, which says the same.
    #[must_use]
    pub fn into_folded(self) -> (Origin, Vec<Change>) {
        (self.origin, self.changes)
    }

    /// Ends with the metadata: what the old system had, what is kept beside it, as much as there is room for.
    pub fn into_metadata(mut self, members: Map<String, Value>) -> (Origin, Document, Vec<Change>) {
        self.rest();
        let (mut all, deep) = flattened(members);
        for column in deep {
            let to = all.get(&column).map(ToString::to_string);
            self.changed(&format!("metadata.{column}"), None, to, "too_deep");
        }
        for (mut name, value) in std::mem::take(&mut self.legacy) {
            // Who wrote under that name before keeps it.
            while all.contains_key(&name) {
                name.push('_');
            }
            all.insert(name, value);
        }
        let (document, left) = fitting(all);
        for (name, value) in left {
            let from = if let Value::String(text) = value { text } else { value.to_string() };
            self.changed(&format!("metadata.{name}"), Some(from), None, "metadata_too_large");
        }
        (self.origin, document, self.changes)
    }

    /// Ends with what is kept as labels, for a resource whose labels say what there is to say.
    pub fn into_labels(mut self) -> (Origin, Labels, Vec<Change>) {
        self.rest();
        let text = |value: Value| if let Value::String(text) = value { text } else { value.to_string() };
        let labels = self.legacy.into_iter().map(|(name, value)| (name, text(value))).collect();
        (self.origin, labels, self.changes)
    }

    /// Ends where there is no metadata, and where a secret can be in any column but these: of the others, nothing that stood there is
    /// told, and nothing is kept.
    #[must_use]
    pub fn into_names_of_changes(self, harmless: &[&str]) -> (Origin, Vec<Change>) {
        let (origin, mut changes) = self.into_changes();
        for change in changes.iter_mut().filter(|change| !harmless.contains(&change.column.as_str())) {
            (change.from, change.to) = (None, None);
        }
        (origin, changes)
    }

    /// Ends where there is no metadata: what would be kept is in the report alone.
    #[must_use]
    pub fn into_changes(mut self) -> (Origin, Vec<Change>) {
        let columns: Vec<String> = self.row.keys().cloned().collect();
        for column in columns {
            if let Some(text) = self.take(&column) {
                self.changed(&column, Some(text), None, "no_place");
            }
        }
        (self.origin, self.changes)
    }
}
