//! `registryctl artifact verify`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use futures_util::TryStreamExt as _;
use registry_client::{Client, pb};

use crate::blocking::blocking;
use crate::checksum::Checksum;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::session::Session;
use crate::which::{self, ArtifactName};

/// How much of a file is read at once.
const CHUNK: usize = 1024 * 1024;

/// Compares bytes with the checksum that the registry knows: those of a file here or, without one, those that the registry holds
///
/// Ends with 11 if they are others.
#[derive(Debug, Args)]
pub struct Verify {
    /// Its id, RELEASE/FILE such as MODEL:1.2.0/weights.bin, or MODEL//FILE
    #[arg(value_parser = which::artifact)]
    artifact: ArtifactName,

    /// A file here
    file: Option<PathBuf>,
}

impl Verify {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { artifact, file } = self;
        let client = session.client().await?;
        let artifact = client.get_artifact(artifact.id(&client).await?).send().await?;
        let bar = Arc::new(Progress::bytes("verifying", session.output.is_quiet()));
        let found = match &file {
            Some(path) => {
                let (artifact, path, bar) = (artifact.clone(), path.clone(), Arc::clone(&bar));
                blocking(move || of_file(&artifact, &path, &bar)).await?
            }
            None => of_registry(&client, &artifact, &bar).await?,
        };
        drop(bar);
        if let Some(difference) = found.difference() {
            return Err(Failure::Damaged(difference));
        }
        session.output.row(&artifact)?;
        session.output.say(&format!("verified: {}", artifact.checksum));
        Ok(Exit::Done)
    }
}

/// What bytes must be, while they come.
pub(super) struct Expected {
    name: String,
    size: Option<u64>,
    checksum: String,
    seen: u64,
    sum: Checksum,
}

impl Expected {
    pub(super) fn of(artifact: &pb::Artifact) -> Result<Self, Failure> {
        let sum = Checksum::like(&artifact.checksum);
        let unknown = || Failure::Refused(format!("{}: this program does not know that kind of checksum", artifact.checksum));
        let size = artifact.size_bytes.and_then(|size| u64::try_from(size).ok());
        let (name, checksum) = (artifact.name.clone(), artifact.checksum.clone());
        Ok(Self { name, size, checksum, seen: 0, sum: sum.ok_or_else(unknown)? })
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.seen = self.seen.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.sum.add(bytes);
    }

    pub(super) fn finish(self) -> Found {
        let Self { name, size, checksum, seen, sum } = self;
        Found { name, size, checksum, seen, sum: sum.finish() }
    }
}

/// What they were.
pub(super) struct Found {
    name: String,
    size: Option<u64>,
    checksum: String,
    seen: u64,
    sum: String,
}

impl Found {
    /// In words; nothing if there is none.
    pub(super) fn difference(&self) -> Option<String> {
        let Self { name, size, checksum, seen, sum } = self;
        match size {
            Some(size) if size != seen => Some(format!("{name} has {size} bytes, and these are {seen}")),
            _ if sum != checksum => Some(format!("{name} is {checksum}, and this is {sum}")),
            _ => None,
        }
    }
}

fn of_file(artifact: &pb::Artifact, path: &Path, bar: &Progress) -> Result<Found, Failure> {
    let mut file = File::open(path).map_err(Failure::file(path))?;
    let total = file.metadata().map_err(Failure::file(path))?.len();
    let (mut expected, mut buffer) = (Expected::of(artifact)?, vec![0; CHUNK]);
    loop {
        let count = file.read(&mut buffer).map_err(Failure::file(path))?;
        match buffer.get(..count) {
            None | Some([]) => return Ok(expected.finish()),
            Some(bytes) => expected.add(bytes),
        }
        bar.bytes_at(expected.seen, Some(total));
    }
}

async fn of_registry(client: &Client, artifact: &pb::Artifact, bar: &Arc<Progress>) -> Result<Found, Failure> {
    let download = client.download_artifact(&artifact.id).progress({
        let bar = Arc::clone(bar);
        move |progress| bar.bytes_at(progress.transferred_bytes, progress.total_bytes)
    });
    let (mut bytes, mut expected) = (download.stream().await?, Expected::of(artifact)?);
    while let Some(chunk) = bytes.try_next().await? {
        expected.add(&chunk);
    }
    Ok(expected.finish())
}
