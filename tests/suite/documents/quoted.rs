//! The FAQ quotes what the programs say.

use super::block::top;
use std::fs;
use std::path::Path;

/// A text that nobody says any more answers nobody's question.
#[test]
fn every_error_that_the_faq_quotes_is_one_that_can_be_seen() {
    let mut sources = String::new();
    for program in ["registry-server/src", "registry-client/src"] {
        collect(&top().join(program), &mut sources);
    }
    let faq = fs::read_to_string(top().join("docs/FAQ.md")).unwrap();
    let quotes: Vec<&str> = faq.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
    assert!(quotes.len() > 20, "{} quotes were found", quotes.len());
    for quote in quotes {
        for part in quote.split('…').map(|part| part.trim_matches([' ', '`', ',', ';', '(', ')'])).filter(|part| !part.is_empty())
        {
            assert!(sources.contains(part), "docs/FAQ.md: {quote:?}: nobody says {part:?}");
        }
    }
}

/// All sources, with texts that go on in the next line in one.
fn collect(directory: &Path, into: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for line in text.lines() {
                match line.trim_start().strip_suffix('\\') {
                    Some(goes_on) => into.push_str(goes_on),
                    None => {
                        into.push_str(line.trim_start());
                        into.push('\n');
                    }
                }
            }
        }
    }
}
