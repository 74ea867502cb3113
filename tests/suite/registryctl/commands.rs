//! What `registryctl export` and `import` do and refuse, as the shell sees it.

use registry_tests::{Harness, conformance, ctl, given};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// Files that go with the test.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Exports everything into a file of this name, and says what was in it.
    async fn export(&self, registry: &Harness, name: &str) -> Vec<u8> {
        let path = self.path(name);
        ctl::run(&registry.endpoint(), ["export".as_ref(), path.as_os_str(), "--include-deleted".as_ref()]).await.done();
        fs::read(path).expect("a file")
    }

    async fn import(&self, registry: &Harness, name: &str, flags: &[&str]) -> ctl::Ran {
        let path = self.path(name);
        let arguments = ["import".as_ref(), path.as_os_str()].into_iter().chain(flags.iter().map(AsRef::as_ref));
        ctl::run(&registry.endpoint(), arguments).await
    }
}

/// Another registry, on the same kind of database.
async fn other(registry: &Harness) -> Harness {
    Harness::start(registry.database).await
}

conformance! {
    /// Nothing of a file depends on when or where it was written; compressed or not, it says the same.
    async fn two_exports_of_the_same_content_are_the_same_bytes(registry: &Harness) {
        given::model(registry, "iris").await;
        given::releases(registry, "iris", ["1", "2"]).await;
        let files = Files::new();
        let first = files.export(registry, "first.jsonl").await;
        assert_eq!(first, files.export(registry, "second.jsonl").await);
        assert_eq!(files.export(registry, "first.zst").await, files.export(registry, "second.zst").await);

        let written = ctl::run(&registry.endpoint(), ["export", "-", "--include-deleted"]).await;
        assert_eq!(written.output, first, "{}", written.said);

        let lines: Vec<&[u8]> = first.split_inclusive(|byte| *byte == b'\n').collect();
        assert!(lines[0].starts_with(br#"{"header":{"format":"model-registry-export","version":1,"#));
        let trailer: serde_json::Value = serde_json::from_slice(lines[lines.len() - 1]).expect("JSON");
        let before = lines[..lines.len() - 1].concat();
        assert_eq!(trailer["trailer"]["sha256"], hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&before)));
        assert_eq!(trailer["trailer"]["itemCount"], (lines.len() - 2).to_string());
        let mut there: Vec<_> = fs::read_dir(files.0.path()).expect("a directory").map(|entry| entry.expect("an entry").file_name()).collect();
        there.sort();
        assert_eq!(there, ["first.jsonl", "first.zst", "second.jsonl", "second.zst"], "and nothing beside them");
    }

    /// A file that is not what it was, or not all of it, changes nothing.
    async fn a_file_that_was_touched_is_refused_before_anything_is_sent(registry: &Harness) {
        given::model(registry, "iris").await;
        given::releases(registry, "iris", ["1", "2"]).await;
        let files = Files::new();
        let whole = files.export(registry, "whole.jsonl").await;
        let other = other(registry).await;
        let revision = given::revision(&other).await;
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        let altered = String::from_utf8(whole.clone()).expect("text").replace("\"iris\"", "\"lily\"");
        for (content, said) in [
            (lines[..lines.len() - 1].concat(), "truncated"),
            (whole[..whole.len() - 2].to_vec(), "truncated"),
            (altered.into_bytes(), "altered"),
            (b"SQLite format 3".to_vec(), "no export"),
            (Vec::new(), "no export"),
        ] {
            fs::write(files.path("touched.jsonl"), content).expect("a file");
            let ran = files.import(&other, "touched.jsonl", &[]).await;
            assert!(ran.code() == Some(1) && ran.said.contains(said), "{said}: {ran:?}");
        }
        assert_eq!(given::revision(&other).await, revision);
        other.stop().await;
    }

    /// A restore is for a registry that holds nothing, unless it is said to be none.
    async fn a_registry_that_holds_something_is_not_restored_into(registry: &Harness) {
        given::model(registry, "iris").await;
        let files = Files::new();
        files.export(registry, "iris.jsonl").await;
        let other = other(registry).await;
        given::model(&other, "lily").await;
        let revision = given::revision(&other).await;
        let ran = files.import(&other, "iris.jsonl", &[]).await;
        assert!(ran.code() == Some(1) && ran.said.contains("--merge"), "{ran:?}");
        assert_eq!(given::revision(&other).await, revision);

        files.import(&other, "iris.jsonl", &["--merge"]).await.done();
        other.client.get_model("iris").send().await.expect("a model that was imported");
        // Once it has begun, it is gone on with.
        let again = files.import(&other, "iris.jsonl", &[]).await.done();
        assert!(again.contains("an earlier run has brought"), "{again}");
        other.stop().await;
    }

    /// Only some items fail: the others are imported, and the shell is told.
    async fn items_that_fail_are_named_and_the_shell_is_told(registry: &Harness) {
        given::model(registry, "iris").await;
        given::model(registry, "lily").await;
        let files = Files::new();
        files.export(registry, "both.jsonl").await;
        let other = other(registry).await;
        given::model(&other, "iris").await;
        let ran = files.import(&other, "both.jsonl", &["--merge"]).await;
        assert!(ran.code() == Some(3) && ran.said.contains("failed: item 1, model iris: "), "{ran:?}");
        other.client.get_model("lily").send().await.expect("a model that was imported");

        let ran = files.import(&other, "both.jsonl", &["--merge", "--on-conflict", "skip", "--list-skipped"]).await.done();
        assert!(ran.contains("skipped: item 1, model iris: it is there already"), "{ran}");
        let ran = files.import(&other, "both.jsonl", &["--merge", "--fail-fast"]).await;
        // As if the item had been created by itself.
        assert_eq!(ran.code(), Some(5), "{ran:?}");
        other.stop().await;
    }

    /// Whatever a file holds, a terminal obeys none of it; and programs are told by objects, or nothing.
    async fn names_in_a_file_reach_no_terminal(registry: &Harness) {
        given::model(registry, "iris").await;
        let files = Files::new();
        let whole = String::from_utf8(files.export(registry, "iris.jsonl").await).expect("text");
        let lines: Vec<String> = whole.split_inclusive('\n').map(|line| line.replace("\"iris\"", "\"iris\\u001b[2J\"")).collect();
        let (trailer, items) = lines.split_last().expect("a trailer");
        let mut trailer: serde_json::Value = serde_json::from_str(trailer).expect("JSON");
        trailer["trailer"]["sha256"] = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(items.concat())).into();
        fs::write(files.path("evil.jsonl"), format!("{}{trailer}\n", items.concat())).expect("a file");
        let other = other(registry).await;
        let ran = files.import(&other, "evil.jsonl", &[]).await;
        assert!(ran.code() == Some(3) && ran.said.contains("model iris\\u{1b}[2J") && !ran.said.contains('\u{1b}'), "{ran:?}");

        let ran = files.import(&other, "evil.jsonl", &["--dry-run", "--merge", "-o", "json"]).await;
        let told: serde_json::Value = serde_json::from_slice(&ran.output).expect("an object");
        // The entry of the audit log, which has come by now, fails as well.
        assert!(told["failed"] == 2 && told["dryRun"] == true && ran.said.starts_with("{\"failed\":"), "{ran:?}");
        let ran = files.import(registry, "iris.jsonl", &["--merge", "--on-conflict", "skip", "-q"]).await.done();
        assert_eq!(ran, "");
        other.stop().await;
    }

    /// It says what would become of everything, and nothing does.
    async fn a_dry_run_changes_nothing(registry: &Harness) {
        given::model(registry, "iris").await;
        let files = Files::new();
        files.export(registry, "iris.jsonl").await;
        let other = other(registry).await;
        let revision = given::revision(&other).await;
        let said = files.import(&other, "iris.jsonl", &["--dry-run"]).await.done();
        assert!(said.contains("checked") && said.contains(" 0 failed"), "{said}");
        assert_eq!(given::revision(&other).await, revision);
        assert!(other.client.get_model("iris").send().await.is_err());
        other.stop().await;
    }

    /// With ids of its own, what is imported is new; from standard input it is the same.
    async fn ids_are_kept_or_assigned(registry: &Harness) {
        let iris = given::model(registry, "iris").await;
        let files = Files::new();
        files.export(registry, "iris.zst").await;
        let (kept, assigned) = (other(registry).await, other(registry).await);
        let path = files.path("iris.zst");
        ctl::run_with_input(&kept.endpoint(), ["import", "-"], &path).await.done();
        assert_eq!(kept.client.get_model("iris").send().await.expect("a model").id, iris.id);
        ctl::run_with_input(&assigned.endpoint(), ["import", "-", "--new-ids"], &path).await.done();
        assert_ne!(assigned.client.get_model("iris").send().await.expect("a model").id, iris.id);
        kept.stop().await;
        assigned.stop().await;
    }

    /// Some kinds alone, and live ones alone.
    async fn an_export_can_be_of_less_than_everything(registry: &Harness) {
        let iris = given::model(registry, "iris").await;
        given::release(registry, "iris", "1").await;
        given::model(registry, "lily").await;
        registry.client.delete_model("lily").send().await.expect("a deletion");
        let ran = ctl::run(&registry.endpoint(), ["export", "-", "--kinds", "models"]).await;
        let lines = String::from_utf8(ran.output).expect("text");
        assert_eq!(lines.lines().count(), 3, "{lines}");
        assert!(lines.contains(&iris.id) && !lines.contains("lily"), "{lines}");
    }

    /// The key is nowhere in what it says, and without one nothing is exported.
    async fn the_key_is_never_said(registry: &Harness) {
        let secret = "mrk_01930000000070008000000000000002_deadbeef";
        for argument in ["--api-key-file", "--help"] {
            let files = Files::new();
            fs::write(files.path("key"), secret).expect("a file");
            let mut command = ctl::command(&registry.endpoint(), ["export", "-"]);
            command.env("REGISTRY_API_KEY", secret).arg(argument);
            if argument == "--api-key-file" {
                command.arg(files.path("key"));
            }
            let ran = ctl::wait(command.spawn().expect("a program")).await;
            assert!(!ran.said.contains("deadbeef") && !String::from_utf8_lossy(&ran.output).contains("deadbeef"), "{ran:?}");
            assert_eq!(ran.code(), Some(if argument == "--help" { 0 } else { 8 }), "{ran:?}");
        }
    }
}
