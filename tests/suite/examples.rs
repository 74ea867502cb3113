//! The examples of the client, run as whoever reads them would run them: as programs, against a registry.

use registry_client::{Client, ReleaseKey, ReleaseRef, RetryPolicy, Tls};
use registry_server::serve::Server;
use registry_server::tls::TlsFiles;
use registry_tests::tls::Authority;
use registry_tests::{Database, Harness, binary, given, keys};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// Longer than any of them takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// An example that is to be run, with what `Client::from_env` takes and nothing else in its environment.
fn command(name: &str, endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary::example(name));
    command.env_clear().env("REGISTRY_ENDPOINT", endpoint).env("REGISTRY_API_KEY", keys::ADMIN).args(arguments);
    command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How it ended, and what it said.
async fn run(mut command: Command) -> (Option<i32>, String) {
    let ran = timeout(PATIENCE, command.output()).await.expect("an example that ends").expect("an example that can be executed");
    let Output { status, stdout, stderr } = ran;
    (status.code(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}

async fn succeeds(command: Command) -> String {
    let (code, said) = run(command).await;
    assert_eq!(code, Some(0), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quickstart_pagination_and_artifacts_do_what_they_say() {
    let registry = Harness::start(Database::Sqlite).await;
    let endpoint = registry.endpoint();
    let said = succeeds(command("quickstart", &endpoint, &[&endpoint])).await;
    assert!(said.contains("released as number 1") && said.contains("production is 1.0.0"), "{said}");
    let said = succeeds(command("quickstart", &endpoint, &[&endpoint])).await;
    assert!(said.contains("not the first time"), "{said}");
    let said = succeeds(command("pagination", &endpoint, &[&endpoint])).await;
    assert!(said.contains("1 of 1 models") && said.contains("all names: [\"quickstart/llama-3-7b\"]"), "{said}");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("weights.bin");
    std::fs::write(&file, vec![7; 2_500_000]).unwrap();
    let said = succeeds(command("artifacts", &endpoint, &[file.to_str().unwrap(), &endpoint])).await;
    assert!(said.contains("sent 2500000 of 2500000 bytes"), "{said}");
    assert_eq!(std::fs::read(directory.path().join("weights.bin.copy")).unwrap(), vec![7; 2_500_000]);
    registry.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promote_waits_moves_the_alias_and_tells_by_its_exit_code_how_it_went() {
    let registry = Harness::start(Database::Sqlite).await;
    let (endpoint, client) = (registry.endpoint(), &registry.client);
    let promote = |arguments: &[&str]| run(command("promote", &endpoint, arguments));
    assert_eq!(promote(&["iris"]).await.0, Some(2));
    assert_eq!(promote(&["iris", "1.0"]).await.0, Some(3), "no such model");
    client.create_model("iris", "s3://iris/").send().await.unwrap();
    for (number, version) in [(1, "1.0"), (2, "2.0")] {
        client.create_release("iris", version).digest(given::digest(number)).send().await.unwrap();
    }
    assert_eq!(promote(&["iris", "3.0"]).await.0, Some(3), "no such release");
    let (code, said) = promote(&["iris", "1.0", "0"]).await;
    assert!(code == Some(5) && said.contains("does not run in staging"), "{said}");

    // It waits until the release runs, and not longer.
    let [first, second] = ["1.0", "2.0"].map(|version| ReleaseRef::key("iris", version));
    let mut waiting = command("promote", &endpoint, &["iris", "1.0"]).spawn().unwrap();
    let mut said = BufReader::new(waiting.stdout.take().unwrap()).lines();
    assert!(next(&mut said).await.contains("waiting until iris 1.0 runs in staging"));
    run_in_staging(client, &first).await;
    assert!(next(&mut said).await.contains("production points to iris 1.0 since revision"));
    assert_eq!(timeout(PATIENCE, waiting.wait()).await.unwrap().unwrap().code(), Some(0));
    let (code, said) = promote(&["iris", "1.0"]).await;
    assert!(code == Some(0) && said.contains("already"), "{said}");

    // Somebody moves the alias while the pipeline waits.
    let mut waiting = command("promote", &endpoint, &["iris", "2.0"]).spawn().unwrap();
    let mut said = BufReader::new(waiting.stdout.take().unwrap()).lines();
    assert!(next(&mut said).await.contains("waiting"));
    client.delete_release_alias("iris", "production").send().await.unwrap();
    run_in_staging(client, &second).await;
    assert_eq!(timeout(PATIENCE, waiting.wait()).await.unwrap().unwrap().code(), Some(4));
    registry.stop().await;
    assert_eq!(promote(&["iris", "1.0"]).await.0, Some(75));
}

async fn run_in_staging(client: &Client, release: &ReleaseKey) {
    let deployment = client.create_deployment(release.clone(), "staging").send().await.unwrap();
    drop(deployment);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reload_serves_another_release_soon_after_the_alias_has_moved_and_also_without_a_registry() {
    let registry = Harness::start(Database::Sqlite).await;
    let client = &registry.client;
    client.create_model("iris", "s3://iris/").send().await.unwrap();
    for (number, version) in [(1, "1.0"), (2, "2.0")] {
        client.create_release("iris", version).digest(given::digest(number)).send().await.unwrap();
    }
    let [first, second] = ["1.0", "2.0"].map(|version| ReleaseRef::key("iris", version));
    client.set_release_alias(first, "production").send().await.unwrap();
    let mut serving = Serving::start(&registry.endpoint());
    assert_eq!(serving.ask("hello").await, "1.0 says: 5 letters");
    client.set_release_alias(second, "production").send().await.unwrap();
    while serving.ask("hello").await != "2.0 says: 5 letters" {}
    registry.stop().await;
    assert_eq!(serving.ask("still there?").await, "2.0 says: 12 letters");
}

/// The example, while it serves.
struct Serving {
    _process: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Serving {
    fn start(endpoint: &str) -> Self {
        let mut command = command("reload", endpoint, &["iris"]);
        let mut process = command.stdin(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { requests: process.stdin.take().unwrap(), answers, _process: process }
    }

    async fn ask(&mut self, request: &str) -> String {
        self.requests.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        next(&mut self.answers).await
    }
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    timeout(PATIENCE, lines.next_line()).await.expect("a line in time").unwrap().expect("a line before the end")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_connects_and_from_env_takes_the_same_files() {
    let authority = Authority::new();
    let certified = authority.server(&["localhost"]);
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    write(&path("server.pem"), &certified.certificate);
    write(&path("server.key"), &certified.key);
    write(&path("ca.pem"), &authority.pem());
    let mut settings = Harness::settings();
    settings.tls = Some(TlsFiles { certificate: path("server.pem"), key: path("server.key"), client_ca: None });
    let fresh = Database::Sqlite.fresh().await;
    settings.storage = fresh.storage();
    let server = Server::start(fresh.target(), settings).await.unwrap();
    let endpoint = format!("https://localhost:{}", server.address().port());
    let ca = path("ca.pem");
    let said = succeeds(command("tls", "http://127.0.0.1:1", &[&endpoint, ca.to_str().unwrap()])).await;
    assert!(said.contains("connected to registry") && said.contains("it has 0 models"), "{said}");
    // The guide's way: everything from the environment. No example of it needs an endpoint.
    let mut from_env = command("promote", &endpoint, &["iris", "1.0"]);
    from_env.env("REGISTRY_CA_FILE", &ca);
    assert_eq!(run(from_env).await.0, Some(3), "it is connected, and there is no such model");
    let tls = Tls::new().ca_certificate(authority.pem());
    let client = keys::admin(endpoint.as_str()).tls(tls).retry(RetryPolicy::none()).connect().await.unwrap();
    client.server_info().send().await.unwrap();
    drop(client);
    server.stop().await;
}

fn write(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// These need no registry: one has a fake, the other one of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mock_and_in_process_bring_their_own() {
    let said = succeeds(command("mock", "http://127.0.0.1:1", &[])).await;
    assert!(said.contains("does what it should"), "{said}");
    let said = succeeds(command("in_process", "http://127.0.0.1:1", &[])).await;
    assert_eq!(said.matches("a registry after").count(), 3, "{said}");
}
