//! The file of an export: lines of JSON, of which the first says what it is and the last proves that it is whole. The same items give the
//! same bytes: no line holds a time of its own, the name of a machine or the id of a registry.
//!
//! ```text
//! {"header":{"format":"model-registry-export","version":1,"sourceRevision":"17"}}
//! {"model":{…}}
//! {"release":{…}}
//! {"trailer":{"itemCount":"2","sha256":"…"}}
//! ```
//!
//! - `item`: one line, and the message it stands for.
//! - `writer`, `reader`: all lines, and their digest.
//! - `place`, `compression`, `input`: where the bytes go and come from.
//!
//! May not: know any call.

mod compression;
mod input;
mod item;
mod place;
mod reader;
mod writer;

use std::io;

use serde_json::{Map, Value, json};

pub use self::compression::Compression;
pub use self::input::Input;
pub use self::place::Place;
pub use self::reader::Reader;
pub use self::writer::Writer;

/// What every file begins with.
const FORMAT: &str = "model-registry-export";
/// How its lines are to be read. A file of a later version is refused.
const VERSION: u64 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The greatest revision of anything that is exported.
    pub source_revision: i64,
}

/// The last line: what came before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailer {
    /// How many items there are.
    pub item_count: u64,
    /// The SHA-256 of all bytes before this line, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// Why a file cannot be written, or be believed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// What the system says.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("is no export of a registry: its first line is not the header of one")]
    Foreign,
    /// It is of another time.
    #[error("is of version {0} of the format, and this program knows version {VERSION} and no later one")]
    Newer(u64),
    /// Its end is missing.
    #[error("is truncated: it ends after {lines} lines without a trailer")]
    Truncated {
        /// How many there are.
        lines: u64,
    },
    /// Its digest is not the one it says.
    #[error("was altered or damaged: {0}")]
    Altered(String),
    /// One line cannot be read.
    #[error("line {line} cannot be read: {why}")]
    Line {
        /// Its number; the first is 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// An item that JSON has no way to say.
    #[error("item {item} cannot be written: {why}")]
    Item {
        /// Its number; the first is 1.
        item: u64,
        /// What is wrong with it.
        why: String,
    },
}

impl Header {
    fn line(&self) -> String {
        let Self { source_revision } = self;
        let (format, source_revision) = (FORMAT, source_revision.to_string());
        format!(r#"{{"header":{{"format":"{format}","version":{VERSION},"sourceRevision":"{source_revision}"}}}}"#)
    }

    /// Of a line without its end.
    fn parse(line: &[u8]) -> Result<Self, FileError> {
        let header = field(line, "header").ok_or(FileError::Foreign)?;
        if header.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(FileError::Foreign);
        }
        match header.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(version) if version > VERSION => return Err(FileError::Newer(version)),
            _ => return Err(FileError::Foreign),
        }
        let source_revision = header.get("sourceRevision").and_then(Value::as_str).and_then(|text| text.parse().ok());
        source_revision.map(|source_revision| Self { source_revision }).ok_or(FileError::Foreign)
    }
}

impl Trailer {
    /// How its line begins, and no other.
    const BEGIN: &[u8] = br#"{"trailer":"#;

    fn line(&self) -> String {
        let Self { item_count, sha256 } = self;
        json!({"trailer": {"itemCount": item_count.to_string(), "sha256": sha256}}).to_string()
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let trailer = field(line, "trailer")?;
        let item_count = trailer.get("itemCount")?.as_str()?.parse().ok()?;
        let sha256 = trailer.get("sha256")?.as_str()?.to_owned();
        Some(Self { item_count, sha256 })
    }
}

/// The object that is the only field of another one.
fn field(line: &[u8], name: &str) -> Option<Map<String, Value>> {
    let mut object: Map<String, Value> = serde_json::from_slice(line).ok()?;
    match object.remove(name) {
        Some(Value::Object(inner)) if object.is_empty() => Some(inner),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
