//! Whether callers are asked who they are, and where the first key comes from.
//!
//! May not: make a key, or repeat one.

use super::environment::{self, FIRST_KEY};
use crate::domain::Secret;
use crate::first_key::FirstKey;
use crate::layer::Reflection;
use clap::Args;
use clap::builder::BoolishValueParser;
use std::path::{Path, PathBuf};

/// Whether callers are asked who they are.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Authentication")]
pub struct Authentication {
    /// Where the secret of the first API key is, or is written to if there is no such file [default: the file admin.key in the data directory]
    ///
    /// The first start on an empty database makes one key, with which others can be made. Instead of the file, the
    /// secret itself can be given in the environment variable REGISTRY_BOOTSTRAP_ADMIN_KEY: `mrk_`, 32 hexadecimal
    /// digits, `_` and 64 random ones. Where there are keys already, neither is used.
    #[arg(long, env = "REGISTRY_BOOTSTRAP_ADMIN_KEY_FILE", value_name = "FILE")]
    pub bootstrap_admin_key_file: Option<PathBuf>,

    /// Ask nobody for credentials: whoever can connect may do everything. Only on a loopback address
    #[arg(long, env = "REGISTRY_INSECURE_NO_AUTH", value_parser = BoolishValueParser::new())]
    pub insecure_no_auth: bool,

    /// Who may ask what the services look like (gRPC reflection)
    #[arg(long, env = "REGISTRY_REFLECTION", value_name = "WHO", default_value = "auth")]
    pub reflection: Reflection,
}

impl Authentication {
    /// Where the first key comes from; `None` if nobody is asked for one.
    pub(super) fn first_key(&self, data_dir: &Path) -> Result<Option<FirstKey>, String> {
        if self.insecure_no_auth {
            return Ok(None);
        }
        // A file that is named here while the variable is set was named by a flag, which wins: all else was refused.
        if let Some(file) = &self.bootstrap_admin_key_file {
            return Ok(Some(FirstKey::File(file.clone())));
        }
        let Some(secret) = environment::raw(FIRST_KEY) else {
            return Ok(Some(FirstKey::File(data_dir.join("admin.key"))));
        };
        let why = format!("{FIRST_KEY}: expected `mrk_`, 32 hexadecimal digits, `_` and 64 more");
        secret.to_str().and_then(Secret::parse).map(|secret| Some(FirstKey::Given(secret))).ok_or(why)
    }
}
