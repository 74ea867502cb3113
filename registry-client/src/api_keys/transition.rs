//! TransitionApiKey.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::options;
use crate::{ApiKey, Call};

/// Disables, enables or revokes an API key. Made by [`Client::revoke_api_key`](crate::Client::revoke_api_key) and its siblings.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct TransitionApiKey {
    pub(super) call: Call<pb::TransitionApiKeyRequest>,
}

options!(TransitionApiKey: etag, validate_only);

sends!(write TransitionApiKey -> ApiKey, |response, _| response.api_key.ok_or("the answer holds no key"));
