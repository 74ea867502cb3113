//! `registry-server backup`.

use super::say;
use crate::chain;
use crate::config::{LogFlags, Place};
use crate::store::backup::{self, Copied};
use bytesize::ByteSize;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// Copies the SQLite database to a file, while servers run: all of one moment, verified, and on disk
///
/// The bytes of artifacts are not in it: copy the storage after the database (docs/BACKUP.md). A PostgreSQL is backed up with its
/// own tools.
#[derive(Args)]
#[command(after_help = "Example:\n  registry-server backup --data-dir /var/lib/registry /backup/registry-$(date +%F).db")]
pub struct Backup {
    /// Where to; only its owner can read it
    file: PathBuf,

    /// Replace the file if there is one, when the new one is complete
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    pub(super) log: LogFlags,
}

impl Backup {
    /// Copies; says on standard output what there is then.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        let Self { file, overwrite, place, log: _ } = self;
        let mut shown = None;
        let copied = backup::backup(&place.target()?, &file, overwrite, |grows, bytes| shown = Some(show(grows, bytes))).await;
        drop(shown);
        let Copied { registry_id, revision, bytes } = copied.map_err(|error| chain::of(&error))?;
        let (revision, size) = (revision.number(), ByteSize(bytes));
        say(&format!("backed up registry {registry_id} at revision {revision} to {} ({size})", file.display()));
        Ok(ExitCode::SUCCESS)
    }
}

/// How far it is, on a terminal.
fn show(grows: &Path, bytes: u64) -> AbortOnDropHandle<()> {
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes} of about {total_bytes}, {eta} left") {
        bar.set_style(style);
    }
    let grows = grows.to_owned();
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        loop {
            tick.tick().await;
            bar.set_position(fs::metadata(&grows).map_or(0, |file| file.len()));
        }
    }))
}
