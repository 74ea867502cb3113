//! Documents out of a file: YAML, or JSON objects one after the other. All of them are read before the first is applied.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use serde_json::Value;

use super::document::Document;
use crate::failure::Failure;

/// More than anybody writes.
const LONGEST: u64 = 64 * 1024 * 1024;

pub(super) fn documents(file: &Path) -> Result<Vec<Document>, Failure> {
    let text = text(file)?;
    let name = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let refused = |why: String| Failure::Usage(format!("{name}: {why}"));
    let values = values(file, &text).map_err(refused)?;
    let documents = values.into_iter().enumerate().map(|(place, value)| {
        let document = Document::try_from(value);
        document.map_err(|why| refused(format!("document {}: {why}", place.saturating_add(1))))
    });
    documents.collect()
}

fn text(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(LONGEST).read_to_string(&mut text)
    } else {
        fs::File::open(file).and_then(|opened| opened.take(LONGEST).read_to_string(&mut text))
    };
    let length = read.map_err(Failure::file(file))?;
    if u64::try_from(length).unwrap_or(u64::MAX) >= LONGEST {
        return Err(Failure::Usage(format!("{}: has {LONGEST} bytes or more", file.display())));
    }
    Ok(text)
}

/// What begins with a brace is JSON, unless the file is called YAML.
fn values(file: &Path, text: &str) -> Result<Vec<Value>, String> {
    let yaml = file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if !yaml && text.trim_start().starts_with('{') {
        let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        return values.collect::<Result<_, _>>().map_err(|error| error.to_string());
    }
    serde_saphyr::from_multiple::<Value>(text).map_err(|error| error.to_string())
}
