//! Secrets in files, where neither `ps` nor a listing of the environment shows them.
//!
//! May not: repeat anything of what is in a file.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use zeroize::Zeroizing;

/// How much there may be in one. A file that was named by mistake is not read to its end.
const MOST: u64 = 64 * 1024;

/// What is in the file, without the line break at its end.
///
/// # Errors
/// A sentence that names what named the file, and the file.
pub fn read(named_by: &str, path: &Path) -> Result<Zeroizing<String>, String> {
    let bad = |why: &str| format!("{named_by} {}: {why}", path.display());
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes));
    let length = read.map_err(|error: io::Error| bad(&format!("cannot be read: {error}")))?;
    if u64::try_from(length).is_ok_and(|length| length > MOST) {
        return Err(bad("is larger than 64 KiB: no secret is"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| bad("is not text"))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Where an orchestrator puts the secrets of a container. Who can read them there is not for the file to say: a container has one user,
/// and the file belongs to whoever made it outside.
const MOUNTED: &str = "/run/secrets";

/// Whether everybody on the machine can read or change a file. A group is not everybody: who is in it was somebody's choice.
pub(crate) fn is_open(path: &Path) -> bool {
    !path.starts_with(MOUNTED) && path.metadata().is_ok_and(|file| file.mode() & 0o007 != 0)
}
