//! Keeps the databases of a released server for the upgrade tests: `cargo run -p registry-tests --bin freeze -- --help`.

use clap::Parser;
use registry_tests::binary::Binary;
use registry_tests::frozen::{self, SCHEMA, fill};
use registry_tests::{Database, run_sql};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Keeps the databases of a released server for the upgrade tests
///
/// Starts the given server on an empty SQLite file and on an empty schema of PostgreSQL, fills both with rows of every kind, stops it
/// and writes what is there as SQL to tests/suite/upgrade/frozen/NAME/. Needs sqlite3 and pg_dump. Do it once for each release whose
/// migrations are new, with the binary of that release, and never change what was written.
#[derive(Parser)]
#[command(name = "freeze", after_help = EXAMPLES)]
struct Arguments {
    /// The executable of the released server
    #[arg(long, value_name = "FILE")]
    server: PathBuf,

    /// What the result is called: four digits, and the release
    #[arg(long, value_name = "NAME")]
    name: String,
}

const EXAMPLES: &str = "Example:
  export REGISTRY_TEST_POSTGRES_URL=$(tests/lib/postgres.sh create /tmp/pg)
  cargo run -p registry-tests --bin freeze -- --server ./registry-server-0.2.0 --name 0002-release-0.2.0";

/// Nothing removes it before the year 2100.
const BROKEN_OFF: [&str; 2] = [
    "INSERT INTO uploads (id, sha256, ticket, reserved_bytes, lease_time, condemned, create_time) VALUES (X'01930000000070008000000000000099', NULL, NULL, 100, 4102444800000000, FALSE, 1)",
    "INSERT INTO uploads (id, sha256, ticket, reserved_bytes, lease_time, condemned, create_time) VALUES ('01930000-0000-7000-8000-000000000099', NULL, NULL, 100, 4102444800000000, FALSE, 1)",
];

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let server = arguments.server.canonicalize().expect("the executable of a server");
    std::fs::create_dir_all(frozen::directory().join(&arguments.name)).expect("a directory");
    for database in [Database::Sqlite, Database::Postgres] {
        let dump = freeze(&server, database).await;
        let file = frozen::file(&arguments.name, database);
        std::fs::write(&file, &dump).expect("a file");
        println!("{}: {} bytes", file.display(), dump.len());
    }
}

async fn freeze(server: &Path, database: Database) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("registry-data");
    let url = match database {
        Database::Sqlite => format!("sqlite:{}", data.join("registry.db").display()),
        Database::Postgres => {
            let base = std::env::var("REGISTRY_TEST_POSTGRES_URL").expect("REGISTRY_TEST_POSTGRES_URL");
            run_sql(&base, &format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")).await;
            format!("{base}?options=-csearch_path%3D{SCHEMA}")
        }
    };
    let running = Binary::of(server, directory.path()).env("REGISTRY_DATABASE_URL", &url).start().await.expect("a server");
    fill::fill(&running.client().await, &running.endpoint(), &data.join("artifacts")).await;
    running.stop().await;
    let [sqlite, postgres] = BROKEN_OFF;
    match database {
        Database::Sqlite => {
            run_sql(&url, sqlite).await;
            output(Command::new("sqlite3").arg(data.join("registry.db")).arg(".dump"))
        }
        Database::Postgres => {
            run_sql(&url, postgres).await;
            let dump = ["--schema", SCHEMA, "--no-owner", "--no-privileges", "--inserts", "--dbname"];
            let dump = output(Command::new("pg_dump").args(dump).arg(url.split('?').next().unwrap_or_default()));
            frozen::only_tables(&dump)
        }
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("a program that runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a text")
}
