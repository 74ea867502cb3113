//! Moves a registry to another database while programs are killed: `registryctl export`, `import`, `export` again. The two files must be
//! the same bytes, whoever was killed on the way and however often.
//!
//! A kill comes when the registry has just stored another part of the import, so that each is in the middle of it.

use crate::Database;
use crate::binary::{Binary, Running, executable};
use crate::ctl;
use crate::database::{Fresh, url};
use crate::rich::{Size, fill};
use crate::wait;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use registry_client::Client;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::process::Child;

/// Longer than any part of an import takes.
const PATIENCE: Duration = Duration::from_secs(300);

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The database under the registry that is moved.
    pub from: Database,
    /// The one under the registry that it is moved to.
    pub to: Database,
    /// What there is to move.
    pub size: Size,
    /// How often to kill during the import: the importing program and the server in turns.
    pub kills: u64,
    /// The seed of when to kill.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// How often the importing program was killed.
    pub programs_killed: u64,
    /// How often the server was.
    pub servers_killed: u64,
    /// How many bytes the first file has, compressed.
    pub file_bytes: usize,
    /// What `registryctl` said of it.
    pub exported: String,
    /// How long making the registry, exporting and importing took.
    pub times: [Duration; 3],
    /// What is wrong.
    pub wrong: Vec<String>,
}

/// Moves it; `progress` hears of every kill.
///
/// # Panics
/// If a server does not start, or a command does not do what it is for.
pub async fn run(plan: &Plan, mut progress: impl FnMut(&Report)) -> Report {
    let _ = executable(); // built before anything is measured
    let mut report = Report::default();
    let (source, target) = (Side::fresh(plan.from).await, Side::fresh(plan.to).await);
    let files = tempfile::tempdir().expect("a temporary directory");
    let [before, after] = ["before.jsonl.zst", "after.jsonl.zst"].map(|name| files.path().join(name));

    let began = Instant::now();
    let server = source.start().await;
    fill(&server.client().await, plan.size).await;
    server.stop().await; // what failed is in the audit log then
    report.times[0] = began.elapsed();

    let began = Instant::now();
    report.exported = source.export(&before).await;
    report.times[1] = began.elapsed();
    report.file_bytes = std::fs::metadata(&before).expect("a file").len().try_into().unwrap_or(usize::MAX);

    copy(&source.artifacts(), &target.artifacts());
    let began = Instant::now();
    import(plan, &target, &before, &mut report, &mut progress).await;
    report.times[2] = began.elapsed();

    target.export(&after).await;
    if std::fs::read(&before).expect("a file") != std::fs::read(&after).expect("a file") {
        let kept = files.keep();
        report.wrong.push(format!("the files differ: compare those in {}", kept.display()));
    }
    report
}

/// A registry that is started and killed.
struct Side {
    fresh: Fresh,
    directory: tempfile::TempDir,
}

impl Side {
    async fn fresh(database: Database) -> Self {
        Self { fresh: database.fresh().await, directory: tempfile::tempdir().expect("a temporary directory") }
    }

    async fn start(&self) -> Running {
        self.start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    async fn start_at(&self, address: SocketAddr) -> Running {
        let binary = Binary::in_directory(self.directory.path()).args(["--listen", &address.to_string()]);
        let started = binary.env("REGISTRY_DATABASE_URL", &url(&self.fresh.target)).env("REGISTRY_LOG", "warn").start().await;
        started.unwrap_or_else(|exited| panic!("the server does not start: {exited:?}"))
    }

    async fn export(&self, file: &Path) -> String {
        let server = self.start().await;
        let said = ctl::run(&server.endpoint(), ["export".as_ref(), file.as_os_str(), "--include-deleted".as_ref()]).await.done();
        server.stop().await;
        said
    }

    /// Where the bytes of its artifacts are.
    fn artifacts(&self) -> PathBuf {
        self.directory.path().join("registry-data").join("artifacts")
    }
}

/// The bytes of artifacts are moved by whatever moves files.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).expect("a copy");
        }
    }
}

async fn import(plan: &Plan, target: &Side, file: &Path, report: &mut Report, progress: &mut impl FnMut(&Report)) {
    let mut random = StdRng::seed_from_u64(plan.seed);
    let mut server = target.start().await;
    let (address, endpoint) = (server.address(), server.endpoint());
    let arguments = ["import".as_ref(), file.as_os_str()];
    let mut importing: Option<Child> = None;
    for kill in 0..plan.kills {
        let mut program = importing.take().unwrap_or_else(|| ctl::start(&endpoint, arguments));
        let parts = random.random_range(1..=2);
        if !comes_on(&server.client().await, parts, &mut program).await {
            report.wrong.push(format!("void: the import was over before kill {}", kill + 1));
            importing = Some(program);
            break;
        }
        if kill.is_multiple_of(2) {
            program.kill().await.expect("a program that runs");
            report.programs_killed += 1;
        } else {
            server.kill().await;
            server = target.start_at(address).await;
            importing = Some(program); // it goes on by itself
            report.servers_killed += 1;
        }
        progress(report);
    }
    let program = importing.unwrap_or_else(|| ctl::start(&endpoint, arguments));
    let said = ctl::wait(program).await.done();
    if !said.contains(" 0 skipped, 0 failed") {
        report.wrong.push(format!("the import says: {said}"));
    }
    // What is done is not done again.
    let again = ctl::run(&endpoint, arguments).await.done();
    if !again.contains("imported ") || !again.contains(": 0 created, 0 replaced, 0 skipped, 0 failed") {
        report.wrong.push(format!("the second import says: {again}"));
    }
    server.stop().await;
}

/// Waits until the registry has stored so many more parts. False if the program has ended before.
async fn comes_on(client: &Client, parts: u64, program: &mut Child) -> bool {
    let mut before = revision(client).await;
    for _ in 0..parts {
        let look = || {
            let ended = program.try_wait().expect("a program that can be asked").is_some();
            async move {
                let now = revision(client).await;
                if now > before { Some(Some(now)) } else { ended.then_some(None) }
            }
        };
        match wait::until("the next part of the import", PATIENCE, look).await {
            Some(now) => before = now,
            None => return false,
        }
    }
    true
}

async fn revision(client: &Client) -> i64 {
    client.server_info().send().await.expect("the server info").current_revision
}
