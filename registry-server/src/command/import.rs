//! `registry-server import`.
//!
//! May not: know how the old systems are read.

use crate::api;
use crate::config::{LogFlags, Place, environment};
use crate::domain::import::OnConflict;
use crate::import::catapult::{Catapult, Salt};
use crate::import::mlflow::{Choice, Mlflow};
use crate::import::modelforge::ModelForge;
use crate::import::report::Report;
use crate::import::run::{self, Options};
use crate::import::source::Source;
use crate::import::{System, Trouble};
use crate::serve;
use crate::store::Store;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Takes over what another registry knows, out of its database
///
/// The old database is only read. What has been taken over before is left as it is: an import that was interrupted goes on when it
/// is asked for again. Exits with 0 if all went well, with 2 if something was in the way of a model, with 1 if nothing could be
/// done. See docs/IMPORTING.md.
#[derive(Args)]
pub struct Import {
    /// What kind of registry it is
    system: Known,

    /// Its database: `postgres://USER:PASSWORD@HOST/DATABASE`, `sqlite:PATH` or the path of a SQLite file
    #[arg(long, env = "REGISTRY_IMPORT_FROM", value_name = "URL", hide_env_values = true)]
    from: OldDatabase,

    /// Say what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// What is done about a model of which a part is in the way of something that is here already
    #[arg(long, value_name = "WHAT", default_value = "fail")]
    on_conflict: Conflicts,

    /// Write what was done, row by row and value by value, to this file, as JSON; also if it could not be done to the end
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// The file with what Catapult salted the secrets of its API keys with (`API_KEY_SALT`); without it, its keys are left out
    ///
    /// The salt itself can be given in the environment variable REGISTRY_LEGACY_API_KEY_SALT instead.
    #[arg(long, env = "REGISTRY_LEGACY_API_KEY_SALT_FILE", value_name = "FILE")]
    api_key_salt_file: Option<PathBuf>,

    /// Of the workspaces of MLflow only this one
    #[arg(long, value_name = "NAME")]
    workspace: Option<String>,

    /// The prompts of MLflow as well, as models; without it, they are left out
    #[arg(long)]
    prompts: bool,

    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    pub(super) log: LogFlags,
}

/// The registries that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Known {
    /// Catapult, in any of its three eras
    Catapult,
    /// ModelForge: version 1, before or after its flag for custom base models, version 2, or both in one file
    #[value(name = "modelforge")]
    ModelForge,
    /// The model registry of MLflow 1.x, 2.x or 3.x
    #[value(name = "mlflow")]
    MlFlow,
}

/// What is done about what is here already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Conflicts {
    /// The model is not taken over, and the command fails in the end
    Fail,
    /// The model is not taken over
    Skip,
    /// What is here stays, and what is missing is added to it
    Merge,
}

/// A URL, in which there may be a password: never shown.
#[derive(Clone)]
struct OldDatabase(String);

impl From<&str> for OldDatabase {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl From<Conflicts> for OnConflict {
    fn from(what: Conflicts) -> Self {
        match what {
            Conflicts::Fail => Self::Fail,
            Conflicts::Skip => Self::Skip,
            Conflicts::Merge => Self::Merge,
        }
    }
}

/// What the command ends with if something was left out that should not have been.
const INCOMPLETE: u8 = 2;

impl Import {
    /// Does it.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        self.open_and_run().await.map_err(|Trouble(why)| why)
    }

    async fn open_and_run(&self) -> Result<ExitCode, Trouble> {
        let source = Source::open(&self.from.0).await?;
        match self.system {
            Known::Catapult => {
                let salt = self.salt()?;
                self.take_over(Catapult::of(source, salt)?).await
            }
            Known::ModelForge => self.take_over(ModelForge::open(source).await?).await,
            Known::MlFlow => {
                let choice = Choice { workspace: self.workspace.clone(), prompts: self.prompts };
                self.take_over(Mlflow::open(source, choice).await?).await
            }
        }
    }

    /// What the secrets of API keys were salted with, if that was said.
    fn salt(&self) -> Result<Option<Salt>, Trouble> {
        match (&self.api_key_salt_file, environment::legacy_api_key_salt()) {
            // A file that is named while the variable is set was named by a flag, which wins: all else was refused.
            (Some(file), _) => Salt::read(file).map(Some),
            (None, Some(text)) => Salt::of(text).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// From a system that was found there.
    async fn take_over<S: System>(&self, mut system: S) -> Result<ExitCode, Trouble> {
        let mut file = self.report.as_deref().map(create).transpose()?;
        let target = self.place.target().map_err(Trouble)?;
        serve::make_directory_of(&target).map_err(|error| Trouble(error.to_string()))?;
        let (store, writer) = Store::open(&target, api::picture).await.map_err(|error| Trouble(error.to_string()))?;
        let options = Options { dry_run: self.dry_run, on_conflict: self.on_conflict.into() };
        let bar = bar();
        let done = run::run(&store, &mut system, options, |done, of| {
            bar.set_length(of);
            bar.set_position(done);
        });
        let (report, done) = done.await;
        bar.finish_and_clear();
        drop(store);
        writer.finished().await;
        // Also of what came to no end: what was written until then stays.
        if let Some((file, path)) = &mut file {
            written(file, &report).map_err(|error| Trouble(format!("--report: {}: {error}", path.display())))?;
        }
        told(&report);
        done?;
        Ok(if report.has_failures() { ExitCode::from(INCOMPLETE) } else { ExitCode::SUCCESS })
    }
}

/// The file is made before anything is imported: who cannot have his report would rather know first.
fn create(path: &Path) -> Result<(File, PathBuf), Trouble> {
    let file = File::options().create(true).write(true).truncate(true).mode(0o600).open(path);
    match file {
        Ok(file) => Ok((file, path.to_owned())),
        Err(error) => Err(Trouble(format!("--report: {} cannot be written: {error}", path.display()))),
    }
}

fn written(file: &mut File, report: &Report) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *file, report)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// On a terminal, and nowhere else.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    match ProgressStyle::with_template("{wide_bar} {pos}/{len} rows, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[expect(clippy::print_stderr, reason = "for whoever sits there, beside the log")]
fn told(report: &Report) {
    eprintln!("{}", report.summary());
}
