//! Who wins: a flag over the environment, the environment over the file, the file over the default; for every setting.

use super::{quiet, succeeded};
use clap::Parser;
use registry_server::config::{Config, Kind, Setting, read, settings};
use registry_tests::binary::{Binary, Exited};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::Path;
use tempfile::tempdir;

/// A setting, said by everybody: key, flag, variable, file and default, the first three as they are shown.
type Said = (&'static str, &'static str, &'static str, &'static str, &'static str);

const SAID: [Said; 7] = [
    ("listen", "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:50051"),
    ("migrations", "check", "off", "check", "auto"),
    ("max_watches", "1", "2", "3", "1000"),
    ("max_artifact_size", "1GiB", "2GiB", "3GiB", "50GiB"),
    ("event_retention", "1d", "2d", "3d", "7d"),
    ("data_dir", "by-flag", "by-environment", "by-file", "./registry-data"),
    ("allow_core_dumps", "true", "false", "true", "false"),
];

fn literal(key: &str, value: &str) -> String {
    let is_plain = matches!(key, "max_watches" | "allow_core_dumps");
    if is_plain { value.to_owned() } else { format!("{value:?}") }
}

fn with_flags(binary: Binary) -> Binary {
    SAID.iter().fold(binary, |binary, (key, flag, ..)| {
        let name = format!("--{}", key.replace('_', "-"));
        if *key == "allow_core_dumps" { binary.args([name]) } else { binary.args([name, (*flag).to_owned()]) }
    })
}

fn with_environment(binary: Binary) -> Binary {
    SAID.iter().fold(binary, |binary, (key, _, value, ..)| binary.env(&format!("REGISTRY_{}", key.to_uppercase()), value))
}

fn shown(exited: &Exited, key: &str) -> (String, Value) {
    succeeded(exited);
    let document: Value = serde_json::from_str(&exited.output).expect("JSON");
    let all = document["settings"].as_array().expect("a list");
    let setting = all.iter().find(|setting| setting["name"] == key).unwrap_or_else(|| panic!("{key} is not shown"));
    (setting["value"].as_str().unwrap_or_default().to_owned(), setting["source"].clone())
}

/// Settings of every kind, said by everybody, by all but the loudest, and so on; `config show` says who it was.
#[tokio::test]
async fn the_louder_one_wins() {
    let directory = tempdir().unwrap();
    let text: String = SAID.iter().map(|(key, _, _, value, _)| format!("{key} = {}\n", literal(key, value))).collect();
    std::fs::write(directory.path().join("r.toml"), text).unwrap();
    let show = || quiet(directory.path()).args(["config", "show", "--output", "json"]);
    let by_default = show().run().await;
    let by_file = show().args(["--config", "r.toml"]).run().await;
    let by_environment = with_environment(show().env("REGISTRY_CONFIG", "r.toml")).run().await;
    let by_flag = with_flags(with_environment(show().args(["--config", "r.toml"]))).run().await;
    for (line, (key, flag, variable, file, default)) in SAID.iter().enumerate() {
        let is =
            |exited: &Exited, value: &str, source: Value| assert_eq!(shown(exited, key), (value.to_owned(), source), "{key}");
        is(&by_default, default, json!({"kind": "default"}));
        is(&by_file, file, json!({"kind": "file", "path": "r.toml", "line": line + 1}));
        is(&by_environment, variable, json!({"kind": "environment", "name": format!("REGISTRY_{}", key.to_uppercase())}));
        is(&by_flag, flag, json!({"kind": "flag", "name": format!("--{}", key.replace('_', "-"))}));
    }
}

/// An empty variable is none, whatever it is of: the file and the default stand.
#[tokio::test]
async fn an_empty_variable_is_none() {
    let directory = tempdir().unwrap();
    std::fs::write(directory.path().join("r.toml"), "max_watches = 3\ntls_client_role = [\"CN=a:viewer\"]\n").unwrap();
    let show = || settings().iter().fold(quiet(directory.path()), |binary, setting| binary.env(setting.variable(), ""));
    let nothing = show().args(["config", "show", "-o", "json"]).env("REGISTRY_CONFIG", "").run().await;
    for setting in settings() {
        assert_eq!(shown(&nothing, setting.key()).1, json!({"kind": "default"}), "{}", setting.key());
    }
    let file = show().args(["config", "show", "-o", "json"]).env("REGISTRY_CONFIG", "r.toml").run().await;
    for (key, value, line) in [("max_watches", "3", 1), ("tls_client_role", "CN=a:viewer", 2)] {
        assert_eq!(shown(&file, key), (value.to_owned(), json!({"kind": "file", "path": "r.toml", "line": line})));
    }
    let secrets = show().args(["config", "check", "--database-url-file", "url", "--bootstrap-admin-key-file", "a.key"]);
    std::fs::write(directory.path().join("url"), "sqlite:by-file.db\n").unwrap();
    let secrets = secrets.env("REGISTRY_BOOTSTRAP_ADMIN_KEY", "").env("REGISTRY_NOTHING", "").run().await;
    succeeded(&secrets);
    assert!(secrets.output.contains("sqlite by-file.db") && !secrets.log.contains("nothing reads it"), "{secrets:?}");
}

/// What is told by these arguments, wherever the file was.
fn told(arguments: impl IntoIterator<Item = String>) -> Config {
    let arguments: Vec<OsString> = std::iter::once("registry-server".to_owned()).chain(arguments).map(Into::into).collect();
    let mut config = read::<Config>(&arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}")).arguments;
    config.place.config = None;
    config
}

fn of_file(directory: &Path, text: &str) -> Config {
    let file = directory.join("one.toml");
    std::fs::write(&file, text).unwrap();
    told(["--config".to_owned(), file.display().to_string()])
}

/// A value that the setting takes and that is not its default.
fn sample(setting: &Setting) -> String {
    if let Some(word) = setting.words().into_iter().rfind(|word| Some(word) != setting.default().as_ref()) {
        return word;
    }
    let samples = ["sqlite:elsewhere.db", "127.0.0.1:3", "3d", "3", "3000000", "CN=a:viewer"];
    let differs = |sample: &&str| {
        let flag = format!("--{}={sample}", setting.flag());
        Config::try_parse_from(["registry-server", &flag]).is_ok_and(|config| config != told([]))
    };
    samples.into_iter().find(differs).unwrap_or_else(|| panic!("{} takes none of {samples:?}", setting.key())).to_owned()
}

/// Every setting there is, said by the file and by the flag: the server is told the same.
#[test]
fn a_file_says_what_flags_say() {
    let directory = tempdir().unwrap();
    let (mut all_flags, mut all_keys) = (Vec::new(), String::new());
    for setting in settings() {
        let (key, flag) = (setting.key(), setting.flag());
        let (arguments, line) = if setting.kind() == Kind::Switch {
            (vec![format!("--{flag}")], format!("{key} = true\n"))
        } else {
            let sample = sample(&setting);
            let value = match setting.kind() {
                Kind::Switch | Kind::Number => sample.clone(),
                Kind::Size | Kind::Text => format!("{sample:?}"),
                Kind::List => format!("[{sample:?}]"),
            };
            (vec![format!("--{flag}={sample}")], format!("{key} = {value}\n"))
        };
        let by_flag = told(arguments.clone());
        assert_ne!(by_flag, told([]), "{key} is not the default");
        assert_eq!(of_file(directory.path(), &line), by_flag, "{line}");
        if key != "database_url_file" {
            all_flags.extend(arguments);
            all_keys.push_str(&line);
        }
    }
    assert_eq!(of_file(directory.path(), &all_keys), told(all_flags), "all at once");
}

/// A list of the file has as many members as it says; a flag takes the place of all of them.
#[test]
fn a_list_is_taken_as_a_whole() {
    let directory = tempdir().unwrap();
    let text = "tls_client_role = [\"CN=Jane Doe:viewer\", \"DNS=a.example:admin\"]\n";
    assert_eq!(of_file(directory.path(), text).tls.tls_client_role.len(), 2);
    let file = directory.path().join("one.toml").display().to_string();
    let flag = "--tls-client-role=URI=spiffe://a:operator".to_owned();
    let both = told(["--config".to_owned(), file, flag.clone()]);
    assert_eq!(both, told([flag]));
    assert_eq!(of_file(directory.path(), "tls_client_role = []\n"), told([]));
}

/// The server and the commands beside it read the same file: one makes a registry where the other looks for it.
#[tokio::test]
async fn commands_read_the_same_file() {
    let directory = tempdir().unwrap();
    let text = "listen = \"127.0.0.1:0\"\nadmin_listen = \"off\"\ndata_dir = \"elsewhere\"\nmax_watches = 7\nlog = \"off\"\n";
    std::fs::write(directory.path().join("r.toml"), text).unwrap();
    let server = quiet(directory.path()).args(["--config", "r.toml"]).start().await.unwrap();
    assert!(directory.path().join("elsewhere/registry.db").is_file());
    let exited = server.stop().await;
    assert_eq!(exited.log, "");
    let status = quiet(directory.path()).args(["migrate", "status", "--config", "r.toml"]).run().await;
    succeeded(&status);
    assert!(status.output.contains("elsewhere/registry.db"), "{}", status.output);
    let backup = quiet(directory.path()).env("REGISTRY_CONFIG", "r.toml").args(["backup", "copy.db"]).run().await;
    succeeded(&backup);
    assert!(directory.path().join("copy.db").is_file());
}
