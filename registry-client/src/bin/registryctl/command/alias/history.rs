//! `registryctl alias history`.

use std::pin::pin;

use clap::Args;
use futures_util::TryStreamExt as _;
use registry_client::ListReleaseAliasHistory;

use super::versions::Versions;
use super::{AliasName, alias};
use crate::arguments::Limit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Format, Table, print};
use crate::resource::{text, time};
use crate::session::Session;

/// Lists where an alias has pointed, the last move first
///
/// Also of one that was deleted. The history is kept for as long as the model.
#[derive(Debug, Args)]
pub struct History {
    /// The alias, for example llama-3-8b@production
    #[arg(value_name = "MODEL@ALIAS", value_parser = alias)]
    alias: AliasName,

    #[command(flatten)]
    limit: Limit,
}

impl History {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { alias, limit } = self;
        let client = session.client().await?;
        let list = client.list_release_alias_history(alias.model, alias.alias).page_size(limit.page_size());
        if session.output.format() == Format::Table {
            table(session, list, Versions::of(&client), limit).await?;
        } else {
            session.output.list(list.items(), limit).await?;
        }
        Ok(Exit::Done)
    }
}

/// With versions instead of ids.
async fn table(session: &Session, list: ListReleaseAliasHistory, mut versions: Versions, limit: Limit) -> Result<(), Failure> {
    let mut table = Table::new(["TIME", "FROM", "TO", "BY", "REASON"]);
    let (mut moves, mut count) = (pin!(list.items()), 0_u64);
    while let Some(step) = moves.try_next().await? {
        if limit.is_reached(count) {
            session.output.more(count);
            break;
        }
        let from = versions.get(step.from_release_id.as_deref().unwrap_or_default()).await?;
        let to = versions.get(step.to_release_id.as_deref().unwrap_or_default()).await?;
        table.row([&time(step.move_time.as_ref()), &from, &to, &step.moved_by, &text(step.reason.as_ref())]);
        count = count.saturating_add(1);
    }
    print(&table.render())
}
