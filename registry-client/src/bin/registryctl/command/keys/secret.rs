//! Where a new secret goes. May not: print it unless that was asked for, or let it be lost: whether it can be kept is found out before it is made.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use registry_client::NewSecret;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::output::{self, Format};
use crate::session::Session;

/// One of them must be said.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Destination {
    /// Write the secret to this new file, which only this user can read. A file that is there is not replaced
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// Print the secret on standard output, where it may stay in a scrollback or a log; with -o json, jsonl or yaml next to the key, and otherwise alone
    #[arg(long)]
    show_secret: bool,
}

/// A place that is ready for a secret.
pub(super) enum Ready {
    /// A file that is written and then gets its name.
    File(NamedTempFile, PathBuf),
    /// Standard output.
    Shown,
}

impl Destination {
    /// Makes sure that the secret can be kept, before there is one.
    pub(super) fn prepare(self) -> Result<Ready, Failure> {
        let Self { secret_file, show_secret: _ } = self;
        let Some(path) = secret_file else { return Ok(Ready::Shown) };
        if path.symlink_metadata().is_ok() {
            return Err(Failure::Refused(format!("{}: is there already, and is not replaced", path.display())));
        }
        let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = NamedTempFile::new_in(directory).map_err(Failure::file(directory))?;
        Ok(Ready::File(file, path))
    }
}

impl Ready {
    /// Keeps the secret, then prints the key.
    pub(super) fn keep(self, new: &NewSecret, session: &Session) -> Result<(), Failure> {
        match self {
            Self::File(file, path) => {
                write(file, &path, new).map_err(|error| lost(&error, &path.display().to_string(), &new.key.name))?;
                session.output.changed(&new.key)?;
                session.output.say(&format!("the secret is in {}", path.display()));
                Ok(())
            }
            Self::Shown => show(new, session).map_err(|failure| match failure {
                Failure::Output(error) => lost(&error, "standard output", &new.key.name),
                other => other,
            }),
        }
    }
}

/// Nobody but this user has been able to read the file at any time.
fn write(mut file: NamedTempFile, path: &Path, new: &NewSecret) -> io::Result<()> {
    writeln!(file, "{}", new.secret.reveal())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

fn lost(error: &io::Error, place: &str, key: &str) -> Failure {
    Failure::Refused(format!(
        "{place}: {error}: the key is there and its secret is lost: `registryctl keys rotate {key}` makes another"
    ))
}

fn show(new: &NewSecret, session: &Session) -> Result<(), Failure> {
    let secret = new.secret.reveal();
    match session.output.format() {
        Format::Table | Format::Name => output::print(&format!("{secret}\n"))?,
        Format::Json | Format::Jsonl | Format::Yaml => {
            let value = json!({"apiKey": output::json(&new.key)?, "secret": secret});
            session.output.object(&value)?;
        }
    }
    session.output.say("this secret is not shown again");
    Ok(())
}
