//! What is not backed up and not restored, and that nothing is changed then.

use super::{back_up, refused, run};
use registry_tests::{Database, Harness, given};
use sea_orm::ConnectionTrait;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::{TempDir, tempdir};

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn names(directory: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A backup of a registry with one model.
async fn backup(place: &TempDir) -> std::path::PathBuf {
    let registry = Harness::start(Database::Sqlite).await;
    given::model(&registry, "kept").await;
    let file = place.path().join("backup.db");
    back_up(&registry, &file).await;
    registry.stop().await;
    file
}

/// A backup holds everything, so nobody else may read it; and beside it nothing is left.
#[tokio::test]
async fn a_backup_is_its_owners_and_alone() {
    let place = tempdir().unwrap();
    let file = backup(&place).await;
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names(&place), ["backup.db"]);
}

#[tokio::test]
async fn a_backup_replaces_nothing_unasked() {
    let (registry, place) = (Harness::start(Database::Sqlite).await, tempdir().unwrap());
    let file = place.path().join("backup.db");
    fs::write(&file, "something else").unwrap();
    refused(&run(&registry.url(), &["backup", text(&file)]).await, "exists: name another file, or say --overwrite");
    assert_eq!(fs::read_to_string(&file).unwrap(), "something else");
    super::done(run(&registry.url(), &["backup", "--overwrite", text(&file)]).await);
    assert!(fs::read(&file).unwrap().starts_with(b"SQLite format 3\0"));
    let database = registry.url().strip_prefix("sqlite:").unwrap().to_owned();
    refused(&run(&registry.url(), &["backup", "--overwrite", &database]).await, "is the database itself");
    given::model(&registry, "still-there").await;
    registry.stop().await;
}

#[tokio::test]
async fn only_a_registry_is_backed_up() {
    let place = tempdir().unwrap();
    let (nothing, other, file) = (place.path().join("no.db"), place.path().join("other.db"), place.path().join("backup.db"));
    refused(&run(&format!("sqlite:{}", nothing.display()), &["backup", text(&file)]).await, "there is no database at");
    let fresh = Database::Sqlite.fresh().await;
    let db = fresh.connect().await;
    db.execute_unprepared("CREATE TABLE bookmarks (url text)").await.unwrap();
    db.close().await.unwrap();
    refused(&run(&fresh.url(), &["backup", text(&file)]).await, "is not a registry's database");
    fs::write(&other, "Dear diary, ".repeat(1000)).unwrap();
    refused(&run(&format!("sqlite:{}", other.display()), &["backup", text(&file)]).await, "not a database");
    let postgres = run("postgres://registry:hunter2@127.0.0.1:1/registry", &["backup", text(&file)]).await;
    refused(&postgres, "pg_dump");
    assert!(!postgres.log.contains("hunter2"));
    assert_eq!(names(&place), ["other.db"]);
}

/// Where there is a registry already, whatever is in it, it stays.
#[tokio::test]
async fn a_registry_is_not_restored_over_another() {
    let place = tempdir().unwrap();
    let file = backup(&place).await;
    let registry = Harness::start(Database::Sqlite).await;
    let there = given::model(&registry, "there").await;
    refused(&run(&registry.url(), &["restore", text(&file)]).await, "another server is using this database");
    let url = registry.url();
    let again = registry
        .restart_after(|_| async { refused(&run(&url, &["restore", text(&file)]).await, "holds something already") })
        .await
        .unwrap();
    assert_eq!(again.client.get_model("there").send().await.unwrap(), there);
    again.stop().await;
    refused(&run("postgres://registry@127.0.0.1:1/registry", &["restore", text(&file)]).await, "restore --in-place");
}

/// What is no whole backup of a registry makes none.
#[tokio::test]
async fn a_damaged_backup_is_not_restored() {
    let place = tempdir().unwrap();
    let file = backup(&place).await;
    let whole = fs::read(&file).unwrap();
    let page = 4096;
    let mut zeroed = whole.clone();
    zeroed[page..].fill(0);
    let fresh = Database::Sqlite.fresh().await;
    for (what, damaged) in [("cut", whole[..whole.len() / 2].to_vec()), ("zeroed", zeroed), ("other", b"Dear diary".repeat(1000))]
    {
        fs::write(&file, damaged).unwrap();
        let exited = run(&fresh.url(), &["restore", text(&file)]).await;
        assert_eq!(exited.status.code(), Some(1), "{what}: {exited:?}");
        refused(&run(&fresh.url(), &["restore", "--in-place"]).await, "there is no database at");
    }
    fs::remove_file(&file).unwrap();
    refused(&run(&fresh.url(), &["restore", text(&file)]).await, "there is no backup at");
}

/// Who can read a backup has no say in who can read the registry.
#[tokio::test]
async fn a_restored_registry_is_its_owners() {
    let place = tempdir().unwrap();
    let file = backup(&place).await;
    for mode in [0o644, 0o400] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let fresh = Database::Sqlite.fresh().await;
        super::restore(&file, &fresh).await;
        let database = fresh.url().strip_prefix("sqlite:").unwrap().to_owned();
        assert_eq!(fs::metadata(database).unwrap().permissions().mode() & 0o777, 0o600, "{mode:o}");
    }
}

/// A part of what is in a file may be in a WAL beside it: that of a server that has died comes along.
#[tokio::test]
async fn what_is_in_a_wal_is_restored() {
    let (registry, place) = (Harness::start(Database::Sqlite).await, tempdir().unwrap());
    given::model(&registry, "kept").await;
    let database = registry.url().strip_prefix("sqlite:").unwrap().to_owned();
    let file = place.path().join("registry.db");
    for end in ["", "-wal"] {
        fs::copy(format!("{database}{end}"), format!("{}{end}", file.display())).unwrap();
    }
    assert!(fs::metadata(format!("{}-wal", file.display())).unwrap().len() > 0, "nothing was left in the WAL");
    let fresh = Database::Sqlite.fresh().await;
    super::restore(&file, &fresh).await;
    let restored = Harness::on(Database::Sqlite, fresh).await.unwrap();
    assert_eq!(restored.client.get_model("kept").send().await.unwrap().name, "kept");
    restored.stop().await;
    registry.stop().await;
}

/// What belongs to another database is not left beside a new one, where SQLite would take it for its own.
#[tokio::test]
async fn nothing_is_put_beside_a_strange_wal() {
    let place = tempdir().unwrap();
    let file = backup(&place).await;
    let (registry, fresh) = (Harness::start(Database::Sqlite).await, Database::Sqlite.fresh().await);
    let database = fresh.url().strip_prefix("sqlite:").unwrap().to_owned();
    for end in ["-wal", "-journal"] {
        let (beside_backup, beside_database) = (format!("{}{end}", file.display()), format!("{database}{end}"));
        fs::write(&beside_backup, "strange").unwrap();
        fs::write(&beside_database, "strange").unwrap();
        refused(&run(&registry.url(), &["backup", "--overwrite", text(&file)]).await, "would be taken for a part of the backup");
        fs::remove_file(beside_backup).unwrap();
        refused(&run(&fresh.url(), &["restore", text(&file)]).await, "holds something already");
        fs::remove_file(beside_database).unwrap();
    }
    super::restore(&file, &fresh).await;
    registry.stop().await;
}

/// Nor is another program's file touched by making it a registry of its own.
#[tokio::test]
async fn another_programs_file_is_not_renewed() {
    let fresh = Database::Sqlite.fresh().await;
    let db = fresh.connect().await;
    db.execute_unprepared("CREATE TABLE bookmarks (url text)").await.unwrap();
    db.close().await.unwrap();
    let database = fresh.url().strip_prefix("sqlite:").unwrap().to_owned();
    let before = fs::read(&database).unwrap();
    refused(&run(&fresh.url(), &["restore", "--in-place"]).await, "is not a registry's database");
    assert!(fs::read(&database).unwrap() == before, "the file was changed");
}

/// An older program would not know what is in it.
#[tokio::test]
async fn a_newer_backup_is_not_restored() {
    let place = tempdir().unwrap();
    let file = backup(&place).await;
    let db = sea_orm::Database::connect(format!("sqlite:{}", file.display())).await.unwrap();
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_tomorrow', 0)";
    db.execute_unprepared(newer).await.unwrap();
    db.close().await.unwrap();
    let fresh = Database::Sqlite.fresh().await;
    refused(&run(&fresh.url(), &["restore", text(&file)]).await, "`m29991231_000001_tomorrow`");
}
