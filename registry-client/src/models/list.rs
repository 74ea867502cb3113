//! ListModels.

use futures_util::Stream;
use registry_proto::v1 as pb;

use crate::call::sends;
use crate::page::{self, List};
use crate::{Call, Error, Model, ModelFilter, ModelOrder, ModelView, Page};

/// Lists models. Made by [`Client::list_models`](crate::Client::list_models).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called, or a stream is polled"]
pub struct ListModels {
    pub(super) call: Call<pb::ListModelsRequest>,
}

impl ListModels {
    /// Which models. Default: all that are live.
    pub fn filter(mut self, filter: ModelFilter) -> Self {
        self.call.request.filter = Some(filter);
        self
    }

    /// In which order. Default: [`ModelOrder::CreateTimeDesc`].
    pub fn order(mut self, order: ModelOrder) -> Self {
        self.call.request.set_order(order);
        self
    }

    /// How many models a page holds at most. Default: 50; the most is 1000.
    pub fn page_size(mut self, size: i32) -> Self {
        self.call.request.page_size = size;
        self
    }

    /// Where to go on: the [`next_page_token`](Page::next_page_token) of another list with the same arguments.
    pub fn page_token(mut self, token: impl Into<String>) -> Self {
        self.call.request.page_token = token.into();
        self
    }

    /// How much of each model. Default: [`ModelView::Basic`].
    pub fn view(mut self, view: ModelView) -> Self {
        self.call.request.set_view(view);
        self
    }

    /// Lists soft-deleted models too.
    pub fn show_deleted(mut self) -> Self {
        self.call.request.show_deleted = true;
        self
    }

    /// Also counts how many models match, see [`Page::total_size`]. Costs more than the page itself.
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
    /// let mut pages = client.list_models().page_size(100).pages();
    /// while let Some(page) = pages.try_next().await? {
    ///     println!("{} models", page.items.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages(self) -> impl Stream<Item = Result<Page<Model>, Error>> + Send + Unpin {
        page::pages(self.call)
    }

    /// The models of all pages, which are asked for as they are needed. Ends after the first error.
    ///
    /// ```no_run
    /// use futures::TryStreamExt as _;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let models: Vec<_> = client.list_models().items().try_collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn items(self) -> impl Stream<Item = Result<Model, Error>> + Send + Unpin {
        page::items(self.call)
    }
}

sends!(read ListModels -> Page<Model>, |response, _| Ok(pb::ListModelsRequest::page(response)));

impl List for pb::ListModelsRequest {
    type Item = Model;

    fn page_token(&mut self) -> &mut String {
        &mut self.page_token
    }

    fn page(response: pb::ListModelsResponse) -> Page<Model> {
        let pb::ListModelsResponse { models, next_page_token, total_size, revision } = response;
        Page::new(models, next_page_token, total_size, revision)
    }
}
