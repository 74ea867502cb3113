//! `config init` and `config show -o toml`: files that the server reads, and that say what is.

use super::{quiet, refused, succeeded};
use registry_server::config::{Config, read, settings};
use registry_tests::binary::Binary;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::tempdir;

fn told(arguments: &[&str]) -> Config {
    let arguments: Vec<OsString> = std::iter::once(&"registry-server").chain(arguments).map(OsString::from).collect();
    let mut config = read::<Config>(&arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}")).arguments;
    config.place.config = None;
    config
}

fn of_file(directory: &Path, text: &str) -> Config {
    let file = directory.join("told.toml");
    std::fs::write(&file, text).unwrap();
    told(&["--config", file.to_str().unwrap()])
}

/// For its owner alone whatever the umask; what is there is not replaced unless that is said.
#[tokio::test]
async fn a_file_is_written_for_its_owner() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("registry.toml");
    succeeded(&Binary::in_directory(directory.path()).args(["config", "init"]).run().await);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let written = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, "max_watches = 3\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let exited = quiet(directory.path()).args(["config", "init"]).run().await;
    refused(&exited, "registry.toml is there already: --force replaces it");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "max_watches = 3\n");
    succeeded(&quiet(directory.path()).args(["config", "init", "--force"]).run().await);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let printed = quiet(directory.path()).args(["config", "init", "-"]).run().await;
    succeeded(&printed);
    assert_eq!(printed.output.trim_end(), written.trim_end());
    refused(&quiet(directory.path()).args(["config", "init", "no/where.toml"]).run().await, "no/where.toml cannot be written");
}

/// It has every setting once, says nothing as it is, and nothing else if its defaults are made to count.
#[tokio::test]
async fn the_file_says_the_defaults() {
    let directory = tempdir().unwrap();
    let text = quiet(directory.path()).args(["config", "init", "-"]).run().await.output;
    assert_eq!(of_file(directory.path(), &text), told(&[]));
    let is_setting = |line: &&str| settings().iter().any(|setting| line.starts_with(&format!("#{} = ", setting.key())));
    let lines: Vec<_> = text.lines().filter(is_setting).map(|line| &line[1..]).collect();
    assert_eq!(lines.len(), settings().len(), "{text}");
    let (examples, defaults): (Vec<&str>, Vec<&str>) = lines.into_iter().partition(|line| line.contains('<'));
    assert!(defaults.len() > 25 && examples.len() > 5, "{text}");
    assert_eq!(of_file(directory.path(), &defaults.join("\n")), told(&[]));
    assert!(text.lines().all(|line| line.chars().count() <= 125), "{text}");
}

/// What `config show` prints as a file says the same again.
#[tokio::test]
async fn what_is_shown_can_be_told() {
    let directory = tempdir().unwrap();
    let flags = [
        "--max-watches=3",
        "--event-retention=1h 30m",
        "--max-stored-size=3GiB",
        "--allow-core-dumps",
        "--tls-client-ca=a \"quoted\" name",
        "--tls-client-role=CN=Jane Doe:viewer",
        "--tls-client-role=DNS=a.example:admin",
    ];
    let shown = quiet(directory.path()).args(["config", "show", "--output=toml"]).args(flags).run().await;
    succeeded(&shown);
    assert_eq!(of_file(directory.path(), &shown.output), told(&flags), "{}", shown.output);
    assert!(shown.output.contains("max_watches = 3  # --max-watches\n"), "{}", shown.output);
}
