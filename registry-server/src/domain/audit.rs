//! The audit log: which entries are asked for, and what is written of calls that did not succeed.
//!
//! What is written of those that did, the store knows by itself.

use super::caller::{Caller, Origin};
use super::event::ResourceKind;
use super::filter::TimeRange;
use super::id::ApiKeyId;
use super::name::{Actor, ApiKeyName};
use super::time::Timestamp;
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// A condition on entries. Fields are ANDed, the values of one field are alternatives; an empty one matches every entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract documents every field of AuditFilter")]
pub struct AuditFilter {
    pub methods: Vec<String>,
    pub api_keys: Vec<ApiKeyId>,
    pub kinds: Vec<ResourceKind>,
    pub resource_ids: Vec<String>,
    pub succeeded: Option<bool>,
    pub create_time: TimeRange,
    pub actors: Vec<String>,
}

/// A call that failed, or several that did in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCalls {
    /// The full name of the method.
    pub method: &'static str,
    /// The status code.
    pub code: i32,
    /// Why, in the words of the contract.
    pub reason: Option<&'static str>,
    /// Who called.
    pub actor: Actor,
    /// With which key.
    pub key: Option<(ApiKeyId, ApiKeyName)>,
    /// From where. Of several calls, the last.
    pub origin: Origin,
    /// What it was about, as far as the caller was told. Of several calls, if it was the same.
    pub resource: Option<NamedResource>,
    /// The id of the call. Of several, the last.
    pub request_id: String,
    /// When it ended. Of several, the last.
    pub time: Timestamp,
    /// How many they are.
    pub count: i64,
}

/// What a status says of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedResource {
    /// Its kind.
    pub kind: ResourceKind,
    /// Its id, if that is what the caller named it by.
    pub id: Option<String>,
    /// Its name, otherwise.
    pub name: Option<String>,
}

impl FailedCalls {
    /// These and a later one.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        let resource = later.resource.filter(|resource| self.resource.as_ref() == Some(resource));
        Self { count: self.count.saturating_add(later.count), resource, ..later }
    }

    /// The same from nowhere in particular.
    #[must_use]
    pub fn anywhere(self) -> Self {
        Self { origin: Origin::default(), ..self }
    }

    /// The same by nobody in particular, and for no reason in particular.
    #[must_use]
    pub fn by_others(self) -> Self {
        Self { actor: Actor::others(), key: None, reason: None, ..self.anywhere() }
    }
}

/// What is found out about a call on its way in, for whoever writes down how it ended. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Noted(Arc<Found>);

#[derive(Debug, Default)]
struct Found {
    caller: OnceLock<Arc<Caller>>,
    change: OnceLock<Uuid>,
}

impl Noted {
    /// Who calls has been recognised, whether or not he may.
    pub fn recognised(&self, caller: &Arc<Caller>) {
        self.0.caller.get_or_init(|| Arc::clone(caller));
    }

    /// What the caller named the change by, if that can be an id.
    pub fn asked_for(&self, change: &str) {
        if let Ok(id) = Uuid::try_parse(change) {
            self.0.change.get_or_init(|| id);
        }
    }

    /// Who calls, if he was recognised.
    #[must_use]
    pub fn caller(&self) -> Option<&Caller> {
        self.0.caller.get().map(Arc::as_ref)
    }

    /// The id of the change, if the call got as far as being read and has one.
    #[must_use]
    pub fn change_id(&self) -> Option<String> {
        self.0.change.get().map(Uuid::to_string)
    }
}
