//! Events, page after page.

use std::collections::VecDeque;

use futures_util::{Stream, stream};
use registry_client::{Client, Error, Event, EventFilter};

use crate::arguments::Limit;

/// Where the walk is.
struct Walk {
    client: Client,
    filter: EventFilter,
    after: i64,
    limit: Limit,
    page: VecDeque<Event>,
    has_more: bool,
}

/// All events after a revision that the filter lets through and that are there already, the oldest first.
pub fn all(client: &Client, filter: EventFilter, after: i64, limit: Limit) -> impl Stream<Item = Result<Event, Error>> + use<> {
    let walk = Walk { client: client.clone(), filter, after, limit, page: VecDeque::new(), has_more: true };
    Box::pin(stream::try_unfold(walk, async |mut walk| {
        while walk.page.is_empty() && walk.has_more {
            let list = walk.client.list_events().filter(walk.filter.clone()).after_revision(walk.after);
            let page = list.page_size(walk.limit.page_size()).send().await?;
            (walk.page, walk.after, walk.has_more) = (page.events.into(), page.through_revision, page.has_more);
        }
        Ok(walk.page.pop_front().map(|event| (event, walk)))
    }))
}
