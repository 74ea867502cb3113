//! F11: the bytes of a large artifact, up and down by the client of the library, beside copying the file in the same directory.
//!
//! Copying is: read a chunk, hash it (SHA-256), write it, and fsync at the end. An upload is given the checksum that its bytes must have,
//! so that the client reads the file once, and a download is saved to a file, whose checksum the client verifies. Each round has bytes
//! of its own, because equal ones are stored once, in a registry of its own.

use crate::bench::Plan;
use crate::bench::place::{Kind, Place};
use crate::bench::report::{Row, Target, number};
use crate::bench::rounds::{Spread, turns};
use crate::bench::server::Server;
use crate::{given, keys, memory};
use registry_client::{ArtifactId, Client, ModelRef, RetryPolicy};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How many bytes there are.
const MIB: u32 = 1024;
/// How many of them are read at once.
const CHUNK: usize = 1024 * 1024;

pub(super) async fn run(plan: &Plan) -> Vec<Row> {
    let source = Source::new(&plan.kept);
    let through = async |seed| through_a_registry(plan, &source, seed).await;
    let (ours, copies) = turns(plan, through, async |_| [source.copied(), source.copied()]).await;
    let of_copies = |which: usize| copies.iter().map(|copies| rate(copies[which])).collect::<Vec<_>>();
    let up: Vec<_> = ours.iter().map(|moved| rate(moved.up)).collect();
    let down: Vec<_> = ours.iter().map(|moved| rate(moved.down)).collect();
    let cpu = Spread::of(ours.iter().map(|moved| moved.cpu.as_secs_f64()));
    let work = format!("memory of the server at the most, {MIB} MiB up and down, above what it had before");
    vec![
        beside_copying("UploadArtifact", &up, &of_copies(0)),
        beside_copying("DownloadArtifact", &down, &of_copies(1)),
        Row::alone("F11", work, "MiB", Spread::of(ours.iter().map(Moved::more)), Target::AtMost(32.0))
            .saw("the server's CPU", format!("{} s for both", number(cpu.median))),
    ]
}

fn rate(took: Duration) -> f64 {
    f64::from(MIB) / took.as_secs_f64()
}

fn beside_copying(what: &str, ours: &[f64], copies: &[f64]) -> Row {
    let work = format!("{what}, {MIB} MiB, local store");
    Row {
        ratio: Some(Spread::of_ratios(ours, copies)),
        beside: Some(("copy, SHA-256, fsync".to_owned(), Spread::of(copies.iter().copied()))),
        ..Row::alone("F11", work, "MiB/s", Spread::of(ours.iter().copied()), Target::AtLeast(0.7))
    }
}

/// What it took to bring the file into a registry and back.
struct Moved {
    up: Duration,
    down: Duration,
    cpu: Duration,
    /// In KiB.
    idle: u64,
    most: u64,
}

impl Moved {
    /// In MiB.
    fn more(&self) -> f64 {
        u32::try_from(self.most.saturating_sub(self.idle)).map_or(f64::NAN, f64::from) / 1024.0
    }
}

async fn through_a_registry(plan: &Plan, source: &Source, seed: u64) -> Moved {
    let checksum = source.change(seed);
    let place = Place::fresh_below(Kind::Sqlite, &plan.kept, None).await;
    let registry = Server::registry(&place, &[]);
    let client = keys::admin(registry.endpoint()).retry(RetryPolicy::none()).connect().await.expect("a connection");
    client.create_model("large", "s3://models/large/").send().await.expect("a model");
    let (idle, cpu) = (memory::now(registry.pid()), registry.cpu());
    memory::forget(registry.pid());
    let began = Instant::now();
    let id = uploaded(&client, &source.file, checksum).await;
    let up = began.elapsed();
    let began = Instant::now();
    client.download_artifact(id).save(source.aside("saved")).await.expect("a download");
    let down = began.elapsed();
    let (most, cpu) = (memory::most(registry.pid()), registry.cpu().saturating_sub(cpu));
    std::fs::remove_file(source.aside("saved")).expect("a file that was saved");
    registry.stop().await;
    Moved { up, down, cpu, idle, most }
}

async fn uploaded(client: &Client, file: &Path, checksum: String) -> ArtifactId {
    let upload = client.upload_artifact(ModelRef::by_name("large"), "weights").checksum(checksum);
    let artifact = upload.request_id(given::request_id()).send_file(file).await.expect("an upload");
    ArtifactId::new(artifact.id)
}

/// A large file, and room beside it.
struct Source {
    file: PathBuf,
    directory: TempDir,
}

impl Source {
    fn new(below: &Path) -> Self {
        std::fs::create_dir_all(below).expect("a directory");
        let directory = tempfile::tempdir_in(below).expect("a directory for a file");
        let file = directory.path().join("weights");
        let mut written = File::create(&file).expect("a file");
        let mut chunk = vec![0_u8; CHUNK];
        let mut chance = <rand::rngs::SmallRng as rand::SeedableRng>::seed_from_u64(1);
        for _ in 0..MIB {
            rand::Rng::fill_bytes(&mut chance, &mut chunk);
            written.write_all(&chunk).expect("space");
        }
        written.sync_all().expect("a disk");
        Self { file, directory }
    }

    fn aside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Makes it another one; its checksum.
    fn change(&self, seed: u64) -> String {
        let mut file = File::options().read(true).write(true).open(&self.file).expect("a file");
        file.write_all(&seed.to_be_bytes()).expect("space");
        file.sync_all().expect("a disk");
        file.rewind().expect("a file");
        let mut hash = Sha256::new();
        let mut chunk = vec![0_u8; CHUNK];
        while let Some(bytes) = read(&mut file, &mut chunk) {
            hash.update(bytes);
        }
        format!("sha256:{}", hex::encode(hash.finalize()))
    }

    /// How long it takes to copy it.
    fn copied(&self) -> Duration {
        let began = Instant::now();
        let (mut from, mut to) = (File::open(&self.file).expect("a file"), File::create(self.aside("copy")).expect("a file"));
        let (mut hash, mut chunk) = (Sha256::new(), vec![0_u8; CHUNK]);
        while let Some(bytes) = read(&mut from, &mut chunk) {
            hash.update(bytes);
            to.write_all(bytes).expect("space");
        }
        std::hint::black_box(hash.finalize());
        to.sync_all().expect("a disk");
        let took = began.elapsed();
        std::fs::remove_file(self.aside("copy")).expect("a copy");
        took
    }
}

fn read<'a>(file: &mut File, chunk: &'a mut [u8]) -> Option<&'a [u8]> {
    let length = file.read(chunk).expect("a file that can be read");
    chunk.get(..length).filter(|bytes| !bytes.is_empty())
}
