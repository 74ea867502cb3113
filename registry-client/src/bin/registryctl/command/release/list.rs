//! `registryctl release list`.

use clap::{Args, ValueEnum};
use prost_types::Timestamp;
use registry_client::{ModelRef, ReleaseFilter, ReleaseOrder, ReleaseState, ReleaseView};

use crate::arguments::{self, Label, Limit, time};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Lists releases, of one model or of all
///
/// Filters that are given several times let through what meets one of them; different filters must all be met.
#[derive(Debug, Args)]
pub struct List {
    /// The model: its name, or id:UUID. Without this, all models
    #[arg(value_parser = arguments::model)]
    model: Option<ModelRef>,
    /// The state
    #[arg(long = "state", value_name = "STATE", value_delimiter = ',')]
    states: Vec<State>,
    /// The version
    #[arg(long = "version", value_name = "VERSION", value_delimiter = ',')]
    versions: Vec<String>,
    /// The tag of the image
    #[arg(long = "tag", value_name = "TAG", value_delimiter = ',')]
    tags: Vec<String>,
    /// The digest
    #[arg(long = "digest", value_name = "DIGEST", value_delimiter = ',')]
    digests: Vec<String>,
    /// The quantization
    #[arg(long = "quantization", value_name = "TEXT", value_delimiter = ',')]
    quantizations: Vec<String>,
    /// The platform
    #[arg(long = "platform", value_name = "OS/ARCH", value_delimiter = ',')]
    platforms: Vec<String>,
    /// The company of the model
    #[arg(long = "company", value_name = "TEXT", value_delimiter = ',')]
    companies: Vec<String>,
    /// It runs in this environment
    #[arg(long = "environment", value_name = "ENVIRONMENT", value_delimiter = ',')]
    environments: Vec<String>,
    /// A label: KEY (it is there), !KEY (it is not), KEY=VALUE, KEY!=VALUE; all that are given must be met
    #[arg(long = "label", value_name = "CONDITION", value_parser = arguments::label)]
    labels: Vec<Label>,
    /// The id of the release that it was made from
    #[arg(long = "base-release", value_name = "UUID", value_delimiter = ',')]
    base_releases: Vec<String>,
    /// Contains this text
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    /// Created at this time or later
    #[arg(long, value_name = "TIME", value_parser = time)]
    created_from: Option<Timestamp>,
    /// Created before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    created_before: Option<Timestamp>,
    /// Also those that are soft-deleted
    #[arg(long)]
    show_deleted: bool,
    /// Also metadata, training, notes and counts, for -o json, jsonl and yaml
    #[arg(long)]
    full: bool,
    /// In which order
    #[arg(long, value_name = "ORDER", default_value = "newest")]
    order: Order,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Candidate,
    Active,
    Deprecated,
    Archived,
    Yanked,
}

impl From<State> for ReleaseState {
    fn from(state: State) -> Self {
        match state {
            State::Candidate => Self::Candidate,
            State::Active => Self::Active,
            State::Deprecated => Self::Deprecated,
            State::Archived => Self::Archived,
            State::Yanked => Self::Yanked,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Order {
    Newest,
    Oldest,
    Version,
}

impl From<Order> for ReleaseOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Newest => Self::CreateTimeDesc,
            Order::Oldest => Self::CreateTimeAsc,
            Order::Version => Self::VersionAsc,
        }
    }
}

impl List {
    pub(super) async fn run(mut self, session: &Session) -> Result<Exit, Failure> {
        let (limit, order, show_deleted, full, model) = (self.limit, self.order, self.show_deleted, self.full, self.model.take());
        let mut list =
            session.client().await?.list_releases().filter(self.filter()).order(order.into()).page_size(limit.page_size());
        if let Some(model) = model {
            list = list.model(model);
        }
        if show_deleted {
            list = list.show_deleted();
        }
        if full {
            list = list.view(ReleaseView::Full);
        }
        session.output.list(list.items(), limit).await?;
        Ok(Exit::Done)
    }

    fn filter(self) -> ReleaseFilter {
        ReleaseFilter {
            versions: self.versions,
            tags: self.tags,
            digests: self.digests,
            quantizations: self.quantizations,
            platforms: self.platforms,
            states: self.states.into_iter().map(|state| ReleaseState::from(state).into()).collect(),
            companies: self.companies,
            create_time_from: self.created_from,
            create_time_before: self.created_before,
            text_query: self.query.unwrap_or_default(),
            environments: self.environments,
            labels: self.labels.into_iter().map(Into::into).collect(),
            base_release_ids: self.base_releases,
            any_of: Vec::new(),
            none_of: Vec::new(),
        }
    }
}
