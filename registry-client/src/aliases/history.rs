//! ListReleaseAliasHistory.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::page::{List, paged};
use crate::{Call, Page, ReleaseAliasMove};

/// Lists where an alias has pointed, the newest move first. Made by [`Client::list_release_alias_history`](crate::Client::list_release_alias_history).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called, or a stream is polled"]
pub struct ListReleaseAliasHistory {
    pub(super) call: Call<pb::ListReleaseAliasHistoryRequest>,
}

paged!(ListReleaseAliasHistory -> ReleaseAliasMove, "moves");

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
