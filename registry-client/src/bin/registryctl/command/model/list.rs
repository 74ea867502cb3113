//! `registryctl model list`.

use clap::{Args, ValueEnum};
use prost_types::Timestamp;
use registry_client::pb::ModelSource;
use registry_client::{ModelFilter, ModelOrder, ModelView};

use super::fields::Source;
use crate::arguments::{self, Label, Limit, time};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Lists models
///
/// Filters that are given several times let through what meets one of them; different filters must all be met.
#[derive(Debug, Args)]
pub struct List {
    /// The name begins with this
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// The name, description, repository, company or base model contains this
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    /// All of these tags
    #[arg(long = "tag", value_name = "WORD", value_delimiter = ',')]
    tags: Vec<String>,
    /// One of these tags at least
    #[arg(long = "any-tag", value_name = "WORD", value_delimiter = ',')]
    any_tags: Vec<String>,
    /// A label: KEY (it is there), !KEY (it is not), KEY=VALUE, KEY!=VALUE; all that are given must be met
    #[arg(long = "label", value_name = "CONDITION", value_parser = arguments::label)]
    labels: Vec<Label>,
    /// The task
    #[arg(long = "task", value_name = "TEXT", value_delimiter = ',')]
    tasks: Vec<String>,
    /// The base model
    #[arg(long = "base-model", value_name = "TEXT", value_delimiter = ',')]
    base_models: Vec<String>,
    /// The number of parameters
    #[arg(long = "parameter-count", value_name = "TEXT", value_delimiter = ',')]
    parameter_counts: Vec<String>,
    /// The company
    #[arg(long = "company", value_name = "TEXT", value_delimiter = ',')]
    companies: Vec<String>,
    /// The kind of server
    #[arg(long = "server-type", value_name = "TEXT", value_delimiter = ',')]
    server_types: Vec<String>,
    /// How the registry came to know it
    #[arg(long = "source", value_name = "SOURCE", value_delimiter = ',')]
    sources: Vec<Source>,
    /// Whether serving it needs a GPU
    #[arg(long, value_name = "BOOL")]
    requires_gpu: Option<bool>,
    /// Whether the base model is a custom one
    #[arg(long, value_name = "BOOL")]
    custom_base_model: Option<bool>,
    /// Created at this time or later
    #[arg(long, value_name = "TIME", value_parser = time)]
    created_from: Option<Timestamp>,
    /// Created before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    created_before: Option<Timestamp>,
    /// Changed at this time or later
    #[arg(long, value_name = "TIME", value_parser = time)]
    updated_from: Option<Timestamp>,
    /// Changed before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    updated_before: Option<Timestamp>,
    /// Also those that are soft-deleted
    #[arg(long)]
    show_deleted: bool,
    /// Also metadata, training and counts, for -o json, jsonl and yaml
    #[arg(long)]
    full: bool,
    /// In which order
    #[arg(long, value_name = "ORDER", default_value = "newest")]
    order: Order,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Order {
    Newest,
    Oldest,
    /// The last changed first
    Updated,
    Name,
    NameDesc,
}

impl From<Order> for ModelOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Newest => Self::CreateTimeDesc,
            Order::Oldest => Self::CreateTimeAsc,
            Order::Updated => Self::UpdateTimeDesc,
            Order::Name => Self::NameAsc,
            Order::NameDesc => Self::NameDesc,
        }
    }
}

impl List {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let (limit, order, show_deleted, full) = (self.limit, self.order, self.show_deleted, self.full);
        let mut list =
            session.client().await?.list_models().filter(self.filter()).order(order.into()).page_size(limit.page_size());
        if show_deleted {
            list = list.show_deleted();
        }
        if full {
            list = list.view(ModelView::Full);
        }
        session.output.list(list.items(), limit).await?;
        Ok(Exit::Done)
    }

    fn filter(self) -> ModelFilter {
        ModelFilter {
            companies: self.companies,
            base_models: self.base_models,
            parameter_counts: self.parameter_counts,
            server_types: self.server_types,
            sources: self.sources.into_iter().map(|source| ModelSource::from(source).into()).collect(),
            tags_all: self.tags,
            tags_any: self.any_tags,
            tags_none: Vec::new(),
            is_custom_base_model: self.custom_base_model,
            requires_gpu: self.requires_gpu,
            name_prefix: self.prefix.unwrap_or_default(),
            text_query: self.query.unwrap_or_default(),
            create_time_from: self.created_from,
            create_time_before: self.created_before,
            update_time_from: self.updated_from,
            update_time_before: self.updated_before,
            tasks: self.tasks,
            labels: self.labels.into_iter().map(Into::into).collect(),
            any_of: Vec::new(),
            none_of: Vec::new(),
        }
    }
}
