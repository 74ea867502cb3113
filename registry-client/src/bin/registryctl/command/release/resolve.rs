//! `registryctl release resolve` and `latest`: which release something stands for.

use clap::Args;
use prost_types::Timestamp;
use registry_client::{Client, ModelRef, Reference, ReleaseId, ReleaseQuery, ReleaseSelector, ReleaseState};

use crate::arguments::{self, Build, time};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Tells which release something stands for, in one row
///
/// With `-o name` it tells a script what to deploy: `registryctl release resolve llama-3-8b@production -o name`.
#[derive(Debug, Args)]
pub struct Resolve {
    /// MODEL:VERSION, MODEL:^1.2, MODEL@ALIAS, MODEL@sha256:…, MODEL (the newest active one) or id:UUID
    #[arg(value_name = "RELEASE")]
    release: Reference,

    #[command(flatten)]
    constraints: Constraints,

    /// Where the alias pointed at this time, for example 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
}

/// Tells which release of a model is the newest active one
#[derive(Debug, Args)]
pub struct Latest {
    /// The model: its name, or id:UUID
    #[arg(value_parser = arguments::model)]
    model: ModelRef,

    #[command(flatten)]
    constraints: Constraints,
}

/// What else must be true of the release.
#[derive(Debug, Args)]
struct Constraints {
    #[command(flatten)]
    build: Build,

    /// Only a release that runs in this environment, for example production
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
}

impl Resolve {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { release, constraints, at } = self;
        let client = session.client().await?;
        if let Reference::Id(id) = release {
            session.output.row(&client.get_release(ReleaseId::new(id)).send().await?)?;
            return Ok(Exit::Done);
        }
        // A version alone means here what it means to every command, unless more is asked.
        if let Reference::Release { model, selector: ReleaseSelector::Version(version) } = &release
            && let (None, None) = (&constraints.environment, &at)
            && let Some(usual) = constraints.build.usual(&client, model, version).await?
            && usual.state() != ReleaseState::Yanked
        {
            session.output.row(&usual)?;
            return Ok(Exit::Done);
        }
        let mut query = ReleaseQuery::try_from(release).map_err(Failure::argument("RELEASE"))?;
        if let Some(at) = at {
            query = query.as_of_time(at);
        }
        constraints.ask(session, &client, query).await
    }
}

impl Latest {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { model, constraints } = self;
        constraints.ask(session, &session.client().await?, ReleaseQuery::of(model).latest()).await
    }
}

impl Constraints {
    async fn ask(self, session: &Session, client: &Client, mut query: ReleaseQuery) -> Result<Exit, Failure> {
        let Self { build: Build { quantization, platform }, environment } = self;
        if let Some(quantization) = quantization {
            query = query.quantization(quantization);
        }
        if let Some(platform) = platform {
            query = query.platform(platform);
        }
        if let Some(environment) = environment {
            query = query.environment(environment);
        }
        session.output.row(&client.resolve_release_from(query).send().await?)?;
        Ok(Exit::Done)
    }
}
