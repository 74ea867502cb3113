//! Exit codes of what happens on the way to a registry: of calls that nobody answers, and of those who do not want to wait. Those of what a registry
//! answers are in the transcripts.

use registry_tests::ctl;
use registry_tests::wait::until;
use rustix::process::{Pid, Signal, kill_process};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::TcpListener;

/// Longer than a program takes to begin.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who lets everybody in and never says a word.
struct Silent {
    listener: TcpListener,
    endpoint: String,
}

impl Silent {
    async fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        Self { listener, endpoint }
    }

    async fn runs(&self, arguments: &[&str]) -> ctl::Ran {
        let ran = ctl::run(&self.endpoint, arguments.iter().chain(&["--timeout", "1s"])).await;
        assert!(ran.said.contains(&format!("nothing answers at {}", self.endpoint)), "{ran:?}");
        ran
    }
}

/// A read that nobody answers can be made again; a change may have been made.
#[tokio::test]
async fn what_nobody_answers_is_unknown_only_if_it_changes_something() {
    let silent = Silent::new().await;
    let ran = silent.runs(&["model", "list"]).await;
    assert!(ran.code() == Some(9) && ran.said.contains("--timeout"), "{ran:?}");
    let ran = silent.runs(&["model", "create", "iris", "--storage-path", "/iris", "--dry-run"]).await;
    assert_eq!(ran.code(), Some(9), "{ran:?}");
    let ran = silent.runs(&["model", "create", "iris", "--storage-path", "/iris"]).await;
    assert!(ran.code() == Some(10) && ran.said.contains("may have been made"), "{ran:?}");
}

/// Ctrl-C ends a command that waits, and says so.
#[tokio::test]
async fn an_interrupted_command_says_so() {
    let silent = Silent::new().await;
    let child = ctl::start(&silent.endpoint, ["model", "list"]);
    let _held = silent.listener.accept().await.expect("a connection");
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).expect("a process");
    kill_process(pid, Signal::INT).expect("a signal");
    let ran = ctl::wait(child).await;
    assert!(ran.code() == Some(130) && ran.said.contains("interrupted"), "{ran:?}");
}

/// Also while it waits for an answer of a person.
#[tokio::test]
async fn whoever_is_asked_can_interrupt() {
    let silent = Silent::new().await;
    let mut command = ctl::command(&silent.endpoint, ["login"]);
    // Open, and nothing comes.
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().expect("a program");
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).expect("a process");
    let _open = child.stdin.take();
    until("a handler of signals", PATIENCE, || async { catches_interrupts(pid).then_some(()) }).await;
    kill_process(pid, Signal::INT).expect("a signal");
    let ran = ctl::wait(child).await;
    assert_eq!(ran.code(), Some(130), "{ran:?}");
}

/// Whether the process has a handler for SIGINT, as the kernel tells.
fn catches_interrupts(pid: Pid) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
    caught.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_some_and(|mask| mask & 0b10 != 0)
}
