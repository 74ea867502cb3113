//! The memory of the server, which holds its secrets: in no file, however it ends.

use registry_tests::binary::{Binary, ProcessSignal, Running};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;
use tempfile::tempdir;

async fn start(directory: &Path, more: &[&str]) -> Running {
    Binary::dumping_core(directory).args(more.iter().copied()).start().await.unwrap()
}

fn limit_of(server: &Running) -> String {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    limits.lines().find(|line| line.starts_with("Max core file size")).unwrap().to_owned()
}

fn left_behind(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.filter(|name| name.starts_with("core")).collect()
}

/// Whatever its environment allows, a server that crashes leaves none.
#[tokio::test]
async fn a_crash_leaves_no_core() {
    // Not SIGQUIT, which is ignored by what a shell has started in the background.
    for signal in [ProcessSignal::ABORT, ProcessSignal::SYS] {
        let directory = tempdir().unwrap();
        let server = start(directory.path(), &[]).await;
        let limit = limit_of(&server);
        assert_eq!(limit.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{limit}");
        server.signal(signal);
        let exited = server.exited(Duration::from_secs(10)).await;
        assert_eq!(exited.status.signal(), Some(signal.as_raw()), "{}", exited.log);
        assert!(!exited.status.core_dumped() && left_behind(directory.path()).is_empty(), "{exited:?}");
    }
}

/// Who needs one can have it, and is told what is in it. That it comes shows that the test above sees what it looks for.
#[tokio::test]
async fn a_core_can_be_allowed() {
    let directory = tempdir().unwrap();
    let server = start(directory.path(), &["--allow-core-dumps"]).await;
    let limit = limit_of(&server);
    assert_ne!(limit.split_whitespace().nth(4), Some("0"), "{limit}");
    server.signal(ProcessSignal::ABORT);
    let exited = server.exited(Duration::from_secs(60)).await;
    assert!(exited.log.contains("core dumps are allowed"), "{}", exited.log);
    assert!(exited.status.core_dumped(), "{exited:?}");
}
