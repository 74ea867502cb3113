//! Every command of `registryctl`, as a session at a shell: the documents in `transcripts/` are what is tested, and are written to be read. They say the
//! same on every database. After a change that is meant, `REGISTRY_REWRITE=1 cargo test -p registry-tests transcripts` writes them anew.

use registry_tests::{Harness, conformance, transcript};
use std::path::Path;

async fn says_what_it_says(name: &str, registry: &Harness) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/registryctl/transcripts").join(name);
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
}
