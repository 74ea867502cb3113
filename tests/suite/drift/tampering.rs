//! Every column, index, default and constraint there is, changed behind the server's back: the server says which. What there is comes
//! from the catalogue of a migrated database, so that nothing new can be forgotten.

use super::schema::{backend, read};
use registry_migration::{Migrator, MigratorTrait};
use registry_server::store::catalogue::{Catalogue, Column, Table};
use registry_server::store::drift;
use registry_tests::{Database, Fresh, Harness, on_every_database};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

/// A migrated database that is changed and changed back.
struct Victim {
    database: Database,
    db: DatabaseConnection,
    whole: Catalogue,
    fresh: Fresh,
}

impl Victim {
    async fn new(database: Database) -> Self {
        let fresh = database.fresh().await;
        let db = fresh.connect().await;
        Migrator::up(&db, None).await.unwrap();
        let whole = read(database, &db).await;
        assert!(whole.len() > 15, "only {} tables", whole.len());
        Self { database, db, whole, fresh }
    }

    /// What the check says of a copy of the database that this was said to.
    async fn after(&self, sql: &str) -> Vec<String> {
        match self.database {
            Database::Sqlite => self.after_on_a_copy(sql).await,
            Database::Postgres => self.after_and_back(sql).await,
        }
    }

    async fn after_on_a_copy(&self, sql: &str) -> Vec<String> {
        let copy = self.database.fresh().await;
        let from = self.fresh.url();
        let to = copy.url();
        let path = |url: &str| url.trim_start_matches("sqlite:").to_owned();
        std::fs::copy(path(&from), path(&to)).unwrap();
        let db = copy.connect().await;
        db.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        db.close().await.unwrap();
        // What SQLite remembers of its tables is read anew by another connection.
        let db = copy.connect().await;
        let findings = drift::findings(backend(self.database), &read(self.database, &db).await);
        db.close().await.unwrap();
        findings
    }

    /// All on one connection; PostgreSQL takes back changes of tables as well.
    async fn after_and_back(&self, sql: &str) -> Vec<String> {
        self.db.execute_unprepared(&format!("BEGIN; {sql}")).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let findings = drift::findings(backend(self.database), &read(self.database, &self.db).await);
        self.db.execute_unprepared("ROLLBACK").await.unwrap();
        findings
    }

    /// Says it, and there must be a finding with all these words.
    async fn must_find(&self, sql: &str, words: &[&str]) {
        let findings = self.after(sql).await;
        let told = findings.iter().any(|finding| words.iter().all(|word| finding.contains(word)));
        assert!(told, "{sql}: expected {words:?} in {findings:#?}");
    }

    fn columns(&self) -> impl Iterator<Item = (&String, &Table, &String, &Column)> {
        self.whole.iter().flat_map(|(name, table)| table.columns.iter().map(move |(column, of)| (name, table, column, of)))
    }

    /// SQLite cannot change a column, but its own memory of the table can be changed.
    async fn text(&self, table: &str) -> String {
        let sql = format!("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '{table}'");
        let row = self.db.query_one_raw(Statement::from_string(self.db.get_database_backend(), sql)).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    async fn remember(&self, table: &str, was: &str, is: &str) -> String {
        let text = self.text(table).await;
        assert!(text.contains(was), "{table}: {was} is not in {text}");
        remember(table, &text.replacen(was, is, 1))
    }
}

fn remember(table: &str, text: &str) -> String {
    format!(
        "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = '{}' WHERE type = 'table' AND name = '{table}'; PRAGMA writable_schema = RESET",
        text.replace('\'', "''")
    )
}

/// One connection: what is begun on it is what is read and taken back.
async fn alone(database: Database) -> Victim {
    let mut victim = Victim::new(database).await;
    let mut options = sea_orm::ConnectOptions::new(match database {
        Database::Sqlite => format!("{}?mode=rwc", victim.fresh.url()),
        Database::Postgres => victim.fresh.url(),
    });
    options.max_connections(1).min_connections(1).test_before_acquire(false).sqlx_logging(false);
    victim.db.close_by_ref().await.unwrap();
    victim.db = sea_orm::Database::connect(options).await.unwrap();
    victim
}

/// The text of a column in the text of its table, up to the next column or rule.
fn definition<'a>(text: &'a str, column: &str) -> &'a str {
    let start = text.find(&format!("\"{column}\" ")).expect("a column");
    let rest = &text[start..];
    let mut depth = 0;
    let mut quoted = false;
    let end = rest.find(|letter: char| {
        match letter {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        depth < 0 || (depth == 0 && !quoted && letter == ',')
    });
    rest[..end.unwrap_or(rest.len())].trim_end()
}

/// The text without a part of a column.
fn without(definition: &str, part: &str) -> String {
    definition.replacen(part, "", 1)
}

on_every_database! {
    async fn every_dropped_column_is_named(database: Database) {
        let victim = alone(database).await;
        for (table, of, column, _) in victim.columns() {
            let sql = match database {
                // SQLite refuses to drop what is part of a key or a rule: a table without it takes its place.
                Database::Sqlite => {
                    let others = of.columns.keys().filter(|other| *other != column).map(|other| format!("\"{other}\""));
                    let others = others.collect::<Vec<_>>().join(", ");
                    format!(
                        "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; CREATE TABLE without AS SELECT {others} FROM \"{table}\"; \
                         DROP TABLE \"{table}\"; ALTER TABLE without RENAME TO \"{table}\""
                    )
                }
                Database::Postgres => format!("ALTER TABLE \"{table}\" DROP COLUMN \"{column}\" CASCADE"),
            };
            victim.must_find(&sql, &[&format!("table `{table}`, column `{column}`: is missing")]).await;
        }
    }

    async fn every_renamed_column_is_named(database: Database) {
        let victim = alone(database).await;
        for (table, _, column, _) in victim.columns() {
            let sql = format!("ALTER TABLE \"{table}\" RENAME COLUMN \"{column}\" TO \"renamed\"");
            victim.must_find(&sql, &[&format!("table `{table}`, column `{column}`: is missing")]).await;
        }
    }

    async fn every_column_of_another_type_is_named(database: Database) {
        let victim = alone(database).await;
        for (table, _, column, of) in victim.columns() {
            let sql = match database {
                Database::Sqlite => {
                    let text = victim.text(table).await;
                    let definition = definition(&text, column).to_owned();
                    let (_, rest) = definition.split_once(' ').unwrap();
                    let rest = &rest[of.sql_type.len()..];
                    victim.remember(table, &definition, &format!("\"{column}\" varchar(77){rest}")).await
                }
                // Whatever leans on it goes first; a rule in the way of the conversion is not what this is about.
                Database::Postgres => format!(
                    "ALTER TABLE \"{table}\" RENAME COLUMN \"{column}\" TO old; ALTER TABLE \"{table}\" ADD COLUMN \"{column}\" varchar(77) {}; ALTER TABLE \"{table}\" DROP COLUMN old CASCADE",
                    if of.nullable { "" } else { "NOT NULL DEFAULT ''" }
                ),
            };
            victim.must_find(&sql, &[&format!("table `{table}`, column `{column}`: expected type "), ", found "]).await;
        }
    }

    async fn every_column_with_other_nulls_is_named(database: Database) {
        let victim = alone(database).await;
        let mut keys = 0;
        for (table, of, column, it) in victim.columns() {
            // NOT NULL is part of what a primary key is.
            if of.primary_key.contains(column) {
                keys += 1;
                continue;
            }
            let sql = match (database, it.nullable) {
                (Database::Sqlite, nullable) => {
                    let text = victim.text(table).await;
                    let definition = definition(&text, column).to_owned();
                    let other = if !nullable {
                        definition.replacen(" NOT NULL", "", 1)
                    } else if definition.contains(" NULL") && !definition.contains(" IS NULL") {
                        definition.replacen(" NULL", " NOT NULL", 1)
                    } else {
                        definition.replacen(&it.sql_type, &format!("{} NOT NULL", it.sql_type), 1).replacen("NOT NULL NULL", "NOT NULL", 1)
                    };
                    assert_ne!(definition, other, "{table}.{column}");
                    victim.remember(table, &definition, &other).await
                }
                (Database::Postgres, true) => format!("ALTER TABLE \"{table}\" ALTER COLUMN \"{column}\" SET NOT NULL"),
                (Database::Postgres, false) => format!("ALTER TABLE \"{table}\" ALTER COLUMN \"{column}\" DROP NOT NULL"),
            };
            let expected = if it.nullable { "expected to accept NULL" } else { "expected NOT NULL" };
            victim.must_find(&sql, &[&format!("table `{table}`, column `{column}`: {expected}")]).await;
        }
        assert!(keys > 15, "{keys} columns of primary keys");
    }

    async fn every_dropped_default_is_named(database: Database) {
        let victim = alone(database).await;
        let mut seen = 0;
        for (table, _, column, of) in victim.columns() {
            let Some(default) = &of.default else { continue };
            seen += 1;
            let sql = match database {
                Database::Sqlite => {
                    let text = victim.text(table).await;
                    let definition = definition(&text, column).to_owned();
                    let part = format!(" DEFAULT {default}");
                    assert!(definition.contains(&part), "{definition}: {part}");
                    victim.remember(table, &definition, &without(&definition, &part)).await
                }
                Database::Postgres => format!("ALTER TABLE \"{table}\" ALTER COLUMN \"{column}\" DROP DEFAULT"),
            };
            victim.must_find(&sql, &[&format!("table `{table}`, column `{column}`: expected the default"), "found no default"]).await;
        }
        assert!(seen > 10, "{seen} defaults");
    }

    async fn every_dropped_index_is_named(database: Database) {
        let victim = alone(database).await;
        let mut seen = 0;
        for (table, of) in &victim.whole {
            for (index, _) in of.indexes.iter().filter(|(name, _)| !name.starts_with("sqlite_autoindex")) {
                seen += 1;
                victim.must_find(&format!("DROP INDEX \"{index}\""), &[&format!("table `{table}`: "), " is missing", index]).await;
            }
        }
        assert!(seen > 40, "{seen} indexes");
    }
}

/// A constraint of PostgreSQL has a name to drop it by; that of SQLite is a part of the text of its table.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dropped_constraint_of_postgres_is_named() {
    let victim = alone(Database::Postgres).await;
    let names = "SELECT t.relname::text AS table_name, c.conname::text AS name, c.contype::text AS kind FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
        WHERE c.contype IN ('c', 'f', 'p') AND t.relname NOT IN ('seaql_migrations', 'migration_checksums') AND t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";
    let rows = victim.db.query_all_raw(Statement::from_string(victim.db.get_database_backend(), names)).await.unwrap();
    assert!(rows.len() > 80, "{} constraints", rows.len());
    for row in rows {
        let column = |name: &str| row.try_get::<String>("", name).unwrap();
        let (table, name, kind) = (column("table_name"), column("name"), column("kind"));
        let words = match kind.as_str() {
            "c" => "the constraint CHECK",
            "f" => "the foreign key",
            _ => "expected the primary key",
        };
        let sql = format!("ALTER TABLE \"{table}\" DROP CONSTRAINT \"{name}\" CASCADE");
        victim.must_find(&sql, &[&format!("table `{table}`"), words]).await;
    }
}

/// A rule that is looked at later, or was not looked at for what is there already, is not the rule; one that nobody knows still refuses.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_of_postgres_that_hold_half_are_named() {
    let victim = alone(Database::Postgres).await;
    let exclude = "ALTER TABLE models ADD EXCLUDE USING btree (company WITH =)";
    victim.must_find(exclude, &["table `models`: expected no unique key on (company) EXCLUDE"]).await;
    let later = "DROP INDEX uq_models_name; ALTER TABLE models ADD UNIQUE (name) DEFERRABLE";
    victim.must_find(later, &["table `models`: the unique key on (name) is missing"]).await;
    victim.must_find(later, &["table `models`: expected no unique key on (name) DEFERRABLE"]).await;
    let key = "ALTER TABLE releases ALTER CONSTRAINT fk_releases_model_id DEFERRABLE";
    victim.must_find(key, &["table `releases`: the foreign key (model_id) to models (id) is missing"]).await;
    let unseen =
        "ALTER TABLE releases DROP CONSTRAINT fk_releases_model_id, ADD FOREIGN KEY (model_id) REFERENCES models (id) NOT VALID";
    victim.must_find(unseen, &["table `releases`: the foreign key (model_id) to models (id) is missing"]).await;
    let unseen =
        "ALTER TABLE models DROP CONSTRAINT models_name_check, ADD CONSTRAINT models_name_check CHECK (name <> '') NOT VALID";
    victim.must_find(unseen, &["table `models`, column `name`: the constraint CHECK", "is missing"]).await;
    let unknown = "ALTER TABLE models ADD CHECK (company <> 'nobody') NOT VALID";
    victim.must_find(unknown, &["table `models`: expected no constraint CHECK", "nobody", "NOT VALID"]).await;
}

/// Each CHECK and each foreign key taken out of the text of its table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dropped_constraint_of_sqlite_is_named() {
    let victim = alone(Database::Sqlite).await;
    let (mut checks, mut keys) = (0, 0);
    for table in victim.whole.keys() {
        let text = victim.text(table).await;
        for (at, _) in text.match_indices("CHECK (") {
            checks += 1;
            let (before, rest) = text.split_at(at);
            let end = closing(rest);
            // A condition that is always met stands in, so that commas stay where they are.
            let sql = remember(table, &format!("{before}CHECK (1 = 1){}", &rest[end..]));
            victim.must_find(&sql, &[&format!("table `{table}`, column `"), "the constraint CHECK"]).await;
        }
        for (at, _) in text.match_indices(" REFERENCES ") {
            keys += 1;
            let (before, rest) = text.split_at(at);
            let sql = remember(table, &format!("{before} REFERENCES \"elsewhere\"{}", &rest[rest.find(" (").unwrap()..]));
            victim.must_find(&sql, &[&format!("table `{table}`: the foreign key")]).await;
        }
    }
    assert!(checks > 90 && keys > 10, "{checks} CHECKs, {keys} foreign keys");
}

/// Behind the parenthesis that closes the first one.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    let mut quoted = false;
    let end = text.char_indices().find(|(_, letter)| {
        match letter {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => return false,
        }
        depth == 0 && *letter == ')' && !quoted
    });
    end.expect("a closing parenthesis").0 + 1
}

/// How texts are sorted decides what a page of a list holds.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_text_that_is_sorted_otherwise_is_named() {
    let victim = alone(Database::Postgres).await;
    let texts: Vec<_> = victim.columns().filter(|(.., of)| of.collation.is_some()).collect();
    assert!(texts.len() > 60, "{} texts", texts.len());
    for (table, _, column, of) in texts {
        let sql = format!("ALTER TABLE \"{table}\" ALTER COLUMN \"{column}\" TYPE {} COLLATE \"POSIX\"", of.sql_type);
        victim
            .must_find(
                &sql,
                &[&format!("table `{table}`, column `{column}`: expected the collation C, found the collation POSIX")],
            )
            .await;
    }
}

on_every_database! {
    /// Not only the check: a server does not start. One column of each table.
    async fn a_server_does_not_start_on_it(database: Database) {
        let tables: Vec<(String, String)> = Victim::new(database).await.whole.into_iter()
            .filter_map(|(name, table)| Some((name, table.columns.into_keys().next_back()?)))
            .collect();
        for (table, column) in tables {
            let sql = format!("ALTER TABLE \"{table}\" RENAME COLUMN \"{column}\" TO \"renamed\"");
            let fresh = database.fresh().await;
            let db = fresh.connect().await;
            Migrator::up(&db, None).await.unwrap();
            db.execute_unprepared(&sql).await.unwrap();
            db.close().await.unwrap();
            let refused = Harness::on(database, fresh).await.expect_err("a refusal").to_string();
            assert!(refused.contains(&format!("table `{table}`, column `{column}`: is missing")), "{refused}");
        }
    }

    /// A rule that this server does not know of could refuse what it writes.
    async fn rules_in_the_way_are_named(database: Database) {
        let victim = alone(database).await;
        let sql = "CREATE UNIQUE INDEX once ON models (company, name)";
        victim.must_find(sql, &["table `models`: expected no unique key on (company, name)"]).await;
        victim.must_find("CREATE UNIQUE INDEX once ON models (lower(name))", &["table `models`: expected no unique key on ("]).await;
        let sql = "CREATE UNIQUE INDEX once ON models (company DESC)";
        victim.must_find(sql, &["table `models`: expected no unique key on (company DESC)"]).await;
        let collation = if database == Database::Sqlite { "NOCASE" } else { "\"POSIX\"" };
        let sql = format!("CREATE UNIQUE INDEX once ON models (name COLLATE {collation})");
        let told = format!("table `models`: expected no unique key on (name COLLATE {})", collation.replace('"', ""));
        victim.must_find(&sql, &[&told]).await;
        for fine in [
            "CREATE INDEX also ON models (company DESC)",
            "ALTER TABLE models ADD COLUMN owner varchar(10); CREATE UNIQUE INDEX also ON models (company, owner DESC)",
        ] {
            assert_eq!(victim.after(fine).await, Vec::<String>::new(), "{fine}");
        }
    }
}
