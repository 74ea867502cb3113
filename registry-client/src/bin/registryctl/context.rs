//! What is remembered of registries: a file of this user with a name, an endpoint and credentials for each. May not: print a key.
//!
//! ```toml
//! current = "production"
//!
//! [contexts.production]
//! endpoint = "https://registry.internal:50051"
//! api_key_file = "/run/secrets/registry-key"
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::failure::Failure;

/// Where a registry is, and as whom. It has no `Debug`: it may hold a key.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// As `--endpoint` takes it.
    pub endpoint: String,
    /// The key itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// Or where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_file: Option<PathBuf>,
    /// As `--ca-file` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// As `--client-certificate` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<PathBuf>,
    /// As `--client-key` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key: Option<PathBuf>,
    /// As `--insecure-plaintext-key`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure_plaintext_key: bool,
}

/// All of them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contexts {
    /// The name of the one that is used if nothing else is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// By name.
    #[serde(default)]
    pub contexts: BTreeMap<String, Context>,
}

/// Where the file is: as it was said, or where programs of this user keep their settings.
pub fn place(said: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(path) = said {
        return Ok(path.to_owned());
    }
    let base = etcetera::choose_base_strategy().map_err(|_| {
        Failure::Usage("this user has no home directory: REGISTRYCTL_CONFIG says where the configuration is".to_owned())
    })?;
    Ok(base.config_dir().join("registryctl").join("config.toml"))
}

impl Contexts {
    /// What the file holds; nothing if there is none. One that others can read is refused: whoever has read it has the keys.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.map_err(Failure::file(path))?,
        };
        private(path)?;
        // The error shows the line, and the line may hold a key.
        toml::from_str(&text).map_err(|error| Failure::Usage(format!("{}: {}", path.display(), error.message())))
    }

    /// Replaces the file, in one step.
    pub fn save(&self, path: &Path) -> Result<(), Failure> {
        let text = toml::to_string(self).map_err(Failure::argument("configuration"))?;
        let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
        create(directory).map_err(Failure::file(directory))?;
        // Nobody else may read a temporary file, and it keeps that when it is renamed.
        let write = || -> io::Result<()> {
            let mut file = NamedTempFile::new_in(directory)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(Failure::file(path))
    }

    /// The one with this name.
    pub fn named(&self, name: &str) -> Result<&Context, Failure> {
        self.contexts.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
            let known = if names.is_empty() {
                "there is none: `registryctl login` makes one".to_owned()
            } else {
                format!("there are {}", names.join(", "))
            };
            Failure::Usage(format!("there is no context `{name}`; {known}"))
        })
    }

    /// The one that is used: the one that is asked for, or the current one.
    pub fn chosen(&self, name: Option<&str>) -> Result<Option<&Context>, Failure> {
        name.or(self.current.as_deref()).map(|name| self.named(name)).transpose()
    }
}

/// A directory for this user alone, unless it is there already.
fn create(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// That nobody else can read or write the file.
#[cfg(unix)]
fn private(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_err(Failure::file(path))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(Failure::Usage(format!("{path}: others can read it, and it may hold keys: chmod 600 {path}")))
}

#[cfg(not(unix))]
fn private(_path: &Path) -> Result<(), Failure> {
    Ok(())
}
