//! The first key: made once, in one place, known to nobody but who reads its file; and what is served without any.

use registry_client::{Client, Code, ErrorReason, RetryPolicy};
use registry_server::domain::{ApiKeyId, Secret};
use registry_tests::binary::{Binary, Exited, Running};
use registry_tests::{expect, keys};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::tempdir;

const VARIABLE: &str = "REGISTRY_BOOTSTRAP_ADMIN_KEY";
const FILE: &str = "registry-data/admin.key";

/// A secret of a key that no registry knows yet.
fn fresh() -> String {
    Secret::fresh(ApiKeyId::from(uuid::Uuid::now_v7())).reveal().to_string()
}

/// On a free port, in an environment that says nothing of keys.
fn without_key(directory: &Path) -> Binary {
    Binary::on_free_port(directory).without_env(VARIABLE)
}

async fn works(server: &Running, secret: &str) {
    let client = keys::client(server.endpoint(), secret.trim()).await;
    let name = format!("model-{}", uuid::Uuid::now_v7().simple());
    client.create_model(name, "s3://models/").send().await.expect("a key that works");
}

async fn works_not(server: &Running, secret: &str) {
    let client = keys::client(server.endpoint(), secret).await;
    expect::refused(client.list_models().send().await, Code::Unauthenticated, ErrorReason::Unauthenticated);
}

/// What is secret of a secret is in nothing that the server says.
fn silent(exited: &Exited, secret: &str) {
    let (_, random) = secret.trim().rsplit_once('_').unwrap();
    for said in [&exited.output, &exited.log] {
        assert!(!said.contains(random), "{said}");
    }
}

fn refused(exited: &Exited, sentence: &str) {
    assert_eq!(exited.status.code(), Some(1), "{exited:?}");
    assert!(exited.log.contains(sentence) && !exited.log.contains("panicked"), "{sentence:?} is not in {:?}", exited.log);
}

fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).map(Iterator::collect).unwrap_or_else(|_| Vec::new());
    let files = entries.into_iter().map(Result::unwrap).filter(|entry| !entry.file_type().unwrap().is_dir());
    let mut names: Vec<_> = files.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The first start makes a file for its owner alone, and says where; the second finds a key and leaves the file alone.
#[tokio::test]
async fn the_first_start_makes_a_key() {
    for umask in ["000", "022", "077"] {
        let directory = tempdir().unwrap();
        let file = directory.path().join(FILE);
        let server = Binary::under_umask(directory.path(), umask).without_env(VARIABLE).start().await.unwrap();
        let secret = std::fs::read_to_string(&file).unwrap();
        let made = file.metadata().unwrap();
        assert_eq!(made.permissions().mode() & 0o777, 0o600, "umask {umask}");
        works(&server, &secret).await;
        let first = server.stop().await;
        assert!(first.log.contains("created the first API key") && first.log.contains("admin.key"), "{}", first.log);
        let server = Binary::under_umask(directory.path(), umask).without_env(VARIABLE).start().await.unwrap();
        works(&server, &secret).await;
        let second = server.stop().await;
        assert!(!second.log.contains("API key"), "{}", second.log);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), secret);
        assert_eq!(file.metadata().unwrap().modified().unwrap(), made.modified().unwrap());
        let keys = files(directory.path().join("registry-data").as_path());
        assert_eq!(keys.iter().filter(|name| !name.starts_with("registry.db")).collect::<Vec<_>>(), ["admin.key"]);
        silent(&first, &secret);
        silent(&second, &secret);
    }
}

/// A file that is there is used as people write files: with a line end or without one.
#[tokio::test]
async fn a_file_that_is_named_is_used() {
    for end in ["", "\n", "\r\n"] {
        let (directory, secret) = (tempdir().unwrap(), fresh());
        let file = directory.path().join("my.key");
        std::fs::write(&file, format!("{secret}{end}")).unwrap();
        let server = without_key(directory.path()).args(["--bootstrap-admin-key-file", "my.key"]).start().await.unwrap();
        works(&server, &secret).await;
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{secret}{end}"));
        assert!(!directory.path().join(FILE).exists());
        let exited = server.stop().await;
        assert!(exited.log.contains("everybody on this machine can read the file with the first API key"), "{}", exited.log);
        silent(&exited, &secret);
    }
    let directory = tempdir().unwrap();
    let named = directory.path().join("secrets/my.key");
    let server = without_key(directory.path()).env("REGISTRY_BOOTSTRAP_ADMIN_KEY_FILE", "secrets/my.key").start().await.unwrap();
    works(&server, &std::fs::read_to_string(&named).unwrap()).await;
    server.stop().await;
}

/// One that holds no key is refused by its name, and not repeated; nothing is served, and the file stays as it is.
#[tokio::test]
async fn a_file_that_holds_no_key_is_refused() {
    let good = fresh();
    let broken = [
        String::new(),
        "s3cr3t-c4n4ry".to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}0"),
        format!("{good}\n{good}\n"),
        format!("key = {good}"),
        good.replacen("mrk_", "mrk-", 1),
        good.replace('_', " "),
    ];
    for content in broken.map(String::into_bytes).into_iter().chain([b"mrk_\xff\xfe".to_vec()]) {
        let directory = tempdir().unwrap();
        let file = directory.path().join("my.key");
        std::fs::write(&file, &content).unwrap();
        let binary = without_key(directory.path()).args(["--bootstrap-admin-key-file", "my.key", "--log", "trace"]);
        let exited = binary.run().await;
        refused(&exited, "my.key: ");
        assert_eq!(std::fs::read(&file).unwrap(), content);
        assert!(!exited.log.contains("s3cr3t-c4n4ry"), "{}", exited.log);
        silent(&exited, &good);
    }
    let directory = tempdir().unwrap();
    let exited = without_key(directory.path()).args(["--bootstrap-admin-key-file", "."]).run().await;
    refused(&exited, "cannot be read");
}

/// The secret itself, in the environment: no file is made. One that is none is refused and not repeated.
#[tokio::test]
async fn the_environment_gives_the_key() {
    let (directory, secret) = (tempdir().unwrap(), fresh());
    let server = Binary::on_free_port(directory.path()).env(VARIABLE, &secret).start().await.unwrap();
    works(&server, &secret).await;
    assert!(!directory.path().join(FILE).exists());
    let exited = server.stop().await;
    assert!(exited.log.contains("with the secret that was given"), "{}", exited.log);
    silent(&exited, &secret);
    for broken in
        ["s3cr3t-c4n4ry", &secret[4..], &secret[..60], &secret.to_uppercase(), &format!("{secret} "), &format!("Bearer {secret}")]
    {
        let directory = tempdir().unwrap();
        let exited = Binary::on_free_port(directory.path()).env(VARIABLE, broken).args(["--log", "trace"]).run().await;
        refused(&exited, VARIABLE);
        assert!(!exited.log.contains(broken), "{}", exited.log);
        silent(&exited, &secret);
        assert!(!directory.path().join("registry-data").exists(), "nothing is made before the arguments are right");
    }
}

/// Once there are keys, what was given for the first one is no longer looked at.
#[tokio::test]
async fn a_key_that_comes_later_is_none() {
    let (directory, other) = (tempdir().unwrap(), fresh());
    Binary::on_free_port(directory.path()).start().await.unwrap().stop().await;
    let server = Binary::on_free_port(directory.path()).env(VARIABLE, &other).start().await.unwrap();
    works(&server, keys::ADMIN).await;
    works_not(&server, &other).await;
    server.stop().await;
    std::fs::write(directory.path().join("broken.key"), "no key").unwrap();
    let server = without_key(directory.path()).args(["--bootstrap-admin-key-file", "broken.key"]).start().await.unwrap();
    works(&server, keys::ADMIN).await;
    server.stop().await;
}

/// The file was written and the server died before the key was in the database: the next start goes on with the file.
#[tokio::test]
async fn an_interrupted_first_start_goes_on() {
    let (directory, secret) = (tempdir().unwrap(), fresh());
    let server = without_key(directory.path()).args(["--insecure-no-auth"]).start().await.unwrap();
    server.kill().await; // with a database, and without a key
    assert!(!directory.path().join(FILE).exists());
    std::fs::write(directory.path().join(FILE), format!("{secret}\n")).unwrap();
    let server = without_key(directory.path()).start().await.unwrap();
    works(&server, &secret).await;
    assert_eq!(std::fs::read_to_string(directory.path().join(FILE)).unwrap(), format!("{secret}\n"));
    server.stop().await;
}

/// Two servers that start at once on one empty database agree on one key, and no file is left that holds another.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_at_once_make_one_key() {
    for directories in [["one", "two"], ["same", "same"]].repeat(4) {
        let (place, fresh) = (tempdir().unwrap(), registry_tests::Database::Postgres.fresh().await);
        let binary = |directory: &str| {
            let binary = without_key(place.path()).env("REGISTRY_DATABASE_URL", &fresh.url());
            binary.args(["--data-dir", directory])
        };
        let (one, two) = tokio::join!(binary(directories[0]).start(), binary(directories[1]).start());
        let servers = [one.unwrap(), two.unwrap()];
        let mut found: Vec<_> = directories
            .iter()
            .flat_map(|name| files(&place.path().join(name)).into_iter().map(move |file| format!("{name}/{file}")))
            .collect();
        found.dedup();
        let [file] = &*found else { panic!("{directories:?}: {found:?}") };
        assert!(file.ends_with("/admin.key"), "{file}");
        let secret = std::fs::read_to_string(place.path().join(file)).unwrap();
        for server in &servers {
            works(server, &secret).await;
        }
        let mut says = 0;
        for server in servers {
            says += server.stop().await.log.matches("created the first API key").count();
        }
        assert_eq!(says, 1, "{directories:?}");
    }
}

/// Without authentication everybody on this machine may do everything, in nobody's name; and no key is made.
#[tokio::test]
async fn without_authentication_everybody_is_anonymous() {
    let directory = tempdir().unwrap();
    let server = without_key(directory.path()).args(["--insecure-no-auth"]).start().await.unwrap();
    let client = Client::builder(server.endpoint()).retry(RetryPolicy::none()).connect().await.unwrap();
    client.create_model("iris", "s3://models/").send().await.unwrap();
    let made = client.create_api_key("trainer").role(registry_client::Role::Admin).send().await.unwrap();
    client.list_api_keys().send().await.unwrap();
    // What is sent for a key is not looked at.
    keys::client(server.endpoint(), made.secret.reveal()).await.create_model("lotus", "s3://models/").send().await.unwrap();
    let page = client.list_events().send().await.unwrap();
    assert!(page.events.len() >= 2 && page.events.iter().all(|event| event.actor == "anonymous"), "{page:?}");
    assert!(!directory.path().join(FILE).exists());
    server.stop().await;
}

/// Not to other machines: neither without authentication, whatever else is said, nor in the clear unless that is said.
#[tokio::test]
async fn other_machines_are_served_only_if_it_is_safe() {
    let directory = tempdir().unwrap();
    for address in ["0.0.0.0:0", "[::]:0"] {
        for more in [vec![], vec!["--insecure-plaintext"], vec!["--tls-certificate", "a.pem", "--tls-key", "a.key"]] {
            let open = Binary::in_directory(directory.path()).args(["--listen", address, "--insecure-no-auth"]).args(more);
            refused(&open.run().await, "--insecure-no-auth: only with a loopback address");
        }
        let clear = Binary::in_directory(directory.path()).args(["--listen", address]).run().await;
        refused(&clear, "give --tls-certificate and --tls-key, or say --insecure-plaintext");
    }
    assert!(!directory.path().join("registry-data").exists(), "nothing is made before the arguments are right");
    let binary = Binary::in_directory(directory.path()).args(["--listen", "0.0.0.0:0", "--insecure-plaintext"]);
    let server = binary.start().await.unwrap();
    let endpoint = format!("http://127.0.0.1:{}", server.address().port());
    let nobody = Client::builder(endpoint.as_str()).retry(RetryPolicy::none()).connect().await.unwrap();
    expect::refused(nobody.list_models().send().await, Code::Unauthenticated, ErrorReason::Unauthenticated);
    keys::client(endpoint, keys::ADMIN).await.list_models().send().await.unwrap();
    server.stop().await;
}
