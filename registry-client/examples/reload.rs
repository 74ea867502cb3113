//! A process that serves a model and always serves the release that "production" points to: it asks a resolver that is kept current by a
//! watch, and loads another release beside the one that serves, without a request that waits or fails.
//!
//! `cargo run --example reload -- MODEL`, with the registry and the key as `Client::from_env` takes them. Each line of standard input is a
//! request, and is answered with a line.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a terminal")]

use std::process::ExitCode;
use std::sync::{Arc, RwLock};

use registry_client::{CachedResolver, Client, Error, Release};
use tokio::io::{AsyncBufReadExt as _, BufReader};

const ALIAS: &str = "production";

/// A release that is in memory. Here go its weights.
struct Loaded {
    release: Arc<Release>,
}

impl Loaded {
    /// What takes its time: the bytes of `client.list_artifacts().release(…)`, a warm-up.
    async fn load(release: Arc<Release>) -> Result<Self, Error> {
        Ok(Self { release })
    }

    fn answer(&self, request: &str) -> String {
        format!("{} says: {} letters", self.release.version, request.chars().count())
    }
}

/// What serves, and what knows which release that should be.
struct Server {
    model: String,
    resolver: CachedResolver,
    serving: RwLock<Arc<Loaded>>,
}

impl Server {
    async fn start(client: &Client, model: String) -> Result<Self, Error> {
        let resolver = CachedResolver::start(client);
        let production = resolver.resolve(model.as_str(), ALIAS).await?;
        let serving = RwLock::new(Arc::new(Loaded::load(production.release).await?));
        Ok(Self { model, resolver, serving })
    }

    /// What serves now. Who has it keeps it to the end of his request, also if another one takes its place.
    fn serving(&self) -> Option<Arc<Loaded>> {
        self.serving.read().ok().map(|serving| Arc::clone(&serving))
    }

    /// Loads another release if there is one to serve. From memory, as long as nothing has changed: so before each request.
    async fn reload(&self) -> Result<(), Error> {
        let production = self.resolver.resolve(self.model.as_str(), ALIAS).await?;
        if self.serving().is_some_and(|serving| serving.release.id == production.release.id) {
            return Ok(());
        }
        let loaded = Arc::new(Loaded::load(production.release).await?);
        if let Ok(mut serving) = self.serving.write() {
            *serving = loaded;
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(model) = std::env::args().nth(1) else {
        eprintln!("usage: reload MODEL");
        return ExitCode::from(2);
    };
    match serve(model).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(model: String) -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::from_env().await?;
    let server = Server::start(&client, model).await?;
    let mut requests = BufReader::new(tokio::io::stdin()).lines();
    while let Some(request) = requests.next_line().await? {
        // A registry that cannot be asked is no reason not to serve.
        if let Err(error) = server.reload().await {
            eprintln!("serving on what is loaded: {error}");
        }
        if let Some(serving) = server.serving() {
            println!("{}", serving.answer(&request));
        }
    }
    Ok(())
}
