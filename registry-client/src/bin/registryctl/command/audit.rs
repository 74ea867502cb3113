//! `registryctl audit`: who has called what.

use clap::{Args, Subcommand};
use prost_types::Timestamp;
use registry_client::{AuditFilter, Method, ResourceKind};

use crate::arguments::{Limit, time};
use crate::event_filter::Kind;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::which;

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    List(List),
}

/// Lists the calls that change something, also those that were refused, the newest first
///
/// Needs the role of an admin. Filters that are given several times let through what meets one of them; different filters must all be met.
#[derive(Debug, Args)]
pub struct List {
    /// The method, for example CreateRelease
    #[arg(long = "method", value_name = "METHOD", value_delimiter = ',', value_parser = method)]
    methods: Vec<String>,
    /// Who has called: the name of a key, or cert:NAME
    #[arg(long = "actor", value_name = "NAME", value_delimiter = ',')]
    actors: Vec<String>,
    /// The id of the key
    #[arg(long = "key-id", value_name = "ID", value_delimiter = ',', value_parser = which::id)]
    api_key_ids: Vec<String>,
    /// The kind of what it was about
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<Kind>,
    /// The id of what it was about
    #[arg(long = "resource-id", value_name = "ID", value_delimiter = ',')]
    resource_ids: Vec<String>,
    /// Only calls that have succeeded
    #[arg(long, conflicts_with = "failed")]
    succeeded: bool,
    /// Only calls that have not
    #[arg(long)]
    failed: bool,
    /// Ended at this time or later
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
    /// Ended before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    before: Option<Timestamp>,
    #[command(flatten)]
    limit: Limit,
}

/// The full name of a method, which may be said without its package and its service.
fn method(text: &str) -> Result<String, String> {
    let mut methods = Method::ALL.iter().map(|method| (method.name(), method.path().trim_start_matches('/')));
    let known = methods.find(|(name, full_name)| [*name, *full_name].contains(&text));
    known.map(|(_, full_name)| full_name.to_owned()).ok_or_else(|| "is no method of the registry".to_owned())
}

impl Audit {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::List(list) => list.run(session).await,
        }
    }
}

impl List {
    async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let limit = self.limit;
        let list = session.client().await?.list_audit_entries().filter(self.filter());
        session.output.list(list.page_size(limit.page_size()).items(), limit).await?;
        Ok(Exit::Done)
    }

    fn filter(self) -> AuditFilter {
        AuditFilter {
            methods: self.methods,
            api_key_ids: self.api_key_ids,
            resource_kinds: self.kinds.into_iter().map(|kind| ResourceKind::from(kind).into()).collect(),
            resource_ids: self.resource_ids,
            succeeded: (self.succeeded || self.failed).then_some(self.succeeded),
            create_time_from: self.since,
            create_time_before: self.before,
            actors: self.actors,
        }
    }
}
