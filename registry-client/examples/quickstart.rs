//! Registers a model and a release, finds them again, asks which release is the newest, and makes an alias point to it.
//!
//! `cargo run --example quickstart -- http://127.0.0.1:50051`, with an API key in the environment variable REGISTRY_API_KEY, or in the file
//! registry-data/admin.key, where a server that was started here has put the first one.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a terminal")]
#![expect(clippy::disallowed_methods, reason = "an example is no server, whose settings are in one place")]

use std::process::ExitCode;

use futures::TryStreamExt as _;
use registry_client::{Client, Error, ErrorReason};
use serde_json::json;

#[tokio::main]
async fn main() -> ExitCode {
    let endpoint = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:50051".to_owned());
    let key = std::env::var("REGISTRY_API_KEY").or_else(|_| std::fs::read_to_string("registry-data/admin.key"));
    let Ok(key) = key else {
        eprintln!("no API key: set REGISTRY_API_KEY");
        return ExitCode::FAILURE;
    };
    match run(endpoint, key.trim()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(endpoint: String, key: &str) -> Result<(), Error> {
    let client = Client::builder(endpoint).api_key(key).connect().await?;

    let model = client
        .create_model("quickstart/llama-3-7b", "s3://models/llama-3-7b/")
        .repository("docker.io/acme/llama")
        .tag("chat")
        .label("team", "nlp")
        .metadata(json!({"license": "llama-3", "context": 8192}))
        .send()
        .await;
    let model = match model {
        Err(error) if error.reason() == Some(ErrorReason::ModelAlreadyExists) => {
            println!("it is not the first time: {error}");
            client.get_model("quickstart/llama-3-7b").send().await?
        }
        other => other?,
    };
    println!("model {} has the id {}", model.name, model.id);

    let release = client
        .create_release(&model, "1.0.0")
        .quantization("fp16")
        .digest(format!("sha256:{}", "0123456789abcdef".repeat(4)))
        .release_notes("The first one.")
        .send()
        .await;
    match release {
        Err(error) if error.reason() == Some(ErrorReason::ReleaseAlreadyExists) => println!("nor for the release: {error}"),
        other => println!("released as number {}", other?.number),
    }

    let mut releases = client.list_releases().model(&model).items();
    while let Some(release) = releases.try_next().await? {
        println!("- {} for {}, tagged {}", release.version, release.platform, release.tag);
    }

    let answer = client.resolve_release(&model).latest().send_with_meta().await?;
    println!("latest is {} as of revision {}", answer.value.version, answer.revision.unwrap_or_default());

    let alias = client.set_release_alias(&answer.value, "production").reason("It is the newest.").send().await?;
    let resolve = client.resolve_release(&model).alias("production").min_revision(alias.revision);
    println!("production is {}", resolve.send().await?.version);
    Ok(())
}
