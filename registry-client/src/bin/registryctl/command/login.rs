//! `registryctl login`: a registry is remembered, if it lets its caller in.

use clap::Args;
use registry_client::Client;

use crate::ask;
use crate::connection::Key;
use crate::context::Contexts;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Remembers a registry and credentials under a name, and uses them from then on
///
/// They are tried first. The key is asked for without being shown, or read from standard input where that is no terminal; it is kept in the
/// configuration, which nobody else can read. With --api-key-file, only the name of that file is kept. No key at all is fine for a registry
/// that knows its callers by their certificates.
#[derive(Debug, Args)]
pub struct Login {
    /// The name to remember them under
    #[arg(default_value = "default")]
    name: String,
}

impl Login {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { name } = self;
        let path = session.connection.config()?;
        let mut contexts = Contexts::load(&path)?;
        let mut context = session.connection.said()?;
        if context.api_key_file.is_none() && context.client_certificate.is_none() {
            context.api_key = Some(ask::secret("API key").await?).filter(|key| !key.is_empty());
        }
        let key = context.api_key_file.clone().map(Key::File).or_else(|| context.api_key.clone().map(Key::Secret));
        let as_whom = greet(&session.connection.connect(&context, key.clone()).await?, key.is_some()).await?;
        let endpoint = context.endpoint.clone();
        contexts.contexts.insert(name.clone(), context);
        contexts.current = Some(name.clone());
        contexts.save(&path)?;
        session.output.say(&format!("logged in to {endpoint}{as_whom}, remembered as `{name}` in {}", path.display()));
        Ok(Exit::Done)
    }
}

/// Who is known there. Without a key, that somebody is there.
async fn greet(client: &Client, has_key: bool) -> Result<String, Failure> {
    if !has_key {
        client.server_info().send().await?;
        return Ok(String::new());
    }
    let key = client.get_caller_api_key().send().await?;
    let role = key.role().as_str_name().trim_start_matches("ROLE_").to_lowercase();
    Ok(format!(" as {} ({role})", key.name))
}
