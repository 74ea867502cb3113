//! Clients from the environment. Each is made by a process of its own, which is this test program again: the environment of this one
//! belongs to all of its tests.

use std::path::Path;
use std::process::{Command, Output};

use registry_client::{Builder, Client};

use crate::fake::Fake;

const KEY: &str = "mrk_c4n4ry";

/// Not a test: what the process does that a test starts. It tells what became of it.
#[tokio::test]
#[ignore = "is started by the others, with an environment"]
async fn process() {
    let shown = Builder::from_env().map(|builder| format!("{builder:?}"));
    let outcome = match Client::from_env().await {
        Ok(client) => client.server_info().send().await.map(|_| format!("{client:?}")),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(client) => println!("connected {client} {}", shown.unwrap()),
        Err(error) => println!("failed {error} {error:?}"),
    }
}

fn run(variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "environment::process", "--ignored", "--nocapture"]);
    let Output { status, stdout, stderr } = command.env_clear().envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{said}");
    assert!(!said.contains("c4n4ry"), "{said}");
    said
}

/// A server, and where it listens.
async fn server() -> (Fake, String) {
    let fake = Fake::new([]);
    let endpoint = fake.listen().await;
    (fake, endpoint)
}

async fn run_beside(variables: &[(&str, &str)]) -> String {
    let variables: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let run = move || run(&variables.iter().map(|(name, value)| (&**name, &**value)).collect::<Vec<_>>());
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn sent_key(fake: &Fake) -> Option<String> {
    fake.seen().last().unwrap().metadata.get("authorization").map(|key| key.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_endpoint_the_key_and_the_deadline_are_those_of_the_environment() {
    let (fake, endpoint) = server().await;
    let said = run_beside(&[("REGISTRY_ENDPOINT", &endpoint), ("REGISTRY_API_KEY", KEY), ("REGISTRY_TIMEOUT", "1m 30s")]).await;
    assert!(said.contains("connected") && said.contains(&endpoint) && said.contains("timeout: 90s"), "{said}");
    assert_eq!(sent_key(&fake), Some(format!("Bearer {KEY}")));
}

#[tokio::test]
async fn the_key_may_be_in_a_file_and_what_is_empty_is_not_set() {
    let (fake, endpoint) = server().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    std::fs::write(&file, format!("{KEY}\r\n")).unwrap();
    let file = file.to_str().unwrap();
    let said = run_beside(&[("REGISTRY_ENDPOINT", &endpoint), ("REGISTRY_API_KEY", ""), ("REGISTRY_API_KEY_FILE", file)]).await;
    assert!(said.contains("connected") && said.contains("timeout: 30s"), "{said}");
    assert_eq!(sent_key(&fake), Some(format!("Bearer {KEY}")));
    let said = run_beside(&[("REGISTRY_ENDPOINT", &endpoint), ("REGISTRY_API_KEY_FILE", ""), ("REGISTRY_TIMEOUT", "")]).await;
    assert!(said.contains("connected"), "{said}");
    assert_eq!(sent_key(&fake), None);
}

#[test]
fn a_setting_that_cannot_be_used_is_named_and_not_repeated() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let write = |name: &str, text: &[u8]| std::fs::write(path(name), text).unwrap();
    write("empty", b"");
    write("two", b"mrk_c4n4ry\nmrk_c4n4ry\n");
    write("binary", &[0xff; 8]);
    write("large", &[b'k'; 5000]);
    write("ca.pem", b"c4n4ry");
    let (gone, empty, two, binary, large, ca) =
        (path("gone"), path("empty"), path("two"), path("binary"), path("large"), path("ca.pem"));
    let both = [("REGISTRY_API_KEY", KEY), ("REGISTRY_API_KEY_FILE", &*empty)];
    let https = ("REGISTRY_ENDPOINT", "https://127.0.0.1:1");
    for (variables, words) in [
        (&both[..], &["REGISTRY_API_KEY", "REGISTRY_API_KEY_FILE", "both"][..]),
        (&[("REGISTRY_API_KEY", "c4n4ry c4n4ry")], &["API key", "visible ASCII"]),
        (&[("REGISTRY_API_KEY_FILE", &gone)], &["file with the API key", &gone]),
        (&[("REGISTRY_API_KEY_FILE", &empty)], &["file with the API key", &empty, "empty"]),
        (&[("REGISTRY_API_KEY_FILE", &two)], &["file with the API key", &two]),
        (&[("REGISTRY_API_KEY_FILE", &binary)], &["file with the API key", &binary]),
        (&[("REGISTRY_API_KEY_FILE", &large)], &["file with the API key", &large, "4096 bytes"]),
        (&[("REGISTRY_TIMEOUT", "c4n4ry")], &["REGISTRY_TIMEOUT", "500ms"]),
        (&[("REGISTRY_ENDPOINT", "http://erik:c4n4ry@127.0.0.1:1")], &["endpoint", "password"]),
        (&[("REGISTRY_ENDPOINT", "http://registry.example"), ("REGISTRY_API_KEY", KEY)], &["in the clear"]),
        (&[("REGISTRY_ENDPOINT", "http://registry.example"), ("REGISTRY_API_KEY_FILE", &two)], &["file with the API key"]),
        (&[https, ("REGISTRY_CA_FILE", &gone)], &["REGISTRY_CA_FILE", &gone]),
        (&[https, ("REGISTRY_CA_FILE", &ca)], &["TLS", "CERTIFICATE"]),
        (&[("REGISTRY_CA_FILE", &ca)], &["http://", "without TLS"]),
        (&[https, ("REGISTRY_CLIENT_KEY", &ca)], &["REGISTRY_CLIENT_KEY", "needs REGISTRY_CLIENT_CERTIFICATE"]),
        (&[https, ("REGISTRY_CLIENT_CERTIFICATE", &ca)], &["REGISTRY_CLIENT_CERTIFICATE", "needs REGISTRY_CLIENT_KEY"]),
    ] {
        let said = run(variables);
        assert!(said.contains("failed") && words.iter().all(|word| said.contains(word)), "{variables:?}: {said}");
    }
}

/// Without anything, it is the registry of this machine; whoever has none there is told so.
#[test]
fn the_default_is_a_registry_on_this_machine() {
    let said = run(&[]);
    assert!(said.contains("connected") || said.contains("Transport"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_replaced_in_its_file_is_used_soon() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let replace = |text: &str| std::fs::write(&path, text).unwrap();
    replace("first\n");
    let (fake, client) = client_with(&path).await;
    let after = async |seconds: u64| {
        tokio::time::advance(std::time::Duration::from_secs(seconds)).await;
        client.server_info().send().await.unwrap();
        sent_key(&fake).unwrap()
    };
    assert_eq!(after(1).await, "Bearer first");
    replace("second");
    assert_eq!(after(1).await, "Bearer first", "it is not read for each call");
    assert_eq!(after(10).await, "Bearer second");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(after(11).await, "Bearer second", "what was there before stays in use");
    replace("");
    assert_eq!(after(11).await, "Bearer second");
    replace("third");
    assert_eq!(after(11).await, "Bearer third");
    assert!(!format!("{client:?} {:?}", client.connection()).contains("third"));
}

/// A client with a key file, over a connection in memory: time is paused.
async fn client_with(path: &Path) -> (Fake, Client) {
    let fake = Fake::new([]);
    let client = fake.client.clone().with_api_key_file(path).unwrap();
    (fake, client)
}
