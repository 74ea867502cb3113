//! Artifacts are uploaded, downloaded, purged and collected by servers that are killed meanwhile. Afterwards every artifact that the
//! registry says it holds is read, and must be what its checksum says and what was uploaded; what was acknowledged must be there;
//! and when the time of orphans is over, the storage has one file for each content that an artifact has, and no other.
//!
//! The bytes of a file tell which it is: a few sizes from a few seeds, so that equal ones meet all the time.

use super::{Plan, cut_off};
use crate::binary::{Binary, Running, executable};
use crate::database::{connect, url};
use crate::wait;
use bytes::Bytes;
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use registry_client::{Artifact, ArtifactContentState, ArtifactFilter, Client, Error};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// When a server is killed, counted from when it says that it listens.
const KILL_AFTER: Range<u64> = 20..600;
/// Some in one part, some in several, some none.
const SIZES: [usize; 6] = [0, 1, 300_000, 2_000_000, 6_500_000, 9_000_000];
/// How many different contents there are of each size.
const SEEDS: u64 = 4;
/// How long orphans are kept by these servers, and what is deleted.
const ORPHANS: &str = "1s";
/// Longer than collecting takes, once it is due.
const PATIENCE: Duration = Duration::from_secs(60);
const MODEL: &str = "uploads";

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// How many servers were killed.
    pub kills: u64,
    /// How many uploads were acknowledged.
    pub acknowledged: u64,
    /// How many were cut off.
    pub cut_off: u64,
    /// How many artifacts were deleted, to be purged.
    pub deleted: u64,
    /// How many stored artifacts were read back and hashed.
    pub hashed: u64,
    /// How many times something was found in the storage after a kill that belonged to nothing.
    pub leftovers: u64,
    /// The longest start.
    pub slowest_start: Duration,
    /// What is wrong.
    pub wrong: Vec<String>,
}

/// Kills as often as planned; `progress` hears of every kill.
///
/// # Panics
/// If a server does not start again, or the database cannot be reached.
pub async fn run(plan: &Plan, mut progress: impl FnMut(&Report)) -> Report {
    let _ = executable(); // built before anything is measured
    let fresh = plan.database.fresh().await;
    let url = url(&fresh.target);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let storage = directory.path().join("registry-data").join("artifacts");
    let mut random = StdRng::seed_from_u64(plan.seed);
    let mut report = Report::default();
    let mut clients: Vec<Uploader> = (0..plan.clients).map(|client| Uploader::new(client, random.random())).collect();
    start(directory.path(), &url, &mut report).await.kill_after_model().await;
    while report.kills < plan.kills && report.wrong.is_empty() {
        let server = start(directory.path(), &url, &mut report).await.0;
        clients = round(server, clients, Duration::from_millis(random.random_range(KILL_AFTER)), &mut report).await;
        let db = connect(&url).await;
        let known: BTreeSet<String> = contents(&db).await;
        report.leftovers += u64::from(files(&storage).iter().any(|file| !known.contains(file)));
        db.close().await.expect("a connection that closes");
        report.acknowledged = clients.iter().map(|client| client.acknowledged).sum();
        progress(&report);
    }
    finish(directory.path(), &url, &storage, clients, &mut report).await;
    report
}

/// A server that looks for what is due all the time.
struct Started(Running);

async fn start(directory: &Path, url: &str, report: &mut Report) -> Started {
    let began = Instant::now();
    let binary = Binary::on_free_port(directory)
        .env("REGISTRY_DATABASE_URL", url)
        .env("REGISTRY_LOG", "warn")
        .env("REGISTRY_DELETED_RETENTION", "1s")
        .env("REGISTRY_ORPHAN_RETENTION", ORPHANS)
        .env("REGISTRY_HOUSEKEEPING_INTERVAL", "100ms");
    let started = binary.start().await;
    report.slowest_start = report.slowest_start.max(began.elapsed());
    Started(started.unwrap_or_else(|exited| panic!("the server does not start again: {exited:?}")))
}

impl Started {
    async fn kill_after_model(self) {
        self.0.client().await.create_model(MODEL, "/m").send().await.expect("a model");
        self.0.kill().await;
    }
}

/// Clients upload until the server is killed under them.
async fn round(server: Running, clients: Vec<Uploader>, after: Duration, report: &mut Report) -> Vec<Uploader> {
    let mut working = Vec::new();
    for client in clients {
        working.push(tokio::spawn(client.work(server.client().await)));
    }
    let mut working = Box::pin(join_all(working));
    let early = timeout(after, &mut working).await;
    server.kill().await;
    report.kills += 1;
    let done = match early {
        Ok(done) => done,
        Err(_) => working.await,
    };
    let clients: Vec<Uploader> = done.into_iter().map(|client| client.expect("a client that does not panic")).collect();
    for client in &clients {
        report.wrong.extend(client.wrong.clone());
    }
    report.cut_off = clients.iter().map(|client| client.cut_off).sum();
    report.deleted = clients.iter().map(|client| client.deleted).sum();
    clients
}

/// Everything that is there is what it was; and once nobody writes any more, there is nothing else.
async fn finish(directory: &Path, url: &str, storage: &Path, clients: Vec<Uploader>, report: &mut Report) {
    let server = start(directory, url, report).await.0;
    let client = server.client().await;
    let stored = client.list_artifacts().model(MODEL).page_size(1000);
    let stored: Vec<Artifact> = futures::TryStreamExt::try_collect(stored.items()).await.expect("artifacts");
    let by_name: BTreeMap<&str, &Artifact> = stored.iter().map(|artifact| (artifact.name.as_str(), artifact)).collect();
    for uploader in &clients {
        for (name, content) in &uploader.kept {
            match by_name.get(name.as_str()) {
                Some(artifact) if artifact.checksum == checksum(&content.bytes()) => {}
                other => report.wrong.push(format!("{name} was acknowledged as {content:?}, and is {other:?}")),
            }
        }
    }
    for artifact in &stored {
        report.hashed += 1;
        let complaint = match client.download_artifact(&*artifact.id).bytes().await {
            Ok(bytes) if checksum(&bytes) == artifact.checksum && artifact.content_state() == ArtifactContentState::Stored => {
                None
            }
            Ok(bytes) => Some(format!("{} has {} bytes that are not its own", artifact.name, bytes.len())),
            Err(error) => Some(format!("{} cannot be read: {error}", artifact.name)),
        };
        report.wrong.extend(complaint);
    }
    let db = connect(url).await;
    let settled = || async {
        let known = contents(&db).await;
        let rows = number(&db, "SELECT COUNT(*) FROM uploads").await;
        let orphans = number(
            &db,
            "SELECT COUNT(*) FROM contents WHERE id NOT IN (SELECT content_id FROM artifacts WHERE content_id IS NOT NULL)",
        )
        .await;
        (files(storage) == known && (rows, orphans) == (0, 0)).then_some(known.len())
    };
    let contents = wait::until("a storage with nothing but what artifacts have", PATIENCE, settled).await;
    let different: BTreeSet<&str> = stored.iter().map(|artifact| artifact.checksum.as_str()).collect();
    if contents < different.len() || contents > SIZES.len() * usize::try_from(SEEDS).unwrap_or(usize::MAX) {
        report.wrong.push(format!("{contents} files for {} different contents", different.len()));
    }
    db.close().await.expect("a connection that closes");
    drop(client);
    server.stop().await;
}

/// One of the contents that are uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Content {
    size: usize,
    seed: u64,
}

impl Content {
    fn bytes(self) -> Bytes {
        let mut bytes = vec![0; self.size];
        rand::Rng::fill_bytes(&mut StdRng::seed_from_u64(self.seed), &mut bytes);
        bytes.into()
    }
}

/// A client that uploads, and now and then deletes what it has uploaded.
struct Uploader {
    number: u64,
    random: StdRng,
    next: u64,
    /// What is acknowledged and was not deleted, by name.
    kept: BTreeMap<String, Content>,
    acknowledged: u64,
    cut_off: u64,
    deleted: u64,
    wrong: Vec<String>,
}

impl Uploader {
    fn new(number: u64, seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed);
        let (kept, wrong) = (BTreeMap::new(), Vec::new());
        Self { number, random, next: 0, kept, acknowledged: 0, cut_off: 0, deleted: 0, wrong }
    }

    /// Until the server is gone.
    async fn work(mut self, client: Client) -> Self {
        while self.wrong.is_empty() {
            let ended = if self.kept.len() > 20 || self.random.random_range(0..4) == 0 {
                self.delete(&client).await
            } else {
                self.upload(&client).await
            };
            match ended {
                Ok(()) => {}
                Err(error) if cut_off(&error) => {
                    self.cut_off += 1;
                    break;
                }
                Err(error) => self.wrong.push(format!("client {}: {error}", self.number)),
            }
        }
        self
    }

    async fn upload(&mut self, client: &Client) -> Result<(), Error> {
        self.next += 1;
        let name = format!("{}-{}", self.number, self.next);
        let content = Content { size: SIZES[self.random.random_range(0..SIZES.len())], seed: self.random.random_range(0..SEEDS) };
        let bytes = content.bytes();
        let artifact = client.upload_artifact(MODEL, &name).send_bytes(bytes.clone()).await?;
        self.acknowledged += 1;
        if artifact.checksum != checksum(&bytes) {
            self.wrong.push(format!("{name} of {content:?} was answered {}", artifact.checksum));
        }
        self.kept.insert(name, content);
        Ok(())
    }

    async fn delete(&mut self, client: &Client) -> Result<(), Error> {
        let Some(name) = self.kept.keys().next().cloned() else { return Ok(()) };
        // Whether it is deleted or not is not known until it is answered.
        self.kept.remove(&name);
        let filter = ArtifactFilter { name_prefix: name.clone(), ..Default::default() };
        let found = client.list_artifacts().model(MODEL).filter(filter).send().await?;
        let artifact = found.items.into_iter().find(|artifact| artifact.name == name);
        let Some(artifact) = artifact else {
            self.wrong.push(format!("{name} was acknowledged and is not there"));
            return Ok(());
        };
        client.delete_artifact(&*artifact.id).send().await?;
        self.deleted += 1;
        Ok(())
    }
}

fn checksum(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// Every file in the storage, by its name.
fn files(storage: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next: Vec<PathBuf> = vec![storage.to_owned()];
    while let Some(directory) = next.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                next.push(entry.path())
            } else {
                found.extend([entry.file_name().to_string_lossy().into_owned()])
            }
        }
    }
    found
}

/// The files that the database knows of.
async fn contents(db: &DatabaseConnection) -> BTreeSet<String> {
    let statement = Statement::from_string(db.get_database_backend(), "SELECT id, sha256 FROM contents");
    let rows = db.query_all_raw(statement).await.expect("contents");
    let name = |row: &sea_orm::QueryResult| {
        let id: uuid::Uuid = row.try_get("", "id").expect("an id");
        let sha256: String = row.try_get("", "sha256").expect("a hash");
        format!("{sha256}-{id}")
    };
    rows.iter().map(name).collect()
}

async fn number(db: &DatabaseConnection, query: &str) -> i64 {
    let statement = Statement::from_string(db.get_database_backend(), query);
    let row = db.query_one_raw(statement).await.expect("a count").expect("a row");
    row.try_get_by_index(0).expect("a number")
}
