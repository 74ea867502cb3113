//! A server that is killed while it migrates leaves nothing half done: the next one goes on to the same schema.

use super::{Dump, dump, undisturbed};
use registry_server::store::schema::Schema;
use registry_tests::{Database, Fresh, Harness, frozen, on_every_database};
use std::process::Stdio;
use tokio::process::Command;

/// How many places are tried at once.
const AT_ONCE: usize = 4;

/// Migrates and dies after so many statements, none if 0. How many there were, if it lived.
async fn migrate_and_die(fresh: &Fresh, count: u64) -> Option<u64> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_migrate_and_die"));
    child.arg(fresh.url()).arg(count.to_string()).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = child.output().await.expect("a process");
    let said = String::from_utf8(output.stdout).expect("a text");
    use std::os::unix::process::ExitStatusExt;
    match output.status.signal() {
        Some(signal) => {
            assert_eq!((signal, said.as_str()), (9, ""));
            None
        }
        None => {
            assert!(output.status.success());
            Some(said.trim().parse().expect("a number"))
        }
    }
}

async fn goes_on(database: Database, fresh: Fresh, count: u64, expected: &Dump) {
    assert_eq!(migrate_and_die(&fresh, count).await, None, "it was to die after statement {count}");
    let schema = Schema::hold(fresh.target()).await.expect("a database");
    schema.up(None).await.unwrap_or_else(|error| panic!("{database:?} after statement {count}: {error}"));
    assert_eq!(schema.findings().await.expect("a check"), Vec::<String>::new(), "{database:?} after statement {count}");
    drop(schema);
    assert_eq!(&dump(&fresh).await, expected, "{database:?} after statement {count}");
}

/// Kills a process after each statement, each on a database of its own.
async fn after_each_statement<F: Future<Output = Fresh> + Send>(
    database: Database,
    least: u64,
    make: impl Fn() -> F + Sync,
) -> u64 {
    let expected = undisturbed(database).await;
    let statements = migrate_and_die(&make().await, 0).await.expect("it was to live");
    assert!(statements >= least, "only {statements} statements");
    let places: Vec<u64> = (1..=statements).collect();
    for some in places.chunks(AT_ONCE) {
        let tries = some.iter().map(|count| async { goes_on(database, make().await, *count, &expected).await });
        futures::future::join_all(tries).await;
    }
    statements
}

on_every_database! {
    /// After each statement of each migration, of an empty database.
    async fn killed_after_each_statement_on_an_empty_database(database: Database) {
        let statements = after_each_statement(database, 80, || database.fresh()).await;
        println!("{database:?}: killed after each of {statements} statements");
    }

    /// And of one with data, of each release; what it held is served afterwards.
    async fn killed_after_each_statement_on_a_released_database(database: Database) {
        for name in frozen::names() {
            let statements = after_each_statement(database, 5, || frozen::load(&name, database)).await;
            println!("{database:?}, {name}: killed after each of {statements} statements");
            let fresh = frozen::load(&name, database).await;
            assert_eq!(migrate_and_die(&fresh, statements / 2).await, None);
            let registry = Harness::on(database, fresh).await.unwrap();
            assert_eq!(registry.client.get_model("full-model").send().await.unwrap().name, "full-model");
            registry.stop().await;
        }
    }
}
