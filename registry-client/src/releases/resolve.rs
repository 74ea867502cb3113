//! ResolveRelease and BatchResolveReleases.

use registry_proto::method::Method;
use registry_proto::v1 as pb;
use registry_proto::v1::batch_resolve_releases_response::{Result as Outcome, result::Result as Kind};
use registry_proto::v1::resolve_release_request::{Latest, Selector};

use super::query::{NO_ALIAS, SelectRelease, has_no_past, selectors};
use crate::call::sends;
use crate::{Answer, Call, Client, Error, Release, ReleaseAlias};

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

    /// Considers only releases that run in this environment: that have a deployment there in
    /// [`DeploymentState::Running`](crate::DeploymentState::Running). Default: wherever.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.call.request.environment = Some(environment.into());
        self
    }

    /// Where the [alias](ResolveReleaseOf::alias) pointed at this time, instead of where it points now. Means nothing to other selectors:
    /// the call is refused.
    ///
    /// ```no_run
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let incident = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    /// let culprit = client.resolve_release("llama-3-7b").alias("production").as_of_time(incident).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::wrong_self_convention, reason = "the contract has named it")]
    pub fn as_of_time(mut self, time: impl Into<prost_types::Timestamp>) -> Self {
        self.call.request.as_of_time = Some(time.into());
        self.checked()
    }

    pub(super) fn checked(mut self) -> Self {
        if has_no_past(&self.call.request) {
            self.call.refuse("as_of_time", NO_ALIAS);
        }
        self
    }

    /// Like [`send`](Self::send), and also returns the alias, if it was one that was asked for.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let resolution = client.resolve_release("llama-3-7b").alias("production").send_resolved().await?;
    /// if let Some(alias) = resolution.alias {
    ///     println!("production is {}, and was {:?}", alias.release_id, alias.previous_release_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`send`](Self::send).
    pub async fn send_resolved(self) -> Result<Resolution, Error> {
        Ok(self.send_resolved_with_meta().await?.value)
    }

    /// Like [`send_resolved`](Self::send_resolved), and also returns what the headers of the answer say.
    ///
    /// # Errors
    ///
    /// See [`send`](Self::send).
    pub async fn send_resolved_with_meta(self) -> Result<Answer<Resolution>, Error> {
        self.call.send_as(|response, _| resolution(response).ok_or("the answer holds no release")).await
    }
}

/// What a reference stands for, and why.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Resolution {
    /// The release.
    pub release: Release,
    /// The alias that points to it, as it was at the time that was asked for. Set only if an alias was asked for.
    pub alias: Option<ReleaseAlias>,
}

fn resolution(response: pb::ResolveReleaseResponse) -> Option<Resolution> {
    let pb::ResolveReleaseResponse { release, alias } = response;
    Some(Resolution { release: release?, alias })
}

sends!(read ResolveRelease -> Release, |response, _| response.release.ok_or("the answer holds no release"));

/// Asks what several references stand for. Made by [`Client::batch_resolve_releases`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct BatchResolveReleases {
    pub(super) call: Call<pb::BatchResolveReleasesRequest>,
}

impl BatchResolveReleases {
    pub(super) fn checked(mut self) -> Self {
        if let Some(place) = self.call.request.requests.iter().position(has_no_past) {
            self.call.refuse(format!("requests[{place}].as_of_time"), NO_ALIAS);
        }
        self
    }
}

/// What several references stand for.
#[derive(Debug)]
#[non_exhaustive]
pub struct Resolved {
    /// The outcomes, in the order of the questions: the release, or the error that [`Client::resolve_release`] would have failed with.
    pub outcomes: Vec<Result<Release, Error>>,
    /// The aliases that led to the releases, in the same order. None for a question that asked for something else, or was not answered.
    pub aliases: Vec<Option<ReleaseAlias>>,
    /// The registry revision that all of them were read at.
    pub revision: i64,
}

sends!(read BatchResolveReleases -> Resolved, |response, request| {
    let pb::BatchResolveReleasesResponse { results, revision } = response;
    // The outcomes are told apart by their places, so that one too few would be attributed to the wrong questions.
    if results.len() != request.requests.len() {
        return Err("the answer does not hold one outcome for each reference");
    }
    let (outcomes, aliases) = results.into_iter().map(outcome).unzip();
    Ok(Resolved { outcomes, aliases, revision })
});

fn outcome(outcome: Outcome) -> (Result<Release, Error>, Option<ReleaseAlias>) {
    let broken = |what| (Err(Error::protocol(Method::BatchResolveReleases, what)), None);
    match outcome.result {
        Some(Kind::Resolved(response)) => match resolution(*response) {
            Some(Resolution { release, alias }) => (Ok(release), alias),
            None => broken("an outcome holds no release"),
        },
        Some(Kind::Status(status)) => (Err(Error::from_message(Method::BatchResolveReleases, status)), None),
        None => broken("an outcome is neither a release nor a failure"),
    }
}
