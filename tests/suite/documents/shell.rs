//! A shell in which the blocks of a document are run one after the other, as somebody would who reads it: in an empty directory, with
//! the programs of the registry on the path.
//!
//! May not: change what a block does, but where things are (`standing_in`).

use super::block::{Block, Document, Note, Use, top};
use registry_tests::binary::{executable, registryctl};
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::{TempDir, tempdir};
use tokio::process::Command;
use tokio::time::timeout;

/// Longer than any document takes.
const PATIENCE: Duration = Duration::from_secs(300);

/// Said once in each shell: what fails ends it, and a server is waited for until it says that it listens.
const BEGINNING: &str = r#"
set -euo pipefail
shopt -s inherit_errexit
listening() {
  for _ in $(seq 600); do
    if grep --quiet ' listening on ' "$1"; then return; fi
    if ! kill -0 "$2" 2>/dev/null; then cat "$1" >&2; echo "it ended before it listened" >&2; exit 1; fi
    sleep 0.1
  done
  cat "$1" >&2; echo "it does not listen" >&2; exit 1
}
"#;

/// `cargo run -p PACKAGE … -- ARGUMENTS`, without building what is built; `cargo install` has happened, of what there is.
const CARGO: &str = r#"#!/bin/bash
set -euo pipefail
program=
case "$1" in
  install)
    [[ $2 == --path && -f $TOP/$3/Cargo.toml ]]
    if [[ ${4:-} == --features ]]; then grep --quiet "^$5 = " "$TOP/$3/Cargo.toml"; fi
    exit ;;
  run) shift ;;
  *) echo "cargo $1: not here" >&2; exit 1 ;;
esac
while (($#)); do
  case "$1" in
    --bin) program=$2; shift 2 ;;
    --example) program=$EXAMPLES/$2; shift 2 ;;
    -p|--package)
      [[ -f $TOP/$2/Cargo.toml ]]
      if [[ -z $program ]]; then program=$2; fi
      shift 2 ;;
    --features) shift 2 ;;
    --release|--quiet|-q|--locked) shift ;;
    --) shift; break ;;
    *) echo "cargo run $1: not here" >&2; exit 1 ;;
  esac
done
exec "$program" "$@"
"#;

/// Where a document is tried.
pub(crate) struct Shell {
    directory: TempDir,
    standing_in: Vec<(String, String)>,
    environment: Vec<(String, String)>,
}

impl Shell {
    pub(crate) fn new() -> Self {
        let shell = Self { directory: tempdir().unwrap(), standing_in: Vec::new(), environment: Vec::new() };
        for directory in ["bin", "home", "here"] {
            fs::create_dir(shell.path(directory)).unwrap();
        }
        for program in [executable(), registryctl()] {
            std::os::unix::fs::symlink(program, shell.path("bin").join(program.file_name().unwrap())).unwrap();
        }
        let cargo = shell.path("bin/cargo");
        fs::write(&cargo, CARGO).unwrap();
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
        let (grpc, admin) = (free_port(), free_port());
        let shell = shell.standing_in("127.0.0.1:50051", &grpc).standing_in("127.0.0.1:50052", &admin);
        shell
            .env("REGISTRY_LISTEN", &grpc)
            .env("REGISTRY_ADMIN_LISTEN", &admin)
            .env("REGISTRY_ENDPOINT", &format!("http://{grpc}"))
    }

    /// What a document calls `this` is there in the test, for example a file in `/var`.
    pub(crate) fn standing_in(mut self, this: &str, there: &str) -> Self {
        self.standing_in.push((this.to_owned(), there.to_owned()));
        self
    }

    /// The same for a directory, which is empty.
    pub(crate) fn directory(self, this: &str) -> Self {
        let there = self.path(&format!("root{this}"));
        fs::create_dir_all(&there).unwrap();
        let there = there.to_str().unwrap().to_owned();
        self.standing_in(this, &there)
    }

    /// The PostgreSQL of the tests, for what a document calls by `url`, and for the tools of PostgreSQL.
    #[cfg(feature = "postgres")]
    pub(crate) fn postgres(self, url: &str) -> Self {
        let there = std::env::var("REGISTRY_TEST_POSTGRES_URL").expect("REGISTRY_TEST_POSTGRES_URL, which tests/run sets");
        let server = there.rsplit_once('/').expect("a URL with a database").0.to_owned();
        let (user, address) = server.trim_start_matches("postgres://").split_once('@').expect("a URL with a user");
        let (host, port) = address.split_once(':').expect("a URL with a port");
        self.env("PGUSER", user).env("PGHOST", host).env("PGPORT", port).standing_in(url, &server)
    }

    /// With this in its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A place in the directory of this shell. The blocks begin in `here`.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// Runs a document; what it said, if every block did what it is for.
    pub(crate) async fn run(&self, document: &Document) -> String {
        self.bash(&document.name, &self.script(document)).await
    }

    /// Runs what has happened before somebody reads the document.
    #[cfg(feature = "postgres")]
    pub(crate) async fn before(&self, commands: &str) {
        self.bash("what comes before", &format!("{BEGINNING}\n{}", self.here(commands))).await;
    }

    async fn bash(&self, name: &str, script: &str) -> String {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap_or_default());
        let examples = executable().parent().unwrap_or(Path::new(".")).join("examples");
        let mut bash = Command::new("bash");
        bash.arg("-c").arg(script).env_clear().env("PATH", path).env("HOME", self.path("home"));
        bash.env("EXAMPLES", examples).env("TOP", top());
        bash.envs(self.environment.iter().map(|(name, value)| (name, value)));
        bash.current_dir(self.path("here")).process_group(0).kill_on_drop(true);
        let said = self.path("said");
        let file = fs::File::create(&said).unwrap();
        let mut bash =
            bash.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).spawn().expect("bash can be executed");
        let group = bash.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)).expect("a process");
        let status = timeout(PATIENCE, bash.wait()).await;
        // The servers beside it end with it.
        let _ = kill_process_group(group, Signal::KILL);
        let said = fs::read_to_string(said).unwrap();
        let status = status.unwrap_or_else(|_| panic!("{name} takes longer than {PATIENCE:?}:\n{said}")).unwrap();
        assert!(status.success(), "{name}: {status}:\n{said}");
        said
    }

    fn script(&self, document: &Document) -> String {
        let mut script = BEGINNING.to_owned();
        for block in document.shell() {
            script.push_str(&format!("echo '== {}:{}' >&2\n", document.name, block.line));
            script.push_str(&self.lines(block));
        }
        script
    }

    fn lines(&self, block: &Block) -> String {
        let Note { becomes, first } = &block.note;
        let text = self.here(&format!("{first}\n{}", block.text));
        match becomes {
            Use::Not(_) => String::new(),
            Use::Run => text,
            Use::Beside => {
                let log = self.path(&format!("log-{}", block.line));
                let log = log.display();
                format!("(\n{text}\n) >'{log}' 2>&1 &\nlistening '{log}' $!\n")
            }
        }
    }

    /// What a document says, with what stands in for its addresses and places.
    pub(crate) fn here(&self, text: &str) -> String {
        self.standing_in.iter().fold(text.to_owned(), |text, (this, there)| text.replace(this, there))
    }
}

/// An address on this machine at which nobody listens just now.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// A command that fails is not passed over, wherever it stands.
#[tokio::test]
async fn what_fails_in_a_document_is_noticed() {
    let document = |text: &str| Document {
        name: "a document".to_owned(),
        blocks: vec![Block {
            line: 1,
            language: "sh".to_owned(),
            text: text.to_owned(),
            note: Note { becomes: Use::Run, first: String::new() },
        }],
    };
    for failing in ["false\ntrue\n", "false | true\n", "x=$(false)\n", "registryctl no-such-command\n", "echo $unset\n"] {
        let outcome = tokio::spawn(async move { Shell::new().run(&document(failing)).await }).await;
        assert!(outcome.is_err(), "{failing:?} went through: {outcome:?}");
    }
    assert!(Shell::new().run(&document("echo found\n")).await.contains("found"));
}
