//! ListReleases.

use futures_util::Stream;
use registry_proto::v1 as pb;

use crate::call::sends;
use crate::page::{self, List};
use crate::{Call, Error, ModelRef, Page, Release, ReleaseFilter, ReleaseOrder, ReleaseView};

/// Lists releases. Made by [`Client::list_releases`](crate::Client::list_releases).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called, or a stream is polled"]
pub struct ListReleases {
    pub(super) call: Call<pb::ListReleasesRequest>,
}

impl ListReleases {
    /// Only the releases of this model. Default: of all models.
    pub fn model(mut self, model: impl Into<ModelRef>) -> Self {
        self.call.request.model_ref = Some(model.into().into());
        self
    }

    /// Which releases. Default: all that are live.
    pub fn filter(mut self, filter: ReleaseFilter) -> Self {
        self.call.request.filter = Some(filter);
        self
    }

    /// In which order. Default: [`ReleaseOrder::CreateTimeDesc`].
    pub fn order(mut self, order: ReleaseOrder) -> Self {
        self.call.request.set_order(order);
        self
    }

    /// How many releases a page holds at most. Default: 50; the most is 1000.
    pub fn page_size(mut self, size: i32) -> Self {
        self.call.request.page_size = size;
        self
    }

    /// Where to go on: the [`next_page_token`](Page::next_page_token) of another list with the same arguments.
    pub fn page_token(mut self, token: impl Into<String>) -> Self {
        self.call.request.page_token = token.into();
        self
    }

    /// How much of each release. Default: [`ReleaseView::Basic`].
    pub fn view(mut self, view: ReleaseView) -> Self {
        self.call.request.set_view(view);
        self
    }

    /// Lists soft-deleted releases too.
    pub fn show_deleted(mut self) -> Self {
        self.call.request.show_deleted = true;
        self
    }

    /// Also counts how many releases match, see [`Page::total_size`]. Costs more than the page itself.
    pub fn include_total_size(mut self) -> Self {
        self.call.request.include_total_size = true;
        self
    }

    /// All pages, one after the other, each with its own deadline and retries. Ends after the first error; the token of the page
    /// before it leads back to where that happened.
    ///
    /// ```no_run
    /// use futures::TryStreamExt as _;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let mut pages = client.list_releases().page_size(100).pages();
    /// while let Some(page) = pages.try_next().await? {
    ///     println!("{} releases", page.items.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages(self) -> impl Stream<Item = Result<Page<Release>, Error>> + Send + Unpin {
        page::pages(self.call)
    }

    /// The releases of all pages, which are asked for as they are needed. Ends after the first error.
    ///
    /// ```no_run
    /// use futures::TryStreamExt as _;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let releases: Vec<_> = client.list_releases().items().try_collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn items(self) -> impl Stream<Item = Result<Release, Error>> + Send + Unpin {
        page::items(self.call)
    }
}

sends!(read ListReleases -> Page<Release>, |response, _| Ok(pb::ListReleasesRequest::page(response)));

impl List for pb::ListReleasesRequest {
    type Item = Release;

    fn page_token(&mut self) -> &mut String {
        &mut self.page_token
    }

    fn page(response: pb::ListReleasesResponse) -> Page<Release> {
        let pb::ListReleasesResponse { releases, next_page_token, total_size, revision } = response;
        Page::new(releases, next_page_token, total_size, revision)
    }
}
