//! Starting: what it needs, what it makes, and what it refuses.

use clap::{CommandFactory, Parser};
use registry_client::Client;
use registry_server::config::Config;
use registry_tests::binary::{Binary, Exited};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::tempdir;

/// It ended by itself and said why, in one sentence that a person can use.
fn refused(exited: &Exited, sentence: &str) {
    assert_eq!(exited.status.code(), Some(1), "{exited:?}");
    assert!(exited.log.contains(sentence), "{sentence:?} is not in {:?}", exited.log);
    assert!(!exited.log.contains("panicked"), "{}", exited.log);
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

/// Without arguments, in an empty directory: it serves, says where, and keeps its files in ./registry-data.
#[tokio::test]
async fn starts_with_nothing() {
    let directory = tempdir().unwrap();
    let server = Binary::in_directory(directory.path()).env("REGISTRY_LISTEN", "127.0.0.1:0").start().await.unwrap();
    assert!(server.line().contains(&format!("listening on {}", server.address())), "{}", server.line());
    assert!(directory.path().join("registry-data/registry.db").is_file());
    server.client().await.create_model("iris", "s3://models/iris/").send().await.unwrap();
    assert_eq!(server.stop().await.status.code(), Some(0));
}

/// Nobody but its owner reads what it makes, even if the umask would let everybody.
#[tokio::test]
async fn makes_files_for_its_owner_alone() {
    for umask in ["000", "022", "077"] {
        let directory = tempdir().unwrap();
        let server = Binary::under_umask(directory.path(), umask).start().await.unwrap();
        server.client().await.create_model("iris", "s3://models/iris/").send().await.unwrap();
        let data = directory.path().join("registry-data");
        assert_eq!(mode(&data), 0o700, "umask {umask}");
        for file in ["registry.db", "registry.db-wal", "registry.db-shm", "registry.db.lock"] {
            assert_eq!(mode(&data.join(file)), 0o600, "{file}, umask {umask}");
        }
        for directory in ["artifacts", "artifacts/sha256", "artifacts/uploads", "artifacts/probes"] {
            assert_eq!(mode(&data.join(directory)), 0o700, "{directory}, umask {umask}");
        }
        server.stop().await;
    }
}

/// What is there already keeps the permissions that somebody gave it.
#[tokio::test]
async fn leaves_a_directory_as_it_is() {
    let directory = tempdir().unwrap();
    let data = directory.path().join("registry-data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o750)).unwrap();
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    assert_eq!(mode(&data), 0o750);
    server.stop().await;
}

/// What was written is there after a restart, and after one that nobody announced.
#[tokio::test]
async fn a_restart_keeps_everything() {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    let first = server.client().await.create_model("iris", "s3://models/iris/").send().await.unwrap();
    server.stop().await;
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    assert_eq!(server.client().await.get_model("iris").send().await.unwrap(), first);
    let second = server.client().await.create_model("lotus", "s3://models/lotus/").send().await.unwrap();
    server.kill().await;
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    assert_eq!(server.client().await.get_model("iris").send().await.unwrap(), first);
    assert_eq!(server.client().await.get_model("lotus").send().await.unwrap(), second);
    server.stop().await;
}

/// Everything can be said by the environment, and an argument wins.
#[tokio::test]
async fn the_environment_configures_it() {
    let directory = tempdir().unwrap();
    let server = Binary::in_directory(directory.path())
        .env("REGISTRY_LISTEN", "127.0.0.1:0")
        .env("REGISTRY_DATA_DIR", "elsewhere")
        .env("REGISTRY_LOG_FORMAT", "json")
        .env("REGISTRY_LOG", "off")
        .env("REGISTRY_SHUTDOWN_GRACE", "1")
        .args(["--log", "info"])
        .start()
        .await
        .unwrap();
    assert!(directory.path().join("elsewhere/registry.db").is_file());
    let log = server.stop().await.log;
    assert!(!log.is_empty() && log.lines().all(|line| line.starts_with('{')), "{log}");

    let database = directory.path().join("other.db");
    let server = Binary::on_free_port(directory.path())
        .env("REGISTRY_DATABASE_URL", &format!("sqlite:{}", database.display()))
        .env("REGISTRY_STORAGE_URL", "file:elsewhere/bytes")
        .env("REGISTRY_ADMIN_LISTEN", "off")
        .start()
        .await
        .unwrap();
    assert!(database.is_file() && server.line().contains("other.db"), "{}", server.line());
    let log = server.stop().await.log;
    assert!(!directory.path().join("registry-data").exists());
    assert!(directory.path().join("elsewhere/bytes/sha256").is_dir() && !log.contains("admin="), "{log}");
}

/// Without authentication, only this machine may call.
#[tokio::test]
async fn listens_to_nobody_from_elsewhere() {
    let directory = tempdir().unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:50051"] {
        let exited = Binary::in_directory(directory.path()).args(["--listen", address]).run().await;
        refused(&exited, &format!("--listen {address}"));
        let exited = Binary::on_free_port(directory.path()).args(["--admin-listen", address]).run().await;
        refused(&exited, &format!("--admin-listen {address}"));
    }
    assert!(!directory.path().join("registry-data").exists(), "nothing is made before the arguments are right");
}

/// A port that is taken is named.
#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let directory = tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let exited = Binary::in_directory(directory.path()).args(["--listen", &address]).run().await;
    refused(&exited, &format!("--listen: cannot listen on {address}"));
    let exited = Binary::on_free_port(directory.path()).args(["--admin-listen", &address]).run().await;
    refused(&exited, &format!("--admin-listen: cannot listen on {address}"));
}

/// One SQLite file serves one server; the first does not suffer from the second.
#[tokio::test]
async fn a_second_server_on_one_file_is_refused() {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    let exited = Binary::on_free_port(directory.path()).run().await;
    refused(&exited, "another server is using this database");
    server.client().await.create_model("iris", "s3://models/iris/").send().await.unwrap();
    server.stop().await;
}

/// A data directory that cannot be made, a file that is no database: named, and left alone.
#[tokio::test]
async fn unusable_files_are_named() {
    let directory = tempdir().unwrap();
    std::fs::write(directory.path().join("in-the-way"), "text").unwrap();
    let exited = Binary::on_free_port(directory.path()).args(["--data-dir", "in-the-way"]).run().await;
    refused(&exited, "in-the-way");
    std::fs::write(directory.path().join("text.db"), "this is no database, and 100 bytes long ".repeat(5)).unwrap();
    let exited = Binary::on_free_port(directory.path()).args(["--database-url", "sqlite:text.db"]).run().await;
    refused(&exited, "text.db");
    assert!(std::fs::read_to_string(directory.path().join("text.db")).unwrap().starts_with("this is no database"));
}

/// `--help` begins with what the program is, and names every flag, its variable and its default.
#[tokio::test]
async fn help_says_it_all() {
    let directory = tempdir().unwrap();
    let exited = Binary::in_directory(directory.path()).args(["--help"]).run().await;
    assert_eq!(exited.status.code(), Some(0));
    let command = Config::command();
    assert!(exited.output.starts_with("A model registry: which models exist"), "{}", exited.output);
    assert!(exited.output.contains("Without arguments it listens on 127.0.0.1:50051"), "{}", exited.output);
    for example in
        ["  registry-server --listen 127.0.0.1:0 ", "  registry-server config init ", "  registry-server migrate status\n"]
    {
        assert!(exited.output.contains(example), "{example}");
    }
    let short = Binary::in_directory(directory.path()).args(["-h"]).run().await.output;
    assert!(short.starts_with("A model registry: which models exist"), "{short}");
    let arguments: Vec<_> = command.get_arguments().filter(|argument| argument.get_env().is_some()).collect();
    assert!(arguments.len() >= 6);
    for argument in arguments {
        let (flag, variable) = (argument.get_long().unwrap(), argument.get_env().unwrap().to_str().unwrap());
        let value = if argument.get_action().takes_values() { " <" } else { "\n" };
        assert!(exited.output.contains(&format!("--{flag}{value}")), "--{flag}");
        assert!(exited.output.contains(&format!("[env: {variable}")), "{variable}");
        for default in argument.get_default_values().iter().filter(|_| argument.get_action().takes_values()) {
            assert!(exited.output.contains(&format!("[default: {}]", default.to_str().unwrap())), "the default of --{flag}");
        }
    }
}

/// A typing error in an argument is a usage error that names it.
#[tokio::test]
async fn a_wrong_argument_is_named() {
    let directory = tempdir().unwrap();
    for (arguments, named) in [
        (["--lisen", "127.0.0.1:0"], "--lisen"),
        (["--listen", "somewhere"], "--listen"),
        (["--log-format", "xml"], "--log-format"),
        (["--shutdown-grace", "ten"], "--shutdown-grace"),
    ] {
        let exited = Binary::in_directory(directory.path()).args(arguments).run().await;
        assert_eq!(exited.status.code(), Some(2), "{exited:?}");
        assert!(exited.log.contains(named), "{exited:?}");
    }
    let exited = Binary::on_free_port(directory.path()).args(["--log", "info,=,"]).run().await;
    refused(&exited, "--log");
}

/// Nothing answers where nobody listens any more.
#[tokio::test]
async fn nothing_listens_after_the_end() {
    let directory = tempdir().unwrap();
    let server = Binary::on_free_port(directory.path()).start().await.unwrap();
    let endpoint = server.endpoint();
    server.stop().await;
    assert!(Client::connect(endpoint).await.is_err());
}

/// A switch is on in the environment by any of the usual words, and off by the others.
#[tokio::test]
async fn a_switch_is_understood_in_the_environment() {
    let directory = tempdir().unwrap();
    let started_with = |word: &'static str| {
        let server = Binary::in_directory(directory.path()).env("REGISTRY_INSECURE_NO_AUTH", word);
        server.args(["--listen", "0.0.0.0:0"]).run()
    };
    for word in ["1", "true", "yes", "on"] {
        refused(&started_with(word).await, "--insecure-no-auth: only with a loopback address");
    }
    for word in ["0", "false", "no", "off"] {
        refused(&started_with(word).await, "say --insecure-plaintext");
    }
}

/// What the names in certificates may do is said by the flag, once for each, or in the variable with `;` between them.
#[test]
fn roles_of_certificates_can_be_listed() {
    let parse = |arguments: &[&str]| {
        let tls = ["registry-server", "--tls-certificate=c", "--tls-key=k", "--tls-client-ca=a"];
        Config::try_parse_from(tls.iter().chain(arguments)).unwrap().settings().unwrap().certificate_roles
    };
    let each = ["CN=Jane Doe:viewer", "URI=spiffe://example.org/trainer:operator"].map(|role| role.parse().unwrap());
    let flags = ["--tls-client-role", "CN=Jane Doe:viewer", "--tls-client-role", "URI=spiffe://example.org/trainer:operator"];
    assert_eq!(parse(&flags), each);
    assert_eq!(parse(&["--tls-client-role=CN=Jane Doe:viewer;URI=spiffe://example.org/trainer:operator"]), each);
    let alone = Config::try_parse_from(["registry-server", "--tls-client-role=CN=a:viewer"]).unwrap().settings().unwrap_err();
    assert!(alone.contains("--tls-client-ca"), "{alone}");
}

/// How long things are kept is said in words; what makes no sense is refused with the flag that said it.
#[test]
fn lengths_of_time_are_checked() {
    let parse = |flag: &str, length: &str| Config::try_parse_from(["registry-server".to_owned(), format!("{flag}={length}")]);
    let config = parse("--event-retention", "1h 30m").unwrap();
    assert_eq!(config.settings().unwrap().retention.events, std::time::Duration::from_secs(5400));
    for (flag, length, why) in [
        ("--event-retention", "0s", "longer than nothing"),
        ("--deleted-retention", "soon", "such as 30d"),
        ("--housekeeping-interval", "-1s", "such as 30d"),
        ("--request-id-retention", "9m", "at least 10m"),
        ("--audit-retention", "23h", "at least 1d"),
    ] {
        let refused = parse(flag, length).err().unwrap_or_else(|| panic!("{flag} {length}")).to_string();
        assert!(refused.contains(flag) && refused.contains(why), "{refused}");
    }
}
