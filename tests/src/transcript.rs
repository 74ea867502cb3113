//! Sessions at a shell as documents: what is typed stands after `$ `, and what comes of it below. A document is run, and must then say what it says.
//!
//! Within a block that begins with ```` ```console ````, a line that begins with `$ ` is given to `sh`, with those that begin with `> ` as its further
//! lines. What it writes to standard output follows as it is, what it writes to standard error after `! `, and an exit code other than 0 as `[4]`.
//! The comment `$ # an hour later` moves the clock of the registry. Ids are numbered as they turn up, and whatever else differs from one
//! run to the next is replaced.
//!
//! May not: know what a command is for.

use crate::binary::registryctl;
use crate::{Harness, keys};
use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

const BEGIN: &str = "```console";
const END: &str = "```";
const HOUR: Duration = Duration::from_secs(3600);

/// Runs a document against a registry, by an admin, and says what it should have said.
///
/// # Panics
/// If something in it cannot be run at all.
pub async fn run(document: &str, registry: &Harness) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut session = Session { registry, directory: directory.path(), names: HashMap::new(), read: String::new() };
    let mut lines = document.lines().peekable();
    let mut within = false;
    while let Some(line) = lines.next() {
        match line {
            BEGIN => within = true,
            END => within = false,
            _ => {}
        }
        if !within || line == BEGIN {
            session.copy(line);
        } else if let Some(typed) = line.strip_prefix("$ ") {
            let mut typed = typed.to_owned();
            session.copy(line);
            while let Some(more) = lines.next_if(|line| line.starts_with("> ")) {
                session.copy(more);
                typed = format!("{typed}\n{}", &more[2..]);
            }
            session.enter(&typed).await;
        }
    }
    session.read
}

/// A shell, and what has been read on it.
struct Session<'a> {
    registry: &'a Harness,
    directory: &'a Path,
    /// What is written instead of an id.
    names: HashMap<String, String>,
    read: String,
}

impl Session<'_> {
    fn copy(&mut self, line: &str) {
        self.read.push_str(line);
        self.read.push('\n');
    }

    async fn enter(&mut self, typed: &str) {
        match typed {
            "# an hour later" => self.later(HOUR),
            "# 31 days later" => self.later(HOUR * 24 * 31),
            typed => {
                assert!(!typed.starts_with('#'), "{typed}: means nothing");
                self.execute(typed).await;
            }
        }
    }

    fn later(&self, time: Duration) {
        assert!(self.registry.clock.advance(time), "the clock does not move");
    }

    async fn execute(&mut self, typed: &str) {
        let typed = self.meant(typed);
        let programs = registryctl().parent().expect("a directory");
        let path = format!("{}:/usr/bin:/bin", programs.display());
        let mut shell = Command::new("sh");
        shell.args(["-c", &typed]).current_dir(self.directory).env_clear().env("PATH", path).env("HOME", self.directory);
        shell
            .env("REGISTRY_ENDPOINT", self.registry.endpoint())
            .env("REGISTRY_API_KEY", keys::ADMIN)
            .env("ADMIN_KEY", keys::ADMIN);
        let ran = shell.stdin(Stdio::null()).kill_on_drop(true).output().await.expect("a shell");
        for line in self.shown(&ran.stdout).lines() {
            self.copy(line);
        }
        for line in self.shown(&ran.stderr).lines() {
            self.copy(&format!("! {line}"));
        }
        match ran.status.code() {
            Some(0) => {}
            code => self.copy(&format!("[{}]", code.map_or_else(|| "killed".to_owned(), |code| code.to_string()))),
        }
    }

    /// What is typed may hold ids by the names that they got.
    fn meant(&self, typed: &str) -> String {
        self.names.iter().fold(typed.to_owned(), |typed, (id, name)| typed.replace(name, id))
    }

    /// Without what differs from one run to the next.
    fn shown(&mut self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        let text = text
            .replace(&self.directory.display().to_string(), "/home/ada")
            .replace(&self.registry.endpoint(), "http://registry:50051");
        text.split_inclusive('\n').map(|line| self.line(line)).collect()
    }

    fn line(&mut self, line: &str) -> String {
        if let Some((before, _)) = line.split_once("  request: ") {
            return format!("{before}  request: REQUEST\n");
        }
        let mut shown = String::new();
        let mut rest = line;
        while let Some(at) = find_id(rest) {
            let (before, after) = rest.split_at(at);
            let (id, after) = after.split_at(ID);
            shown.push_str(before);
            shown.push_str(&self.name(id));
            rest = after;
        }
        shown + rest
    }

    fn name(&mut self, id: &str) -> String {
        // As wide as the id, so that columns stay where they are, and one when it is typed.
        let next = format!("{:0>8}-0000-7000-8000-000000000000", self.names.len() + 1);
        self.names.entry(id.to_owned()).or_insert(next).clone()
    }
}

/// How long an id is.
const ID: usize = 36;

/// Where the first id begins.
fn find_id(text: &str) -> Option<usize> {
    let is_id = |bytes: &[u8]| {
        bytes.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
        })
    };
    text.as_bytes().windows(ID).position(is_id)
}
