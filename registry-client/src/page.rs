//! Pages, and walking from one to the next. Knows how lists go on, and nothing of what is listed.

use futures_util::stream::{self, Stream, TryStreamExt as _};

use crate::rpc::Rpc;
use crate::{Call, Error};

/// One page of a list.
///
/// ```no_run
/// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
/// let page = client.list_models().page_size(20).send().await?;
/// for model in &page.items {
///     println!("{}", model.name);
/// }
/// if let Some(token) = page.next_page_token {
///     let next = client.list_models().page_size(20).page_token(token).send().await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on it. Can be empty although more pages follow.
    pub items: Vec<T>,
    /// Where the next page begins. Unset on the last one.
    pub next_page_token: Option<String>,
    /// How many items there are on all pages together, if `include_total_size` asked for it.
    pub total_size: Option<i64>,
    /// The registry revision at which the first page was read. 0 for the history of an alias, API keys and the audit log, which do not
    /// say.
    pub revision: i64,
}

impl<T> Page<T> {
    pub(crate) fn new(items: Vec<T>, next_page_token: String, total_size: Option<i64>, revision: i64) -> Self {
        Self { items, next_page_token: Some(next_page_token).filter(|token| !token.is_empty()), total_size, revision }
    }
}

/// A request for a page.
pub(crate) trait List: Rpc {
    type Item: Send + 'static;

    fn page_token(&mut self) -> &mut String;

    fn page(response: Self::Response) -> Page<Self::Item>;
}

/// The pages from the one that the call asks for to the last. Ends after the first error.
pub(crate) fn pages<R: List>(call: Call<R>) -> impl Stream<Item = Result<Page<R::Item>, Error>> + Send + Unpin + use<R> {
    let walk = Walk { call, pages: 0, milestone: String::new() };
    Box::pin(stream::try_unfold(Some(Ok(walk)), async |next: Option<Result<Walk<R>, Error>>| {
        let Some(walk) = next.transpose()? else { return Ok(None) };
        let page = walk.call.send_as(|response, _| Ok(R::page(response))).await?.value;
        // A page that leads nowhere is still one; the error comes after it.
        let next = page.next_page_token.as_deref().map(|token| walk.advance(token));
        Ok(Some((page, next)))
    }))
}

/// The items of all pages.
pub(crate) fn items<R: List>(call: Call<R>) -> impl Stream<Item = Result<R::Item, Error>> + Send + Unpin + use<R> {
    pages(call).map_ok(|page| stream::iter(page.items.into_iter().map(Ok))).try_flatten()
}

/// What every list has that is asked for in pages: how large they are, where to begin, and all of them.
macro_rules! paged {
    ($Builder:ident -> $Item:ty, $items:literal) => {
        impl $Builder {
            #[doc = concat!("How many ", $items, " a page holds at most. Default: 50; the most is 1000.")]
            pub fn page_size(mut self, size: i32) -> Self {
                self.call.request.page_size = size;
                self
            }

            /// Where to go on: the [`next_page_token`](crate::Page::next_page_token) of another list with the same arguments.
            pub fn page_token(mut self, token: impl Into<String>) -> Self {
                self.call.request.page_token = token.into();
                self
            }

            /// All pages, one after the other, each with its own deadline and retries. Ends after the first error; the token of the page
            /// before it leads back to where that happened.
            pub fn pages(self) -> impl ::futures_util::Stream<Item = Result<crate::Page<$Item>, crate::Error>> + Send + Unpin {
                crate::page::pages(self.call)
            }

            #[doc = concat!("The ", $items, " of all pages, which are asked for as they are needed. Ends after the first error.")]
            pub fn items(self) -> impl ::futures_util::Stream<Item = Result<$Item, crate::Error>> + Send + Unpin {
                crate::page::items(self.call)
            }
        }
    };
}

pub(crate) use paged;

struct Walk<R: List> {
    call: Call<R>,
    pages: u64,
    /// The token of an earlier page. Replaced at page 1, 2, 4, 8 and so on, so that a circle of any size is noticed.
    milestone: String,
}

impl<R: List> Walk<R> {
    fn advance(mut self, token: &str) -> Result<Self, Error> {
        if *token == self.milestone || *token == *self.call.request.page_token() {
            return Err(Error::protocol(<R as Rpc>::METHOD, "the pages go round in circles: a page token was given out twice"));
        }
        self.pages += 1;
        if self.pages.is_power_of_two() {
            token.clone_into(&mut self.milestone);
        }
        token.clone_into(self.call.request.page_token());
        Ok(self)
    }
}
