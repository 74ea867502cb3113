//! `docs/CLI.md` is what `--help` says, and a test sees to it. After a change that is meant,
//! `REGISTRY_REWRITE=1 cargo test -p registry-client --features cli --bin registryctl` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory as _};

use crate::command::Arguments;

const WIDTH: usize = 110;
const HEAD: &str = "\
# registryctl

What `registryctl --help` and the `--help` of each command say. This page is made from them by a test. The options of the first section are those of
every command, and are not repeated.
";

fn reference() -> String {
    let mut page = HEAD.to_owned();
    section(&Arguments::command(), "registryctl", &mut page);
    page
}

/// A command, and then those below it.
fn section(command: &Command, name: &str, page: &mut String) {
    let shown = command.clone().bin_name(name).display_name(name).term_width(WIDTH).disable_help_subcommand(true);
    // The environment of whoever makes the page is not part of it.
    let shown = shown.mut_args(|argument| argument.hide_env_values(true));
    let help = shown.disable_help_flag(true).disable_version_flag(true).render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    write!(page, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim()).unwrap();
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        section(below, &format!("{name} {}", below.get_name()), page);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it says whether the page is written or compared, like in the suite")]
fn the_reference_says_what_the_help_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/CLI.md");
    let reference = reference();
    if std::env::var_os("REGISTRY_REWRITE").is_some() {
        fs::write(&path, reference).unwrap();
        return;
    }
    let written = fs::read_to_string(&path).unwrap();
    let lines = written.lines().zip(reference.lines()).enumerate();
    let difference = lines.map(|(place, (written, help))| (place + 1, written, help)).find(|(_, written, help)| written != help);
    assert!(written == reference, "docs/CLI.md is not what the help says; the first difference is {difference:#?}");
}

#[test]
fn the_arguments_are_sound() {
    Arguments::command().debug_assert();
}
