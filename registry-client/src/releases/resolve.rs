//! ResolveRelease and BatchResolveReleases.

use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::batch_resolve_releases_response::{Result as Outcome, result::Result as Kind};
use registry_proto::v1::resolve_release_request::{Latest, Selector};

use super::query::{SelectRelease, selectors};
use crate::call::sends;
use crate::{Call, Client, Error, Release};

/// A call that knows the model and not yet what to resolve. Made by [`Client::resolve_release`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct ResolveReleaseOf {
    pub(super) client: Client,
    pub(super) select: SelectRelease,
}

impl ResolveReleaseOf {
    fn select(self, by: Selector) -> ResolveRelease {
        self.client.resolve_release_from(self.select.select(by))
    }
}

selectors!(ResolveReleaseOf -> ResolveRelease);

/// Asks which release something stands for. Made by [`Client::resolve_release`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct ResolveRelease {
    pub(super) call: Call<pb::ResolveReleaseRequest>,
}

impl ResolveRelease {
    /// Considers only releases with this quantization; an empty one stands for none. Default: any.
    pub fn quantization(mut self, quantization: impl Into<String>) -> Self {
        self.call.request.quantization = Some(quantization.into());
        self
    }

    /// Considers only releases for this platform, for example "linux/arm64". Default: any.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.call.request.platform = Some(platform.into());
        self
    }
}

sends!(read ResolveRelease -> Release, |response, _| response.release.ok_or("the answer holds no release"));

/// Asks what several references stand for. Made by [`Client::batch_resolve_releases`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct BatchResolveReleases {
    pub(super) call: Call<pb::BatchResolveReleasesRequest>,
}

/// What several references stand for.
#[derive(Debug)]
#[non_exhaustive]
pub struct Resolved {
    /// The outcomes, in the order of the questions: the release, or the error that [`Client::resolve_release`] would have failed with.
    pub outcomes: Vec<Result<Release, Error>>,
    /// The registry revision that all of them were read at.
    pub revision: i64,
}

sends!(read BatchResolveReleases -> Resolved, |response, request| {
    let pb::BatchResolveReleasesResponse { results, revision } = response;
    // The outcomes are told apart by their places, so that one too few would be attributed to the wrong questions.
    if results.len() != request.requests.len() {
        return Err("the answer does not hold one outcome for each reference");
    }
    Ok(Resolved { outcomes: results.into_iter().map(outcome).collect(), revision })
});

fn outcome(outcome: Outcome) -> Result<Release, Error> {
    let broken = |what| Err(Error::protocol(Method::BatchResolveReleases, what));
    match outcome.result {
        Some(Kind::Resolved(response)) => response.release.map_or_else(|| broken("an outcome holds no release"), Ok),
        Some(Kind::Status(status)) => Err(Error::from_message(Method::BatchResolveReleases, status)),
        None => broken("an outcome is neither a release nor a failure"),
    }
}
