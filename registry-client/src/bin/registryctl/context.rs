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

    /// Changes what the file holds at this moment, as if nobody else did; if the change is refused, nothing is written.
    pub fn change<T>(path: &Path, change: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let directory = directory(path);
        create(directory).map_err(Failure::file(directory))?;
        // It goes when the file is closed, and never with the file that it is for: that is replaced.
        let _lock = lock(path).map_err(Failure::file(path))?;
        let mut contexts = Self::load(path)?;
        let changed = change(&mut contexts)?;
        contexts.save(path)?;
        Ok(changed)
    }

    /// Replaces the file, in one step.
    fn save(&self, path: &Path) -> Result<(), Failure> {
        let text = toml::to_string(self).map_err(Failure::argument("configuration"))?;
        let directory = directory(path);
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

/// Where the file is.
fn directory(path: &Path) -> &Path {
    path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Waits until nobody else changes the file. What holds the lock is beside it, is empty and stays.
fn lock(path: &Path) -> io::Result<fs::File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(name)?;
    file.lock()?;
    Ok(file)
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

#[cfg(test)]
mod tests {
    use std::thread;

    use super::{Context, Contexts};

    /// Each reads what the others have written, and none is lost.
    #[test]
    fn those_who_change_it_at_once_lose_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("registryctl").join("config.toml");
        thread::scope(|scope| {
            for number in 0..16 {
                let path = &path;
                scope.spawn(move || {
                    Contexts::change(path, |contexts| {
                        contexts.contexts.insert(number.to_string(), Context::default());
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(Contexts::load(&path).unwrap().contexts.len(), 16);
    }
}
