//! `registryctl completion`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Arguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

/// Prints the script by which a shell completes the words of this program
///
/// For bash: registryctl completion bash > ~/.local/share/bash-completion/completions/registryctl
///
/// For zsh: registryctl completion zsh > a directory of $fpath, as _registryctl
///
/// For fish: registryctl completion fish > ~/.config/fish/completions/registryctl.fish
#[derive(Debug, Args)]
pub struct Completion {
    /// The shell
    shell: Shell,
}

impl Completion {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "registryctl", &mut script);
        output::print_bytes(&script)?;
        Ok(Exit::Done)
    }
}
