//! Secrets in what `config` prints: nowhere, in whatever form and by whatever way they were given.

use super::{quiet, succeeded};
use registry_server::domain::{ApiKeyId, Secret};
use registry_tests::binary::{Binary, Exited};
use std::os::unix::fs::PermissionsExt;
use tempfile::tempdir;

const CANARY: &str = "s3cr3t-c4n4ry";

fn silent(exited: &Exited, of: &str) {
    assert!(!exited.output.contains(CANARY) && !exited.log.contains(CANARY), "{of}: {exited:?}");
}

/// In every format, by every way: no password, no key, no salt.
#[tokio::test]
async fn no_secret_is_shown() {
    let directory = tempdir().unwrap();
    for (url, shown) in [
        ("postgres://user:s3cr3t-c4n4ry@host/db", "postgres://user:***@host:5432/db"),
        (
            "postgres://user:s3cr3t-c4n4ry@host:6432/db?sslmode=verify-full",
            "postgres://user:***@host:6432/db?sslmode=verify-full",
        ),
        ("postgres://user@host/db?password=s3cr3t-c4n4ry", "postgres://user:***@host:5432/db"),
        ("postgres://user@host/db?password=x@s3cr3t-c4n4ry&sslmode=require", "postgres://user:***@host:5432/db?sslmode=require"),
        ("postgres://user@host/db?options=-c%20a.b=s3cr3t-c4n4ry", "postgres://user@host:5432/db"),
        ("postgres://user:s3cr3t-c4n4ry@host:port/db", "(set)"),
        ("postgres://user:s3cr3t-c4n4ry@ho st/db", "(set)"),
        ("mysql://user:s3cr3t-c4n4ry@host/db", "(set)"),
        ("s3cr3t-c4n4ry", "(set)"),
        ("sqlite:a.db", "sqlite:a.db"),
    ] {
        std::fs::write(directory.path().join("r.toml"), format!("database_url = {url:?}\n")).unwrap();
        for format in ["table", "json", "toml"] {
            let show = || quiet(directory.path()).args(["config", "show", "-o", format, "--log", "trace"]);
            let given: [Binary; 3] = [
                show().args(["--database-url", url]),
                show().env("REGISTRY_DATABASE_URL", url),
                show().args(["--config", "r.toml"]),
            ];
            for binary in given {
                let exited = binary.run().await;
                silent(&exited, url);
                succeeded(&exited);
                assert!(exited.output.contains(shown), "{shown}: {}", exited.output);
            }
        }
        let check = quiet(directory.path()).args(["config", "check", "--config", "r.toml", "--log", "trace"]);
        silent(&check.run().await, url);
    }
}

/// Secrets that are no setting are named if they are set; what is in a file is not even read to show it.
#[tokio::test]
async fn other_secrets_are_named() {
    let directory = tempdir().unwrap();
    let key = Secret::fresh(ApiKeyId::from(uuid::Uuid::now_v7())).reveal().to_string();
    let (_, random) = key.rsplit_once('_').unwrap();
    std::fs::write(directory.path().join("url"), format!("postgres://user:{CANARY}@host/db")).unwrap();
    for (arguments, format) in [("show", "table"), ("show", "json"), ("show", "toml"), ("check", "")] {
        let mut binary = quiet(directory.path()).args(["config", arguments, "--log", "trace"]);
        if arguments == "show" {
            binary = binary.args(["-o", format]);
        }
        binary = binary.env("REGISTRY_BOOTSTRAP_ADMIN_KEY", &key).env("REGISTRY_LEGACY_API_KEY_SALT", CANARY);
        binary = binary.env("REGISTRY_DATABASE_URL_FILE", "url");
        let exited = binary.env("REGISTRY_STORAGE_URL", &format!("s3://user:{CANARY}@bucket")).run().await;
        silent(&exited, arguments);
        assert!(!exited.output.contains(random) && !exited.log.contains(random), "{exited:?}");
        if arguments == "show" {
            succeeded(&exited);
            assert!(
                exited.output.contains("REGISTRY_LEGACY_API_KEY_SALT") && exited.output.contains("(set)"),
                "{}",
                exited.output
            );
        }
    }
}

/// A password in a file that others can read is no reason not to start, and is told at every start.
#[tokio::test]
async fn an_open_file_with_a_password_is_told() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("r.toml");
    for (text, mode, told) in [
        ("database_url = \"postgres://user:s3cr3t-c4n4ry@host/db\"\n", 0o644, true),
        ("database_url = \"postgres://user:s3cr3t-c4n4ry@host/db\"\n", 0o640, false),
        ("database_url = \"postgres://user:s3cr3t-c4n4ry@host/db\"\n", 0o600, false),
        ("database_url = \"postgres://user@host/db\"\n", 0o644, false),
        ("max_watches = 3\n", 0o644, false),
    ] {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let exited = quiet(directory.path()).args(["config", "check", "--config", "r.toml"]).run().await;
        succeeded(&exited);
        silent(&exited, text);
        assert_eq!(
            exited.log.contains("r.toml: it holds a password, and everybody on this machine can read it"),
            told,
            "{exited:?}"
        );
    }
}
