//! `registryctl deployment list`.

use clap::{Args, ValueEnum};
use prost_types::Timestamp;
use registry_client::{DeploymentFilter, DeploymentKind, DeploymentOrder, DeploymentState, HealthState, Reference};

use super::fields::{Health, Kind, State};
use crate::arguments::{Build, Limit, time};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::which;

/// Lists deployments
///
/// Terminated ones too, unless --live or --state say otherwise. Filters that are given several times let through what meets one of them; different
/// filters must all be met.
#[derive(Debug, Args)]
pub struct List {
    /// Only those of this model (MODEL), or of this release (MODEL:1.2.0, MODEL@production, id:UUID). Without it, all of them
    #[arg(value_parser = which::reference)]
    of: Option<Reference>,
    #[command(flatten)]
    build: Build,
    /// Where it runs
    #[arg(short, long = "environment", value_name = "NAME", value_delimiter = ',')]
    environments: Vec<String>,
    /// Where it is in its life
    #[arg(long = "state", value_name = "STATE", value_delimiter = ',')]
    states: Vec<State>,
    /// Any state but TERMINATED
    #[arg(long, conflicts_with = "states")]
    live: bool,
    /// What is known of its health
    #[arg(long = "health", value_name = "HEALTH", value_delimiter = ',')]
    healths: Vec<Health>,
    /// What looks after it
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<Kind>,
    /// The cluster
    #[arg(long = "cluster", value_name = "TEXT", value_delimiter = ',')]
    clusters: Vec<String>,
    /// The namespace in Kubernetes
    #[arg(long = "k8s-namespace", value_name = "TEXT", value_delimiter = ',')]
    k8s_namespaces: Vec<String>,
    /// The company of the model
    #[arg(long = "company", value_name = "TEXT", value_delimiter = ',')]
    companies: Vec<String>,
    /// Who has deployed it
    #[arg(long = "deployed-by", value_name = "TEXT", value_delimiter = ',')]
    deployed_by: Vec<String>,
    /// Deployed at this time or later
    #[arg(long, value_name = "TIME", value_parser = time)]
    deployed_from: Option<Timestamp>,
    /// Deployed before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    deployed_before: Option<Timestamp>,
    /// In which order
    #[arg(long, value_name = "ORDER", default_value = "newest")]
    order: Order,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Order {
    /// What was deployed last comes first
    Newest,
    /// What was deployed first comes first
    Oldest,
}

impl From<Order> for DeploymentOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Newest => Self::DeployTimeDesc,
            Order::Oldest => Self::DeployTimeAsc,
        }
    }
}

const LIVE: [State; 6] = [State::Pending, State::Deploying, State::Running, State::Stopping, State::Stopped, State::Failed];

impl List {
    pub(super) async fn run(mut self, session: &Session) -> Result<Exit, Failure> {
        let (of, build) = (self.of.take(), self.build.clone());
        let (order, limit) = (self.order, self.limit);
        let client = session.client().await?;
        let mut list = client.list_deployments().filter(self.filter()).order(order.into()).page_size(limit.page_size());
        list = match of {
            None => list,
            Some(Reference::Model(name)) => list.model(name),
            Some(reference) => list.release(which::release(&client, reference, &build).await?),
        };
        session.output.list(list.items(), limit).await?;
        Ok(Exit::Done)
    }

    fn filter(self) -> DeploymentFilter {
        let states = if self.live { LIVE.to_vec() } else { self.states };
        DeploymentFilter {
            environments: self.environments,
            states: states.into_iter().map(|state| DeploymentState::from(state).into()).collect(),
            healths: self.healths.into_iter().map(|health| HealthState::from(health).into()).collect(),
            kinds: self.kinds.into_iter().map(|kind| DeploymentKind::from(kind).into()).collect(),
            clusters: self.clusters,
            k8s_namespaces: self.k8s_namespaces,
            companies: self.companies,
            deployed_by: self.deployed_by,
            deploy_time_from: self.deployed_from,
            deploy_time_before: self.deployed_before,
        }
    }
}
