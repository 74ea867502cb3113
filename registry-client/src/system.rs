//! The server itself: the calls of the system service.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::{Call, Client, CompactedEvents, ServerInfo};

impl Client {
    /// Asks the server what it is and what it can do. Needs no credentials.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let info = client.server_info().send().await?;
    /// println!("registry {} at revision {}", info.registry_id, info.current_revision);
    /// # Ok(())
    /// # }
    /// ```
    pub fn server_info(&self) -> GetServerInfo {
        GetServerInfo { call: self.call(pb::GetServerInfoRequest {}) }
    }

    /// Makes the registry forget its events up to a revision. Whoever still needs them must list again.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let info = client.server_info().send().await?;
    /// let compacted = client.compact_events(info.current_revision).send().await?;
    /// println!("{} events are gone", compacted.dropped_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn compact_events(&self, revision: i64) -> CompactEvents {
        CompactEvents { call: self.call(pb::CompactEventsRequest { revision }) }
    }
}

/// Asks the server what it is. Made by [`Client::server_info`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct GetServerInfo {
    call: Call<pb::GetServerInfoRequest>,
}

sends!(GetServerInfo -> ServerInfo, |response, _| Ok(response));

/// Makes the registry forget old events. Made by [`Client::compact_events`]. Doing it twice does no more than doing it once.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct CompactEvents {
    call: Call<pb::CompactEventsRequest>,
}

sends!(CompactEvents -> CompactedEvents, |response, _| Ok(response));
