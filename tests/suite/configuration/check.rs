//! `config check`: what would keep the server from starting is told, and nothing is made or changed.

use super::{quiet, refused, succeeded};
use tempfile::tempdir;

/// It makes nothing.
#[tokio::test]
async fn nothing_is_made() {
    let directory = tempdir().unwrap();
    let exited = quiet(directory.path()).args(["config", "check"]).run().await;
    succeeded(&exited);
    assert!(exited.output.starts_with("the configuration is good: 127.0.0.1:50051, database sqlite ./registry-data/registry.db"));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// Settings that do not go together, and files that are not what they should be.
#[tokio::test]
async fn what_would_not_start_is_told() {
    let directory = tempdir().unwrap();
    std::fs::write(directory.path().join("no.pem"), "s3cr3t-c4n4ry").unwrap();
    for (arguments, sentence) in [
        (vec!["--listen", "0.0.0.0:0"], "give --tls-certificate and --tls-key, or say --insecure-plaintext"),
        (vec!["--admin-listen", "0.0.0.0:0"], "or say --insecure-admin"),
        (vec!["--admin-listen", "0.0.0.0:0", "--insecure-plaintext"], "or say --insecure-admin"),
        (vec!["--listen", "0.0.0.0:0", "--insecure-admin"], "or say --insecure-plaintext"),
        (vec!["--tls-certificate", "no.pem"], "--tls-key is not"),
        (vec!["--tls-certificate", "no.pem", "--tls-key", "no.pem"], "--tls-certificate no.pem: it "),
        (vec!["--tls-certificate", "nowhere.pem", "--tls-key", "no.pem"], "--tls-certificate nowhere.pem: "),
        (vec!["--tls-client-role", "CN=a:viewer"], "--tls-client-ca is not"),
        (vec!["--storage-url", "s3://bucket"], "AWS_REGION"),
        (vec!["--log", "info,=,"], "--log: "),
    ] {
        let exited = quiet(directory.path()).args(["config", "check"]).args(arguments).run().await;
        refused(&exited, sentence);
        assert!(!exited.log.contains("c4n4ry"), "{}", exited.log);
    }
}

/// What a server may start with all the same is no reason to say that it would not: a first key that nobody may need, traces that are
/// not sent, files that others can read.
#[tokio::test]
async fn what_would_start_is_not_refused() {
    let directory = tempdir().unwrap();
    std::fs::write(directory.path().join("empty.key"), "").unwrap();
    for (arguments, variables, sentence) in [
        (vec!["--bootstrap-admin-key-file", "empty.key"], vec![], "empty.key: does not hold an API key"),
        (vec!["--bootstrap-admin-key-file", "."], vec![], ".: cannot be read"),
        (vec!["--admin-listen", "0.0.0.0:0", "--insecure-admin"], vec![], ""),
        (vec![], vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "s3cr3t-c4n4ry:4317")], "OTEL_EXPORTER_OTLP_ENDPOINT: there are no traces"),
        (
            vec![],
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")],
            "OTEL_EXPORTER_OTLP_PROTOCOL: there are no traces",
        ),
        (
            vec![],
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "http://s3cr3t c4n4ry")],
            "OTEL_EXPORTER_OTLP_ENDPOINT: there are no traces",
        ),
    ] {
        let check = quiet(directory.path()).args(["config", "check"]).args(arguments);
        let exited = variables.into_iter().fold(check, |check, (name, value)| check.env(name, value)).run().await;
        succeeded(&exited);
        assert!(exited.log.contains(sentence) && !exited.log.contains("c4n4ry"), "{sentence}: {}", exited.log);
    }
}

/// A variable that cannot be used is named itself, and not the flag that nobody has given.
#[tokio::test]
async fn a_bad_variable_is_named() {
    let directory = tempdir().unwrap();
    for (variable, value, why) in [
        ("REGISTRY_LISTEN", "somewhere", "invalid socket address"),
        ("REGISTRY_LOG_FORMAT", "xml", "expected one of text, json"),
        ("REGISTRY_MAX_EXPORTS", "0", "expected a whole number, 1 to 16"),
        ("REGISTRY_INSECURE_PLAINTEXT", "perhaps", "not a boolean"),
    ] {
        for arguments in [vec!["config", "check"], vec![]] {
            let exited = quiet(directory.path()).env(variable, value).args(arguments).run().await;
            refused(&exited, &format!("registry-server: {variable}: "));
            assert!(exited.log.contains(why), "{}", exited.log);
        }
    }
}

/// A variable that nothing reads is named, with the one that was probably meant; those of other programs are left alone.
#[tokio::test]
async fn a_variable_that_nothing_reads_is_named() {
    let directory = tempdir().unwrap();
    let others = [
        ("REGISTRY_API_KEY", "s3cr3t-c4n4ry"),
        ("REGISTRY_ENDPOINT", "http://127.0.0.1:50051"),
        ("REGISTRY_CLIENT_KEY", "client.key"),
        ("REGISTRY_TEST_S3_URL", "x"),
        ("REGISTRY_SERVICE_HOST", "10.0.0.7"),
        ("REGISTRY_PORT", "tcp://10.0.0.7:50051"),
        ("REGISTRY_PORT_50051_TCP_ADDR", "10.0.0.7"),
        ("REGISTRY_IMPORT_FROM", "old.db"),
        ("REGISTRY_LEGACY_API_KEY_SALT", "s3cr3t-c4n4ry"),
        ("registry_listen", "s3cr3t-c4n4ry"),
    ];
    let check =
        others.into_iter().fold(quiet(directory.path()).args(["config", "check"]), |check, (name, value)| check.env(name, value));
    let exited = check.env("REGISTRY_MAX_WATCH", "s3cr3t-c4n4ry").env("REGISTRY_ZZZ", "1").run().await;
    succeeded(&exited);
    let warned: Vec<_> = exited.log.lines().filter(|line| line.contains("nothing reads it")).collect();
    assert_eq!(warned.len(), 2, "{}", exited.log);
    assert!(
        warned[0].contains("REGISTRY_MAX_WATCH is set") && warned[0].ends_with("did you mean REGISTRY_MAX_WATCHES?"),
        "{warned:?}"
    );
    assert!(warned[1].ends_with("REGISTRY_ZZZ is set, and nothing reads it"), "{warned:?}");
    assert!(!exited.log.contains("c4n4ry"), "{}", exited.log);
}
