//! Promotes a release, as a step of a pipeline: waits until it runs in staging, then makes "production" point to it, but only from where
//! the pipeline believes it to be. Two pipelines that run at once cannot both believe that they were the last.
//!
//! `cargo run --example promote -- MODEL VERSION [SECONDS]`, with the registry and the key as `Client::from_env` takes them. It ends with
//!
//! - 0: "production" points to the release, or did so already;
//! - 1: something else is wrong, and standard error says what;
//! - 2: it was called with the wrong arguments;
//! - 3: there is no such release;
//! - 4: somebody else has moved "production" meanwhile;
//! - 5: it did not run in staging in time;
//! - 75: the registry cannot be reached at present: try again.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a terminal")]

use std::process::ExitCode;
use std::time::Duration;

use futures::TryStreamExt as _;
use registry_client::{Client, Error, ErrorReason, ModelId, Release, ResourceKind, WatchItem};
use tokio::time::timeout;

const ALIAS: &str = "production";
const REHEARSAL: &str = "staging";
const PATIENCE: Duration = Duration::from_secs(600);

/// Why nothing was promoted.
enum Failure {
    Registry(Error),
    NotRunning,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Registry(error)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), Some(version)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: promote MODEL VERSION [SECONDS]");
        return ExitCode::from(2);
    };
    let patience = arguments.next().and_then(|seconds| seconds.parse().ok()).map_or(PATIENCE, Duration::from_secs);
    match promote(&model, &version, patience).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::NotRunning) => {
            eprintln!("{model} {version} does not run in {REHEARSAL} after {patience:?}");
            ExitCode::from(5)
        }
        Err(Failure::Registry(error)) => {
            eprintln!("{error}");
            ExitCode::from(code(&error))
        }
    }
}

fn code(error: &Error) -> u8 {
    match error.reason() {
        Some(ErrorReason::ModelNotFound | ErrorReason::ReleaseNotFound) => 3,
        Some(ErrorReason::AliasMoved) => 4,
        _ if matches!(error, Error::Transport(_) | Error::Unavailable(_) | Error::DeadlineExceeded(_)) => 75,
        _ => 1,
    }
}

async fn promote(model: &str, version: &str, patience: Duration) -> Result<(), Failure> {
    let client = Client::from_env().await?;
    let release = client.resolve_release(model).version(version).send().await?;

    // What is there now is what this pipeline has looked at. It is asked before the wait: whoever moves it during the wait is noticed.
    let before = match client.resolve_release(model).alias(ALIAS).send().await {
        Ok(before) => Some(before),
        Err(error) if error.reason() == Some(ErrorReason::AliasNotFound) => None,
        Err(error) => return Err(error.into()),
    };
    if before.as_ref().is_some_and(|before| before.id == release.id) {
        println!("{ALIAS} points to {model} {version} already");
        return Ok(());
    }
    println!("waiting until {model} {version} runs in {REHEARSAL}");
    timeout(patience, until_it_runs(&client, &release)).await.map_err(|_| Failure::NotRunning)??;

    let set = client.set_release_alias(&release, ALIAS).reason("the pipeline has promoted it");
    let set = match &before {
        Some(before) => set.expected_release(before),
        None => set.expected_absent(),
    };
    let alias = set.send().await?;
    let from = before.map_or_else(|| "nowhere".to_owned(), |before| before.version);
    println!("{ALIAS} points to {model} {version} since revision {}, and pointed to {from}", alias.revision);
    Ok(())
}

/// Asks once the watch is connected, and then whenever something has changed: nothing can be missed in between.
async fn until_it_runs(client: &Client, release: &Release) -> Result<(), Error> {
    let mut changes = client.watch().kinds([ResourceKind::Deployment]).model_id(ModelId::new(&*release.model_id)).stream();
    while let Some(change) = changes.try_next().await? {
        let may_have_changed = matches!(change, WatchItem::Connected { .. } | WatchItem::Event(_));
        if may_have_changed && runs(client, release).await? {
            return Ok(());
        }
    }
    Ok(())
}

async fn runs(client: &Client, release: &Release) -> Result<bool, Error> {
    match client.resolve_release(&*release.model_name).number(release.number).environment(REHEARSAL).send().await {
        Ok(_) => Ok(true),
        Err(error) if error.reason() == Some(ErrorReason::ReleaseNotFound) => Ok(false),
        Err(error) => Err(error),
    }
}
