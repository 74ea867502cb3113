//! Exit codes of what happens on the way to a registry: of calls that nobody answers, and of those who do not want to wait. Those of what a registry
//! answers are in the transcripts.

use registry_tests::binary::registryctl;
use registry_tests::wait::until;
use registry_tests::{conformance, ctl, given};
use rustix::process::{Pid, Signal, kill_process};
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

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
    let mut child = command.stdin(Stdio::piped()).spawn().expect("a program");
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

/// Also while it reads what does not come.
#[tokio::test]
async fn whoever_gives_nothing_can_interrupt() {
    let silent = Silent::new().await;
    for arguments in [["apply", "-f", "-"].as_slice(), &["import", "-"]] {
        let mut command = ctl::command(&silent.endpoint, arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("a program");
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).expect("a process");
        let _open = child.stdin.take();
        until("a handler of signals", PATIENCE, || async { catches_interrupts(pid).then_some(()) }).await;
        kill_process(pid, Signal::INT).expect("a signal");
        let ran = ctl::wait(child).await;
        assert_eq!(ran.code(), Some(130), "{arguments:?}: {ran:?}");
    }
}

/// Whoever interrupts while a key is asked for sees again what is typed.
#[tokio::test]
async fn an_interrupted_question_leaves_the_terminal_as_it_was() {
    let typed = "tty; trap : INT; registryctl login; echo \"ended $?\"; stty -a";
    let mut command = Command::new("script");
    command.args(["-qec", typed, "/dev/null"]).env_clear().env("REGISTRYCTL_CONFIG", "/nowhere/config.toml");
    command.env("PATH", format!("{}:/usr/bin:/bin", registryctl().parent().expect("a directory").display()));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("a program");
    let mut keyboard = child.stdin.take().expect("a pipe");
    let mut screen = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut terminal = String::new();
    screen.read_line(&mut terminal).await.expect("a line");
    let hides = || async { settings(terminal.trim()).await.contains(" -echo ").then_some(()) };
    until("a terminal that shows nothing", PATIENCE, hides).await;
    keyboard.write_all(b"\x03").await.expect("a key");
    let mut shown = String::new();
    timeout(PATIENCE, screen.read_to_string(&mut shown)).await.expect("an end").expect("what is shown");
    assert!(shown.contains("ended 130") && shown.contains(" echo "), "{shown}");
}

async fn settings(terminal: &str) -> String {
    let ran = Command::new("stty").args(["-F", terminal, "-a"]).output().await.expect("a program");
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// A pipe that nobody reads.
fn deaf() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

conformance! {
    /// Whoever only looks has seen enough. A change is made to its end, and whoever made it is told that the rest is lost.
    async fn a_change_that_cannot_be_told_is_told(registry: &Harness) {
        let endpoint = registry.endpoint();
        let into_nothing = async |arguments: &[&str]| {
            let child = ctl::command(&endpoint, arguments).stdout(deaf()).spawn().expect("a program");
            ctl::wait(child).await
        };
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("models.yaml");
        let names = ["aster", "iris", "rose"];
        let documents = names.map(|name| format!("kind: Model\nname: {name}\nstoragePath: /{name}\n")).join("---\n");
        std::fs::write(&path, documents).expect("a file");
        let ran = into_nothing(&["apply", "-f", path.to_str().expect("text")]).await;
        assert!(ran.code() == Some(1) && ran.said.contains("is lost"), "{ran:?}");
        for name in names {
            registry.client.get_model(name).send().await.expect("a model");
        }
        let ran = into_nothing(&["model", "list"]).await;
        assert!(ran.code() == Some(0) && ran.said.is_empty(), "{ran:?}");
        let ran = into_nothing(&["keys", "create", "ci", "--role", "viewer", "--show-secret"]).await;
        assert!(ran.code() == Some(1) && ran.said.contains("its secret is lost"), "{ran:?}");
    }

    /// A deployment has no name: of two who create it at once, one at least is told that there are two.
    async fn two_who_deploy_at_once_do_not_both_believe_to_be_alone(registry: &Harness) {
        given::model(registry, "iris").await;
        given::release(registry, "iris", "1").await;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("deployment.yaml");
        let document = "kind: Deployment\nmodelName: iris\nreleaseVersion: \"1\"\nenvironment: test\ndeploymentKind: DEPLOYMENT_KIND_K8S\n";
        std::fs::write(&path, document).expect("a file");
        let endpoint = registry.endpoint();
        let apply = || async { ctl::run(&endpoint, ["apply".as_ref(), "-f".as_ref(), path.as_os_str()]).await };
        let (one, other) = tokio::join!(apply(), apply());
        let there = registry.client.list_deployments().send().await.expect("a page").items.len();
        let told = [&one, &other].into_iter().filter(|ran| ran.code() == Some(3) && ran.said.contains("terminate")).count();
        assert_eq!(there > 1, told > 0, "{there} are there: {one:?} {other:?}");
    }
}
