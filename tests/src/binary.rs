//! The built programs. The server is run as its users run it: a process with arguments, an environment, a directory and signals.
//!
//! May not: know what the server does, beyond the line that says where it listens.

use registry_client::{Client, RetryPolicy};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use rustix::process::Signal as ProcessSignal;

/// How long a server may take to say that it listens, or that it does not.
const START: Duration = Duration::from_secs(60);

/// The executable of the server. Built from the sources as they are now, once for each test program: nothing else would keep a
/// test from passing with the server of yesterday.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn executable() -> &'static Path {
    built("registry-server")
}

/// The executable of `registryctl`, likewise.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn registryctl() -> &'static Path {
    built("registryctl")
}

/// The executable of an example of the client, likewise.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn example(name: &str) -> &'static Path {
    static EXAMPLES: OnceLock<Vec<PathBuf>> = OnceLock::new();
    named(EXAMPLES.get_or_init(|| build(&["--examples"])), name)
}

fn built(program: &str) -> &'static Path {
    static EXECUTABLES: OnceLock<Vec<PathBuf>> = OnceLock::new();
    named(EXECUTABLES.get_or_init(|| build(&["--bin", "registry-server", "--bin", "registryctl"])), program)
}

fn named<'a>(executables: &'a [PathBuf], program: &str) -> &'a Path {
    let mut executables = executables.iter();
    executables.find(|path| path.file_stem().is_some_and(|name| name == program)).expect("cargo names the executable")
}

/// As a part of the workspace and with the profile of this test program, so that there is nothing to compile but what changed.
fn build(what: &[&str]) -> Vec<PathBuf> {
    let profile: &[&str] = if cfg!(debug_assertions) { &[] } else { &["--release"] };
    executables(&[&["--workspace"], what, profile].concat())
}

/// The programs that cargo builds if it is asked so.
pub(crate) fn executables(what: &[&str]) -> Vec<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = std::process::Command::new(cargo);
    build.arg("build").args(what).arg("--message-format=json-render-diagnostics");
    // What cargo tells a program of its own package would make build scripts that look at it (ring's) run again, and
    // everything that depends on them compile again.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            build.env_remove(name);
        }
    }
    let build = build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = build.output().expect("cargo, which builds the programs");
    assert!(output.status.success(), "the programs do not build");
    let messages = String::from_utf8(output.stdout).expect("UTF-8 from cargo");
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).collect()
}

/// A server that is to be started: with nothing in its environment but the first key, no limits in time, no delay before it stops (no test has a
/// balancer that must notice), and what is said here.
#[derive(Debug)]
pub struct Binary(Command);

impl Binary {
    /// In this directory, without arguments.
    #[must_use]
    pub fn in_directory(directory: &Path) -> Self {
        Self::alone(Command::new(executable()), directory)
    }

    /// Another executable than that of these sources, in this directory, on a free port.
    #[must_use]
    pub fn of(executable: &Path, directory: &Path) -> Self {
        Self::alone(Command::new(executable), directory).args(["--listen", "127.0.0.1:0"])
    }

    fn alone(mut command: Command, directory: &Path) -> Self {
        command.env_clear().env("REGISTRY_BOOTSTRAP_ADMIN_KEY", crate::keys::ADMIN).env("REGISTRY_SHUTDOWN_DELAY", "0s");
        // Nothing is on the port that all servers of this machine would have.
        command.env("REGISTRY_ADMIN_LISTEN", "127.0.0.1:0");
        command.current_dir(directory).kill_on_drop(true);
        // All clients of a test come from one address, most with one key, and as fast as they can.
        command.env("REGISTRY_MAX_CALLS_PER_SECOND", "0").env("REGISTRY_MAX_FAILED_AUTHENTICATIONS", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command)
    }

    /// In this directory, on a free port; a file that may not grow any more fails its write and does not end the server.
    #[must_use]
    pub fn surviving_full_files(directory: &Path) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "trap '' XFSZ && exec \"$0\" --listen 127.0.0.1:0"]).arg(executable());
        Self::alone(command, directory)
    }

    /// In this directory, on a free port, with no more open files and connections than this.
    #[must_use]
    pub fn with_descriptors(directory: &Path, most: u32) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "ulimit -n \"$1\" && shift && exec \"$0\" --listen 127.0.0.1:0 \"$@\""]);
        command.arg(executable()).arg(most.to_string());
        Self::alone(command, directory)
    }

    /// In this directory, on a free port, where a crash may leave a core of any size.
    #[must_use]
    pub fn dumping_core(directory: &Path) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "ulimit -c unlimited && exec \"$0\" --listen 127.0.0.1:0 \"$@\""]).arg(executable());
        Self::alone(command, directory)
    }

    /// In this directory, on a free port, with this umask.
    #[must_use]
    pub fn under_umask(directory: &Path, umask: &str) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "umask \"$1\" && exec \"$0\" --listen 127.0.0.1:0"]).arg(executable()).arg(umask);
        Self::alone(command, directory)
    }

    /// Likewise, on a port that is free.
    #[must_use]
    pub fn on_free_port(directory: &Path) -> Self {
        Self::in_directory(directory).args(["--listen", "127.0.0.1:0"])
    }

    /// With these arguments as well.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.0.args(args.into_iter().map(Into::into));
        self
    }

    /// Without that in its environment.
    #[must_use]
    pub fn without_env(mut self, name: &str) -> Self {
        self.0.env_remove(name);
        self
    }

    /// With this in its environment as well.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// Starts it and waits until it says where it listens.
    ///
    /// # Errors
    /// What it said, if it ended instead.
    ///
    /// # Panics
    /// If it does neither in time.
    pub async fn start(mut self) -> Result<Running, Exited> {
        let mut child = self.0.spawn().expect("the server can be executed");
        let log = collect(child.stderr.take().expect("a pipe"));
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        timeout(START, output.read_line(&mut line)).await.expect("the server says something in time").expect("a line of text");
        match address(&line) {
            Some(address) => Ok(Running { child, address, line, output, log }),
            None => Err(exited(child, line, output, log, START).await),
        }
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// If it starts to serve instead.
    pub async fn run(self) -> Exited {
        match self.start().await {
            Err(exited) => exited,
            Ok(running) => panic!("the server was to refuse this, and it serves: {}", running.line),
        }
    }
}

/// `registry-server 0.1.0 listening on 127.0.0.1:50051 (…)`
fn address(line: &str) -> Option<SocketAddr> {
    line.split_once(" listening on ")?.1.split_whitespace().next()?.parse().ok()
}

/// A server that listens. It is killed when this value goes.
#[derive(Debug)]
pub struct Running {
    child: Child,
    address: SocketAddr,
    line: String,
    output: BufReader<ChildStdout>,
    log: Log,
}

/// A server that has ended.
#[derive(Debug)]
pub struct Exited {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub output: String,
    /// What it wrote to standard error: the log.
    pub log: String,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as a client is told.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The line in which it said so.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }

    /// A client that retries nothing, so that every answer is seen.
    ///
    /// # Panics
    /// If there is no connection.
    pub async fn client(&self) -> Client {
        crate::keys::admin(self.endpoint()).retry(RetryPolicy::none()).connect().await.expect("a connection")
    }

    /// What it has written to standard error up to now.
    #[must_use]
    pub fn log_so_far(&self) -> String {
        self.log.text()
    }

    /// Its process id.
    ///
    /// # Panics
    /// If it was waited for already.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id().expect("a server that has not been waited for")
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// If it is gone.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().try_into().expect("a process id")).expect("a process id");
        kill_process(pid, signal).expect("a server that runs");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If it does not end within that time.
    pub async fn exited(self, within: Duration) -> Exited {
        let Self { child, address: _, line, output, log } = self;
        exited(child, line, output, log, within).await
    }

    /// Asks it to stop, and waits.
    ///
    /// # Panics
    /// If it does not stop.
    pub async fn stop(self) -> Exited {
        self.signal(Signal::TERM);
        self.exited(Duration::from_secs(15)).await
    }

    /// Kills it: SIGKILL, no last words.
    ///
    /// # Panics
    /// If it does not die.
    pub async fn kill(self) {
        self.signal(Signal::KILL);
        self.exited(Duration::from_secs(15)).await;
    }
}

/// What comes out of a pipe, as it comes.
#[derive(Debug)]
struct Log {
    bytes: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

fn collect(mut stream: impl AsyncRead + Unpin + Send + 'static) -> Log {
    let bytes = Arc::<Mutex<Vec<u8>>>::default();
    let into = Arc::clone(&bytes);
    let reading = tokio::spawn(async move {
        let mut some = [0; 4096];
        // To the end, or to where it cannot be read any more: what came until then.
        while let Ok(count @ 1..) = stream.read(&mut some).await {
            into.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&some[..count]);
        }
    });
    Log { bytes, reading }
}

async fn exited(
    mut child: Child,
    mut output: String,
    mut rest: BufReader<ChildStdout>,
    mut log: Log,
    within: Duration,
) -> Exited {
    let status = timeout(within, child.wait()).await.unwrap_or_else(|_| panic!("the server still runs after {within:?}"));
    let _ = rest.read_to_string(&mut output).await; // what came until then
    (&mut log.reading).await.expect("the log");
    Exited { status: status.expect("a status"), output, log: log.text() }
}
