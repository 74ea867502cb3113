//! Downloads into files: over connections that break, beside what is there already, and several at once.

use super::{MIB, PATIENCE, noise, only_file, overwrite, parent, upload};
use bytes::Bytes;
use futures::future::join_all;
use registry_client::{Artifact, Client, Code, Error, ErrorReason};
use registry_tests::proxy::Proxy;
use registry_tests::{Harness, conformance, expect, keys, wait};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const SIZE: usize = 6 * MIB + 123;

/// An artifact, where it is to be saved, and a client that repeats things as clients do.
struct Scene {
    artifact: Artifact,
    bytes: Bytes,
    client: Client,
    proxy: Arc<Proxy>,
    directory: TempDir,
}

impl Scene {
    async fn of(registry: &Harness) -> Self {
        let bytes = noise(SIZE, 1);
        let artifact = upload(registry, &parent(registry).await, "f", bytes.clone()).await;
        let proxy = Arc::new(Proxy::start([registry.address()], 1).await);
        let client = keys::admin(proxy.endpoint()).connect().await.expect("a connection");
        Self { artifact, bytes, client, proxy, directory: tempfile::tempdir().expect("a directory") }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("f.bin")
    }

    /// Where it is until it is complete.
    fn part(&self) -> PathBuf {
        self.directory.path().join(format!("f.bin.{}.part", self.artifact.id))
    }

    async fn save(&self) -> Result<Artifact, Error> {
        self.client.download_artifact(&self.artifact.id).save(self.path()).await
    }

    /// The same, and how far it was each time it was told, which is when something else happens.
    async fn save_telling(&self, meanwhile: impl Fn() + Send + Sync + 'static) -> (Result<Artifact, Error>, Vec<u64>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let download = self.client.download_artifact(&self.artifact.id).progress(move |progress| {
            tell.lock().unwrap().push(progress.transferred_bytes);
            meanwhile();
        });
        let saved = download.save(self.path()).await;
        let told = told.lock().unwrap().clone();
        (saved, told)
    }

    /// It is there, it is right, and nothing else is.
    fn is_saved(&self) {
        assert!(std::fs::read(self.path()).unwrap() == self.bytes, "other bytes");
        assert_eq!(names(self.directory.path()), ["f.bin"]);
    }
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

conformance! {
    /// What was there under the name is replaced.
    async fn a_file_is_replaced(registry: &Harness) {
        let scene = Scene::of(registry).await;
        std::fs::write(scene.path(), "old").unwrap();
        assert_eq!(scene.save().await.unwrap(), scene.artifact);
        scene.is_saved();
    }

    /// A connection that breaks again and again in the middle: each byte comes once, and the progress counts on.
    async fn a_save_goes_on_after_every_cut(registry: &Harness) {
        let scene = Scene::of(registry).await;
        let (proxy, opened) = (Arc::clone(&scene.proxy), scene.proxy.passed());
        let (saved, told) = scene.save_telling(move || proxy.cut()).await;
        assert_eq!(saved.unwrap(), scene.artifact);
        scene.is_saved();
        assert!(scene.proxy.passed() > opened + 1, "nothing was cut");
        assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "some bytes came twice: {told:?}");
        assert_eq!(told.last(), Some(&(SIZE as u64)));
    }

    /// What a save before has left is gone on with: only the rest comes.
    async fn a_save_goes_on_where_another_has_stopped(registry: &Harness) {
        let scene = Scene::of(registry).await;
        for there in [1, 2 * MIB, SIZE - 1, SIZE] {
            std::fs::write(scene.part(), &scene.bytes[..there]).unwrap();
            let (saved, told) = scene.save_telling(|| ()).await;
            saved.unwrap();
            scene.is_saved();
            assert!(told.iter().all(|so_far| *so_far > there as u64), "{there}: {told:?}");
            assert_eq!(told.is_empty(), there == SIZE);
        }
    }

    /// What is there and turns out to be something else is downloaded anew.
    async fn what_is_there_and_wrong_is_replaced(registry: &Harness) {
        let scene = Scene::of(registry).await;
        for (what, wrong) in [("other bytes", noise(MIB, 2)), ("as long", noise(SIZE, 2)), ("longer", noise(SIZE + 1, 1))] {
            std::fs::write(scene.part(), &wrong).unwrap();
            let opened = scene.proxy.passed();
            scene.save().await.unwrap_or_else(|error| panic!("{what}: {error}"));
            scene.is_saved();
            assert_eq!(scene.proxy.passed(), opened + 2, "{what}: it was begun anew once");
        }
    }

    /// What the registry cannot vouch for gets no name, and what was there keeps it.
    async fn a_damaged_artifact_is_not_saved(registry: &Harness) {
        let scene = Scene::of(registry).await;
        std::fs::write(scene.path(), "old").unwrap();
        let at = 3 * MIB + 5;
        overwrite(&only_file(registry), at as u64, &[scene.bytes[at] ^ 1]);
        expect::refused(scene.save().await, Code::DataLoss, ErrorReason::ArtifactDamaged);
        assert_eq!(std::fs::read_to_string(scene.path()).unwrap(), "old");
        let begun = std::fs::read(scene.part()).unwrap();
        assert!(begun == scene.bytes[..3 * MIB], "{} bytes", begun.len());
    }

    /// What is not there leaves nothing here.
    async fn what_does_not_exist_leaves_no_file(registry: &Harness) {
        let scene = Scene::of(registry).await;
        let nowhere = scene.client.download_artifact("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11").save(scene.path()).await;
        expect::refused(nowhere, Code::NotFound, ErrorReason::ArtifactNotFound);
        assert!(names(scene.directory.path()).is_empty());
    }

    /// Of several saves to one path, those that come while another one writes are told so; the file is right whoever made it.
    async fn saves_to_one_path_do_not_mix(registry: &Harness) {
        let scene = Scene::of(registry).await;
        for _ in 0..5 {
            let outcomes = join_all((0..8).map(|_| scene.save())).await;
            assert!(outcomes.iter().any(Result::is_ok));
            for error in outcomes.into_iter().filter_map(Result::err) {
                assert!(matches!(error, Error::File(_)) && error.to_string().contains("by another call"), "{error}");
            }
            scene.is_saved();
        }
    }

    /// Saves to different paths have nothing to do with each other.
    async fn saves_to_other_paths_do_not_meet(registry: &Harness) {
        let scene = Scene::of(registry).await;
        let path = |index: usize| scene.directory.path().join(format!("g{index}"));
        let saves = (0..8).map(|index| scene.client.download_artifact(&scene.artifact.id).save(path(index)));
        for (index, saved) in join_all(saves).await.into_iter().enumerate() {
            saved.unwrap();
            assert!(std::fs::read(path(index)).unwrap() == scene.bytes);
        }
    }

    /// A save that is given up lets go of the file, and the next one goes on.
    async fn a_save_that_is_given_up_can_be_gone_on_with(registry: &Harness) {
        let scene = Scene::of(registry).await;
        scene.proxy.fall_silent();
        let save = scene.client.download_artifact(&scene.artifact.id).timeout(std::time::Duration::from_millis(300));
        let error = save.save(scene.path()).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
        scene.proxy.speak();
        wait::until("the saved file", PATIENCE, async || scene.save().await.ok()).await;
        scene.is_saved();
    }

    /// A file that cannot be written: it is said which, and that it is not the registry's fault.
    async fn a_file_that_cannot_be_written(registry: &Harness) {
        let scene = Scene::of(registry).await;
        let save = |path: PathBuf| scene.client.download_artifact(&scene.artifact.id).save(path);
        let error = save(scene.directory.path().join("no/such/f.bin")).await.unwrap_err();
        assert!(matches!(error, Error::File(_)) && error.to_string().contains("no/such/f.bin"), "{error}");
        let error = save(scene.directory.path().join("..")).await.unwrap_err();
        assert!(matches!(error, Error::File(_)), "{error}");
        // The name is that of a directory, which is noticed at the end.
        std::fs::create_dir(scene.path()).unwrap();
        let error = scene.save().await.unwrap_err();
        assert!(matches!(error, Error::File(_)) && error.to_string().contains("f.bin"), "{error}");
        assert!(!error.is_retryable() && !error.outcome_unknown());
    }

    /// Downloads that nobody reads are not in the way of other calls of the same client.
    async fn unread_downloads_block_no_call(registry: &Harness) {
        let parent = parent(registry).await;
        let artifact = upload(registry, &parent, "f", noise(8 * MIB, 1)).await;
        let client = keys::admin(registry.endpoint()).connect().await.unwrap();
        let mut unread = Vec::new();
        for _ in 0..3 {
            unread.push(client.download_artifact(&artifact.id).stream().await.unwrap());
        }
        for _ in 0..20 {
            client.get_model("m").timeout(std::time::Duration::from_secs(5)).send().await.unwrap();
        }
        drop(unread);
    }
}
