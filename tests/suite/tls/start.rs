//! Starting with TLS: what is wrong is said with its flag and its file, and never with a key.

use super::{Files, connect, refused, write};
use registry_client::Tls;
use registry_server::tls::TlsFiles;
use registry_tests::binary::{Binary, Running};
use registry_tests::tls::{Authority, Certified};
use registry_tests::{Harness, wait};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use tempfile::tempdir;

const CANARY: &str = "s3cr3t-c4n4ry";

async fn why(tls: TlsFiles) -> String {
    let mut settings = Harness::settings();
    settings.tls = Some(tls);
    refused(settings).await.to_string()
}

/// Each sentence names the flag and the file, and repeats nothing of what is in it.
#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let authority = Authority::new();
    let (good, other) = (authority.server(&["localhost"]), authority.server(&["localhost"]));
    let files = Files::new(&good);
    let bogus = format!("-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n");
    let encrypted = bogus.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let broken = format!("-----BEGIN {CANARY}\n{}", good.certificate);
    let text = [("none.pem", None), ("empty.pem", Some(""))];
    let text = text.into_iter().chain([("text.pem", Some(CANARY)), ("key.pem", Some(&*other.key)), ("bogus.pem", Some(&*bogus))]);
    let text = text.chain([("encrypted.pem", Some(&*encrypted)), ("broken.pem", Some(&*broken))]);
    for (name, text) in text {
        let file = files.path(name);
        text.iter().for_each(|text| write(&file, text));
        let mut as_certificate = files.tls();
        as_certificate.certificate.clone_from(&file);
        let mut as_key = files.tls();
        as_key.key.clone_from(&file);
        let mut as_authority = files.tls();
        as_authority.client_ca = Some(file.clone());
        for (tls, flag) in [(as_certificate, "--tls-certificate"), (as_key, "--tls-key"), (as_authority, "--tls-client-ca")] {
            let told = why(tls).await;
            assert!(told.contains(flag) && told.contains(&file.display().to_string()), "{name} as {flag}: {told}");
            assert!(!told.contains(CANARY) && !told.contains(other.key.lines().nth(1).unwrap()), "{name}: {told}");
        }
    }
    let mut mixed = files.tls();
    mixed.key = files.path("key.pem");
    assert!(why(mixed).await.contains("the key does not belong to the certificate"));
}

fn flags(files: &Files) -> [std::ffi::OsString; 4] {
    ["--tls-certificate".into(), files.path("server.pem").into(), "--tls-key".into(), files.path("server.key").into()]
}

async fn gets_through(server: &Running, authority: &Authority) {
    let tls = Tls::new().ca_certificate(authority.pem());
    connect(server.address(), tls).await.unwrap().server_info().send().await.unwrap();
}

/// The executable, by flags and by its environment.
#[tokio::test]
async fn the_files_are_told_by_flags_or_by_the_environment() {
    let (directory, authority) = (tempdir().unwrap(), Authority::new());
    let files = Files::new(&authority.server(&["localhost"]));
    let server = Binary::on_free_port(directory.path()).args(flags(&files)).start().await.unwrap();
    gets_through(&server, &authority).await;
    server.stop().await;
    let server = Binary::on_free_port(directory.path())
        .env("REGISTRY_TLS_CERTIFICATE", files.path("server.pem").to_str().unwrap())
        .env("REGISTRY_TLS_KEY", files.path("server.key").to_str().unwrap());
    let server = server.start().await.unwrap();
    gets_through(&server, &authority).await;
    server.stop().await;
}

/// A part of the flags is a mistake, and the one that is missing is named.
#[tokio::test]
async fn a_flag_that_is_missing_is_named() {
    let directory = tempdir().unwrap();
    for (flag, missing) in [
        ("--tls-certificate", "--tls-key is not"),
        ("--tls-key", "--tls-certificate is not"),
        ("--tls-client-ca", "it needs --tls-certificate and --tls-key"),
    ] {
        let exited = Binary::on_free_port(directory.path()).args([flag, "file.pem"]).run().await;
        assert_eq!(exited.status.code(), Some(1), "{exited:?}");
        assert!(exited.log.contains(flag) && exited.log.contains(missing), "{flag}: {}", exited.log);
        let variable = format!("REGISTRY_{}", flag.trim_start_matches('-').replace('-', "_").to_uppercase());
        let exited = Binary::on_free_port(directory.path()).env(&variable, "file.pem").run().await;
        assert!(exited.log.contains(missing), "{variable}: {}", exited.log);
    }
}

async fn log_of(directory: &Path, files: &Files) -> String {
    let server = Binary::on_free_port(directory).args(flags(files)).start().await.unwrap();
    let log =
        wait::until("a log", Duration::from_secs(10), async || Some(server.log_so_far()).filter(|log| log.contains("serving")));
    let log = log.await;
    server.stop().await;
    log
}

/// A key that others can read, and a certificate that has expired, are no reason not to start, and are said.
#[tokio::test]
async fn what_an_operator_should_know_is_logged() {
    const SHARED: &str = "everybody on this machine can read the key";
    const EXPIRED: &str = "the certificate has expired";
    let (directory, authority) = (tempdir().unwrap(), Authority::new());
    let files = Files::new(&authority.server(&["localhost"]));
    let log = log_of(directory.path(), &files).await;
    assert!(!log.contains(SHARED) && !log.contains(EXPIRED) && log.contains("not_after=4096-01-01T00:00:00Z"), "{log}");
    for (mode, shared) in [(0o640, false), (0o604, true), (0o644, true)] {
        std::fs::set_permissions(files.path("server.key"), std::fs::Permissions::from_mode(mode)).unwrap();
        let log = log_of(directory.path(), &files).await;
        assert_eq!(log.contains(SHARED), shared, "{mode:o}: {log}");
    }
    let Certified { certificate, key } = authority.client(|params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    files.put(&Certified { certificate, key: key.clone() });
    let log = log_of(directory.path(), &files).await;
    assert!(log.contains(EXPIRED) && log.contains("2020-01-01T00:00:00Z"), "{log}");
    assert!(!log.contains(key.lines().nth(1).unwrap()), "{log}");
}
