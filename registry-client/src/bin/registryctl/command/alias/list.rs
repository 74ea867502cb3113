//! `registryctl alias list`.

use std::pin::pin;

use clap::Args;
use futures_util::TryStreamExt as _;
use registry_client::{ListReleaseAliases, ModelRef, Reference};

use super::versions::Versions;
use crate::arguments::{self, Build, Limit};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Format, Table, print};
use crate::resource::time;
use crate::session::Session;

/// Lists aliases, of one model or of all
#[derive(Debug, Args)]
pub struct List {
    /// The model: its name, or id:UUID. Without this, all models
    #[arg(value_parser = arguments::model)]
    model: Option<ModelRef>,

    /// Only those that point to this release, for example llama-3-8b:1.2.0
    #[arg(long, value_name = "RELEASE")]
    release: Option<Reference>,

    #[command(flatten)]
    build: Build,

    #[command(flatten)]
    limit: Limit,
}

impl List {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { model, release, build, limit } = self;
        let client = session.client().await?;
        let mut list = client.list_release_aliases().page_size(limit.page_size());
        if let Some(model) = model {
            list = list.model(model);
        }
        if let Some(release) = release {
            list = list.release(&build.resolve(&client, release).await?);
        }
        if session.output.format() == Format::Table {
            table(session, list, Versions::of(&client), limit).await?;
        } else {
            session.output.list(list.items(), limit).await?;
        }
        Ok(Exit::Done)
    }
}

/// With versions instead of ids.
async fn table(session: &Session, list: ListReleaseAliases, mut versions: Versions, limit: Limit) -> Result<(), Failure> {
    let mut table = Table::new(["MODEL", "ALIAS", "VERSION", "BEFORE", "MOVED", "BY"]);
    let (mut aliases, mut count) = (pin!(list.items()), 0_u64);
    while let Some(alias) = aliases.try_next().await? {
        if limit.is_reached(count) {
            session.output.more(count);
            break;
        }
        let before = alias.previous_release_id.as_deref().unwrap_or_default();
        let (now, before) = (versions.get(&alias.release_id).await?, versions.get(before).await?);
        let moved = time(alias.update_time.as_ref());
        table.row([&alias.model_name, &alias.alias, &now, &before, &moved, &alias.updated_by]);
        count = count.saturating_add(1);
    }
    print(&table.render())
}
