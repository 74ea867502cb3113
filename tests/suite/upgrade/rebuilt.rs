//! SQLite cannot change a column: a migration makes the table anew. That must be possible for a table that others point to, with all its
//! rows, and must not be a way to leave rows that point nowhere.

use super::{dump, tables};
use registry_migration::Script;
use registry_server::store::schema::Schema;
use registry_tests::{Database, Fresh, frozen};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

async fn texts(fresh: &Fresh, sql: &str) -> Vec<String> {
    let db = fresh.connect().await;
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
    let texts = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    db.close().await.unwrap();
    texts
}

/// The database of a release, with rows that point to models.
async fn released() -> Fresh {
    let fresh = frozen::load(&frozen::names()[0], Database::Sqlite).await;
    Schema::hold(fresh.target()).await.unwrap().up(None).await.unwrap();
    fresh
}

/// Says these as the way back of the newest migration.
async fn say(fresh: &Fresh, statements: Vec<String>) -> Result<Vec<String>, String> {
    let schema = Schema::hold(fresh.target()).await.unwrap();
    let newest = schema.history().await.unwrap().applied.pop().unwrap().name;
    let statements = statements.into_iter().map(|sql| Statement::from_string(DbBackend::Sqlite, sql)).collect();
    schema.down(&[Script::new(newest, statements)]).await.map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_others_point_to_is_made_anew() {
    let fresh = released().await;
    let names = "SELECT name FROM models ORDER BY id";
    let (before, models) = (tables(&fresh).await, texts(&fresh, names).await);
    let table = texts(&fresh, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'models'").await.remove(0);
    let mut statements = vec![
        table.replacen("\"models\"", "\"new_models\"", 1),
        "INSERT INTO new_models SELECT * FROM models".to_owned(),
        "DROP TABLE models".to_owned(),
        "ALTER TABLE new_models RENAME TO models".to_owned(),
    ];
    statements.extend(
        texts(&fresh, "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'models' AND sql IS NOT NULL").await,
    );
    assert!(statements.len() > 5 && statements[0].contains("new_models") && models.len() > 1, "{statements:#?}");
    say(&fresh, statements).await.unwrap();
    assert_eq!(tables(&fresh).await, before);
    assert_eq!(texts(&fresh, names).await, models);
    assert_eq!(texts(&fresh, "SELECT \"table\" FROM pragma_foreign_key_check").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_would_point_nowhere_are_refused() {
    let fresh = released().await;
    let rows = "SELECT name FROM models ORDER BY id";
    let (before, models) = (dump(&fresh).await, texts(&fresh, rows).await);
    let refused = say(&fresh, vec!["DELETE FROM models".to_owned()]).await.unwrap_err();
    assert!(refused.contains("to rows of `models` that are not there"), "{refused}");
    assert_eq!((dump(&fresh).await, texts(&fresh, rows).await), (before, models));
}
