//! ListReleaseAliases.

use futures_util::Stream;
use registry_proto::v1 as pb;

use crate::call::sends;
use crate::page::{self, List};
use crate::{Call, Error, ModelRef, Page, ReleaseAlias, ReleaseRef};

/// Lists aliases, by the name of the model and then by alias. Made by [`Client::list_release_aliases`](crate::Client::list_release_aliases).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called, or a stream is polled"]
pub struct ListReleaseAliases {
    pub(super) call: Call<pb::ListReleaseAliasesRequest>,
}

impl ListReleaseAliases {
    /// Only the aliases of this model. Default: of all models.
    pub fn model(mut self, model: impl Into<ModelRef>) -> Self {
        self.call.request.model_ref = Some(model.into().into());
        self
    }

    /// Only the aliases that point to this release. Default: to any.
    pub fn release(mut self, release: impl Into<ReleaseRef>) -> Self {
        self.call.request.release_ref = Some(release.into().into());
        self
    }

    /// How many aliases a page holds at most. Default: 50; the most is 1000.
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
    pub fn pages(self) -> impl Stream<Item = Result<Page<ReleaseAlias>, Error>> + Send + Unpin {
        page::pages(self.call)
    }

    /// The aliases of all pages, which are asked for as they are needed. Ends after the first error.
    pub fn items(self) -> impl Stream<Item = Result<ReleaseAlias, Error>> + Send + Unpin {
        page::items(self.call)
    }
}

sends!(read ListReleaseAliases -> Page<ReleaseAlias>, |response, _| Ok(pb::ListReleaseAliasesRequest::page(response)));

impl List for pb::ListReleaseAliasesRequest {
    type Item = ReleaseAlias;

    fn page_token(&mut self) -> &mut String {
        &mut self.page_token
    }

    fn page(response: pb::ListReleaseAliasesResponse) -> Page<ReleaseAlias> {
        let pb::ListReleaseAliasesResponse { aliases, next_page_token, revision } = response;
        Page::new(aliases, next_page_token, None, revision)
    }
}
