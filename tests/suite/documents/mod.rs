//! What the documents tell people to do works: every block for a shell is run as it stands, or says above itself why it is not.

mod block;
mod quoted;
mod shell;

use crate::importing;
use block::{Document, Use};
#[cfg(feature = "postgres")]
use registry_client::ReleaseRef;
use registry_tests::binary::Binary;
#[cfg(feature = "postgres")]
use registry_tests::{binary::Running, given};
use shell::Shell;
#[cfg(feature = "postgres")]
use std::time::Duration;
use tempfile::tempdir;

/// The documents with blocks for a shell, each of which is run below.
const RUN: [&str; 6] =
    ["README.md", "docs/BACKUP.md", "docs/CONFIGURATION.md", "docs/IMPORTING.md", "docs/OBSERVABILITY.md", "docs/TRANSFER.md"];

/// A new block is run, or has a reason not to be.
#[test]
fn every_block_for_a_shell_belongs_to_a_document_that_is_run() {
    for document in Document::all() {
        for block in document.shell() {
            let at = format!("{}:{}", document.name, block.line);
            match &block.note.becomes {
                Use::Not(reason) => assert!(reason.len() > 10, "{at} is not run, for no reason"),
                Use::Run | Use::Beside => assert!(RUN.contains(&document.name.as_str()), "{at} is not run by any test"),
            }
        }
    }
}

/// A fence without a language is nobody's: neither run nor coloured.
#[test]
fn every_block_says_what_it_is() {
    for document in Document::all() {
        for block in &document.blocks {
            let at = format!("{}:{}", document.name, block.line);
            assert!(!block.language.is_empty(), "{at} begins with ``` and nothing behind it: `text` if it is none");
        }
    }
}

/// From the first command to the release that is production.
#[cfg(feature = "grpcurl")]
#[tokio::test]
async fn readme() {
    let said = Shell::new().run(&Document::read("README.md")).await;
    assert!(said.contains("llama-3-8b") && said.contains("DEPLOYMENT_STATE_RUNNING"), "{said}");
}

/// A registry with a model, a release and an artifact of it, whose id this is.
#[cfg(feature = "postgres")]
async fn filled(server: &Running) -> String {
    let client = server.client().await;
    client.create_model("m", "s3://m").send().await.unwrap();
    client.create_release("m", "1").digest(given::digest(1)).send().await.unwrap();
    let artifact = client.upload_artifact(ReleaseRef::key("m", "1"), "file").send_bytes("bytes").await.unwrap();
    artifact.id
}

/// Both databases are saved and put back.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn backup() {
    let shell = Shell::new().directory("/var/lib/registry").directory("/backup").postgres("postgres://registry@db");
    let (here, data) = (shell.path("here"), shell.path("root/var/lib/registry").to_str().unwrap().to_owned());
    let url = shell.here("postgres://registry@db/registry");
    shell.before("dropdb --if-exists registry; createdb registry").await;
    let on_postgres = Binary::on_free_port(&here).args(["--database-url", &url]).start().await.unwrap();
    filled(&on_postgres).await;
    on_postgres.stop().await;
    let server = Binary::on_free_port(&here).args(["--data-dir", &data]).start().await.unwrap();
    let artifact = filled(&server).await;
    let pid = server.pid().to_string();
    let reaped = tokio::spawn(server.exited(Duration::from_secs(120)));
    let shell = shell.env("SERVER", &pid);
    shell.run(&Document::read("docs/BACKUP.md")).await;
    reaped.await.unwrap();
    for place in [["--database-url", &url], ["--data-dir", &data]] {
        let restored = Binary::on_free_port(&here).args(place).start().await.unwrap();
        let models = restored.client().await.list_models().send().await.unwrap().items;
        assert_eq!(models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["m"], "{place:?}");
        if place[0] == "--data-dir" {
            assert_eq!(restored.client().await.download_artifact(&artifact).bytes().await.unwrap(), "bytes");
        }
        restored.stop().await;
    }
}

#[tokio::test]
async fn configuration() {
    let said = Shell::new().run(&Document::read("docs/CONFIGURATION.md")).await;
    assert!(said.contains("max_watches"), "{said}");
}

#[tokio::test]
async fn observability() {
    Shell::new().run(&Document::read("docs/OBSERVABILITY.md")).await;
}

/// One after the other into one registry.
#[tokio::test]
async fn importing() {
    let (catapult, modelforge) = (importing::some_catapult().await, importing::some_modelforge().await);
    let (mlflow, team) = (importing::some_mlflow().await, importing::some_mlflow_of_a_team().await);
    let shell = Shell::new()
        .standing_in("postgres://reader@old-db/catapult", &catapult.url())
        .standing_in("/home/u/.local/share/ModelForge/modelforge.sqlite", modelforge.path().to_str().unwrap())
        .standing_in("postgres://reader@db/mlflow", team.path().to_str().unwrap())
        .standing_in("mlflow.db", mlflow.path().to_str().unwrap());
    let database = format!("sqlite://{}", shell.path("here/registry.db").display());
    std::fs::write(shell.path("here/salt"), importing::SALT).unwrap();
    shell.env("REGISTRY_DATABASE_URL", &database).run(&Document::read("docs/IMPORTING.md")).await;
}

/// From one registry into another.
#[tokio::test]
async fn transfer() {
    let (from, to) = (tempdir().unwrap(), tempdir().unwrap());
    let from = Binary::on_free_port(from.path()).start().await.unwrap();
    let to = Binary::on_free_port(to.path()).start().await.unwrap();
    from.client().await.create_model("moved", "s3://moved").send().await.unwrap();
    let shell = Shell::new()
        .directory("/run/secrets")
        .standing_in("https://registry.internal:50051", &from.endpoint())
        .standing_in("https://new.internal:50051", &to.endpoint());
    std::fs::write(shell.path("root/run/secrets/registry-key"), registry_tests::keys::ADMIN).unwrap();
    shell.run(&Document::read("docs/TRANSFER.md")).await;
    to.client().await.get_model("moved").send().await.unwrap();
}
