//! Which registry, and as whom: the flags that every command has, the environment, and the context. May not: print a key, or a part of one.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use registry_client::{Client, Error, RetryPolicy, Tls};

use crate::context::{self, Context, Contexts};
use crate::failure::Failure;

/// More than any key has.
const LONGEST_KEY: u64 = 4096;
/// More than any chain of certificates has.
const LONGEST_PEM: u64 = 4 * 1024 * 1024;
/// What is asked if nothing is said.
const ENDPOINT: &str = "http://127.0.0.1:50051";

/// Where the registry is, and the credentials. A flag goes before the environment, the environment before the context, and a context that is named
/// by a flag before the environment. The credentials of a context go to its own endpoint and to no other.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// What `login` has remembered under this name, instead of the current context
    #[arg(long, env = "REGISTRY_CONTEXT", hide_env_values = true, value_name = "NAME", global = true)]
    context: Option<String>,

    /// Where the registry listens: http://HOST:PORT, or https://HOST:PORT with TLS [default: http://127.0.0.1:50051]
    #[arg(long, env = "REGISTRY_ENDPOINT", hide_env_values = true, value_name = "URL", global = true)]
    endpoint: Option<String>,

    /// The file with the API key; without it, the environment variable REGISTRY_API_KEY holds the key itself
    #[arg(long, env = "REGISTRY_API_KEY_FILE", hide_env_values = true, value_name = "FILE", global = true)]
    api_key_file: Option<PathBuf>,

    /// The authorities, as PEM, that may vouch for the registry, instead of those that this machine trusts
    #[arg(long, env = "REGISTRY_CA_FILE", hide_env_values = true, value_name = "FILE", global = true)]
    ca_file: Option<PathBuf>,

    /// The certificate, as PEM, to show to the registry, with what leads to its authority
    #[arg(
        long,
        env = "REGISTRY_CLIENT_CERTIFICATE",
        hide_env_values = true,
        value_name = "FILE",
        requires = "client_key",
        global = true
    )]
    client_certificate: Option<PathBuf>,

    /// The private key of that certificate, as PEM
    #[arg(
        long,
        env = "REGISTRY_CLIENT_KEY",
        hide_env_values = true,
        value_name = "FILE",
        requires = "client_certificate",
        global = true
    )]
    client_key: Option<PathBuf>,

    /// Send the API key without TLS to another machine, where whoever is on the way can read it
    #[arg(long, global = true)]
    insecure_plaintext_key: bool,

    /// How long a call may take, with everything that is tried again meanwhile
    #[arg(long, env = "REGISTRY_TIMEOUT", hide_env_values = true, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration, global = true)]
    timeout: Duration,

    /// The file that contexts are remembered in, instead of registryctl/config.toml where this user keeps settings
    #[arg(long = "config", env = "REGISTRYCTL_CONFIG", hide_env_values = true, value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    /// Whether the environment counts for nothing, because a flag names a context.
    #[arg(skip)]
    by_flag: bool,

    /// Whether the file of the key is the one of the environment.
    #[arg(skip)]
    key_file_of_environment: bool,
}

/// A key, or where it is. It has no `Debug`.
#[derive(Clone)]
pub enum Key {
    /// The key.
    Secret(String),
    /// The file that holds it.
    File(PathBuf),
}

impl Connection {
    /// Finds out what was said by flags: a context that was named by one goes before the environment.
    pub fn settle(&mut self, matches: &ArgMatches) {
        let source = |argument: &str| matches.value_source(argument);
        self.by_flag = source("context") == Some(ValueSource::CommandLine);
        let from_environment = |argument: &str| source(argument) == Some(ValueSource::EnvVariable);
        self.key_file_of_environment = !self.by_flag && from_environment("api_key_file");
        if !self.by_flag {
            return;
        }
        if from_environment("endpoint") {
            self.endpoint = None;
        }
        for (argument, value) in [
            ("api_key_file", &mut self.api_key_file),
            ("ca_file", &mut self.ca_file),
            ("client_certificate", &mut self.client_certificate),
            ("client_key", &mut self.client_key),
        ] {
            if from_environment(argument) {
                *value = None;
            }
        }
    }

    /// The file that contexts are remembered in.
    pub fn config(&self) -> Result<PathBuf, Failure> {
        context::place(self.config.as_deref())
    }

    /// What flags and the environment say, without any context, to be remembered as one. Names of files become absolute.
    pub fn said(&self) -> Result<Context, Failure> {
        let absolute =
            |path: &Option<PathBuf>| path.as_ref().map(|path| std::path::absolute(path).map_err(Failure::file(path))).transpose();
        Ok(Context {
            endpoint: self.endpoint.clone().unwrap_or_else(|| ENDPOINT.to_owned()),
            api_key: None,
            api_key_file: absolute(&self.api_key_file)?,
            ca_file: absolute(&self.ca_file)?,
            client_certificate: absolute(&self.client_certificate)?,
            client_key: absolute(&self.client_key)?,
            insecure_plaintext_key: self.insecure_plaintext_key,
        })
    }

    /// The name of the context that is asked for.
    pub fn context_name(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// How long a call may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Which registry is meant, and as whom: what is said, completed by the context.
    fn target(&self) -> Result<Context, Failure> {
        let contexts = match self.config() {
            // Where nothing can be remembered, nothing is.
            Err(_) if self.context.is_none() => Contexts::default(),
            path => Contexts::load(&path?)?,
        };
        let mut target = self.said()?;
        if let Some(chosen) = contexts.chosen(self.context.as_deref())? {
            if self.endpoint.is_none() {
                target.endpoint.clone_from(&chosen.endpoint);
            }
            if target.endpoint == chosen.endpoint {
                complete(&mut target, chosen);
            }
        }
        Ok(target)
    }

    /// A client of the registry that is meant.
    pub async fn client(&self) -> Result<Client, Failure> {
        let target = self.target()?;
        if self.key_file_of_environment && environment_key().is_some() {
            let why = "REGISTRY_API_KEY and REGISTRY_API_KEY_FILE are both set: leave one of them out";
            return Err(Failure::Usage(why.to_owned()));
        }
        let key = match (&self.api_key_file, environment_key().filter(|_| !self.by_flag)) {
            (None, Some(key)) => Some(Key::Secret(key)),
            _ => target.api_key_file.clone().map(Key::File).or_else(|| target.api_key.clone().map(Key::Secret)),
        };
        self.connect(&target, key).await
    }

    /// Says where it was that nobody has answered any more.
    pub fn explain(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Registry(error @ (Error::Transport(_) | Error::DeadlineExceeded(_))) if is_unanswered(&error) => {
                match self.target() {
                    Ok(target) => Failure::Unreachable { endpoint: target.endpoint, error },
                    Err(_) => Failure::Registry(error),
                }
            }
            failure => failure,
        }
    }

    /// A client that is patient once it is connected: a registry that is started again is waited for, for about a minute where there is no
    /// deadline (export, import, watch), and otherwise for as long as a call may take.
    pub async fn connect(&self, context: &Context, key: Option<Key>) -> Result<Client, Failure> {
        let retry = RetryPolicy::default().max_attempts(20).max_delay(Duration::from_secs(3));
        let mut builder = Client::builder(&context.endpoint).retry(retry).timeout(self.timeout);
        if let Some(key) = key {
            builder = builder.api_key(key.reveal()?);
        }
        if context.insecure_plaintext_key {
            builder = builder.insecure_plaintext_key();
        }
        if let Some(tls) = tls(context)? {
            builder = builder.tls(tls);
        }
        builder.connect().await.map_err(|error| match error {
            error @ Error::Transport(_) => Failure::Unreachable { endpoint: context.endpoint.clone(), error },
            error => error.into(),
        })
    }
}

/// Whether it is not the registry that says so.
fn is_unanswered(error: &Error) -> bool {
    error.reason_name().is_none()
}

/// What is not said otherwise is as the context has it.
fn complete(said: &mut Context, chosen: &Context) {
    let Context { endpoint: _, api_key, api_key_file, ca_file, client_certificate, client_key, insecure_plaintext_key } = chosen;
    if said.api_key_file.is_none() {
        said.api_key.clone_from(api_key);
        said.api_key_file.clone_from(api_key_file);
    }
    if said.ca_file.is_none() {
        said.ca_file.clone_from(ca_file);
    }
    if said.client_certificate.is_none() {
        said.client_certificate.clone_from(client_certificate);
        said.client_key.clone_from(client_key);
    }
    said.insecure_plaintext_key |= insecure_plaintext_key;
}

impl Key {
    /// The key, without the end of the line that it is on.
    fn reveal(self) -> Result<String, Failure> {
        let key = match self {
            Self::Secret(key) => key,
            Self::File(path) => {
                let bytes = read(&path, LONGEST_KEY).map_err(Failure::file(&path))?;
                // What it holds is not repeated.
                String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{}: holds no API key", path.display())))?
            }
        };
        Ok(key.trim_end_matches(['\r', '\n']).to_owned())
    }
}

fn tls(context: &Context) -> Result<Option<Tls>, Failure> {
    let pem = |path: &Path| read(path, LONGEST_PEM).map_err(Failure::file(path));
    let identity = context.client_certificate.as_deref().zip(context.client_key.as_deref());
    if context.ca_file.is_none() && identity.is_none() {
        return Ok(None);
    }
    let mut tls = match &context.ca_file {
        Some(path) => Tls::new().ca_certificate(pem(path)?),
        None => Tls::native_roots(),
    };
    if let Some((certificate, key)) = identity {
        tls = tls.identity(pem(certificate)?, pem(key)?);
    }
    Ok(Some(tls))
}

/// It has no flag of its own: flags can be read by everybody on the machine.
#[expect(clippy::disallowed_methods, reason = "the only setting that clap does not read")]
fn environment_key() -> Option<String> {
    std::env::var("REGISTRY_API_KEY").ok().filter(|key| !key.is_empty())
}

fn read(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if File::open(path)?.take(longest).read_to_end(&mut bytes)?.try_into().unwrap_or(u64::MAX) >= longest {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("has {longest} bytes or more")));
    }
    Ok(bytes)
}
