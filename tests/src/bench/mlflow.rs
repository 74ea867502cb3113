//! MLflow's server, installed with pip into an environment of its own and run as its documentation says: `mlflow server`, with as many
//! workers as it takes by itself, on the core of what is measured.

use super::place::{Kind, Place};
use super::server::CORE;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(180);

/// The newest MLflow there was when this was called for the first time.
///
/// # Panics
/// If pip cannot get it.
#[must_use]
pub fn install(kept: &Path) -> PathBuf {
    let (environment, complete) = (kept.join("mlflow"), kept.join("mlflow/complete"));
    if !complete.exists() {
        let _ = std::fs::remove_dir_all(&environment); // an installation that was interrupted
        done(Command::new("python3").args(["-m", "venv"]).arg(&environment));
        done(Command::new(environment.join("bin/pip")).args(["install", "--quiet", "mlflow", "psycopg2-binary"]));
        std::fs::write(complete, "").expect("a file");
    }
    environment
}

fn done(command: &mut Command) {
    let status = command.stdin(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "{command:?} does not work: it needs python3 with venv, and PyPI");
}

/// What it calls itself.
#[must_use]
pub fn version(environment: &Path) -> String {
    let output = Command::new(environment.join("bin/mlflow")).arg("--version").output();
    output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A server with all its workers. They end with this value.
#[derive(Debug)]
pub struct Mlflow {
    child: Child,
    address: SocketAddr,
    took: Duration,
}

impl Mlflow {
    /// Starts it on a database, and waits until it answers.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn start(environment: &Path, place: &Place) -> Self {
        let free = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).and_then(|listener| listener.local_addr());
        let address = free.expect("a port");
        let store = match place.kind() {
            Kind::Sqlite => format!("sqlite:///{}", place.directory().join("mlflow.db").display()),
            Kind::Postgres => place.url().replacen("postgres://", "postgresql://", 1),
        };
        let log = File::options().create(true).append(true).open(place.directory().join("mlflow.log")).expect("a file");
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &CORE.to_string()]).arg(environment.join("bin/mlflow"));
        command.args(["server", "--host", "127.0.0.1", "--port", &address.port().to_string(), "--backend-store-uri", &store]);
        command.current_dir(place.directory()).stdin(Stdio::null()).stderr(log.try_clone().expect("a file")).stdout(log);
        let began = Instant::now();
        let child = command.process_group(0).spawn().expect("taskset, of util-linux");
        let mut server = Self { child, address, took: Duration::ZERO };
        while !server.is_healthy() {
            let log = || std::fs::read_to_string(place.directory().join("mlflow.log")).unwrap_or_default();
            assert!(began.elapsed() < PATIENCE && matches!(server.child.try_wait(), Ok(None)), "MLflow: {}", log());
        }
        server.took = began.elapsed();
        server
    }

    fn is_healthy(&self) -> bool {
        use std::io::{Read as _, Write as _};
        let asked = || {
            let mut stream = TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream
                .write_all(format!("GET /health HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address).as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            std::io::Result::Ok(answer.starts_with("HTTP/1.1 200"))
        };
        asked().unwrap_or_else(|_| {
            std::thread::yield_now(); // nobody listens yet
            false
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From being started until it answered.
    #[must_use]
    pub const fn took(&self) -> Duration {
        self.took
    }

    /// The memory of all its processes in MiB, what they share counted once, and how many they are.
    #[must_use]
    pub fn memory(&self) -> (f64, usize) {
        let processes = descendants(self.child.id());
        let kibibytes: u32 = processes.iter().filter_map(|pid| proportional(*pid)).sum();
        (f64::from(kibibytes) / 1024.0, processes.len())
    }
}

impl Drop for Mlflow {
    fn drop(&mut self) {
        if let Some(group) = self.child.id().try_into().ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL); // it may be gone
        }
        let _ = self.child.wait();
    }
}

/// A process and those that it has started, and they.
fn descendants(pid: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    std::iter::once(pid).chain(children.flat_map(descendants)).collect()
}

/// Its part of what it shares, and what it has alone, in KiB.
fn proportional(pid: u32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("Pss:"))?.split_whitespace().next()?.parse().ok()
}
