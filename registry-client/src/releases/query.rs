//! Questions of the kind "which release is that?", apart from any client, so that they can be kept and asked together.

use registry_proto::v1 as pb;
use registry_proto::v1::resolve_release_request::{Latest, Selector};

use crate::ModelRef;

/// Which release of a model something stands for. Begun with [`ReleaseQuery::of`].
///
/// ```
/// use registry_client::ReleaseQuery;
///
/// let newest = ReleaseQuery::of("llama-3-7b").latest();
/// let deployed = ReleaseQuery::of("llama-3-7b").alias("production");
/// let small = ReleaseQuery::of("llama-3-7b").version("1.0.0").quantization("int4").platform("linux/arm64");
/// assert_ne!(newest, small);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a question is not asked by itself"]
pub struct ReleaseQuery(pb::ResolveReleaseRequest);

/// A question about a model that lacks its second half. Made by [`ReleaseQuery::of`].
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a question is not asked by itself"]
pub struct SelectRelease(ModelRef);

/// The ways to select a release, for everything that has a `select`.
macro_rules! selectors {
    ($From:ident -> $Into:ident) => {
        impl $From {
            /// The release that this alias points to, for example "production".
            pub fn alias(self, alias: impl Into<String>) -> $Into {
                self.select(Selector::Alias(alias.into()))
            }

            /// The release with this version. If several quantizations or platforms of it exist, say which.
            pub fn version(self, version: impl Into<String>) -> $Into {
                self.select(Selector::Version(version.into()))
            }

            /// The release with this image tag.
            pub fn tag(self, tag: impl Into<String>) -> $Into {
                self.select(Selector::Tag(tag.into()))
            }

            /// The release with this digest.
            pub fn digest(self, digest: impl Into<String>) -> $Into {
                self.select(Selector::Digest(digest.into()))
            }

            /// The newest active release.
            pub fn latest(self) -> $Into {
                self.select(Selector::Latest(Latest {}))
            }

            /// The release with this number: 1 is the first that the model ever had.
            pub fn number(self, number: i64) -> $Into {
                self.select(Selector::Number(number))
            }

            /// The active release with the highest version that meets this requirement on semantic versions, for example "^2.1".
            pub fn requirement(self, requirement: impl Into<String>) -> $Into {
                self.select(Selector::Requirement(requirement.into()))
            }
        }
    };
}

pub(super) use selectors;

impl ReleaseQuery {
    /// Begins a question about a model. What is asked must be said next.
    pub fn of(model: impl Into<ModelRef>) -> SelectRelease {
        SelectRelease(model.into())
    }

    /// Considers only releases with this quantization; an empty one stands for none. Default: any.
    pub fn quantization(mut self, quantization: impl Into<String>) -> Self {
        self.0.quantization = Some(quantization.into());
        self
    }

    /// Considers only releases for this platform, for example "linux/arm64". Default: any.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.0.platform = Some(platform.into());
        self
    }

    /// Considers only releases that run in this environment: that have a deployment there in
    /// [`DeploymentState::Running`](crate::DeploymentState::Running). Default: wherever.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.0.environment = Some(environment.into());
        self
    }

    /// Where the [alias](SelectRelease::alias) pointed at this time, instead of where it points now. Means nothing to other selectors: a
    /// call that asks such a question is refused.
    #[expect(clippy::wrong_self_convention, reason = "the contract has named it")]
    pub fn as_of_time(mut self, time: impl Into<prost_types::Timestamp>) -> Self {
        self.0.as_of_time = Some(time.into());
        self
    }
}

/// What is wrong with a question about the past of something that is no alias.
pub(super) const NO_ALIAS: &str = "only an alias can be asked about the past";

/// Whether the question is about the past of something that has none.
pub(super) fn has_no_past(request: &pb::ResolveReleaseRequest) -> bool {
    request.as_of_time.is_some() && !matches!(request.selector, Some(Selector::Alias(_)))
}

impl SelectRelease {
    pub(super) fn select(self, selector: Selector) -> ReleaseQuery {
        let (model_ref, selector) = (Some(self.0.into()), Some(selector));
        ReleaseQuery(pb::ResolveReleaseRequest { model_ref, selector, ..Default::default() })
    }
}

selectors!(SelectRelease -> ReleaseQuery);

impl From<pb::ResolveReleaseRequest> for ReleaseQuery {
    fn from(message: pb::ResolveReleaseRequest) -> Self {
        Self(message)
    }
}

impl From<ReleaseQuery> for pb::ResolveReleaseRequest {
    fn from(query: ReleaseQuery) -> Self {
        query.0
    }
}
