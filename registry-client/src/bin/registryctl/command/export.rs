//! `registryctl export`: everything that a registry holds goes into a file.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use futures_util::TryStreamExt as _;
use registry_client::{Client, Error, Exporting, ResourceKind};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::file::{Compression, FileError, Header, Place, Trailer, Writer};
use crate::progress::{Counts, Progress};
use crate::session::Session;

/// How often an export is made from its beginning, because the connection broke and the registry has changed meanwhile.
const ATTEMPTS: usize = 5;

/// Writes what the registry holds, as of one revision, to a file that `import` reads
///
/// The file has no time and no name of a machine in it: two exports of the same content are the same bytes. It appears under its name
/// when it is complete, whatever had that name. With -o json, jsonl or yaml, what was exported is told as an object. API keys and the bytes of artifacts are not part of it. Needs the role of an admin.
#[derive(Debug, Args)]
pub struct Export {
    /// The file; compressed if its name ends in .zst. `-` is standard output
    file: PathBuf,

    /// Also what is soft-deleted and not yet purged: without it, a move is not without loss
    #[arg(long)]
    include_deleted: bool,

    /// Only these kinds, without the audit log. Whatever an item belongs to must be there already where it is imported
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<Kind>,

    /// Compress, whatever the name ends in
    #[arg(long)]
    zstd: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Models,
    Releases,
    /// With their history
    Aliases,
    /// With what is known of stored bytes
    Artifacts,
    Deployments,
}

impl From<Kind> for ResourceKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Models => Self::Model,
            Kind::Releases => Self::Release,
            Kind::Aliases => Self::ReleaseAlias,
            Kind::Artifacts => Self::Artifact,
            Kind::Deployments => Self::Deployment,
        }
    }
}

/// What was written.
struct Written {
    trailer: Trailer,
    counts: Counts,
    revision: i64,
}

impl Export {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let client = session.client().await?;
        let place = Place::take(&self.file).map_err(Failure::file(&self.file))?;
        let Written { trailer, counts, revision } = self.attempts(&client, &place, session).await?;
        place.publish().map_err(Failure::file(&self.file))?;
        let Trailer { item_count, sha256 } = trailer;
        let lines = [
            format!("exported {item_count} items as of revision {revision}: {counts}"),
            format!("sha256 of its lines: {sha256}"),
        ];
        let value = json!({"itemCount": item_count, "revision": revision, "sha256": sha256});
        session.output.summary(&value, &lines, self.file == Path::new("-"))?;
        Ok(Exit::Done)
    }

    async fn attempts(&self, client: &Client, place: &Place, session: &Session) -> Result<Written, Failure> {
        let mut left = if place.can_begin_again() { ATTEMPTS } else { 1 };
        loop {
            left = left.saturating_sub(1);
            match self.attempt(client, place, session.output.is_quiet()).await {
                Err(Failure::Registry(Error::Aborted(_))) if left > 0 => {
                    session
                        .output
                        .say("the registry has changed while the connection was broken: exporting it from the beginning");
                }
                outcome => return outcome,
            }
        }
    }

    async fn attempt(&self, client: &Client, place: &Place, quiet: bool) -> Result<Written, Failure> {
        let mut export = client.export();
        if self.include_deleted {
            export = export.include_deleted();
        }
        for &kind in &self.kinds {
            export = export.kind(kind.into());
        }
        let items = export.stream().await?;
        let revision = items.revision();
        let (trailer, counts) = self.write(items, place, quiet).await?;
        Ok(Written { trailer, counts, revision })
    }

    async fn write(&self, mut items: Exporting, place: &Place, quiet: bool) -> Result<(Trailer, Counts), Failure> {
        let failed = |error: FileError| Failure::file(&self.file)(error);
        let output = place.write().map_err(Failure::file(&self.file))?;
        let output = Compression::of(&self.file, self.zstd).over(output).map_err(Failure::file(&self.file))?;
        let header = Header { source_revision: items.source_revision() };
        let mut writer = Writer::begin(output, &header).map_err(failed)?;
        let (progress, mut counts, mut done) = (Progress::spinner("exporting", quiet), Counts::default(), 0_u64);
        while let Some(item) = items.try_next().await? {
            writer.item(&item).map_err(failed)?;
            counts.add(&item);
            done = done.saturating_add(1);
            progress.at(done);
        }
        let (output, trailer) = writer.finish().map_err(failed)?;
        output.finish().map_err(Failure::file(&self.file))?;
        Ok((trailer, counts))
    }
}
