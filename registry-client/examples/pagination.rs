//! Lists models in three ways: one page, page by page, and item by item.
//!
//! `cargo run --example pagination -- http://127.0.0.1:50051`
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a terminal")]

use std::process::ExitCode;

use futures::TryStreamExt as _;
use registry_client::{Client, Error, ModelFilter, ModelOrder};

#[tokio::main]
async fn main() -> ExitCode {
    let endpoint = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:50051".to_owned());
    match run(endpoint).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(endpoint: String) -> Result<(), Error> {
    let client = Client::connect(endpoint).await?;
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
