//! The program around it: `user-of-the-registry MODEL`, with the registry that the environment names.

use registry_client::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = std::env::args().nth(1).ok_or("which model?")?;
    println!("{}", user_of_the_registry::image(&Client::from_env().await?, &model).await?);
    Ok(())
}
