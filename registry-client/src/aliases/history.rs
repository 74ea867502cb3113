//! ListReleaseAliasHistory.

use futures_util::Stream;
use registry_proto::v1 as pb;

use crate::call::sends;
use crate::page::{self, List};
use crate::{Call, Error, Page, ReleaseAliasMove};

/// Lists where an alias has pointed, the newest move first. Made by [`Client::list_release_alias_history`](crate::Client::list_release_alias_history).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called, or a stream is polled"]
pub struct ListReleaseAliasHistory {
    pub(super) call: Call<pb::ListReleaseAliasHistoryRequest>,
}

impl ListReleaseAliasHistory {
    /// How many moves a page holds at most. Default: 50; the most is 1000.
    pub fn page_size(mut self, size: i32) -> Self {
        self.call.request.page_size = size;
        self
    }

    /// Where to go on: the [`next_page_token`](Page::next_page_token) of another list with the same arguments.
    pub fn page_token(mut self, token: impl Into<String>) -> Self {
        self.call.request.page_token = token.into();
        self
    }

    /// All pages, one after the other, each with its own deadline and retries. Ends after the first error; the token of the page
    /// before it leads back to where that happened.
    pub fn pages(self) -> impl Stream<Item = Result<Page<ReleaseAliasMove>, Error>> + Send + Unpin {
        page::pages(self.call)
    }

    /// The moves of all pages, which are asked for as they are needed. Ends after the first error.
    pub fn items(self) -> impl Stream<Item = Result<ReleaseAliasMove, Error>> + Send + Unpin {
        page::items(self.call)
    }
}

sends!(read ListReleaseAliasHistory -> Page<ReleaseAliasMove>, |response, _| Ok(pb::ListReleaseAliasHistoryRequest::page(response)));

impl List for pb::ListReleaseAliasHistoryRequest {
    type Item = ReleaseAliasMove;

    fn page_token(&mut self) -> &mut String {
        &mut self.page_token
    }

    fn page(response: pb::ListReleaseAliasHistoryResponse) -> Page<ReleaseAliasMove> {
        let pb::ListReleaseAliasHistoryResponse { moves, next_page_token } = response;
        // The answer does not say; the moves themselves do.
        Page::new(moves, next_page_token, None, 0)
    }
}
