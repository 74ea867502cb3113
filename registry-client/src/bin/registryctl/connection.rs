//! Which registry, and as whom: the flags that every command has. May not: print a key, or a part of one.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use registry_client::{Client, RetryPolicy, Tls};

use crate::failure::Failure;

/// More than any key has.
const LONGEST_KEY: u64 = 4096;
/// More than any chain of certificates has.
const LONGEST_PEM: u64 = 4 * 1024 * 1024;

/// Where the registry is, and the credentials.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Where the registry listens: http://HOST:PORT, or https://HOST:PORT with TLS
    #[arg(long, env = "REGISTRY_ENDPOINT", value_name = "URL", default_value = "http://127.0.0.1:50051", global = true)]
    endpoint: String,

    /// The file with the API key; without it, the environment variable REGISTRY_API_KEY holds the key itself
    #[arg(long, env = "REGISTRY_API_KEY_FILE", value_name = "FILE", global = true)]
    api_key_file: Option<PathBuf>,

    /// The authorities, as PEM, that may vouch for the registry, instead of those that this machine trusts
    #[arg(long, env = "REGISTRY_CA_FILE", value_name = "FILE", global = true)]
    ca_file: Option<PathBuf>,

    /// The certificate, as PEM, to show to the registry, with what leads to its authority
    #[arg(long, env = "REGISTRY_CLIENT_CERTIFICATE", value_name = "FILE", requires = "client_key", global = true)]
    client_certificate: Option<PathBuf>,

    /// The private key of that certificate, as PEM
    #[arg(long, env = "REGISTRY_CLIENT_KEY", value_name = "FILE", requires = "client_certificate", global = true)]
    client_key: Option<PathBuf>,

    /// Send the API key without TLS to another machine, where whoever is on the way can read it
    #[arg(long, global = true)]
    insecure_plaintext_key: bool,
}

impl Connection {
    /// A client that is patient once it is connected: a registry that is started again is waited for, for about a minute.
    pub async fn client(&self) -> Result<Client, Failure> {
        let retry = RetryPolicy::default().max_attempts(20).max_delay(Duration::from_secs(3));
        let mut builder = Client::builder(&self.endpoint).retry(retry);
        if let Some(key) = self.key()? {
            builder = builder.api_key(key);
        }
        if self.insecure_plaintext_key {
            builder = builder.insecure_plaintext_key();
        }
        if let Some(tls) = self.tls()? {
            builder = builder.tls(tls);
        }
        Ok(builder.connect().await?)
    }

    /// The key, without the end of the line that it is on.
    fn key(&self) -> Result<Option<String>, Failure> {
        let key = match &self.api_key_file {
            Some(path) => {
                let bytes = read(path, LONGEST_KEY).map_err(Failure::file(path))?;
                let text = String::from_utf8(bytes);
                // What it holds is not repeated.
                text.map_err(|_| Failure::Refused(format!("{}: holds no API key", path.display())))?
            }
            None => match environment_key() {
                Some(key) => key,
                None => return Ok(None),
            },
        };
        Ok(Some(key.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn tls(&self) -> Result<Option<Tls>, Failure> {
        let pem = |path: &Path| read(path, LONGEST_PEM).map_err(Failure::file(path));
        let identity = self.client_certificate.as_deref().zip(self.client_key.as_deref());
        if self.ca_file.is_none() && identity.is_none() {
            return Ok(None);
        }
        let mut tls = match &self.ca_file {
            Some(path) => Tls::new().ca_certificate(pem(path)?),
            None => Tls::native_roots(),
        };
        if let Some((certificate, key)) = identity {
            tls = tls.identity(pem(certificate)?, pem(key)?);
        }
        Ok(Some(tls))
    }
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
