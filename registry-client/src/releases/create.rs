//! CreateRelease and BatchCreateReleases.

use registry_proto::v1 as pb;

use crate::call::sends;
use crate::fields::{options, release_fields, setters};
use crate::{Call, Release, ReleaseId, ReleaseState};

/// Registers a release. Made by [`Client::create_release`](crate::Client::create_release).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct CreateRelease {
    pub(super) call: Call<pb::CreateReleaseRequest>,
}

impl CreateRelease {
    /// The field of the request that holds the values.
    const RESOURCE: &str = "release";

    fn write(&mut self, _field: &str) -> &mut Release {
        self.call.request.release.get_or_insert_default()
    }

    /// The digest of what was built: "sha256:" or "sha512:" and lower-case hexadecimal digits. Needed unless the release begins as a
    /// candidate.
    pub fn digest(mut self, digest: impl Into<String>) -> Self {
        self.write("digest").digest = Some(digest.into());
        self
    }

    /// The tag of the image. Default: the version, followed by "-" and the quantization if there is one.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.write("tag").tag = tag.into();
        self
    }

    /// The quantization, for example "fp16". Default: none.
    pub fn quantization(mut self, quantization: impl Into<String>) -> Self {
        self.write("quantization").quantization = Some(quantization.into());
        self
    }

    /// What it runs on, for example "linux/arm64". Default: "linux/amd64".
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.write("platform").platform = platform.into();
        self
    }

    /// The release whose weights this one was trained or quantized from.
    pub fn base_release(mut self, release: impl Into<ReleaseId>) -> Self {
        self.write("base_release_id").base_release_id = Some(release.into().to_string());
        self
    }

    /// Adds a key-value pair that lists can be filtered by.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.write("labels").labels.insert(key.into(), value.into());
        self
    }

    /// Adds several such pairs.
    pub fn labels(mut self, labels: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        self.write("labels").labels.extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// The state it begins in: [`ReleaseState::Candidate`] or [`ReleaseState::Active`]. Default: active.
    pub fn initial_state(mut self, state: ReleaseState) -> Self {
        self.call.request.set_initial_state(state);
        self
    }

    /// Only checks everything and stores nothing. The answer is what would have been, with an empty `id` and revision 0.
    pub fn validate_only(mut self) -> Self {
        self.call.request.validate_only = true;
        self
    }
}

release_fields!(setters for CreateRelease);

sends!(write CreateRelease -> Release, |response, _| response.release.ok_or("the answer holds no release"));

/// Registers several releases, all or none. Made by [`Client::batch_create_releases`](crate::Client::batch_create_releases).
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct BatchCreateReleases {
    pub(super) call: Call<pb::BatchCreateReleasesRequest>,
}

options!(BatchCreateReleases: validate_only);

sends!(write BatchCreateReleases -> Vec<Release>, |response, request| {
    // The answers are told apart by their places, so that one too few would be attributed to the wrong requests.
    Some(response.releases)
        .filter(|releases| releases.len() == request.requests.len())
        .ok_or("the answer does not hold one release for each request")
});
