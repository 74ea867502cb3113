//! A download into a file: goes on where it stopped, is verified as a whole, and appears under its name only then.

use std::io;
use std::path::Path;

use backon::BackoffBuilder as _;
use registry_proto::method::Method;
use tokio::time::{Instant, sleep};

use super::download::{DownloadArtifact, verify};
use super::part::{Part, beside};
use super::transfer::left;
use crate::{Artifact, Error, retry};

impl DownloadArtifact {
    /// Downloads the whole artifact into a file, and gives the artifact. What has come is kept beside it, as `NAME.ARTIFACT-ID.part`,
    /// until it is complete and has been verified by its checksum; then it takes the name, whatever had it (unless that is to be
    /// [kept](Self::keep_existing)), and both are on disk when this returns. If the connection breaks or the registry gives the stream up, the download goes on where it stopped, as often in a
    /// row as the [`RetryPolicy`](crate::RetryPolicy) says; and so does another call after this one has failed, with the same path. What
    /// was there before and turns out to be wrong is downloaded anew.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if the file cannot be written, or if another call is downloading the same artifact to the same path;
    /// [`Error::DataLoss`] if the bytes are damaged; whatever the registry refuses with.
    pub async fn save(mut self, path: impl AsRef<Path>) -> Result<Artifact, Error> {
        let path = path.as_ref();
        if self.request.offset_bytes != 0 || self.request.limit_bytes != 0 {
            self.call.refuse("offset_bytes", "cannot be chosen: a file is downloaded as a whole");
        }
        if path.file_name().is_none() {
            return Err(file(path, io::Error::new(io::ErrorKind::InvalidInput, "is no name of a file")));
        }
        self.call.allowed()?;
        let deadline = self.call.deadline();
        let part = take(path, &self.request.artifact_id).await?;
        Saving { download: self, path, part, deadline }.save().await
    }
}

/// A download into a file, while it lasts.
struct Saving<'a> {
    download: DownloadArtifact,
    path: &'a Path,
    part: Part,
    deadline: Option<Instant>,
}

impl Saving<'_> {
    async fn save(mut self) -> Result<Artifact, Error> {
        let there = self.length().await?;
        let completed = match self.complete().await {
            // What was there already may be what is wrong.
            Err(error) if there > 0 && is_mismatch(&error) => match self.clear().await {
                Ok(()) => self.complete().await,
                Err(error) => Err(error),
            },
            completed => completed,
        };
        match completed {
            Ok(artifact) => {
                let published = if self.download.keeps_existing {
                    self.part.publish_new(self.path).await
                } else {
                    self.part.publish(self.path).await
                };
                published.map(|()| artifact).map_err(|error| file(self.path, error))
            }
            Err(error) => Err(self.abandon(error).await),
        }
    }

    /// Goes on until everything has come, then verifies it.
    async fn complete(&mut self) -> Result<Artifact, Error> {
        let artifact = self.repeated().await?;
        let checksum = self.part.checksum(&artifact.checksum).await.map_err(|error| file(self.path, error))?;
        verify(checksum, &artifact).map(|()| artifact)
    }

    async fn repeated(&mut self) -> Result<Artifact, Error> {
        let policy = self.download.call.policy().clone();
        let mut pauses = policy.backoff().build();
        loop {
            let before = self.length().await?;
            let error = match self.append(before).await {
                Ok(artifact) => return Ok(artifact),
                Err(error) => error,
            };
            if self.length().await? > before {
                pauses = policy.backoff().build();
            }
            let pause = retry::pause(&error, pauses.next(), left(self.deadline)).filter(|_| passes(&error));
            let Some(pause) = pause else { return Err(error) };
            sleep(pause).await;
        }
    }

    /// Downloads what is missing at the end of the file.
    async fn append(&mut self, there: u64) -> Result<Artifact, Error> {
        self.download.request.offset_bytes = i64::try_from(there).unwrap_or(i64::MAX);
        let mut download = match self.download.open(self.deadline).await {
            // There is more than there should be: it is not what it was taken for.
            Err(error) if there > 0 && is_beyond_end(&error) => {
                self.clear().await?;
                self.download.request.offset_bytes = 0;
                self.download.open(self.deadline).await?
            }
            opened => opened?,
        };
        while let Some(chunk) = download.next_chunk().await? {
            self.part.append(&chunk).await.map_err(|error| file(self.path, error))?;
        }
        Ok(download.artifact().clone())
    }

    async fn length(&self) -> Result<u64, Error> {
        self.part.length().await.map_err(|error| file(self.path, error))
    }

    async fn clear(&mut self) -> Result<(), Error> {
        self.part.clear().await.map_err(|error| file(self.path, error))
    }

    /// Leaves what another call can go on with, and nothing else. The error is the one that is told, whatever comes of this.
    async fn abandon(self, error: Error) -> Error {
        if is_mismatch(&error) || self.part.length().await.is_ok_and(|length| length == 0) {
            let _ = self.part.discard().await;
        }
        error
    }
}

async fn take(path: &Path, artifact: &str) -> Result<Part, Error> {
    Part::take(beside(path, artifact)).await.map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => file(path, io::Error::new(error.kind(), "is being downloaded by another call")),
        _ => file(path, error),
    })
}

/// Whether going on is worth a try. A stream that the registry broke off, because nothing was taken for a while, is none that it
/// refuses; if it was the caller's deadline, no time is left.
fn passes(error: &Error) -> bool {
    retry::allowed(true, error) || matches!(error, Error::DeadlineExceeded(_))
}

/// Whether everything came and is something else; noticed here, and not by the registry.
fn is_mismatch(error: &Error) -> bool {
    matches!(error, Error::DataLoss(failure) if failure.0.status.is_none())
}

fn is_beyond_end(error: &Error) -> bool {
    matches!(error, Error::Invalid(_)) && error.violations().iter().any(|violation| violation.field == "offset_bytes")
}

fn file(path: &Path, error: io::Error) -> Error {
    Error::file(Method::DownloadArtifact, Some(path), error)
}
