//! Secrets: every one that the server is given or gives is looked for in everything that comes out of it, in every form that
//! it may have taken. The server runs as its users run it, with everything logged.

use registry_client::{Client, RetryPolicy, Role, Tls, pb};
use registry_server::domain::{ApiKeyId, Secret};
#[cfg(feature = "postgres")]
use registry_tests::Database;
use registry_tests::binary::{Binary, Exited, Running};
use registry_tests::frames::Frames;
use registry_tests::tls::Authority;
use registry_tests::{given, keys, watching};
use rustls_pki_types::pem::PemObject;
use std::fmt::Debug;
use std::path::Path;
use std::time::Duration;
use tempfile::tempdir;
use tokio_rustls::rustls::pki_types as rustls_pki_types;

/// A secret, and the forms in which it is looked for.
struct Canary {
    name: &'static str,
    forms: Vec<Vec<u8>>,
}

impl Canary {
    fn new(name: &'static str, secret: &[u8]) -> Self {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let numbers = secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let mut forms = vec![secret.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes(), numbers.into_bytes()];
        // Wherever it begins within what is encoded; the characters at the edges also hold something else.
        for before in 0..3 {
            let padded: Vec<u8> = std::iter::repeat_n(b' ', before).chain(secret.iter().copied()).collect();
            let text = base64(&padded);
            forms.push(text.as_bytes()[4..text.len() - 4].to_vec());
        }
        Self { name, forms }
    }

    /// An API key, of which the id is no secret: what is behind it, as text and as what the text stands for.
    fn key(name: &'static str, secret: &str) -> [Self; 2] {
        let (_, random) = secret.trim().rsplit_once('_').expect("a secret");
        let bytes: Vec<u8> =
            (0..random.len()).step_by(2).map(|at| u8::from_str_radix(&random[at..at + 2], 16).expect("hex")).collect();
        [Self::new(name, random.as_bytes()), Self::new(name, &bytes)]
    }

    fn is_in(&self, text: &[u8]) -> bool {
        self.forms.iter().any(|form| text.windows(form.len()).any(|window| window == form))
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks(3).flat_map(|group| {
        let bits = u32::from_be_bytes([0, group[0], *group.get(1).unwrap_or(&0), *group.get(2).unwrap_or(&0)]);
        (0..=group.len()).map(move |letter| LETTERS[usize::try_from(bits >> (18 - 6 * letter) & 63).expect("six bits")])
    });
    String::from_utf8(groups.collect()).expect("letters")
}

/// The canaries of a run, and everything that came out of the server.
#[derive(Default)]
struct Run {
    canaries: Vec<Canary>,
    said: Vec<(String, Vec<u8>)>,
}

impl Run {
    fn hears(&mut self, what: &str, text: impl Into<Vec<u8>>) {
        self.said.push((what.to_owned(), text.into()));
    }

    /// What a call says of itself if it fails: message, details, headers and everything else.
    fn fails<T: Debug>(&mut self, answer: Result<T, registry_client::Error>) {
        let error = answer.expect_err("a call that fails");
        let details = error.status().map(|status| status.details().to_vec()).unwrap_or_default();
        self.hears("an error", format!("{error} {error:?} {:?}", error.status()));
        self.hears("details", details);
    }

    fn of_process(&mut self, server: &Running) {
        for file in ["cmdline", "status", "limits", "comm"] {
            self.hears(file, std::fs::read(format!("/proc/{}/{file}", server.pid())).expect("a process"));
        }
        self.hears("the line", server.line());
    }

    fn of_end(&mut self, exited: Exited) {
        self.hears("standard output", exited.output);
        self.hears("the log", exited.log);
    }

    #[track_caller]
    fn is_silent(&self) {
        for (what, text) in &self.said {
            for canary in &self.canaries {
                assert!(!canary.is_in(text), "{} is in {what}: {}", canary.name, String::from_utf8_lossy(text));
            }
        }
    }

    fn log(&self) -> &[u8] {
        &self.said.iter().rev().find(|(what, _)| what == "the log").expect("a log").1
    }
}

fn fresh() -> String {
    Secret::fresh(ApiKeyId::from(uuid::Uuid::now_v7())).reveal().to_string()
}

/// Calls of every kind: good, refused, malformed; with keys that are made, rotated and wrong.
async fn calls(run: &mut Run, admin: Client, other: impl AsyncFn(&str) -> Client, admin_secret: &str) {
    let model = admin.create_model("iris", "s3://models/iris/").send().await.unwrap();
    admin.create_release(&model, "1.0.0").digest(given::digest(1)).send().await.unwrap();
    admin.list_models().send().await.unwrap();
    run.fails(admin.create_model("iris", "s3://models/iris/").send().await);
    run.fails(admin.create_model("", "").send().await);
    run.fails(admin.get_model("nobody").send().await);
    let made = admin.create_api_key("trainer").role(Role::Viewer).send().await.unwrap();
    run.canaries.extend(Canary::key("a key that was made", made.secret.reveal()));
    run.hears("the answer", format!("{made:?}"));
    let rotated = admin.rotate_api_key(&made.key.id).grace_period(Duration::from_secs(60)).send().await.unwrap();
    run.canaries.extend(Canary::key("a key that was rotated", rotated.secret.reveal()));
    for secret in [made.secret.reveal(), rotated.secret.reveal()] {
        let viewer = other(secret).await;
        viewer.list_models().send().await.unwrap();
        run.fails(viewer.create_model("lotus", "s3://models/").send().await);
    }
    // Keys that are none: of nobody, of the admin but for a digit, of no form at all; where they belong and where they do not.
    let (id, random) = admin_secret.rsplit_once('_').unwrap();
    let wrong = format!("{id}_{}{}", &random[1..], if random.starts_with('0') { '1' } else { '0' });
    let nobodys = fresh();
    for secret in [&*wrong, &nobodys] {
        run.canaries.extend(Canary::key("a wrong key", secret));
        run.fails(other(secret).await.list_models().send().await);
    }
    run.canaries.push(Canary::new("a key of no form", b"n0-f0rm-c4n4ry-0123456789"));
    run.fails(other("n0-f0rm-c4n4ry-0123456789").await.list_models().send().await);
    admin.list_api_keys().send().await.unwrap();
    let watcher = watching::watch(&admin, watching::after(0)).await;
    drop(watcher);
    run.fails(admin.call(pb::TransitionApiKeyRequest { api_key_id: made.key.id.clone(), ..Default::default() }).send().await);
}

/// Frames that no client sends, with the key in headers it does not belong into.
async fn malformed(server: &Running, secret: &str) {
    let bearer = format!("Bearer {secret}");
    for (name, value) in [("x-api-key", secret), ("authorization-bin", secret), ("x-request-id", secret), ("user-agent", &bearer)]
    {
        let headers = [(name.as_bytes(), value.as_bytes())];
        Frames::connect(server.address())
            .await
            .request(b"/modelregistry.v1.SystemService/GetServerInfo", &headers, &[0; 5])
            .await;
        Frames::connect(server.address()).await.request(b"/nowhere", &headers, &[7; 9]).await;
    }
}

fn flags(format: &str) -> [&str; 4] {
    ["--log", "trace", "--log-format", format]
}

/// In the clear, with the first key from the environment, from a file and from nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_comes_out() {
    for (format, source) in [("text", "environment"), ("json", "file"), ("text", "nothing")] {
        let (mut run, directory) = (Run::default(), tempdir().unwrap());
        let mut secret = fresh();
        let mut binary = Binary::on_free_port(directory.path()).without_env("REGISTRY_BOOTSTRAP_ADMIN_KEY").args(flags(format));
        match source {
            "environment" => binary = binary.env("REGISTRY_BOOTSTRAP_ADMIN_KEY", &secret),
            "file" => {
                std::fs::write(directory.path().join("my.key"), &secret).unwrap();
                binary = binary.args(["--bootstrap-admin-key-file", "my.key"]);
            }
            _ => {}
        }
        let server = binary.start().await.unwrap();
        if source == "nothing" {
            secret = std::fs::read_to_string(directory.path().join("registry-data/admin.key")).unwrap().trim().to_owned();
        }
        run.canaries.extend(Canary::key("the first key", &secret));
        let client = async |key: &str| keys::client(server.endpoint(), key).await;
        calls(&mut run, client(&secret).await, client, &secret).await;
        let misplaced = fresh();
        run.canaries.extend(Canary::key("a key in a wrong place", &misplaced));
        malformed(&server, &misplaced).await;
        run.of_process(&server);
        run.of_end(server.stop().await);
        assert!(String::from_utf8_lossy(run.log()).contains("TRACE"), "everything was logged");
        run.is_silent();
    }
}

fn help(run: &mut Run, exited: Exited) {
    assert_eq!(exited.status.code(), Some(0), "{exited:?}");
    run.of_end(exited);
}

async fn secure_client(server: &Running, authority: &Authority, key: &str) -> Client {
    let endpoint = format!("https://localhost:{}", server.address().port());
    let builder = Client::builder(endpoint).api_key(key).retry(RetryPolicy::none());
    builder.tls(Tls::new().ca_certificate(authority.pem())).connect().await.unwrap()
}

fn of_tls_key(key: &str) -> Vec<Canary> {
    let der = rustls_pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let lines = key.lines().filter(|line| !line.starts_with('-') && line.len() >= 16);
    // The head of every such key is the same and no secret; the private number is behind it.
    let secret = &der.secret_der()[36..68];
    lines
        .map(|line| Canary::new("a line of the key of TLS", line.as_bytes()))
        .chain([Canary::new("the key of TLS", secret)])
        .collect()
}

/// With TLS and a key that others can read, which is a reason to speak of it; also when its files are read again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_of_tls_comes_out() {
    for format in ["text", "json"] {
        let (mut run, directory, authority) = (Run::default(), tempdir().unwrap(), Authority::new());
        let server = authority.server(&["localhost"]);
        std::fs::write(directory.path().join("server.pem"), &server.certificate).unwrap();
        std::fs::write(directory.path().join("server.key"), &server.key).unwrap();
        run.canaries.extend(of_tls_key(&server.key));
        run.canaries.extend(Canary::key("the first key", keys::ADMIN));
        let tls = ["--tls-certificate", "server.pem", "--tls-key", "server.key"];
        let running = Binary::on_free_port(directory.path()).args(tls).args(flags(format)).start().await.unwrap();
        let client = async |key: &str| secure_client(&running, &authority, key).await;
        calls(&mut run, client(keys::ADMIN).await, client, keys::ADMIN).await;
        running.signal(registry_tests::binary::ProcessSignal::HUP);
        run.of_process(&running);
        run.of_end(running.stop().await);
        // Exchanged, broken, and one in the other's place.
        for tls in [
            ["server.key", "server.pem"],
            ["server.pem", "broken.key"],
            ["server.key", "server.key"],
            ["server.pem", "other.key"],
        ] {
            std::fs::write(directory.path().join("broken.key"), server.key.replace("-----END", "----END")).unwrap();
            std::fs::write(directory.path().join("other.key"), authority.server(&["localhost"]).key).unwrap();
            let binary = Binary::on_free_port(directory.path()).args(["--tls-certificate", tls[0], "--tls-key", tls[1]]);
            run.of_end(binary.args(flags(format)).run().await);
        }
        run.is_silent();
    }
}

/// `--help`, with everything in the environment.
#[tokio::test]
async fn help_shows_no_secret() {
    let (mut run, directory, secret) = (Run::default(), tempdir().unwrap(), fresh());
    run.canaries.extend(Canary::key("the first key", &secret));
    run.canaries.push(Canary::new("the password", b"s3cr3t-c4n4ry-0123456789"));
    run.canaries.push(Canary::new("the key of S3", b"s3cr3t-c4n4ry-of-s3-0123456789"));
    for flag in ["--help", "-h", "--version", "--no-such-flag"] {
        let binary = Binary::in_directory(directory.path()).env("REGISTRY_BOOTSTRAP_ADMIN_KEY", &secret);
        let binary = binary.env("REGISTRY_DATABASE_URL", "postgres://user:s3cr3t-c4n4ry-0123456789@host/db").args([flag]);
        let binary = binary.env("AWS_SECRET_ACCESS_KEY", "s3cr3t-c4n4ry-of-s3-0123456789");
        let binary = binary.env("REGISTRY_STORAGE_URL", "s3://user:s3cr3t-c4n4ry-of-s3-0123456789@bucket");
        let exited = binary.run().await;
        if flag == "--help" { help(&mut run, exited) } else { run.of_end(exited) }
    }
    run.is_silent();
}

/// The key for S3 and its token, with a bucket that is there, one that is not, and nobody who speaks S3; everything logged, also by
/// what signs the requests.
#[cfg(feature = "s3")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_s3_comes_out() {
    let (secret, token) = ("s3cr3t-c4n4ry-of-s3-0123456789", "t0k3n-c4n4ry-of-s3-0123456789");
    let (bucket, nobody) = (registry_tests::s3::Bucket::fresh().await, "http://127.0.0.1:1".to_owned());
    let there = registry_tests::s3::url();
    for (endpoint, url) in [(&there, bucket.url()), (&there, "s3://there-is-none/here".to_owned()), (&nobody, bucket.url())] {
        let (mut run, directory) = (Run::default(), tempdir().unwrap());
        run.canaries.push(Canary::new("the key of S3", secret.as_bytes()));
        run.canaries.push(Canary::new("the token of S3", token.as_bytes()));
        let binary = Binary::on_free_port(directory.path())
            .env("AWS_ACCESS_KEY_ID", "AKIDTEST")
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_SESSION_TOKEN", token)
            .env("AWS_ENDPOINT_URL", endpoint)
            .args(["--insecure-s3-http", "--storage-url", &url, "--log", "trace,object_store=trace", "--log-format", "json"]);
        let server = binary.start().await.unwrap();
        server.client().await.create_model("iris", "s3://models/iris/").send().await.unwrap();
        run.of_process(&server);
        run.of_end(server.stop().await);
        assert!(String::from_utf8_lossy(run.log()).contains("TRACE"), "everything was logged");
        run.is_silent();
    }
}

/// The password of the database, in its URL in the environment, with calls of every kind.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_password_comes_out() {
    let (mut run, directory, fresh) = (Run::default(), tempdir().unwrap(), Database::Postgres.fresh().await);
    let url = with_password(&fresh.url(), "s3cr3t-c4n4ry-0123456789");
    run.canaries.push(Canary::new("the password", b"s3cr3t-c4n4ry-0123456789"));
    run.canaries.extend(Canary::key("the first key", keys::ADMIN));
    let server =
        Binary::on_free_port(directory.path()).env("REGISTRY_DATABASE_URL", &url).args(flags("json")).start().await.unwrap();
    let client = async |key: &str| keys::client(server.endpoint(), key).await;
    calls(&mut run, client(keys::ADMIN).await, client, keys::ADMIN).await;
    run.of_process(&server);
    run.of_end(server.stop().await);
    run.is_silent();
}

#[cfg(feature = "postgres")]
fn with_password(url: &str, password: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (user, place) = rest.split_once('@').unwrap();
    format!("{scheme}://{}:{password}@{place}", user.split(':').next().unwrap())
}

/// A canary is found in each of its forms: otherwise nothing above says anything.
#[test]
fn canaries_are_found() {
    let [text, bytes] = Canary::key("a key", keys::ADMIN);
    let random = keys::ADMIN.rsplit_once('_').unwrap().1;
    let header = format!("Bearer {}", keys::ADMIN);
    for said in
        [header.clone(), base64(header.as_bytes()), base64(format!(" {header}").as_bytes()), format!("{:?}", header.as_bytes())]
    {
        assert!(text.is_in(said.as_bytes()), "{said}");
    }
    assert!(bytes.is_in(random.to_uppercase().as_bytes()) && bytes.is_in(random.as_bytes()));
    assert!(!text.is_in(keys::ADMIN.replace("a3f1", "a3f2").as_bytes()));
    assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw");
    assert!(Path::new("/proc/self/cmdline").exists());
}
