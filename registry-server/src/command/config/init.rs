//! `registry-server config init`: a file in which everything is explained and nothing is said.

use crate::command::say;
use crate::config::{Kind, Setting, settings};
use clap::Args;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use toml::Value;

/// How wide a comment is.
const WIDTH: usize = 100;

const HEAD: &str = "\
# Settings of registry-server, read if it is named: registry-server --config FILE, or REGISTRY_CONFIG=FILE.
# A flag or a variable of the environment wins over what is here. What is commented out is the default, or an example in <>.
";

/// Writes a file with every setting, all commented out
///
/// Each with its help and its default. The file is for nobody but its owner.
#[derive(Args)]
#[command(after_help = "Examples:\n  registry-server config init\n  registry-server config init - | less")]
pub(super) struct Init {
    /// Where to, or `-` for standard output
    #[arg(default_value = "registry.toml")]
    file: PathBuf,

    /// Replace the file if there is one
    #[arg(long)]
    force: bool,
}

impl Init {
    pub(super) fn run(&self) -> Result<(), String> {
        let text = text();
        if self.file == Path::new("-") {
            say(text.trim_end());
            return Ok(());
        }
        match self.write(&text) {
            Ok(()) => say(&format!("wrote {}: registry-server --config {0}", self.file.display())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(format!("{} is there already: --force replaces it", self.file.display()));
            }
            Err(error) => return Err(format!("{} cannot be written: {error}", self.file.display())),
        }
        Ok(())
    }

    /// For nobody but the owner, whatever the umask, and also if it was there for others.
    fn write(&self, text: &str) -> io::Result<()> {
        let mut options = File::options();
        options.write(true).mode(0o600);
        let options = if self.force { options.create(true).truncate(true) } else { options.create_new(true) };
        let mut file = options.open(&self.file)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }
}

fn text() -> String {
    let (mut text, mut area) = (HEAD.to_owned(), String::new());
    for setting in settings() {
        if setting.area() != area {
            setting.area().clone_into(&mut area);
            let _ = write!(text, "\n\n# === {area} ===\n");
        }
        explain(&mut text, &setting);
    }
    text
}

fn explain(text: &mut String, setting: &Setting) {
    text.push('\n');
    comment(text, &setting.help());
    if !setting.details().is_empty() {
        comment(text, &setting.details());
    }
    if !setting.words().is_empty() {
        comment(text, &format!("One of {}.", setting.words().join(", ")));
    }
    let _ = writeln!(text, "#{} = {}", setting.key(), value(setting));
}

/// The default, or what one would be like.
fn value(setting: &Setting) -> String {
    let example = || format!("<{}>", setting.value_name());
    let text = setting.default().unwrap_or_else(example);
    match setting.kind() {
        Kind::Switch | Kind::Number => text,
        Kind::Size | Kind::Text => Value::String(text).to_string(),
        Kind::List => Value::Array(vec![Value::String(text)]).to_string(),
    }
}

/// Lines that are not too wide; a word that is, is alone in its line.
fn comment(text: &mut String, paragraph: &str) {
    let mut line = "#".to_owned();
    for word in paragraph.split_whitespace() {
        if line.chars().count() + word.chars().count() >= WIDTH && line.len() > 1 {
            let _ = writeln!(text, "{line}");
            "#".clone_into(&mut line);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}
