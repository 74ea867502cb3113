//! ListApiKeys.

use futures_util::Stream;
use registry_proto::v1 as pb;

use crate::call::sends;
use crate::page::{self, List};
use crate::{ApiKey, ApiKeyState, Call, Error, Page};

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

    /// How many keys a page holds at most. Default: 50; the most is 1000.
    pub fn page_size(mut self, size: i32) -> Self {
        self.call.request.page_size = size;
        self
    }

    /// Where to go on: the [`next_page_token`](Page::next_page_token) of another list with the same arguments.
    pub fn page_token(mut self, token: impl Into<String>) -> Self {
        self.call.request.page_token = token.into();
        self
    }

    /// All pages, one after the other, each with its own deadline and retries. Ends after the first error.
    pub fn pages(self) -> impl Stream<Item = Result<Page<ApiKey>, Error>> + Send + Unpin {
        page::pages(self.call)
    }

    /// The keys of all pages, which are asked for as they are needed. Ends after the first error.
    pub fn items(self) -> impl Stream<Item = Result<ApiKey, Error>> + Send + Unpin {
        page::items(self.call)
    }
}

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
