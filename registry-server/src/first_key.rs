//! The first key of a new registry: without one, nobody could make others.
//!
//! The file is on disk before the key is in the database: whoever is interrupted in between finds it and goes on.

use crate::config::secret_file;
use crate::domain::caller::Origin;
use crate::domain::{ApiKeyId, Caller, Error, RequestId, Secret};
use crate::serve::StartError;
use crate::service::{Registry, api_keys};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// How much is read of a file. One that holds a key has a fraction of that; what was named by mistake is not read to its end.
const MOST: u64 = 4096;

/// Where the secret of the first key comes from.
#[derive(Debug, Clone)]
pub enum FirstKey {
    /// It was given.
    Given(Secret),
    /// It is in this file; if there is none, it is made, and written there.
    File(PathBuf),
}

/// Makes the first key, if there is no key yet.
pub(crate) async fn make(registry: &Registry, first: &FirstKey) -> Result<(), StartError> {
    let failed = |error: Error| StartError(format!("cannot make the first API key: {error}"));
    if registry.has_api_keys().await.map_err(failed)? {
        return Ok(());
    }
    let ctx = registry.context(Arc::new(Caller::registry()), RequestId::fresh());
    let (secret, written) = match first {
        FirstKey::Given(secret) => (secret.clone(), None),
        FirstKey::File(path) => of_file(path, ctx.new_id()).map_err(|why| StartError(format!("{}: {why}", path.display())))?,
    };
    let made = registry.run(&ctx, secret.clone(), api_keys::bootstrap).await.map_err(failed)?;
    match (made, first, written) {
        (true, FirstKey::File(path), _) => {
            tracing::info!(file = %path.display(), "created the first API key, an admin's: its secret is in the file");
        }
        (true, FirstKey::Given(_), _) => tracing::info!("created the first API key, an admin's, with the secret that was given"),
        // Another server was faster. Unless it has taken the key from this very file, nobody would know that key.
        (false, _, Some(path)) if is_unknown(registry, &secret).await => drop(fs::remove_file(path)),
        (false, _, _) => {}
    }
    Ok(())
}

async fn is_unknown(registry: &Registry, secret: &Secret) -> bool {
    matches!(registry.keyring().recognise(secret, Origin::default()).await, Err(Error::Unauthenticated))
}

/// The secret in a file, and the file if it was made now.
fn of_file(path: &Path, id: ApiKeyId) -> Result<(Secret, Option<&Path>), String> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return understood(path, found).map(|secret| (secret, None)),
    }
    let secret = Secret::fresh(id);
    match write(path, &secret) {
        Ok(()) => Ok((secret, Some(path))),
        // Another server that has the same directory was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => understood(path, read(path)).map(|secret| (secret, None)),
        Err(error) => Err(format!("cannot be written: {error}")),
    }
}

/// Whether a file can be used: if there is none, one will be made.
pub(crate) fn check(path: &Path) -> Result<(), String> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        found => understood(path, found).map(drop).map_err(|why| format!("{}: {why}", path.display())),
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    File::open(path)?.take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

fn understood(path: &Path, text: io::Result<Zeroizing<String>>) -> Result<Secret, String> {
    let text = text.map_err(|error| format!("cannot be read: {error}"))?;
    warn_if_readable(path);
    Secret::parse(text.trim())
        .ok_or_else(|| "does not hold an API key: expected `mrk_`, 32 hexadecimal digits, `_` and 64 more".to_owned())
}

/// Under its own name only when it is complete and on disk: nobody ever reads a part of it, not even after a crash.
fn write(path: &Path, secret: &Secret) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", secret.id()));
    let unfinished = path.with_file_name(name);
    let written = write_out(&unfinished, secret).and_then(|()| fs::hard_link(&unfinished, path));
    let removed = fs::remove_file(&unfinished);
    written.and(removed)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

/// For nobody but the owner, whatever the umask.
fn write_out(path: &Path, secret: &Secret) -> io::Result<()> {
    let mut file = File::options().create_new(true).write(true).mode(0o600).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(secret.reveal().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn warn_if_readable(path: &Path) {
    if secret_file::is_open(path) {
        tracing::warn!(file = %path.display(), "everybody on this machine can read the file with the first API key: chmod o= it");
    }
}
