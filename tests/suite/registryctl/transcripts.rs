//! Every command of `registryctl`, as a session at a shell: the documents in `transcripts/` are what is tested, and are written to be read. They say the
//! same on every database. After a change that is meant, `REGISTRY_REWRITE=1 cargo test -p registry-tests transcripts` writes them anew.

use registry_tests::{Harness, conformance, transcript};
use std::path::{Path, PathBuf};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/registryctl/transcripts")
}

async fn says_what_it_says(name: &str, registry: &Harness) {
    let path = directory().join(name);
    let written = std::fs::read_to_string(&path).expect("a document");
    let read = transcript::run(&written, registry).await;
    if std::env::var_os("REGISTRY_REWRITE").is_some() {
        std::fs::write(&path, &read).expect("a document that can be written");
        return;
    }
    let lines = written.lines().zip(read.lines()).enumerate();
    let difference = lines.map(|(place, (written, read))| (place + 1, written, read)).find(|(_, written, read)| written != read);
    assert!(
        written == read,
        "{name} is not what happens; the first difference is (line, written, read) {difference:#?}\n\n{read}"
    );
}

macro_rules! transcripts {
    ($($name:ident: $file:literal;)*) => {
        conformance! {$(
            async fn $name(registry: &Harness) {
                says_what_it_says($file, registry).await;
            }
        )*}
    };
}

transcripts! {
    aliases: "aliases.md";
    models: "models.md";
    releases: "releases.md";
    builds: "builds.md";
    contexts: "contexts.md";
    failures: "failures.md";
    output: "output.md";
    artifacts: "artifacts.md";
    deployments: "deployments.md";
    keys: "keys.md";
    changes: "changes.md";
    servers: "servers.md";
    apply: "apply.md";
    shells: "shells.md";
    moving: "moving.md";
}

/// A command that nobody has seen at work is none. (The reference has all of them: it is what the help says.)
#[test]
fn every_command_has_a_transcript() {
    let read = |path: PathBuf| std::fs::read_to_string(path).expect("a document");
    let reference = read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/CLI.md"));
    let commands: Vec<&str> = reference.lines().filter_map(|line| line.strip_prefix("## registryctl ")).collect();
    let transcripts = std::fs::read_dir(directory()).expect("transcripts").map(|entry| read(entry.expect("a file").path()));
    let typed: Vec<String> = transcripts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let is_typed = |command: &str| typed.iter().any(|line| line.contains(&format!("registryctl {command}")));
    assert!(commands.len() > 60, "{commands:?}");
    for command in commands {
        assert!(is_typed(command), "no transcript types `registryctl {command}`");
    }
}
