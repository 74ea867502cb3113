//! The blocks of code in a document, and what is said above each about running it.

use std::path::{Path, PathBuf};

/// What becomes of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Use {
    /// It is run where the block before it was.
    Run,
    /// `<!-- in another terminal -->`: it goes on while the others are run, as soon as a server in it listens.
    Beside,
    /// `<!-- not run: REASON -->`
    Not(String),
}

/// What is said above a block that holds for it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) becomes: Use,
    /// `<!-- first: COMMANDS -->`: what has happened in the meantime, in the world of somebody who reads it.
    pub(crate) first: String,
}

/// What stands between two fences.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Where it begins.
    pub(crate) line: usize,
    /// What stands behind the fence.
    pub(crate) language: String,
    pub(crate) text: String,
    pub(crate) note: Note,
}

/// A document of the repository.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// From the top of the repository.
    pub(crate) name: String,
    pub(crate) blocks: Vec<Block>,
}

impl Document {
    pub(crate) fn read(name: &str) -> Self {
        let text = std::fs::read_to_string(top().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name: name.to_owned(), blocks: blocks(name, &text) }
    }

    /// Every document that people read.
    pub(crate) fn all() -> Vec<Self> {
        let mut names = Vec::new();
        let mut directories = vec![PathBuf::new()];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(top().join(&directory)).unwrap() {
                let entry = entry.unwrap();
                let path = directory.join(entry.file_name());
                let (name, kind) = (path.to_str().unwrap().to_owned(), entry.file_type().unwrap());
                // Decisions say what was thought once, not what to do. Transcripts are run by tests of their own.
                let elsewhere = [".git", "docs/adr", "target", "tests"].contains(&name.as_str());
                if kind.is_dir() && !elsewhere {
                    directories.push(path);
                } else if kind.is_file() && name.ends_with(".md") {
                    names.push(name);
                }
            }
        }
        names.sort();
        names.iter().map(|name| Self::read(name)).collect()
    }

    /// Those that are meant for a shell.
    pub(crate) fn shell(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| ["sh", "bash", "shell", "console"].contains(&block.language.as_str()))
    }
}

/// The top of the repository.
pub(crate) fn top() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn blocks(name: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(Block, String)> = None;
    let mut above = "";
    for (index, line) in text.lines().enumerate() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(language)) => {
                let block =
                    Block { line: index + 1, language: language.trim().to_owned(), text: String::new(), note: note(above) };
                let indent = line.chars().take_while(|c| *c == ' ').collect();
                open = Some((block, indent));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().map(|(block, _)| block)),
            (Some((block, indent)), None) => {
                block.text.push_str(line.strip_prefix(indent.as_str()).unwrap_or(line));
                block.text.push('\n');
            }
            (None, None) => {
                if !line.trim().is_empty() {
                    above = line;
                }
            }
        }
        if open.is_none() && line.trim_start().starts_with("```") {
            above = "";
        }
    }
    assert!(open.is_none(), "{name}: a block has no end");
    blocks
}

fn note(above: &str) -> Note {
    let said = above.trim().strip_prefix("<!--").and_then(|said| said.strip_suffix("-->")).map_or("", str::trim);
    let (becomes, first) = match (said, said.split_once(": ")) {
        ("in another terminal", _) => (Use::Beside, ""),
        (_, Some(("not run", reason))) => (Use::Not(reason.to_owned()), ""),
        (_, Some(("first", commands))) => (Use::Run, commands),
        _ => (Use::Run, ""),
    };
    Note { becomes, first: first.to_owned() }
}

/// A note belongs to the block right below it, and to no other.
#[test]
fn what_is_said_above_a_block_is_about_that_block() {
    let text = "a\n\n<!-- not run: no Docker -->\n```sh\none\n```\n\n```sh\ntwo\n```\n<!-- first: rm x -->\n\n  ```sh\n  three\n    four\n  ```\n";
    let found: Vec<(usize, String, Note)> =
        blocks("a document", text).into_iter().map(|block| (block.line, block.text, block.note)).collect();
    let note = |becomes: Use, first: &str| Note { becomes, first: first.to_owned() };
    let expected = [
        (4, "one\n".to_owned(), note(Use::Not("no Docker".to_owned()), "")),
        (8, "two\n".to_owned(), note(Use::Run, "")),
        (13, "three\n  four\n".to_owned(), note(Use::Run, "rm x")),
    ];
    assert_eq!(found, expected);
}
