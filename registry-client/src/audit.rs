//! The audit log: the call of the audit service.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::page::{List, paged};
use crate::{AuditEntry, AuditFilter, Call, Client, Page, ResourceKind};

impl Client {
    /// Lists who called what and how it ended, newest first: one page with `send`, or all with `pages` or `items`. Admins only.
    ///
    /// ```no_run
    /// use futures::TryStreamExt as _;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let mut refused = client.list_audit_entries().succeeded(false).items();
    /// while let Some(entry) = refused.try_next().await? {
    ///     println!("{} could not {}: {:?}", entry.actor, entry.method, entry.error_reason);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_audit_entries(&self) -> ListAuditEntries {
        ListAuditEntries { call: self.call(pb::ListAuditEntriesRequest::default()) }
    }
}

/// Lists entries of the audit log. Made by [`Client::list_audit_entries`]. Each method adds a condition; what one method is told more than
/// once are alternatives.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called, or a stream is polled"]
pub struct ListAuditEntries {
    call: Call<pb::ListAuditEntriesRequest>,
}

impl ListAuditEntries {
    /// Which entries, all said at once. Default: all.
    pub fn filter(mut self, filter: AuditFilter) -> Self {
        self.call.request.filter = Some(filter);
        self
    }

    /// Only calls of this method, by its full name: "modelregistry.v1.ModelService/CreateModel".
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.wanted().methods.push(method.into());
        self
    }

    /// Only calls by this actor: the name of an API key, or "anonymous".
    pub fn actor(mut self, actor: impl Into<String>) -> Self {
        self.wanted().actors.push(actor.into());
        self
    }

    /// Only calls with the API key that has this id.
    pub fn api_key_id(mut self, id: impl Into<String>) -> Self {
        self.wanted().api_key_ids.push(id.into());
        self
    }

    /// Only calls about resources of this kind.
    pub fn resource_kind(mut self, kind: ResourceKind) -> Self {
        self.wanted().resource_kinds.push(kind.into());
        self
    }

    /// Only calls about the resource with this id.
    pub fn resource_id(mut self, id: impl Into<String>) -> Self {
        self.wanted().resource_ids.push(id.into());
        self
    }

    /// Only calls that succeeded, or only calls that did not.
    pub fn succeeded(mut self, succeeded: bool) -> Self {
        self.wanted().succeeded = Some(succeeded);
        self
    }

    /// Only calls that ended at this time or later.
    pub fn since(mut self, time: impl Into<prost_types::Timestamp>) -> Self {
        self.wanted().create_time_from = Some(time.into());
        self
    }

    /// Only calls that ended before this time.
    pub fn before(mut self, time: impl Into<prost_types::Timestamp>) -> Self {
        self.wanted().create_time_before = Some(time.into());
        self
    }

    fn wanted(&mut self) -> &mut AuditFilter {
        self.call.request.filter.get_or_insert_default()
    }
}

paged!(ListAuditEntries -> AuditEntry, "entries");

sends!(read ListAuditEntries -> Page<AuditEntry>, |response, _| Ok(pb::ListAuditEntriesRequest::page(response)));

impl List for pb::ListAuditEntriesRequest {
    type Item = AuditEntry;

    fn page_token(&mut self) -> &mut String {
        &mut self.page_token
    }

    fn page(response: pb::ListAuditEntriesResponse) -> Page<AuditEntry> {
        let pb::ListAuditEntriesResponse { entries, next_page_token } = response;
        // Entries that say nothing of the registry's revision are most of them.
        Page::new(entries, next_page_token, None, 0)
    }
}
