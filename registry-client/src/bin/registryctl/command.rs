//! What the program can be asked to do. A command is a file here: its arguments, and a function that runs it. A noun with several verbs has a
//! directory with a file for each.

mod alias;
mod apply;
mod artifact;
mod audit;
mod completion;
mod context;
mod deployment;
mod events;
mod export;
mod health;
mod import;
mod keys;
mod login;
mod logout;
mod man;
mod model;
mod release;
mod server;
mod watch;

use clap::{Parser, Subcommand};
use registry_proto::version;

use crate::exit::{EXIT_CODES, Exit};
use crate::failure::Failure;
use crate::session::Session;

/// Works with a model registry
///
/// Where the registry is and who is calling is said by flags, by the environment, or by a context that `login` has remembered. Data goes to standard
/// output, and everything else to standard error.
///
/// A model is written as its name or as id:UUID. A release is written as `MODEL:1.2.0` (a version), `MODEL:^1.2` (a requirement), `MODEL@production`
/// (an alias), `MODEL@sha256:…` (a digest), `MODEL` (the newest active one) or `id:UUID`.
#[derive(Debug, Parser)]
#[command(
    name = "registryctl",
    version,
    long_version = version::told(env!("CARGO_PKG_VERSION")),
    arg_required_else_help = true,
    after_long_help = EXIT_CODES,
    max_term_width = 120
)]
pub struct Arguments {
    /// What every command has.
    #[command(flatten)]
    pub session: Session,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Login(login::Login),
    Logout(logout::Logout),
    /// Registries that are remembered
    #[command(subcommand)]
    Context(context::Context),
    /// Models
    #[command(subcommand)]
    Model(model::Model),
    /// Releases of models
    #[command(subcommand)]
    Release(release::Release),
    /// Names that point to releases, such as production
    #[command(subcommand)]
    Alias(alias::Alias),
    /// Artifacts: the files of releases and models
    #[command(subcommand)]
    Artifact(artifact::Artifact),
    /// Deployments: the record of where releases run
    #[command(subcommand)]
    Deployment(deployment::Deployment),
    Apply(apply::Apply),
    /// What has changed
    #[command(subcommand)]
    Events(events::Events),
    Watch(watch::Watch),
    /// The audit log: who has called what
    #[command(subcommand)]
    Audit(audit::Audit),
    /// API keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// The server itself
    #[command(subcommand)]
    Server(server::Server),
    Health(health::Health),
    Export(export::Export),
    Import(import::Import),
    Completion(completion::Completion),
    Man(man::Man),
}

impl Arguments {
    /// Does it.
    pub async fn run(self) -> Result<Exit, Failure> {
        let Self { session, command } = self;
        match command {
            Command::Login(login) => login.run(&session).await,
            Command::Logout(logout) => logout.run(&session),
            Command::Context(context) => context.run(&session),
            Command::Model(model) => model.run(&session).await,
            Command::Release(release) => release.run(&session).await,
            Command::Alias(alias) => alias.run(&session).await,
            Command::Artifact(artifact) => artifact.run(&session).await,
            Command::Deployment(deployment) => deployment.run(&session).await,
            Command::Apply(apply) => apply.run(&session).await,
            Command::Events(events) => events.run(&session).await,
            Command::Watch(watch) => watch.run(&session).await,
            Command::Audit(audit) => audit.run(&session).await,
            Command::Keys(keys) => keys.run(&session).await,
            Command::Server(server) => server.run(&session).await,
            Command::Health(health) => health.run(&session).await,
            Command::Export(export) => export.run(&session).await,
            Command::Import(import) => import.run(&session).await,
            Command::Completion(completion) => completion.run(),
            Command::Man(man) => man.run(&session),
        }
    }
}
