//! ListApiKeys.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::page::{List, paged};
use crate::{ApiKey, ApiKeyState, Call, Page};

/// Lists API keys by name. Made by [`Client::list_api_keys`](crate::Client::list_api_keys).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called, or a stream is polled"]
pub struct ListApiKeys {
    pub(super) call: Call<pb::ListApiKeysRequest>,
}

impl ListApiKeys {
    /// Only keys in one of these states. Default: in any but [`ApiKeyState::Revoked`].
    pub fn states(mut self, states: impl IntoIterator<Item = ApiKeyState>) -> Self {
        self.call.request.states = states.into_iter().map(Into::into).collect();
        self
    }
}

paged!(ListApiKeys -> ApiKey, "keys");

sends!(read ListApiKeys -> Page<ApiKey>, |response, _| Ok(pb::ListApiKeysRequest::page(response)));

impl List for pb::ListApiKeysRequest {
    type Item = ApiKey;

    fn page_token(&mut self) -> &mut String {
        &mut self.page_token
    }

    fn page(response: pb::ListApiKeysResponse) -> Page<ApiKey> {
        let pb::ListApiKeysResponse { api_keys, next_page_token } = response;
        Page::new(api_keys, next_page_token, None, 0)
    }
}
