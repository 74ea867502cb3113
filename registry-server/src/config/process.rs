//! How the process ends, and what a crash may leave.
//!
//! May not: stop anything.

use super::words::{pause, seconds};
use clap::Args;
use clap::builder::BoolishValueParser;
use std::time::Duration;

/// How the process ends.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Shutdown and crashes")]
pub struct Process {
    /// How many seconds calls that have begun may take when the server stops; a second signal ends at once
    #[arg(long, env = "REGISTRY_SHUTDOWN_GRACE", value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub shutdown_grace: Duration,

    /// How long the server goes on as before after SIGTERM or SIGINT, and only says NOT_SERVING, so that balancers send callers elsewhere
    ///
    /// As long as a balancer needs to notice; 0s if there is none. The server ends at most --shutdown-grace and a second after that, with traces three seconds.
    #[arg(long, env = "REGISTRY_SHUTDOWN_DELAY", value_name = "DURATION", default_value = "1s", value_parser = pause)]
    pub shutdown_delay: Duration,

    /// Let the kernel write the memory of the server to a file if it crashes, with all secrets in it, and let debuggers in
    ///
    /// Without it there are no core dumps, and no other process of the same user can read the memory or the environment.
    #[arg(long, env = "REGISTRY_ALLOW_CORE_DUMPS", value_parser = BoolishValueParser::new())]
    pub allow_core_dumps: bool,
}
