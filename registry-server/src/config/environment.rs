//! The environment: the only file that reads it. Every setting has a variable; secrets that are no setting have only that.
//!
//! May not: repeat the value of a variable.

use super::Source;
use clap::Command;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use zeroize::Zeroizing;

/// The secret of the first key. Not a flag, which everybody on the machine could read.
pub const FIRST_KEY: &str = "REGISTRY_BOOTSTRAP_ADMIN_KEY";

/// What Catapult salted its secrets with. Not a flag, for the same reason.
pub const LEGACY_SALT: &str = "REGISTRY_LEGACY_API_KEY_SALT";

/// What all variables of the registry begin with.
const OURS: &str = "REGISTRY_";

/// Variables of other programs: of the client, of the build, and of the tests.
const OF_OTHERS: [&str; 10] = [
    "REGISTRY_API_KEY",
    "REGISTRY_API_KEY_FILE",
    "REGISTRY_CA_FILE",
    "REGISTRY_COMMIT",
    "REGISTRY_CONTEXT",
    "REGISTRY_ENDPOINT",
    "REGISTRY_PORT",
    "REGISTRY_REWRITE",
    "REGISTRY_TIMEOUT",
    "REGISTRY_TOOLS",
];

/// What others begin with. Kubernetes tells every container of a service that is called `registry` with the last two.
const OF_OTHERS_BEGIN: [&str; 4] = ["REGISTRY_CLIENT_", "REGISTRY_TEST_", "REGISTRY_SERVICE_", "REGISTRY_PORT_"];

/// A variable as it is. An empty one is none: that is how Compose and the like pass on what is not set.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(super) fn raw(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether a variable is there, and empty.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(super) fn is_empty(name: &OsStr) -> bool {
    std::env::var_os(name).is_some_and(|value| value.is_empty())
}

/// What another system salted the secrets of its API keys with, if the environment says so.
#[must_use]
pub fn legacy_api_key_salt() -> Option<Zeroizing<String>> {
    raw(LEGACY_SALT).and_then(|salt| salt.into_string().ok()).map(Zeroizing::new)
}

/// The secrets that are set and are no setting.
#[must_use]
pub fn secrets() -> Vec<(&'static str, Source)> {
    let set = [FIRST_KEY, LEGACY_SALT].into_iter().filter(|name| raw(name).is_some());
    set.map(|name| (name, Source::Environment(name.to_owned()))).collect()
}

/// A sentence for each variable that looks like ours and that nothing reads.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(super) fn unknown(command: &Command) -> Vec<String> {
    let mut known = BTreeSet::from([FIRST_KEY.to_owned(), LEGACY_SALT.to_owned()]);
    collect(command, &mut known);
    let set = std::env::vars_os().filter(|(_, value)| !value.is_empty()).filter_map(|(name, _)| name.into_string().ok());
    let mut unknown: Vec<_> = set.filter(|name| name.starts_with(OURS) && !is_of_others(name) && !known.contains(name)).collect();
    unknown.sort();
    // What all begin with would make each like any other.
    let told = |name: &String| match super::setting::nearest(plain(name), known.iter().map(|known| plain(known))) {
        Some(near) => format!("{name} is set, and nothing reads it: did you mean {OURS}{near}?"),
        None => format!("{name} is set, and nothing reads it"),
    };
    unknown.iter().map(told).collect()
}

/// A name without what all begin with.
fn plain(name: &str) -> &str {
    name.strip_prefix(OURS).unwrap_or(name)
}

fn is_of_others(name: &str) -> bool {
    OF_OTHERS.contains(&name) || OF_OTHERS_BEGIN.iter().any(|begin| name.starts_with(begin))
}

/// The variables of a command and of those below it.
fn collect(command: &Command, known: &mut BTreeSet<String>) {
    known.extend(command.get_arguments().filter_map(|arg| arg.get_env()?.to_str().map(str::to_owned)));
    command.get_subcommands().for_each(|command| collect(command, known));
}
