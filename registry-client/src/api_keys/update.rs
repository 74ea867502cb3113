//! UpdateApiKey.

use std::time::SystemTime;

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::masked;
use crate::{ApiKey, Call, Role};

/// Changes what an API key may do, or until when. Made by [`Client::update_api_key`](crate::Client::update_api_key).
///
/// Each method names its field in the update mask, and nothing else does: what is not mentioned here stays as it is.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct UpdateApiKey {
    pub(super) call: Call<pb::UpdateApiKeyRequest>,
}

impl UpdateApiKey {
    /// What it may do.
    pub fn role(mut self, role: Role) -> Self {
        self.write("role").set_role(role);
        self
    }

    /// What it is for.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.write("description").description = Some(description.into());
        self
    }

    /// Clears [`description`](Self::description).
    pub fn clear_description(mut self) -> Self {
        self.write("description").description = None;
        self
    }

    /// From when on it can no longer be used. A later time brings a key back that has expired.
    pub fn expire_time(mut self, time: impl Into<SystemTime>) -> Self {
        self.write("expire_time").expire_time = Some(time.into().into());
        self
    }

    /// Clears [`expire_time`](Self::expire_time): it never expires.
    pub fn clear_expire_time(mut self) -> Self {
        self.write("expire_time").expire_time = None;
        self
    }

    /// Only models whose name begins with one of these are there for it. None clears the limit.
    pub fn model_name_prefixes(mut self, prefixes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.write("model_name_prefixes").model_name_prefixes = prefixes.into_iter().map(Into::into).collect();
        self
    }
}

masked!(UpdateApiKey, api_key: ApiKey);

sends!(write UpdateApiKey -> ApiKey, |response, _| response.api_key.ok_or("the answer holds no key"));
