//! `registry-server migrate`: what a database has had of the migrations of this server, and the rest.
//!
//! May not: know a statement.

mod output;

use crate::config::{LogFlags, Place};
use crate::serve::make_directory_of;
use crate::store::migrations::History;
use crate::store::schema::{OpenError, Schema};
use clap::{Args, Subcommand};
use output::{Output, Table, Undone};
use std::process::ExitCode;

/// Shows which migrations a database has had, and applies, undoes and checks them
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Migrate {
    #[command(subcommand)]
    what: What,
}

const EXAMPLES: &str = "Examples:
  registry-server migrate status
  registry-server migrate plan --database-url sqlite:/var/lib/registry/registry.db
  REGISTRY_DATABASE_URL=postgres://registry:secret@db/registry registry-server migrate up
  registry-server migrate check --output json

`status`, `plan` and `check` change nothing, also while servers run. A server applies what is pending by itself when it starts, \
unless it is told --migrations=check or --migrations=off.";

#[derive(Subcommand)]
enum What {
    /// Lists the migrations of this server and when the database had each
    #[command(
        after_help = "Example:\n  registry-server migrate status --output json | jq '.migrations[] | select(.state == \"pending\")'"
    )]
    Status(Look),
    /// Prints the SQL that `up` would run, and runs nothing
    #[command(after_help = "Example:\n  registry-server migrate plan > pending.sql")]
    Plan(Look),
    /// Applies what is pending, each migration in a transaction
    #[command(after_help = "Examples:\n  registry-server migrate up\n  registry-server migrate up --steps 1")]
    Up(Up),
    /// Undoes the newest migrations; what only they have a place for is lost
    #[command(
        after_help = "Examples:\n  registry-server migrate down          (says what would be lost)\n  registry-server migrate down --yes"
    )]
    Down(Down),
    /// Compares the database with what this server needs; exit code 1 if there is anything to tell
    #[command(after_help = "Example:\n  registry-server migrate check && echo fine")]
    Check(Look),
}

/// What each of them is told.
#[derive(Args)]
struct Look {
    /// How the answer is written to standard output
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Output,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    log: LogFlags,
}

#[derive(Args)]
struct Up {
    /// How many to apply at the most [default: all]
    #[arg(long, value_name = "COUNT")]
    steps: Option<usize>,
    #[command(flatten)]
    look: Look,
}

#[derive(Args)]
struct Down {
    /// How many to undo
    #[arg(long, value_name = "COUNT", default_value = "1")]
    steps: usize,
    /// Do it: without this it is only said what would be lost
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    look: Look,
}

impl Migrate {
    /// What is logged.
    pub(super) const fn log(&self) -> &LogFlags {
        match &self.what {
            What::Status(look) | What::Plan(look) | What::Check(look) => &look.log,
            What::Up(up) => &up.look.log,
            What::Down(down) => &down.look.log,
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        let done = match self.what {
            What::Status(look) => look.status().await,
            What::Plan(look) => look.plan().await,
            What::Check(look) => look.check().await,
            What::Up(up) => up.run().await,
            What::Down(down) => down.run().await,
        };
        done.map_err(|Failed(sentence)| sentence)
    }
}

/// Why it was not done.
struct Failed(String);

impl From<OpenError> for Failed {
    fn from(error: OpenError) -> Self {
        Self(error.to_string())
    }
}

impl From<String> for Failed {
    fn from(sentence: String) -> Self {
        Self(sentence)
    }
}

impl Look {
    async fn schema(&self) -> Result<Schema, Failed> {
        Ok(Schema::look(&self.place.target()?).await?)
    }

    async fn held(&self) -> Result<Schema, Failed> {
        let target = self.place.target()?;
        make_directory_of(&target).map_err(|error| error.to_string())?;
        Ok(Schema::hold(&target).await?)
    }

    async fn status(&self) -> Result<ExitCode, Failed> {
        let history = self.schema().await?.history().await?;
        self.output.print(&Table::of(&self.place.target()?, &history));
        Ok(ExitCode::SUCCESS)
    }

    async fn plan(&self) -> Result<ExitCode, Failed> {
        let history: History = self.schema().await?.history().await?;
        self.output.print(&output::Plan::of(history.pending()));
        Ok(ExitCode::SUCCESS)
    }

    async fn check(&self) -> Result<ExitCode, Failed> {
        let findings = self.schema().await?.findings().await?;
        let code = if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        self.output.print(&output::Findings { findings });
        Ok(code)
    }
}

impl Up {
    async fn run(self) -> Result<ExitCode, Failed> {
        let applied = self.look.held().await?.up(self.steps).await?;
        self.look.output.print(&output::Applied { applied });
        Ok(ExitCode::SUCCESS)
    }
}

impl Down {
    async fn run(self) -> Result<ExitCode, Failed> {
        if !self.yes {
            let scripts = self.look.schema().await?.undoing(self.steps).await?;
            return Err(Failed(output::warning(&scripts)));
        }
        let schema = self.look.held().await?;
        let scripts = schema.undoing(self.steps).await?;
        self.look.output.print(&Undone { undone: schema.down(&scripts).await? });
        Ok(ExitCode::SUCCESS)
    }
}
