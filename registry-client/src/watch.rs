//! What changes in the registry: the calls of the watch service, and a stream of events that survives its connections. May not: keep
//! anything of what the events are about; [`CachedResolver`](crate::CachedResolver) does that.
//!
//! - `builder`: what to watch.
//! - `watching`: the stream as the caller has it.
//! - `follow`: one stream after the other, and what is told about it.
//! - `position`: how far they have come.
//! - `list`: ListEvents.

mod builder;
mod follow;
mod item;
mod list;
mod position;
mod watching;

use registry_proto::v1 as pb;

pub use self::builder::Watch;
pub use self::item::{StartOverReason, WatchItem};
pub use self::list::{EventPage, ListEvents};
pub use self::watching::Watching;
use crate::Client;
use crate::options::Options;

impl Client {
    /// Watches what changes in the registry: every event as it is stored, in order and exactly once, also across broken connections.
    ///
    /// To keep a copy of the registry, list everything first and watch from the revision of the list. To go on after a restart, watch
    /// from the [`revision`](Watching::revision) that was stored last.
    ///
    /// ```no_run
    /// use futures::TryStreamExt as _;
    /// use registry_client::WatchItem;
    ///
    /// # async fn run(client: registry_client::Client, stored: i64) -> Result<(), registry_client::Error> {
    /// let mut watching = client.watch().after_revision(stored).stream();
    /// while let Some(item) = watching.try_next().await? {
    ///     match item {
    ///         WatchItem::Event(event) => println!("{} {:?}", event.resource_name, event.event_type()),
    ///         WatchItem::Disconnected(error) => println!("no news for now: {error}"),
    ///         WatchItem::StartedOver { from, .. } => println!("events are lost: list again, at revision {from} or later"),
    ///         _ => {}
    ///     }
    ///     if let Some(revision) = watching.revision() {
    ///         // Store it, together with what the events were used for.
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(&self) -> Watch {
        Watch { client: self.clone(), request: pb::WatchRequest::default(), options: Options::default() }
    }

    /// Lists events, a page at a time, for callers that would rather ask now and then than hold a stream.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client, mut revision: i64) -> Result<(), registry_client::Error> {
    /// loop {
    ///     let page = client.list_events().after_revision(revision).send().await?;
    ///     for event in page.events {
    ///         println!("{} {:?}", event.resource_name, event.event_type());
    ///     }
    ///     revision = page.through_revision;
    ///     if !page.has_more {
    ///         break;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_events(&self) -> ListEvents {
        ListEvents { call: self.call(pb::ListEventsRequest::default()) }
    }
}

/// Which events, for everything that has a filter in its request.
macro_rules! filters {
    ($Builder:ident: $($request:ident).+) => {
        impl $Builder {
            /// Which events, all conditions at once. Default: all events.
            pub fn filter(mut self, filter: crate::EventFilter) -> Self {
                self.$($request).+.filter = Some(filter);
                self
            }

            /// Only events of resources of these kinds.
            pub fn kinds(mut self, kinds: impl IntoIterator<Item = crate::ResourceKind>) -> Self {
                self.$($request).+.filter.get_or_insert_default().resource_kinds.extend(kinds.into_iter().map(i32::from));
                self
            }

            /// Only events of these types.
            pub fn types(mut self, types: impl IntoIterator<Item = crate::EventType>) -> Self {
                self.$($request).+.filter.get_or_insert_default().event_types.extend(types.into_iter().map(i32::from));
                self
            }

            /// Only events of this model, its releases and its aliases. Once more for another model.
            pub fn model_id(self, id: impl Into<crate::ModelId>) -> Self {
                self.model_ids([id])
            }

            /// Only events of these models, their releases and their aliases.
            pub fn model_ids(mut self, ids: impl IntoIterator<Item = impl Into<crate::ModelId>>) -> Self {
                let ids = ids.into_iter().map(|id| id.into().as_str().to_owned());
                self.$($request).+.filter.get_or_insert_default().model_ids.extend(ids);
                self
            }

            /// Each event also holds the resource as it was after the change.
            pub fn include_resource(mut self) -> Self {
                self.$($request).+.include_resource = true;
                self
            }
        }
    };
}

use filters;
