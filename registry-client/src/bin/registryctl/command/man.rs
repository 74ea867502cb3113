//! `registryctl man`.

use std::fs;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use super::Arguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Writes the manual pages, one for each command, into a directory
///
/// For example: registryctl man ~/.local/share/man/man1
#[derive(Debug, Args)]
pub struct Man {
    /// The directory, which is made if it is not there
    directory: PathBuf,
}

impl Man {
    pub(super) fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { directory } = self;
        fs::create_dir_all(&directory).map_err(Failure::file(&directory))?;
        clap_mangen::generate_to(Arguments::command(), &directory).map_err(Failure::file(&directory))?;
        session.output.say(&format!("the pages are in {}, beginning with registryctl.1", directory.display()));
        Ok(Exit::Done)
    }
}
