//! A download into a file: goes on where it stopped, is verified as a whole, and appears under its name only then.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use backon::BackoffBuilder as _;
use registry_proto::method::Method;
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep};

use super::download::{DownloadArtifact, verify};
use super::transfer::{CHUNK, Checksum, left};
use crate::{Artifact, Error, retry};

impl DownloadArtifact {
    /// Downloads the whole artifact into a file, and gives the artifact. What has come is kept beside it, as `NAME.ARTIFACT-ID.part`,
    /// until it is complete, has been verified by its checksum and is on disk; then it takes the name, whatever had it. If the
    /// connection breaks, the download goes on where it stopped, as often as the [`RetryPolicy`](crate::RetryPolicy) says; and so does
    /// another call after this one has failed, with the same path.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if the file cannot be written, [`Error::DataLoss`] if the bytes are damaged, whatever the registry refuses with.
    pub async fn save(mut self, path: impl AsRef<Path>) -> Result<Artifact, Error> {
        let path = path.as_ref();
        if self.request.offset_bytes != 0 || self.request.limit_bytes != 0 {
            self.call.refuse("offset_bytes", "cannot be chosen: a file is downloaded as a whole");
        }
        self.call.allowed()?;
        let part = beside(path, &self.request.artifact_id);
        let deadline = self.call.deadline();
        let there = length(&part).await?;
        let artifact = match self.complete(&part, deadline).await {
            // What was there already may be what is wrong.
            Err(Error::DataLoss(failure)) if there > 0 && failure.0.status.is_none() => self.complete(&part, deadline).await?,
            completed => completed?,
        };
        fs::rename(&part, path).await.map_err(|error| file(path, error))?;
        Ok(artifact)
    }

    /// Goes on until everything has come, then verifies it. What is wrong as a whole is removed.
    async fn complete(&mut self, part: &Path, deadline: Option<Instant>) -> Result<Artifact, Error> {
        let artifact = self.repeated(part, deadline).await?;
        let verified = match checksum_of(part, &artifact).await {
            Ok(checksum) => verify(checksum, &artifact),
            Err(error) => Err(file(part, error)),
        };
        if verified.is_err() {
            fs::remove_file(part).await.map_err(|error| file(part, error))?;
        }
        verified.map(|()| artifact)
    }

    async fn repeated(&mut self, part: &Path, deadline: Option<Instant>) -> Result<Artifact, Error> {
        let mut pauses = self.call.client.retry_policy().backoff().build();
        loop {
            let before = length(part).await?;
            let error = match self.append(part, before, deadline).await {
                Ok(artifact) => return Ok(artifact),
                Err(error) => error,
            };
            if length(part).await? > before {
                pauses = self.call.client.retry_policy().backoff().build();
            }
            let pause = retry::pause(&error, pauses.next(), left(deadline)).filter(|_| retry::allowed(true, &error));
            let Some(pause) = pause else { return Err(error) };
            sleep(pause).await;
        }
    }

    /// Downloads what is missing at the end of a file.
    async fn append(&mut self, part: &Path, there: u64, deadline: Option<Instant>) -> Result<Artifact, Error> {
        self.request.offset_bytes = i64::try_from(there).unwrap_or(i64::MAX);
        let mut download = match self.open(deadline).await {
            // There is more than there should be: it is not what it was taken for.
            Err(Error::Invalid(_)) if there > 0 => {
                fs::remove_file(part).await.map_err(|error| file(part, error))?;
                self.request.offset_bytes = 0;
                self.open(deadline).await?
            }
            opened => opened?,
        };
        let written = |error| file(part, error);
        let mut out = OpenOptions::new().create(true).append(true).open(part).await.map_err(written)?;
        while let Some(chunk) = download.next_chunk().await? {
            out.write_all(&chunk).await.map_err(written)?;
            // Before more is asked for: what is counted as there must be.
            out.flush().await.map_err(written)?;
        }
        out.sync_all().await.map_err(written)?;
        Ok(download.artifact().clone())
    }
}

/// Where a download is until it is complete. The id is in the name, and what an artifact holds never changes.
fn beside(path: &Path, artifact: &str) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(format!(".{artifact}.part"));
    path.with_file_name(name)
}

/// How long a file is; 0 if there is none.
async fn length(path: &Path) -> Result<u64, Error> {
    match fs::metadata(path).await {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(file(path, error)),
    }
}

async fn checksum_of(path: &Path, artifact: &Artifact) -> io::Result<Option<Checksum>> {
    let Some(mut checksum) = Checksum::like(&artifact.checksum) else { return Ok(None) };
    let mut opened = File::open(path).await?;
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = opened.read(&mut buffer).await?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { return Ok(Some(checksum)) };
        checksum.add(bytes);
    }
}

fn file(path: &Path, error: io::Error) -> Error {
    Error::file(Method::DownloadArtifact, Some(path), error)
}
