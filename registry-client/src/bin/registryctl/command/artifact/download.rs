//! `registryctl artifact download`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use futures_util::TryStreamExt as _;
use registry_client::{DownloadArtifact, pb};

use super::verify::Expected;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::progress::Progress;
use crate::session::Session;
use crate::which::{self, ArtifactName};

/// Gets the bytes of an artifact
///
/// The file appears under its name when it is complete and its checksum is right. If the connection breaks, the download goes on where it stopped, and
/// so does another one into the same file. --timeout is not for it: it takes as long as it takes.
#[derive(Debug, Args)]
pub struct Download {
    /// Its id, RELEASE/FILE such as MODEL:1.2.0/weights.bin, or MODEL//FILE
    #[arg(value_parser = which::artifact)]
    artifact: ArtifactName,

    /// Where to write it: a file, a directory, or `-` for standard output, where a wrong checksum is noticed at the end
    #[arg(long, value_name = "PATH", default_value = ".")]
    to: PathBuf,

    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

impl Download {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { artifact, to, force } = self;
        let client = session.client().await?;
        let id = artifact.id(&client).await?;
        let bar = Arc::new(Progress::bytes("downloading", session.output.is_quiet()));
        let download = client.download_artifact(&id).progress({
            let bar = Arc::clone(&bar);
            move |progress| bar.bytes_at(progress.transferred_bytes, progress.total_bytes)
        });
        if to == Path::new("-") {
            return print(download).await;
        }
        let path = place(to, &client.get_artifact(&id).send().await?);
        if !force && path.exists() {
            return Err(Failure::Refused(format!("{}: is there already: --force replaces it", path.display())));
        }
        let download = if force { download } else { download.keep_existing() };
        let artifact = download.save(&path).await?;
        drop(bar);
        session.output.row(&artifact)?;
        session.output.say(&format!("written to {}", path.display()));
        Ok(Exit::Done)
    }
}

/// The file, in that directory or under that name. The contract allows no name of a file that leads elsewhere, and it is not relied on.
fn place(to: PathBuf, artifact: &pb::Artifact) -> PathBuf {
    match Path::new(&artifact.name).file_name() {
        Some(name) if to.is_dir() => to.join(name),
        _ => to,
    }
}

/// As the bytes come. What was wrong is told after them.
async fn print(download: DownloadArtifact) -> Result<Exit, Failure> {
    let mut download = download.stream().await?;
    let mut expected = Expected::of(download.artifact())?;
    while let Some(chunk) = download.try_next().await? {
        expected.add(&chunk);
        output::print_bytes(&chunk)?;
    }
    match expected.finish().difference() {
        None => Ok(Exit::Done),
        Some(difference) => Err(Failure::Damaged(difference)),
    }
}
