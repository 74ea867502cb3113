//! ListReleaseAliases.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::page::{List, paged};
use crate::{Call, ModelRef, Page, ReleaseAlias, ReleaseRef};

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
}

paged!(ListReleaseAliases -> ReleaseAlias, "aliases");

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
