//! RotateApiKey.

use std::time::Duration;

use registry_proto::v1 as pb;

use super::NewSecret;
use crate::Call;
use crate::call::sends;

/// Gives an API key a new secret. Made by [`Client::rotate_api_key`](crate::Client::rotate_api_key).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct RotateApiKey {
    pub(super) call: Call<pb::RotateApiKeyRequest>,
}

impl RotateApiKey {
    /// How long the secret before it goes on working, at most seven days. Default: not at all.
    pub fn grace_period(mut self, period: Duration) -> Self {
        match prost_types::Duration::try_from(period) {
            Ok(period) => self.call.request.grace_period = Some(period),
            Err(_) => self.call.refuse("grace_period", "is too long"),
        }
        self
    }
}

sends!(RotateApiKey -> NewSecret, |response, _| NewSecret::new(response.api_key, response.secret));
