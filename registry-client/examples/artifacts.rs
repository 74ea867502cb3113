//! Uploads a file as an artifact of a release, shows how far it is, and downloads it back.
//!
//! `cargo run --example artifacts -- FILE http://127.0.0.1:50051`, with an API key in the environment variable REGISTRY_API_KEY, or in the
//! file registry-data/admin.key, where a server that was started here has put the first one.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a terminal")]
#![expect(clippy::disallowed_methods, reason = "an example is no server, whose settings are in one place")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use registry_client::{Client, Error, ErrorReason, Release, ReleaseRef, TransferProgress};

const MODEL: &str = "quickstart/llama-3-7b";

#[tokio::main]
async fn main() -> ExitCode {
    let Some(file) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("which file?");
        return ExitCode::FAILURE;
    };
    let endpoint = std::env::args().nth(2).unwrap_or_else(|| "http://127.0.0.1:50051".to_owned());
    let key = std::env::var("REGISTRY_API_KEY").or_else(|_| std::fs::read_to_string("registry-data/admin.key"));
    let Ok(key) = key else {
        eprintln!("no API key: set REGISTRY_API_KEY");
        return ExitCode::FAILURE;
    };
    match run(endpoint, key.trim(), &file).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(endpoint: String, key: &str, file: &Path) -> Result<(), Error> {
    let client = Client::builder(endpoint).api_key(key).connect().await?;
    let release = release(&client).await?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();

    let upload = client.upload_artifact(&release, name.clone()).progress(|so_far| show("sent", so_far));
    let artifact = match upload.send_file(file).await {
        Err(error) if error.reason() == Some(ErrorReason::ArtifactAlreadyExists) => {
            println!("{name} is there already: {error}");
            return Ok(());
        }
        other => other?,
    };
    println!("{} has the id {} and the checksum {}", artifact.name, artifact.id, artifact.checksum);

    let copy = file.with_file_name(format!("{name}.copy"));
    // Called again after it has failed, it goes on where it stopped.
    client.download_artifact(&artifact.id).progress(|so_far| show("received", so_far)).save(&copy).await?;
    println!("the same bytes are in {}", copy.display());
    Ok(())
}

/// The release that the example is about, made if it is not there.
async fn release(client: &Client) -> Result<Release, Error> {
    match client.create_model(MODEL, "s3://models/llama-3-7b/").send().await {
        Err(error) if error.reason() == Some(ErrorReason::ModelAlreadyExists) => {}
        other => drop(other?),
    }
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    match client.create_release(MODEL, "1.0.0").digest(digest).send().await {
        Err(error) if error.reason() == Some(ErrorReason::ReleaseAlreadyExists) => {
            client.get_release(ReleaseRef::key(MODEL, "1.0.0")).send().await
        }
        other => other,
    }
}

fn show(what: &str, TransferProgress { transferred_bytes, total_bytes, .. }: TransferProgress) {
    match total_bytes {
        Some(total) => println!("{what} {transferred_bytes} of {total} bytes"),
        None => println!("{what} {transferred_bytes} bytes"),
    }
}
