//! `registryctl import`: what is in the file of an export goes into a registry.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use futures_util::{Stream, TryStreamExt as _, stream};
use registry_client::{BegunImport, Client, ImportFailure, ImportSkip, OnConflict, SkipReason, TransferItem};
use serde_json::json;
use uuid::Uuid;

use crate::blocking::blocking;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::file::{FileError, Header, Input, Trailer};
use crate::output::Output;
use crate::progress::{self, Progress};
use crate::report;
use crate::session::Session;
use crate::text;

/// Brings the content of a file that `export` has written into a registry
///
/// By default this is a restore: ids, times, authors, states and, in a registry that was never written to, revisions are those of the
/// file, and a registry that holds something already is refused. The file is read to its end and verified before anything is sent. An
/// import that was cut off, however, is gone on with by the same command. With -o json, jsonl or yaml, what it has come to is told as an object.
/// Needs the role of an admin.
#[derive(Debug, Args)]
pub struct Import {
    /// The file, compressed or not. `-` is standard input
    file: PathBuf,

    /// What to do with an item whose id or unique key is taken
    #[arg(long, value_name = "WHAT", default_value = "fail")]
    on_conflict: Conflict,

    /// Import into a registry that holds something already
    #[arg(long)]
    merge: bool,

    /// Only check, and say what would become of each item
    #[arg(long)]
    dry_run: bool,

    /// Let the registry assign ids, times and authors, and take live resources only
    #[arg(long)]
    new_ids: bool,

    /// Stop at the first item that fails
    #[arg(long)]
    fail_fast: bool,

    /// Name each item that is skipped, and not only how many there are
    #[arg(long)]
    list_skipped: bool,

    /// The id of the import, a UUID, instead of one that is made of the file, the registry and the options
    #[arg(long, value_name = "UUID")]
    import_id: Option<Uuid>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Conflict {
    /// The item fails; the others are imported all the same
    Fail,
    /// What is there stays as it is
    Skip,
    /// What is there with the same id is written over
    Replace,
}

impl From<Conflict> for OnConflict {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::Fail => Self::Fail,
            Conflict::Skip => Self::Skip,
            Conflict::Replace => Self::Replace,
        }
    }
}

/// What has become of the items.
#[derive(Debug, Default)]
struct Tally {
    created: u64,
    replaced: u64,
    skipped: BTreeMap<&'static str, u64>,
    failed: u64,
    /// Also of runs before this one.
    failed_in_all: u64,
    untold: u64,
    revision: i64,
    keeps_revisions: bool,
}

impl Import {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let path = self.file.clone();
        let (input, header, trailer) = blocking(move || {
            let input = Input::open(&path).map_err(Failure::file(&path))?;
            let (header, trailer) = input.verify().map_err(Failure::file(&path))?;
            Ok((input, header, trailer))
        })
        .await?;
        let client = session.client().await?;
        let begun = self.begin(&client, &header, &trailer).await?;
        let resumed = begun.acknowledged_sequence();
        self.check(&client, resumed, trailer.item_count).await?;
        if resumed > 0 {
            session
                .output
                .say(&format!("an earlier run has brought {resumed} of {} items: going on after them", trailer.item_count));
        }
        let items = items(&input, &self.file)?;
        let tally = self.import(begun, items, trailer.item_count, &session.output).await?;
        self.conclude(&tally, &trailer, &session.output)?;
        Ok(if tally.failed_in_all > 0 { Exit::Partly } else { Exit::Done })
    }

    async fn begin(&self, client: &Client, header: &Header, trailer: &Trailer) -> Result<BegunImport, Failure> {
        let id = match self.import_id {
            Some(id) => id,
            None => self.id(client, trailer).await?,
        };
        let mut import =
            client.import(id.to_string()).on_conflict(self.on_conflict.into()).source_revision(header.source_revision);
        if !self.new_ids {
            import = import.preserve_identity();
        }
        if self.fail_fast {
            import = import.fail_fast();
        }
        if self.dry_run {
            import = import.validate_only();
        }
        Ok(import.begin().await?)
    }

    /// The same whenever the same file is imported into the same registry in the same way, and another one otherwise.
    async fn id(&self, client: &Client, trailer: &Trailer) -> Result<Uuid, Failure> {
        let registry = client.server_info().send().await?.registry_id;
        let namespace = Uuid::try_parse(&registry).map_err(|_| Failure::Refused("the registry has no id".to_owned()))?;
        let on_conflict = OnConflict::from(self.on_conflict).as_str_name();
        let name = format!("{} {on_conflict} new_ids={} fail_fast={}", trailer.sha256, self.new_ids, self.fail_fast);
        Ok(Uuid::new_v5(&namespace, name.as_bytes()))
    }

    /// That nothing of somebody else's is in the way: what is there was brought by an earlier run, or is to be merged with.
    async fn check(&self, client: &Client, resumed: u64, item_count: u64) -> Result<(), Failure> {
        let complete = resumed > 0 && resumed >= item_count;
        if self.dry_run || (!complete && (self.merge || resumed > 0)) {
            return Ok(());
        }
        let models = client.list_models().show_deleted().page_size(1).send().await?;
        let why = match (complete, models.items.is_empty()) {
            // Nothing would be sent, and to say that all is done would be wrong.
            (true, true) => {
                "an earlier run has brought everything, and the registry holds no model: either all of them failed, or they were purged. \
                 Say --import-id with a new UUID to import the file once more"
            }
            (false, false) => "the registry holds something already: say --merge to import into it all the same",
            (true, false) | (false, true) => return Ok(()),
        };
        Err(Failure::Refused(why.to_owned()))
    }

    async fn import(
        &self,
        begun: BegunImport,
        items: impl Stream<Item = io::Result<TransferItem>> + Send + 'static,
        item_count: u64,
        output: &Output,
    ) -> Result<Tally, Failure> {
        let what = if self.dry_run { "checking" } else { "importing" };
        let progress = Progress::bar(what, item_count, output.is_quiet());
        let mut tally = Tally { failed_in_all: begun.failed_count(), ..Tally::default() };
        let mut chunks = begun.items(items);
        while let Some(chunk) = chunks.try_next().await? {
            tally.created = tally.created.saturating_add(chunk.created);
            tally.replaced = tally.replaced.saturating_add(chunk.replaced);
            tally.untold = tally.untold.saturating_add(chunk.untold);
            tally.revision = tally.revision.max(chunk.revision);
            tally.keeps_revisions |= chunk.keeps_revisions;
            tally.failed_in_all = tally.failed_in_all.max(chunk.failed_in_all);
            for ImportFailure { sequence, item, error, .. } in &chunk.failures {
                tally.failed = tally.failed.saturating_add(1);
                // With --fail-fast it is not acknowledged, and so it is not counted by the registry.
                tally.failed_in_all = tally.failed_in_all.max(tally.failed);
                progress.say(&if output.is_json() {
                    let (item, reason) = (progress::name(item), error.reason_name());
                    let failed = json!({"sequence": sequence, "item": item, "message": error.message(), "reason": reason});
                    text::json(json!({"failed": failed}).to_string())
                } else {
                    format!("failed: item {sequence}, {}: {}", text::plain(&progress::name(item)), report::line(error))
                });
            }
            for ImportSkip { sequence, item, reason, .. } in &chunk.skips {
                let count = tally.skipped.entry(why(*reason)).or_default();
                *count = count.saturating_add(1);
                if self.list_skipped {
                    progress.say(&if output.is_json() {
                        let skipped = json!({"sequence": sequence, "item": progress::name(item), "why": why(*reason)});
                        text::json(json!({"skipped": skipped}).to_string())
                    } else {
                        format!("skipped: item {sequence}, {}: {}", text::plain(&progress::name(item)), why(*reason))
                    });
                }
            }
            progress.at(chunk.acknowledged_sequence);
        }
        Ok(tally)
    }

    fn conclude(&self, tally: &Tally, trailer: &Trailer, output: &Output) -> Result<(), Failure> {
        let Tally { created, replaced, skipped, failed, failed_in_all, untold, revision, keeps_revisions } = tally;
        let verb = if self.dry_run { "checked" } else { "imported" };
        let all_skipped: u64 = skipped.values().sum();
        let counts = format!("{created} created, {replaced} replaced, {all_skipped} skipped, {failed} failed");
        let mut lines = vec![format!("{verb} {} items: {counts}", trailer.item_count)];
        lines.extend(skipped.iter().map(|(why, count)| format!("{count} skipped: {why}")));
        if failed_in_all > failed {
            lines.push(format!(
                "{failed_in_all} items of this import have failed, also counting those that an earlier run or a connection that was cut off \
                 had to tell of. They are not sent again: to try all items once more, say --import-id with a new UUID"
            ));
        }
        if *untold > 0 {
            lines.push(format!(
                "{untold} of them were brought by a run or a connection that was cut off before it could tell what became of each"
            ));
        }
        if *revision > 0 {
            let how = if *keeps_revisions { "keeping the revisions that they had" } else { "with revisions of this registry" };
            lines.push(format!("the registry is at revision {revision} or later, the items {how}"));
        }
        let value = json!({
            "itemCount": trailer.item_count,
            "dryRun": self.dry_run,
            "created": created,
            "replaced": replaced,
            "skipped": all_skipped,
            "failed": failed,
            "failedInAll": failed_in_all,
            "untold": untold,
            "revision": revision,
            "keepsRevisions": keeps_revisions,
        });
        output.summary(&value, &lines, false)
    }
}

/// The items of the file, read once more.
fn items(input: &Input, path: &Path) -> Result<impl Stream<Item = io::Result<TransferItem>> + Send + 'static, Failure> {
    let reader = input.read().map_err(Failure::file(path))?;
    Ok(stream::try_unfold(reader, async |mut reader| {
        let item = reader.next().map_err(|error| match error {
            FileError::Io(error) => error,
            // It was whole a moment ago.
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        })?;
        Ok(item.map(|item| (item, reader)))
    }))
}

fn why(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Unspecified => "for a reason that this program does not know",
        SkipReason::Exists => "it is there already",
        SkipReason::OtherHistory => "aliases have a history of their own in this registry",
        SkipReason::IdentityNotPreserved => "only an import that keeps ids takes it",
    }
}
