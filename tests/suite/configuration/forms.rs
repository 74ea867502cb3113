//! Secrets that can be given themselves or in a file: which one counts, and what becomes of a bad file.

use super::{quiet, refused, succeeded};
use registry_tests::keys;
use tempfile::tempdir;

const CANARY: &str = "s3cr3t-c4n4ry";

/// A database whose URL is in a file, as people write files: with a line end or without one.
#[tokio::test]
async fn the_url_is_read_from_a_file() {
    for (end, by) in [("", "flag"), ("\n", "variable"), ("\r\n", "file")] {
        let directory = tempdir().unwrap();
        std::fs::write(directory.path().join("url"), format!("sqlite:elsewhere.db{end}")).unwrap();
        std::fs::write(directory.path().join("r.toml"), "database_url_file = \"url\"\n").unwrap();
        let server = quiet(directory.path()).args(["--listen", "127.0.0.1:0", "--admin-listen", "off"]);
        let server = match by {
            "flag" => server.args(["--database-url-file", "url"]),
            "variable" => server.env("REGISTRY_DATABASE_URL_FILE", "url"),
            _ => server.args(["--config", "r.toml"]),
        };
        let server = server.start().await.unwrap();
        assert!(server.line().contains("sqlite elsewhere.db"), "{}", server.line());
        let exited = server.stop().await;
        assert!(exited.log.contains("everybody on this machine can read the URL"), "{}", exited.log);
    }
}

/// A file that holds no URL is named and not repeated.
#[tokio::test]
async fn a_bad_file_is_named_and_not_repeated() {
    let directory = tempdir().unwrap();
    for (content, why) in [
        (format!("mysql://user:{CANARY}@host/db"), "expected sqlite:PATH or postgres://"),
        (format!("sqlite:a.db\n{CANARY}"), ""),
        (format!("postgres://user:{CANARY}@host:port/db"), "it cannot be read as postgres://"),
        (CANARY.repeat(10_000), "is larger than 64 KiB"),
        (String::new(), "expected sqlite:PATH or postgres://"),
        ("\n".to_owned(), "expected sqlite:PATH or postgres://"),
    ] {
        std::fs::write(directory.path().join("url"), &content).unwrap();
        let check = quiet(directory.path()).args(["config", "check", "--database-url-file", "url", "--log", "trace"]);
        let exited = check.run().await;
        assert!(!exited.log.contains(CANARY) && (content.contains('\n') || !exited.output.contains(CANARY)), "{exited:?}");
        if !why.is_empty() {
            refused(&exited, &format!("--database-url-file (or REGISTRY_DATABASE_URL_FILE) url: {why}"));
        }
    }
    let check = quiet(directory.path()).args(["config", "check", "--database-url-file", "nowhere"]);
    refused(&check.run().await, "nowhere: cannot be read");
}

/// Both forms said in the same way: nobody could tell which one was meant.
#[tokio::test]
async fn both_forms_are_refused() {
    let directory = tempdir().unwrap();
    std::fs::write(directory.path().join("both.toml"), "database_url = \"sqlite:a\"\ndatabase_url_file = \"b\"\n").unwrap();
    let check = || quiet(directory.path()).args(["config", "check"]);
    let both = "--database-url (or REGISTRY_DATABASE_URL) and --database-url-file (or REGISTRY_DATABASE_URL_FILE) are both given";
    refused(&check().args(["--database-url", "sqlite:a", "--database-url-file", "b"]).run().await, both);
    refused(&check().env("REGISTRY_DATABASE_URL", "sqlite:a").env("REGISTRY_DATABASE_URL_FILE", "b").run().await, both);
    refused(&check().args(["--config", "both.toml"]).run().await, both);
    let key = check().env("REGISTRY_BOOTSTRAP_ADMIN_KEY", keys::ADMIN).env("REGISTRY_BOOTSTRAP_ADMIN_KEY_FILE", "my.key");
    refused(
        &key.run().await,
        "REGISTRY_BOOTSTRAP_ADMIN_KEY and --bootstrap-admin-key-file (or REGISTRY_BOOTSTRAP_ADMIN_KEY_FILE)",
    );
    let import = quiet(directory.path()).args(["import", "catapult", "--from", "nowhere.db"]);
    let import = import.env("REGISTRY_LEGACY_API_KEY_SALT", "salt").env("REGISTRY_LEGACY_API_KEY_SALT_FILE", "salt");
    refused(&import.run().await, "REGISTRY_LEGACY_API_KEY_SALT and --api-key-salt-file (or REGISTRY_LEGACY_API_KEY_SALT_FILE)");
}

/// Said in different ways, the louder form counts, whichever of them it is.
#[tokio::test]
async fn the_louder_form_counts() {
    let directory = tempdir().unwrap();
    std::fs::write(directory.path().join("url"), "sqlite:by-file.db\n").unwrap();
    std::fs::write(directory.path().join("itself.toml"), "database_url = \"sqlite:itself.db\"\n").unwrap();
    std::fs::write(directory.path().join("file.toml"), "database_url_file = \"url\"\n").unwrap();
    std::fs::write(directory.path().join("key.toml"), "bootstrap_admin_key_file = \"nowhere\"\n").unwrap();
    let check = || quiet(directory.path()).args(["config", "check"]);
    for (check, database) in [
        (check().args(["--database-url-file", "url"]).env("REGISTRY_DATABASE_URL", "sqlite:itself.db"), "sqlite by-file.db"),
        (check().args(["--database-url", "sqlite:itself.db"]).env("REGISTRY_DATABASE_URL_FILE", "url"), "sqlite itself.db"),
        (check().args(["--config", "itself.toml"]).env("REGISTRY_DATABASE_URL_FILE", "url"), "sqlite by-file.db"),
        (check().args(["--config", "file.toml"]).env("REGISTRY_DATABASE_URL", "sqlite:itself.db"), "sqlite itself.db"),
    ] {
        let exited = check.run().await;
        succeeded(&exited);
        assert!(exited.output.contains(database), "{database}: {exited:?}");
    }
    let shown = quiet(directory.path()).args(["config", "show", "--config", "key.toml"]);
    let shown = shown.env("REGISTRY_BOOTSTRAP_ADMIN_KEY", keys::ADMIN).run().await;
    succeeded(&shown);
    let line = |name: &str| shown.output.lines().find(|line| line.starts_with(name)).unwrap().split_whitespace().nth(1).unwrap();
    assert_eq!((line("bootstrap_admin_key_file "), line("REGISTRY_BOOTSTRAP_ADMIN_KEY ")), ("-", "(set)"), "{}", shown.output);
}
