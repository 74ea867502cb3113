//! How the log is written.
//!
//! May not: write it.

use clap::{Args, ValueEnum};

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Log")]
pub struct LogFlags {
    /// How the log is written to standard error
    #[arg(long, env = "REGISTRY_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// What is logged: error, warn, info, debug, trace or off, also by module (`info,registry_server::store=debug`)
    #[arg(long, env = "REGISTRY_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
