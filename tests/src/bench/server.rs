//! What is under load: a process on a core of its own, its log in a file.

use super::place::Place;
use super::programs;
use crate::keys;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The core of what is measured. The load has the other ones.
pub(super) const CORE: usize = 0;

/// How often it is looked whether a process has ended.
const STOPPING: Duration = Duration::from_millis(5);

/// Keeps this process off the core of what is measured, if there is another one.
pub fn leave_the_core() {
    use rustix::thread::{sched_getaffinity, sched_setaffinity};
    let Ok(mut cores) = sched_getaffinity(None) else { return };
    if cores.count() > 1 {
        cores.unset(CORE);
        // On a system that does not let it, both share their cores.
        let _ = sched_setaffinity(None, &cores);
    }
}

/// A process that listens. It ends with this value.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    began: Instant,
    /// From being started until it said that it listens.
    took: Duration,
}

impl Server {
    /// The registry, on a database that is there, with these arguments as well.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn registry(place: &Place, arguments: &[&str]) -> Self {
        let mut command = on_its_core(programs::server());
        told(&mut command, place);
        command.args(arguments);
        Self::start(command, place.directory())
    }

    /// The registry as the tests have built it, with what callgrind says of it in a file, if it is to count.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn tested(place: &Place, callgrind: Option<&Path>) -> Self {
        let program = crate::binary::executable();
        let mut command = match callgrind {
            None => Command::new(program),
            Some(log) => {
                let mut command = Command::new("valgrind");
                command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
                command.arg(format!("--log-file={}", log.display())).arg(program);
                // Valgrind reads what a process that leaves no core dumps keeps to itself.
                command.arg("--allow-core-dumps");
                command
            }
        };
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        told(&mut command, place);
        Self::start(command, place.directory())
    }

    /// This program, doing something else: the bare sides.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn bare(arguments: &[OsString], directory: &Path) -> Self {
        let mut command = on_its_core(&std::env::current_exe().expect("this program"));
        command.args(arguments);
        Self::start(command, directory)
    }

    fn start(mut command: Command, directory: &Path) -> Self {
        let path = directory.join("server.log");
        let log = File::options().create(true).append(true).open(&path).expect("a file for the log");
        command.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let began = Instant::now();
        let mut child = command.spawn().expect("taskset, of util-linux, or valgrind");
        let mut line = String::new();
        let output = child.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let took = began.elapsed();
        let address = line.split_once(" listening on ").and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
        let Some(address) = address else {
            let log = std::fs::read_to_string(&path).unwrap_or_default();
            panic!("it does not listen: {line}{log}");
        };
        Self { child, address, log: path, began, took }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same, for a client.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From being started until it said that it listens.
    #[must_use]
    pub const fn took(&self) -> Duration {
        self.took
    }

    /// From being started until now.
    #[must_use]
    pub fn since_start(&self) -> Duration {
        self.began.elapsed()
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The time of processors that it has used.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        cpu(self.pid())
    }

    /// Its resident memory, in MiB.
    #[must_use]
    pub fn memory(&self) -> f64 {
        u32::try_from(crate::memory::now(self.pid())).map_or(f64::NAN, f64::from) / 1024.0
    }

    /// Forgets what it has logged, which for a minute of reads is as much as a large registry. It goes on at the beginning of its file.
    pub fn forget_its_log(&self) {
        let _ = File::options().write(true).truncate(true).open(&self.log); // on a full disk it says so itself
    }

    /// Asks it to stop, and waits; meanwhile this program's connections can end, for which it waits in turn.
    ///
    /// # Panics
    /// If its process cannot be asked about.
    pub async fn stop(mut self) {
        self.signal(Signal::TERM);
        while self.child.try_wait().expect("a process that was started here").is_none() {
            tokio::time::sleep_until(tokio::time::Instant::now() + STOPPING).await;
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.child.id().try_into().ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal); // it may be gone
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// What every registry is told.
fn told(command: &mut Command, place: &Place) {
    command.args(["--listen", "127.0.0.1:0", "--database-url", &place.url()]);
    command.env("REGISTRY_BOOTSTRAP_ADMIN_KEY", keys::ADMIN).env("REGISTRY_ADMIN_LISTEN", "127.0.0.1:0");
    // One client that does as much as it can; what it costs to count its calls is paid.
    command.env("REGISTRY_MAX_CALLS_PER_SECOND", "10000000").env("REGISTRY_SHUTDOWN_DELAY", "0s");
    command.envs(place.library().map(|library| ("LD_PRELOAD", library)));
}

/// On the core of what is measured, with nothing in its environment.
pub(super) fn on_its_core(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &CORE.to_string()]).arg(program);
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path);
    command
}

/// The time of processors that a process has used, to 10 ms.
///
/// # Panics
/// If there is no such process.
#[must_use]
pub fn cpu(pid: u32) -> Duration {
    let mut text = String::new();
    File::open(format!("/proc/{pid}/stat")).and_then(|mut file| file.read_to_string(&mut text)).expect("a process that runs");
    // After the name, which may have spaces: state, then 10 numbers, then user and system time.
    let rest = text.rsplit_once(')').expect("a name in parentheses").1;
    let ticks = |place: usize| rest.split_whitespace().nth(place).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}
