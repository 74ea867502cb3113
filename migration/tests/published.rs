//! A published migration is what it was: its statements have the checksums that they had when it was published.

use registry_migration::{Migrator, MigratorTrait, Script, Way};
use sea_orm::{DbBackend, DbErr};

/// Name, checksum on SQLite, checksum on PostgreSQL: a line for each migration, never changed once it is published.
const PUBLISHED: &str = include_str!("published.txt");

async fn line(migration: &dyn registry_migration::MigrationTrait) -> Result<String, DbErr> {
    let sqlite = Script::of(migration, DbBackend::Sqlite, Way::Up).await?;
    let postgres = Script::of(migration, DbBackend::Postgres, Way::Up).await?;
    Ok(format!("{} {} {}", sqlite.name(), sqlite.checksum(), postgres.checksum()))
}

#[tokio::test]
async fn no_published_migration_was_edited() {
    let mut published = PUBLISHED.lines();
    for migration in Migrator::migrations() {
        let now = line(migration.as_ref()).await.expect("its statements");
        match published.next() {
            None => panic!("a new migration: append this line to migration/tests/published.txt\n{now}"),
            Some(then) => assert_eq!(
                now, then,
                "a published migration says something else than it did: databases that have had it would be refused. \
                 Undo the change, and make it in a new migration"
            ),
        }
    }
    assert_eq!(published.next(), None, "a published migration is gone");
}

/// Parameters are drawn by chance; what is compared is not.
#[tokio::test]
async fn a_checksum_is_the_same_every_time() {
    for migration in Migrator::migrations() {
        assert_eq!(line(migration.as_ref()).await.expect("statements"), line(migration.as_ref()).await.expect("statements"));
    }
}

#[tokio::test]
async fn every_migration_says_something_both_ways() {
    for migration in Migrator::migrations() {
        for dialect in [DbBackend::Sqlite, DbBackend::Postgres] {
            for way in [Way::Up, Way::Down] {
                let script = Script::of(migration.as_ref(), dialect, way).await.expect("a script");
                assert!(!script.statements().is_empty(), "{} {dialect:?} {way:?}", script.name());
            }
        }
    }
}
