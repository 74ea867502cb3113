//! Questions to whoever sits at the terminal. May not: take silence for an answer.

use std::io::{self, BufRead as _, Read as _};

use console::Term;

use crate::arguments::Yes;
use crate::failure::Failure;
use crate::text;

/// More than any secret has.
const LONGEST: u64 = 4096;

/// Whether there is somebody to ask: what is read and what is shown are both a terminal.
fn is_attended() -> bool {
    console::user_attended_stderr() && io::IsTerminal::is_terminal(&io::stdin())
}

/// Goes on only if that is wanted.
pub async fn confirm(question: &str, Yes { yes }: Yes) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !is_attended() {
        return Err(Failure::Declined("nothing was changed: there is no terminal to ask on, so say --yes".to_owned()));
    }
    let question = format!("{} [y/N] ", text::plain(question));
    let answer = wait(move || {
        let terminal = Term::stderr();
        terminal.write_str(&question)?;
        terminal.read_line()
    });
    match answer.await?.trim() {
        "y" | "Y" | "yes" | "Yes" | "YES" => Ok(()),
        _ => Err(Failure::Declined("nothing was changed: the answer was not yes".to_owned())),
    }
}

/// A secret, which is shown nowhere: typed at the terminal, or the first line of standard input.
pub async fn secret(what: &'static str) -> Result<String, Failure> {
    // Whoever is interrupted gets the terminal back as it was.
    let _echo = Terminal::keep();
    let secret = wait(move || {
        if is_attended() {
            let terminal = Term::stderr();
            terminal.write_str(&format!("{what}: "))?;
            return terminal.read_secure_line();
        }
        let mut line = String::new();
        io::stdin().lock().take(LONGEST).read_line(&mut line)?;
        Ok(line)
    });
    Ok(secret.await?.trim().to_owned())
}

/// The settings of the terminal, which it gets back when this goes.
struct Terminal {
    #[cfg(unix)]
    settings: rustix::termios::Termios,
}

impl Terminal {
    /// Nothing where there is no terminal.
    #[cfg(unix)]
    fn keep() -> Option<Self> {
        rustix::termios::tcgetattr(io::stdin()).ok().map(|settings| Self { settings })
    }

    /// Elsewhere a console takes them back by itself.
    #[cfg(not(unix))]
    fn keep() -> Option<Self> {
        None
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        #[cfg(unix)]
        let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &self.settings);
    }
}

/// Waits for somebody, on a thread of its own: meanwhile, Ctrl-C is heard.
async fn wait(read: impl FnOnce() -> io::Result<String> + Send + 'static) -> Result<String, Failure> {
    let read = tokio::task::spawn_blocking(read).await.map_err(io::Error::other).flatten();
    read.map_err(|error| Failure::Usage(format!("standard input: {error}")))
}
