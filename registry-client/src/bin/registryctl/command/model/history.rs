//! `registryctl model history`.

use clap::Args;
use registry_client::{Client, Error, EventFilter, ModelFilter, ModelRef, pb};

use crate::arguments::{self, Limit};
use crate::events;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Lists the changes of a model and of everything that belongs to it, the oldest first
///
/// These are its events, which the registry keeps for some days: `alias history` goes back further, and so does `audit list`, for admins.
#[derive(Debug, Args)]
pub struct History {
    /// Its name, also of a soft-deleted one, or id:UUID, also of one that was purged
    #[arg(value_parser = arguments::model)]
    model: ModelRef,

    #[command(flatten)]
    limit: Limit,
}

impl History {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { model, limit } = self;
        let client = session.client().await?;
        let filter = EventFilter { model_ids: vec![id(&client, model).await?], ..Default::default() };
        session.output.list(events::all(&client, filter, 0, limit), limit).await?;
        Ok(Exit::Done)
    }
}

/// By name, first one that is live and then one that is deleted.
async fn id(client: &Client, model: ModelRef) -> Result<String, Failure> {
    let name = match pb::ModelRef::from(model).value {
        Some(pb::model_ref::Value::Id(id)) => return Ok(id),
        Some(pb::model_ref::Value::Name(name)) => name,
        None => String::new(),
    };
    match client.get_model(&name).send().await {
        Ok(model) => Ok(model.id),
        Err(error @ Error::NotFound(_)) => {
            let filter = ModelFilter { name_prefix: name.clone(), ..Default::default() };
            let deleted =
                client.list_models().filter(filter).order(registry_client::ModelOrder::NameAsc).show_deleted().send().await?;
            // It is the shortest of those that begin with it, and so the first by name.
            let found = deleted.items.into_iter().find(|model| model.name == name);
            found.map(|model| model.id).ok_or_else(|| error.into())
        }
        Err(error) => Err(error.into()),
    }
}
