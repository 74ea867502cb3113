//! A backup that is taken while callers write is of one moment.

use super::{back_up, restore, revision};
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt, stream};
use registry_client::{Artifact, Client, Model, Release, ReleaseAlias};
use registry_server::storage::StorageTarget;
use registry_tests::{Database, Fresh, Harness};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tempfile::tempdir;

/// How many backups are taken, unless REGISTRY_TEST_BACKUPS says otherwise.
const BACKUPS: usize = 5;
const WRITERS: usize = 4;
/// What a writer does for each of its models.
const STEPS: usize = 4;

/// What each writer was told is written: how many steps.
type Acknowledged = Arc<[AtomicUsize; WRITERS]>;

/// One step after the other, each of which is one revision, until it is told to stop.
async fn write(client: Client, writer: usize, acknowledged: Acknowledged, stop: Arc<AtomicBool>) {
    for number in 0.. {
        let name = format!("w{writer}-{number:06}");
        let model = client.create_model(&name, "s3://m/").send().await.unwrap();
        acknowledged[writer].fetch_add(1, Ordering::SeqCst);
        let digest = format!("sha256:{}", "a".repeat(64));
        let release = client.create_release(&model, "1").digest(digest).send().await.unwrap();
        acknowledged[writer].fetch_add(1, Ordering::SeqCst);
        client.set_release_alias(&release, "production").send().await.unwrap();
        acknowledged[writer].fetch_add(1, Ordering::SeqCst);
        client.upload_artifact(&release, "weights").send_bytes(name.into_bytes()).await.unwrap();
        acknowledged[writer].fetch_add(1, Ordering::SeqCst);
        if stop.load(Ordering::SeqCst) {
            return;
        }
    }
}

/// How many steps of each writer are in a registry: those from the first to the last, with none left out. The bytes are there.
async fn steps_of(registry: &Harness) -> [usize; WRITERS] {
    let client = &registry.client;
    let models: Vec<Model> = client.list_models().page_size(1000).items().try_collect().await.unwrap();
    let mut steps: BTreeMap<(&str, &str), usize> = models.iter().map(|model| ((&*model.name, &*model.id), 1)).collect();
    let names: HashMap<&str, &str> = models.iter().map(|model| (&*model.id, &*model.name)).collect();
    // Each of these comes after the one before it, for each model.
    let releases: Vec<_> = client.list_releases().page_size(1000).items().try_collect().await.unwrap();
    let aliases: Vec<_> = client.list_release_aliases().page_size(1000).items().try_collect().await.unwrap();
    let artifacts: Vec<_> = client.list_artifacts().page_size(1000).items().try_collect().await.unwrap();
    let stages = [
        releases.iter().map(|release: &Release| &*release.model_id).collect::<Vec<_>>(),
        aliases.iter().map(|alias: &ReleaseAlias| &*alias.model_id).collect(),
        artifacts.iter().map(|artifact: &Artifact| &*artifact.model_id).collect(),
    ];
    for (stage, ids) in stages.iter().enumerate() {
        for id in ids {
            let done = steps.get_mut(&(names[id], *id)).unwrap();
            assert_eq!(*done, stage + 1, "{}: a step was left out, or done twice", names[id]);
            *done += 1;
        }
    }
    let downloads = artifacts.iter().map(async |artifact| {
        let bytes = client.download_artifact(&artifact.id).bytes().await.unwrap();
        assert!(bytes == names[&*artifact.model_id].as_bytes(), "{}", artifact.file_path);
    });
    stream::iter(downloads).buffer_unordered(16).collect::<()>().await;
    std::array::from_fn(|writer| of_writer(&steps, writer))
}

/// All of its models are complete but the last one, and none before that is missing.
fn of_writer(steps: &BTreeMap<(&str, &str), usize>, writer: usize) -> usize {
    let prefix = format!("w{writer}-");
    let mine = steps.iter().filter(|((name, _), _)| name.starts_with(&prefix)).enumerate();
    mine.fold(0, |sum, (number, ((name, _), done))| {
        assert_eq!(*name, format!("{prefix}{number:06}"), "one before it is missing");
        assert_eq!(sum, number * STEPS, "{name} is there, and one before it is not complete");
        sum + done
    })
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_files(&entry.path(), &to);
        } else if let Err(error) = std::fs::copy(entry.path(), to) {
            // What is being uploaded may be renamed meanwhile. What was complete when the database was copied stays.
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        }
    }
}

fn directory(storage: StorageTarget) -> std::path::PathBuf {
    match storage {
        StorageTarget::Directory(path) => path,
        other => panic!("not a directory: {other}"),
    }
}

/// Backups under load, each restored: every step that was acknowledged before is in it; of each writer the steps up to one of them;
/// and all of them together are as many as the revision says. The bytes, copied afterwards, are all there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_of_one_moment() {
    let registry = Harness::start(Database::Sqlite).await;
    let (acknowledged, stop) = (Acknowledged::default(), Arc::<AtomicBool>::default());
    let writers =
        (0..WRITERS).map(|writer| tokio::spawn(write(registry.client.clone(), writer, acknowledged.clone(), stop.clone())));
    let writers: Vec<_> = writers.collect();
    let rounds = std::env::var("REGISTRY_TEST_BACKUPS").map_or(BACKUPS, |number| number.parse().expect("a number of backups"));
    let mut backups = Vec::new();
    for _ in 0..rounds {
        let (before, place) =
            (acknowledged.iter().map(|count| count.load(Ordering::SeqCst)).collect::<Vec<_>>(), tempdir().unwrap());
        let file = place.path().join("registry.backup");
        let backed_up = revision(&back_up(&registry, &file).await);
        copy_files(&directory(registry.storage()), &place.path().join("artifacts"));
        backups.push((before, backed_up, place));
    }
    stop.store(true, Ordering::SeqCst);
    join_all(writers).await.into_iter().for_each(|writer| writer.unwrap());
    assert!(backups.last().unwrap().1 > backups[0].1, "nothing was written meanwhile");
    for (before, backed_up, place) in backups {
        check(&before, backed_up, place.path()).await;
    }
    registry.stop().await;
}

async fn check(before: &[usize], backed_up: i64, place: &Path) {
    let fresh: Fresh = Database::Sqlite.fresh().await;
    restore(&place.join("registry.backup"), &fresh).await;
    std::fs::rename(place.join("artifacts"), directory(fresh.storage())).unwrap();
    let restored = Harness::on(Database::Sqlite, fresh).await.unwrap();
    let steps = steps_of(&restored).await;
    for (steps, before) in steps.iter().zip(before) {
        assert!(steps >= before, "{before} steps were acknowledged before the backup, which has {steps}");
    }
    assert_eq!(i64::try_from(steps.iter().sum::<usize>()).unwrap(), backed_up, "steps and revisions");
    restored.stop().await;
}
