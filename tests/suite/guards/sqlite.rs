//! The bundled SQLite is compiled as `.cargo/config.toml` says.

use registry_tests::Database;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Prepared statements stay prepared, whatever is bound to them.
#[tokio::test]
async fn plans_do_not_depend_on_what_is_bound() {
    let sqlite = Database::Sqlite.fresh().await.connect().await;
    let options = Statement::from_string(DbBackend::Sqlite, "PRAGMA compile_options");
    let options = sqlite.query_all_raw(options).await.expect("the options");
    let options: Vec<String> = options.iter().map(|row| row.try_get_by_index(0).expect("a name")).collect();
    assert!(options.iter().any(|option| option == "ENABLE_QPSG"), "{options:?}");
}
