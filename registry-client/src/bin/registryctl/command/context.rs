//! `registryctl context`: what is remembered of registries. May not: print a key, or a part of one.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::logout::forget;
use crate::context::{Context as Remembered, Contexts};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Table;
use crate::session::Session;

/// What can be done with contexts.
#[derive(Debug, Subcommand)]
pub enum Context {
    /// Lists what is remembered
    List,
    /// Prints one: the one that is named, or the one that is used
    Show {
        /// Its name
        name: Option<String>,
    },
    /// Uses another one from now on
    Use {
        /// Its name
        name: String,
    },
    /// Forgets one, like `logout`
    Delete {
        /// Its name
        name: String,
    },
}

impl Context {
    pub(super) fn run(self, session: &Session) -> Result<Exit, Failure> {
        let path = session.connection.config()?;
        match self {
            Self::List => list(session, &Contexts::load(&path)?)?,
            Self::Show { name } => {
                let contexts = Contexts::load(&path)?;
                let name = name.as_deref().or(session.connection.context_name()).or(contexts.current.as_deref());
                let name = name.ok_or_else(|| Failure::Usage("no context is used: `registryctl login` makes one".to_owned()))?;
                let context = contexts.named(name)?;
                let current = contexts.current.as_deref() == Some(name);
                let mut table = table();
                row(&mut table, name, current, context);
                session.output.value(&value(name, current, context), table, name)?;
            }
            Self::Use { name } => {
                Contexts::change(&path, |contexts| {
                    contexts.named(&name)?;
                    contexts.current = Some(name.clone());
                    Ok(())
                })?;
                session.output.say(&format!("using `{name}`"));
            }
            Self::Delete { name } => {
                Contexts::change(&path, |contexts| forget(contexts, &name))?;
                session.output.say(&format!("forgot `{name}`"));
            }
        }
        Ok(Exit::Done)
    }
}

fn list(session: &Session, contexts: &Contexts) -> Result<(), Failure> {
    let (mut table, mut values) = (table(), Vec::new());
    for (name, context) in &contexts.contexts {
        let current = contexts.current.as_ref() == Some(name);
        row(&mut table, name, current, context);
        values.push(value(name, current, context));
    }
    let names: Vec<String> = contexts.contexts.keys().cloned().collect();
    session.output.values(&values, table, &names)
}

fn table() -> Table {
    Table::new(["CURRENT", "NAME", "ENDPOINT", "KEY", "CA", "CERTIFICATE"])
}

fn row(table: &mut Table, name: &str, current: bool, context: &Remembered) {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let (ca, certificate) = (path(&context.ca_file), path(&context.client_certificate));
    table.row([if current { "*" } else { "" }, name, &context.endpoint, &key(context), &ca, &certificate]);
}

/// Where the key is.
fn key(context: &Remembered) -> String {
    match (&context.api_key_file, &context.api_key) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(_)) => "remembered".to_owned(),
        (None, None) => "none".to_owned(),
    }
}

fn value(name: &str, current: bool, context: &Remembered) -> Value {
    let Remembered { endpoint, api_key: _, api_key_file: _, ca_file, client_certificate, client_key, insecure_plaintext_key } =
        context;
    json!({
        "name": name,
        "current": current,
        "endpoint": endpoint,
        "key": key(context),
        "caFile": ca_file,
        "clientCertificate": client_certificate,
        "clientKey": client_key,
        "insecurePlaintextKey": insecure_plaintext_key,
    })
}
