//! `registryctl apply`: what a file says is made so.
//!
//! - `read`: documents out of a file.
//! - `document`, `said`: a document as a message of the contract, and which of its fields it says.
//! - `pointed`: the release that a document belongs to.
//! - a file for each kind: finds what is there, and writes what is different.

mod alias;
mod deployment;
mod document;
mod model;
mod pointed;
mod read;
mod release;
mod said;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use registry_client::{Client, Error};
use serde_json::json;

use self::document::Document;
use crate::arguments::DryRun;
use crate::blocking::blocking;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress;
use crate::report;
use crate::session::Session;
use crate::text;

/// Makes models, releases, aliases and deployments as a file describes them: what is not there is created, what is different is updated
///
/// The file holds YAML documents or JSON objects. Each has `kind` (Model, Release, ReleaseAlias or Deployment) and the fields of that message in the
/// contract; what `get -o yaml` prints will do, with `kind` added. Fields that a document does not name stay as they are, a field that is null is unset,
/// and what only the registry writes is passed over. Nothing is ever deleted. What is there already is told as unchanged, so that applying twice is
/// applying once; what somebody else changes at the same moment fails, and is not overwritten, and a document with an etag changes nothing that was
/// changed since that was read. Documents are applied in their order, each by itself: if
/// some fail, the others are applied all the same, and the command ends with 3.
///
/// A release is known by modelName, version, quantization and platform. Its state is written when it is created (RELEASE_STATE_CANDIDATE or
/// RELEASE_STATE_ACTIVE) and not changed later.
///
/// A ReleaseAlias names its release by releaseId or by version, with quantization and platform if it is not the usual build.
///
/// A Deployment names its release by releaseId, or by modelName and releaseVersion; its own kind is written deploymentKind. It is the live one of that
/// release in the same environment, cluster and k8sNamespace. Its state is the one it begins in. Two who create it at the same moment both do; then
/// it fails and names both of them, and so does every later one until all but one are terminated. What a document says of its release in several ways
/// must agree.
#[derive(Debug, Args)]
pub struct Apply {
    /// The file; `-` is standard input
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    dry_run: DryRun,
}

/// What has become of a document.
enum Action {
    Created,
    /// These fields were different.
    Updated(Vec<String>),
    Unchanged,
}

/// Where documents are applied.
struct Target {
    client: Client,
    dry_run: bool,
    /// What a dry run would have created: what belongs to it cannot be tried.
    imagined: BTreeSet<String>,
}

impl Apply {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { file, dry_run } = self;
        let documents = blocking(move || read::documents(&file)).await?;
        let client = session.client().await?;
        let mut target = Target { client, dry_run: dry_run.dry_run, imagined: BTreeSet::new() };
        let (mut failed, mut untold) = (0_u64, None);
        for (place, document) in documents.iter().enumerate() {
            match target.apply(document).await {
                // Whoever reads has gone away, and what is not done yet is done all the same.
                Ok(action) => untold = untold.or(print(session, document, &action).err()),
                Err(failure) if is_of_document(&failure) => {
                    failed = failed.saturating_add(1);
                    untold = untold.or(tell(session, place, document, &failure).err());
                }
                Err(failure) => return Err(failure),
            }
        }
        dry_run.remind(session);
        if let Some(failure) = untold {
            return Err(failure);
        }
        Ok(if failed == 0 { Exit::Done } else { Exit::Partly })
    }
}

impl Target {
    async fn apply(&mut self, document: &Document) -> Result<Action, Failure> {
        let imagined = self.dry_run && document.belongs_to().iter().any(|name| self.imagined.contains(name));
        let action = match document {
            _ if imagined => Action::Created,
            Document::Model(said) => model::apply(self, said).await?,
            Document::Release(said) => release::apply(self, said).await?,
            Document::Alias(said) => alias::apply(self, said).await?,
            Document::Deployment(said) => deployment::apply(self, said).await?,
        };
        if self.dry_run && matches!(action, Action::Created) {
            self.imagined.insert(document.name());
        }
        Ok(action)
    }
}

/// Whether the next one may do better.
fn is_of_document(failure: &Failure) -> bool {
    let for_all = matches!(failure, Failure::Registry(Error::Unauthenticated(_)));
    !for_all && !matches!(Exit::from(failure), Exit::TryAgain | Exit::Unknown | Exit::Interrupted)
}

fn print(session: &Session, document: &Document, action: &Action) -> Result<(), Failure> {
    let (kind, name) = (document.kind(), document.name());
    let (word, fields) = match action {
        Action::Created => ("created", Vec::new()),
        Action::Updated(fields) => ("updated", fields.clone()),
        Action::Unchanged => ("unchanged", Vec::new()),
    };
    let which = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    let value = json!({"kind": kind, "name": name, "action": word, "changedFields": fields});
    session.output.told(&value, &format!("{word:<9}  {kind} {name}{which}"), &name)
}

/// To programs in two parts: what has failed beside the others, and why beside other failures.
fn tell(session: &Session, place: usize, document: &Document, failure: &Failure) -> Result<(), Failure> {
    let (kind, name, place) = (document.kind(), document.name(), place.saturating_add(1));
    if session.output.is_json() && !session.output.is_quiet() {
        progress::say(&report::json(failure));
        let value = json!({"kind": kind, "name": name, "action": "failed", "changedFields": []});
        return session.output.told(&value, "", &name);
    }
    progress::say(&format!("failed: document {place}, {kind} {}\n{}", text::plain(&name), report::text(failure)));
    Ok(())
}
