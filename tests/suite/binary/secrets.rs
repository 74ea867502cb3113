//! Passwords: in no output, in no log, whatever is wrong and whatever is logged.

use registry_tests::binary::{Binary, Exited};
use std::net::TcpListener;
use tempfile::tempdir;

const CANARY: &str = "s3cr3t-c4n4ry";

fn keeps_the_secret(exited: &Exited, url: &str) {
    for told in [&exited.output, &exited.log] {
        assert!(!told.contains(CANARY), "{url} is given away: {told}");
    }
}

/// URLs that nobody could use, each with a password where somebody may have typed it.
const MALFORMED: [&str; 20] = [
    "postgres://user:s3cr3t-c4n4ry@host:port/db",
    "postgres://user:s3cr3t-c4n4ry@host:99999/db",
    "postgres://user:s3cr3t-c4n4ry@:5432:1/db",
    "postgres://user:s3cr3t-c4n4ry/x@host/db",
    "postgres://user:s3cr3t-c4n4ry?x@host/db",
    "postgres://user:s3cr3t-c4n4ry#x@host/db",
    "postgres://user:s3cr3t-c4n4ry@host:-1/db",
    "postgres://user:s3cr3t-c4n4ry@[::1/db",
    "postgres://user:s3cr3t-c4n4ry@ho st/db",
    "postgres://user:s3cr3t-c4n4ry%ff@host/db",
    "postgres://host/db?sslmode=s3cr3t-c4n4ry",
    "postgres://host/db?port=s3cr3t-c4n4ry",
    "postgres://host/db?pasword=s3cr3t-c4n4ry",
    "postgres://host/db?s3cr3t-c4n4ry",
    "mysql://user:s3cr3t-c4n4ry@host/db",
    "user:s3cr3t-c4n4ry@host/db",
    "postgres:user:s3cr3t-c4n4ry@host/db",
    "postgres:/user:s3cr3t-c4n4ry@host/db",
    "POSTGRES//user:s3cr3t-c4n4ry@host/db",
    "s3cr3t-c4n4ry",
];

/// A URL that cannot be used is refused by the name of its flag, and not repeated.
#[tokio::test]
async fn a_malformed_url_is_not_repeated() {
    let directory = tempdir().unwrap();
    for url in MALFORMED {
        let by_flag = Binary::on_free_port(directory.path()).args(["--database-url", url, "--log", "trace"]);
        let by_variable = Binary::on_free_port(directory.path()).env("REGISTRY_DATABASE_URL", url).env("REGISTRY_LOG", "trace");
        for server in [by_flag, by_variable] {
            let exited = server.run().await;
            keeps_the_secret(&exited, url);
            assert_eq!(exited.status.code(), Some(1), "{url}: {exited:?}");
            assert!(exited.log.contains("--database-url (or REGISTRY_DATABASE_URL)"), "{url}: {}", exited.log);
            assert!(!exited.log.contains("panicked"), "{url}: {}", exited.log);
        }
    }
}

/// Nor is one that leads nowhere; where it leads is said.
#[tokio::test]
async fn an_unreachable_database_is_named_without_its_password() {
    let directory = tempdir().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap(); // and closed again
    for url in [
        format!("postgres://user:{CANARY}@{nobody}/db"),
        format!("postgresql://{nobody}/db?user=user&password={CANARY}"),
        format!("postgres://{nobody}/db?password=x@{CANARY}"),
    ] {
        let exited =
            Binary::on_free_port(directory.path()).env("REGISTRY_DATABASE_URL", &url).args(["--log", "trace"]).run().await;
        keeps_the_secret(&exited, &url);
        assert_eq!(exited.status.code(), Some(1), "{url}: {exited:?}");
        assert!(exited.log.contains(&format!("cannot open the database (postgres {nobody}/db)")), "{url}: {}", exited.log);
    }
}

/// `--help` shows which variables are set, and not what this one is set to.
#[tokio::test]
async fn help_does_not_show_the_url() {
    let directory = tempdir().unwrap();
    let url = format!("postgres://user:{CANARY}@host/db");
    let exited = Binary::in_directory(directory.path()).env("REGISTRY_DATABASE_URL", &url).args(["--help"]).run().await;
    keeps_the_secret(&exited, &url);
    assert!(exited.output.contains("REGISTRY_DATABASE_URL"));
}

/// A server that works says no more about it, even if everything is logged and its database fails.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_log_of_everything_has_no_password() {
    let directory = tempdir().unwrap();
    let fresh = registry_tests::Database::Postgres.fresh().await;
    let registry_server::store::Target::Postgres(url) = fresh.target() else { panic!("a PostgreSQL has a URL") };
    let (scheme, rest) = url.split_once("://").unwrap();
    let (user, place) = rest.split_once('@').unwrap();
    let user = user.split(':').next().unwrap();
    let url = format!("{scheme}://{user}:{CANARY}@{place}");
    let server = Binary::on_free_port(directory.path()).env("REGISTRY_DATABASE_URL", &url).args(["--log", "trace"]);
    let server = server.start().await.unwrap();
    assert!(!server.line().contains(CANARY), "{}", server.line());
    let client = server.client().await;
    let model = client.create_model("iris", "s3://models/iris/").send().await.unwrap();
    client.create_model("iris", "s3://models/iris/").send().await.unwrap_err();
    client.create_release(&model, "1.0.0").digest(registry_tests::given::digest(1)).send().await.unwrap();
    client.list_models().send().await.unwrap();
    drop(client);
    let exited = server.stop().await;
    keeps_the_secret(&exited, &url);
    assert!(exited.log.contains("TRACE"), "everything was logged");
}
