//! CreateApiKey.

use std::time::SystemTime;

use registry_proto::v1 as pb;

use super::NewSecret;
use crate::call::sends;
use crate::{ApiKey, Call, Role};

/// Creates an API key. Made by [`Client::create_api_key`](crate::Client::create_api_key).
///
/// It has no request id, because the answer holds a secret and is not kept: if it gets lost, the key is there, and
/// [`Client::rotate_api_key`](crate::Client::rotate_api_key) gives it a secret that is known.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct CreateApiKey {
    pub(super) call: Call<pb::CreateApiKeyRequest>,
}

impl CreateApiKey {
    /// What it may do. Default: [`Role::Viewer`], which may read.
    pub fn role(mut self, role: Role) -> Self {
        self.key().set_role(role);
        self
    }

    /// What it is for.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.key().description = Some(description.into());
        self
    }

    /// From when on it can no longer be used. Default: never.
    pub fn expire_time(mut self, time: impl Into<SystemTime>) -> Self {
        self.key().expire_time = Some(time.into().into());
        self
    }

    /// Only models whose name begins with one of these are there for it. Default: all models. Not for [`Role::Admin`].
    pub fn model_name_prefixes(mut self, prefixes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.key().model_name_prefixes = prefixes.into_iter().map(Into::into).collect();
        self
    }

    fn key(&mut self) -> &mut ApiKey {
        self.call.request.api_key.get_or_insert_default()
    }
}

sends!(CreateApiKey -> NewSecret, |response, _| NewSecret::new(response.api_key, response.secret));
