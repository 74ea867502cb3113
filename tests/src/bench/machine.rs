//! Where something was measured.

use serde_json::{Value, json};
use std::fmt;
use std::process::Command;

/// The machine, and the sources.
#[derive(Debug, Clone)]
pub struct Machine {
    /// What the processor is called.
    pub processor: String,
    /// How many cores this process may use.
    pub cores: usize,
    /// MiB of memory.
    pub memory_mib: u64,
    /// The system's kernel.
    pub kernel: String,
    /// The compiler.
    pub rustc: String,
    /// The commit, with a mark if there are changes on top of it.
    pub commit: String,
    /// When.
    pub time: String,
}

impl Machine {
    /// This one, now.
    #[must_use]
    pub fn here() -> Self {
        let processor = value_in("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
        let memory = value_in("/proc/meminfo", "MemTotal").and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
        Self {
            processor,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: memory.unwrap_or_default() / 1024,
            kernel: said_by("uname", &["-sr"]),
            rustc: said_by("rustc", &["--version"]),
            commit: said_by("git", &["describe", "--always", "--dirty", "--abbrev=12"]),
            time: said_by("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"]),
        }
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let Self { processor, cores, memory_mib, kernel, rustc, commit, time } = self;
        json!({
            "processor": processor, "cores": cores, "memory_mib": memory_mib, "kernel": kernel, "rustc": rustc, "commit": commit, "time": time,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, memory_mib, kernel, rustc, commit, time } = self;
        write!(f, "{processor}, {cores} cores, {memory_mib} MiB, {kernel}, {rustc}, commit {commit}, {time}.")
    }
}

fn value_in(file: &str, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn said_by(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
