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
/// configuration, which nobody else can read. With --api-key-file, only the name of that file is kept. With --client-certificate, no key is
/// asked for: the registry knows its caller by that.
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
        // What cannot be read cannot be added to, whoever the caller is.
        Contexts::load(&path)?;
        let mut context = session.connection.said()?;
        if context.api_key_file.is_none() && context.client_certificate.is_none() {
            let key = ask::secret("API key").await?;
            if key.is_empty() {
                return Err(Failure::Usage("no key was given, and nothing is remembered".to_owned()));
            }
            context.api_key = Some(key);
        }
        let key = context.api_key_file.clone().map(Key::File).or_else(|| context.api_key.clone().map(Key::Secret));
        let as_whom = greet(&session.connection.connect(&context, key.clone()).await?, key.is_some()).await?;
        let endpoint = context.endpoint.clone();
        Contexts::change(&path, |contexts| {
            contexts.contexts.insert(name.clone(), context);
            contexts.current = Some(name.clone());
            Ok(())
        })?;
        session.output.say(&format!("logged in to {endpoint}{as_whom}, remembered as `{name}` in {}", path.display()));
        Ok(Exit::Done)
    }
}

/// Who is known there. A certificate has no name that could be asked for: that it is let in is enough.
async fn greet(client: &Client, has_key: bool) -> Result<String, Failure> {
    if !has_key {
        client.list_models().page_size(1).send().await?;
        return Ok(String::new());
    }
    let key = client.get_caller_api_key().send().await?;
    let role = key.role().as_str_name().trim_start_matches("ROLE_").to_lowercase();
    Ok(format!(" as {} ({role})", key.name))
}
