//! `registry-server restore`.

use super::say;
use crate::chain;
use crate::config::{LogFlags, Place};
use crate::domain::Clock;
use crate::serve::make_directory_of;
use crate::store::backup::{self, Copied};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Makes a registry of a backup, where there is none yet
///
/// It is another registry from then on: it has an id of its own, its revision is far ahead, and events from before are not kept. So
/// nobody who has seen the lost time goes on from there unawares: watchers are told to list again.
#[derive(Args)]
#[command(after_help = "Examples:\n  registry-server restore --data-dir /var/lib/registry /backup/registry-2026-11-22.db\n  \
                        pg_restore --dbname registry registry.dump && registry-server restore --in-place")]
pub struct Restore {
    /// What `registry-server backup` has written
    #[arg(required_unless_present = "in_place", conflicts_with = "in_place")]
    file: Option<PathBuf>,

    /// The database was put back by other means (pg_restore, a snapshot of a disk), and no server runs: only make it a registry of its own
    #[arg(long)]
    in_place: bool,

    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    pub(super) log: LogFlags,
}

impl Restore {
    /// Restores; says on standard output what there is then.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        let Self { file, in_place: _, place, log: _ } = self;
        let (target, now) = (place.target()?, Clock::System.now());
        let restored = match &file {
            Some(file) => {
                make_directory_of(&target).map_err(|error| error.to_string())?;
                backup::restore(file, &target, now).await
            }
            None => backup::renew_in_place(&target, now).await,
        };
        let Copied { registry_id, revision, bytes: _ } = restored.map_err(|error| chain::of(&error))?;
        say(&format!("restored: {target} is registry {registry_id} now, at revision {}", revision.number()));
        Ok(ExitCode::SUCCESS)
    }
}
