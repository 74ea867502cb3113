//! The server itself: the calls of the system service.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::{Call, Client, ServerInfo};

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
}

/// Asks the server what it is. Made by [`Client::server_info`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct GetServerInfo {
    call: Call<pb::GetServerInfoRequest>,
}

sends!(GetServerInfo -> ServerInfo, |response, _| Ok(response));
