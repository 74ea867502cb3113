//! Lists models in three ways: one page, page by page, and item by item.
//!
//! `cargo run --example pagination -- http://127.0.0.1:50051`, with an API key in the environment variable REGISTRY_API_KEY, or in the file
//! registry-data/admin.key, where a server that was started here has put the first one.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a terminal")]
#![expect(clippy::disallowed_methods, reason = "an example is no server, whose settings are in one place")]

use std::process::ExitCode;

use futures::TryStreamExt as _;
use registry_client::{Client, Error, ModelFilter, ModelOrder};

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
    let chat = ModelFilter { tags_any: vec!["chat".to_owned()], ..Default::default() };

    // One page, and the way to the next.
    let page = client.list_models().filter(chat.clone()).page_size(7).include_total_size().send().await?;
    println!("{} of {} models", page.items.len(), page.total_size.unwrap_or_default());
    if let Some(token) = page.next_page_token {
        let next = client.list_models().filter(chat.clone()).page_size(7).page_token(token).send().await?;
        println!("{} more", next.items.len());
    }

    // Every page.
    let mut pages = client.list_models().filter(chat).page_size(7).pages();
    while let Some(page) = pages.try_next().await? {
        println!("a page of {} as of revision {}", page.items.len(), page.revision);
    }

    // Every item, wherever the pages end.
    let names: Vec<_> = client.list_models().order(ModelOrder::NameAsc).items().map_ok(|model| model.name).try_collect().await?;
    println!("all names: {names:?}");
    Ok(())
}
