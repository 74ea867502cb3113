//! Releases: the calls of the release service. Each builder is in a file of its own.

mod create;
mod delete;
mod get;
mod list;
mod query;
mod reference;
mod resolve;
mod transition;
mod update;

use registry_proto::v1 as pb;

pub use self::create::{BatchCreateReleases, CreateRelease};
pub use self::delete::{DeleteRelease, PurgeRelease, UndeleteRelease};
pub use self::get::{BatchGetReleases, GetRelease};
pub use self::list::ListReleases;
pub use self::query::{ReleaseQuery, SelectRelease};
pub use self::reference::ResolveReference;
pub use self::resolve::{BatchResolveReleases, Resolution, ResolveRelease, ResolveReleaseOf, Resolved};
pub use self::transition::TransitionRelease;
pub use self::update::UpdateRelease;
use crate::{Call, Client, ModelRef, ReleaseRef, ReleaseState, fields};

impl Client {
    /// Registers a release of a model, with its version.
    ///
    /// It begins ACTIVE, which needs a digest, unless `initial_state` says otherwise.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client, digest: String) -> Result<(), registry_client::Error> {
    /// let release = client
    ///     .create_release("llama-3-7b", "1.0.0")
    ///     .digest(digest)
    ///     .quantization("fp16")
    ///     .platform("linux/arm64")
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_release(&self, model: impl Into<ModelRef>, version: impl Into<String>) -> CreateRelease {
        self.create_release_from(model, pb::Release { version: version.into(), ..Default::default() })
    }

    /// Like [`create_release`](Self::create_release), with all fields at once, whatever they are.
    ///
    /// ```no_run
    /// use registry_client::Release;
    ///
    /// # async fn run(client: registry_client::Client, digest: String) -> Result<(), registry_client::Error> {
    /// let release = Release { version: "1.0.0".to_owned(), digest: Some(digest), ..Default::default() };
    /// client.create_release_from("llama-3-7b", release).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_release_from(&self, model: impl Into<ModelRef>, release: pb::Release) -> CreateRelease {
        let (model_ref, release) = (Some(model.into().into()), Some(release));
        CreateRelease { call: self.call(pb::CreateReleaseRequest { model_ref, release, ..Default::default() }) }
    }

    /// Registers several releases, also of different models, all or none, at one revision. Takes the builders of
    /// [`create_release`](Self::create_release); a request id, a deadline and so on belong to the batch, and not to what is in it.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client, digests: [String; 2]) -> Result<(), registry_client::Error> {
    /// let platforms = ["linux/amd64", "linux/arm64"].into_iter().zip(digests);
    /// let create = platforms.map(|(platform, digest)| client.create_release("llama-3-7b", "1.0.0").platform(platform).digest(digest));
    /// let releases = client.batch_create_releases(create).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn batch_create_releases(&self, releases: impl IntoIterator<Item = CreateRelease>) -> BatchCreateReleases {
        let calls = releases.into_iter().map(|create| create.call);
        let request = |requests| pb::BatchCreateReleasesRequest { requests, ..Default::default() };
        BatchCreateReleases { call: Call::batch(self.clone(), calls, request) }
    }

    /// Gets one release. By key it finds a live release only, by id also a soft-deleted one.
    ///
    /// ```no_run
    /// use registry_client::ReleaseRef;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let release = client.get_release(ReleaseRef::key("llama-3-7b", "1.0.0").quantization("fp16")).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_release(&self, release: impl Into<ReleaseRef>) -> GetRelease {
        let release_ref = Some(release.into().into());
        GetRelease { call: self.call(pb::GetReleaseRequest { release_ref, view: 0 }) }
    }

    /// Gets several releases at one revision, in the order asked for. If one of them is not found, the call fails.
    ///
    /// ```no_run
    /// use registry_client::ReleaseRef;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let versions = ["1.0.0", "1.1.0"].map(|version| ReleaseRef::key("llama-3-7b", version));
    /// let releases = client.batch_get_releases(versions).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn batch_get_releases(&self, releases: impl IntoIterator<Item = impl Into<ReleaseRef>>) -> BatchGetReleases {
        let release_refs = releases.into_iter().map(|release| release.into().into()).collect();
        BatchGetReleases { call: self.call(pb::BatchGetReleasesRequest { release_refs, view: 0 }) }
    }

    /// Lists releases, of all models unless one is named: one page with `send`, or all with `pages` or `items`.
    ///
    /// ```no_run
    /// use futures::TryStreamExt as _;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let mut releases = client.list_releases().model("llama-3-7b").items();
    /// while let Some(release) = releases.try_next().await? {
    ///     println!("{} {}", release.model_name, release.version);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_releases(&self) -> ListReleases {
        ListReleases { call: self.call(pb::ListReleasesRequest::default()) }
    }

    /// Asks which release of a model something stands for at this moment. What that is must be said next.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let newest = client.resolve_release("llama-3-7b").latest().platform("linux/arm64").send().await?;
    /// let compatible = client.resolve_release("llama-3-7b").requirement("^1.2").send().await?;
    /// let deployed = client.resolve_release("llama-3-7b").alias("production").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolve_release(&self, model: impl Into<ModelRef>) -> ResolveReleaseOf {
        ResolveReleaseOf { client: self.clone(), select: ReleaseQuery::of(model) }
    }

    /// Like [`resolve_release`](Self::resolve_release), with a question that was put together elsewhere.
    ///
    /// ```no_run
    /// use registry_client::ReleaseQuery;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let query = ReleaseQuery::of("llama-3-7b").tag("v1-fp16");
    /// let release = client.resolve_release_from(query).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolve_release_from(&self, query: impl Into<ReleaseQuery>) -> ResolveRelease {
        ResolveRelease { call: self.call(query.into().into()) }.checked()
    }

    /// Asks several such questions, all answered at the same revision. Each has an outcome of its own.
    ///
    /// ```no_run
    /// use registry_client::ReleaseQuery;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let queries = [ReleaseQuery::of("llama-3-7b").latest(), ReleaseQuery::of("whisper-large").version("2.1")];
    /// let resolved = client.batch_resolve_releases(queries).send().await?;
    /// for outcome in resolved.outcomes {
    ///     match outcome {
    ///         Ok(release) => println!("{} {}", release.model_name, release.version),
    ///         Err(error) => println!("{error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn batch_resolve_releases(&self, queries: impl IntoIterator<Item = impl Into<ReleaseQuery>>) -> BatchResolveReleases {
        let requests = queries.into_iter().map(|query| query.into().into()).collect();
        BatchResolveReleases { call: self.call(pb::BatchResolveReleasesRequest { requests }) }.checked()
    }

    /// Sets or clears exactly the fields that the builder is told to, and leaves all others as they are.
    ///
    /// ```no_run
    /// use registry_client::ReleaseRef;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let release = ReleaseRef::key("llama-3-7b", "1.0.0");
    /// client.update_release(release).release_notes("Fixes the tokenizer.").clear_mlflow_url().send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_release(&self, release: impl Into<ReleaseRef>) -> UpdateRelease {
        self.updating_release(release.into(), pb::Release::default(), Some(prost_types::FieldMask::default()))
    }

    /// Like [`update_release`](Self::update_release), with the message and the names of its fields that are to be written: a field
    /// that is named and unset is cleared. No names (for example `None::<&str>`) means no mask, and thus every field that is set.
    ///
    /// ```no_run
    /// use registry_client::{Release, ReleaseRef};
    ///
    /// # async fn run(client: registry_client::Client, release: Release) -> Result<(), registry_client::Error> {
    /// let key = ReleaseRef::key("llama-3-7b", "1.0.0");
    /// client.update_release_from(key, release, ["release_notes", "mlflow_url"]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_release_from(
        &self,
        release: impl Into<ReleaseRef>,
        values: pb::Release,
        fields: impl IntoIterator<Item = impl Into<String>>,
    ) -> UpdateRelease {
        self.updating_release(release.into(), values, fields::mask(fields))
    }

    fn updating_release(
        &self,
        release: ReleaseRef,
        values: pb::Release,
        update_mask: Option<prost_types::FieldMask>,
    ) -> UpdateRelease {
        let (release_ref, release) = (Some(release.into()), Some(values));
        UpdateRelease { call: self.call(pb::UpdateReleaseRequest { release_ref, release, update_mask, ..Default::default() }) }
    }

    /// Moves a release to another state. [`ReleaseState`] says which steps there are; a step to the state it is in already succeeds.
    ///
    /// ```no_run
    /// use registry_client::{ReleaseRef, ReleaseState};
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let release = ReleaseRef::key("llama-3-7b", "1.0.0");
    /// client.transition_release(release, ReleaseState::Deprecated).reason("Use 1.1.").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn transition_release(&self, release: impl Into<ReleaseRef>, target: ReleaseState) -> TransitionRelease {
        let (release_ref, target_state) = (Some(release.into().into()), target.into());
        TransitionRelease { call: self.call(pb::TransitionReleaseRequest { release_ref, target_state, ..Default::default() }) }
    }

    /// Moves a release to [`ReleaseState::Active`]: for everybody to use. Also takes back a deprecation.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use registry_client::ReleaseRef;
    ///
    /// client.promote_release(ReleaseRef::key("llama-3-7b", "1.0.0")).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn promote_release(&self, release: impl Into<ReleaseRef>) -> TransitionRelease {
        self.transition_release(release, ReleaseState::Active)
    }

    /// Moves a release to [`ReleaseState::Deprecated`]: it works, and should not be chosen any more.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use registry_client::ReleaseRef;
    ///
    /// client.deprecate_release(ReleaseRef::key("llama-3-7b", "1.0.0")).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn deprecate_release(&self, release: impl Into<ReleaseRef>) -> TransitionRelease {
        self.transition_release(release, ReleaseState::Deprecated)
    }

    /// Moves a release to [`ReleaseState::Archived`]: a record that cannot be deployed.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use registry_client::ReleaseRef;
    ///
    /// client.archive_release(ReleaseRef::key("llama-3-7b", "1.0.0")).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn archive_release(&self, release: impl Into<ReleaseRef>) -> TransitionRelease {
        self.transition_release(release, ReleaseState::Archived)
    }

    /// Moves a release to [`ReleaseState::Yanked`]: withdrawn because it does harm. There is no way back.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use registry_client::ReleaseRef;
    ///
    /// client.yank_release(ReleaseRef::key("llama-3-7b", "1.0.0")).reason("it answers in the wrong language").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn yank_release(&self, release: impl Into<ReleaseRef>) -> TransitionRelease {
        self.transition_release(release, ReleaseState::Yanked)
    }
    /// Soft-deletes a release: it is hidden and keeps its place until it is [purged](Self::purge_release), by somebody or, after a while,
    /// by the registry.
    ///
    /// ```no_run
    /// use registry_client::{ErrorReason, ReleaseRef};
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// match client.delete_release(ReleaseRef::key("llama-3-7b", "1.0.0")).send().await {
    ///     Err(error) if error.reason() == Some(ErrorReason::ResourceInUse) => println!("still used by {:?}", error.blockers()),
    ///     deleted => println!("deleted: {}", deleted?.is_some()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_release(&self, release: impl Into<ReleaseRef>) -> DeleteRelease {
        let release_ref = Some(release.into().into());
        DeleteRelease { call: self.call(pb::DeleteReleaseRequest { release_ref, ..Default::default() }) }
    }

    /// Brings a soft-deleted release back, without the aliases that were deleted with it. Finds it by id and by key.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use registry_client::ReleaseRef;
    ///
    /// client.undelete_release(ReleaseRef::key("llama-3-7b", "1.0.0")).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn undelete_release(&self, release: impl Into<ReleaseRef>) -> UndeleteRelease {
        let release_ref = Some(release.into().into());
        UndeleteRelease { call: self.call(pb::UndeleteReleaseRequest { release_ref, ..Default::default() }) }
    }

    /// Removes a soft-deleted release for good. There is no way back.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use registry_client::ReleaseRef;
    ///
    /// client.purge_release(ReleaseRef::key("llama-3-7b", "1.0.0")).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn purge_release(&self, release: impl Into<ReleaseRef>) -> PurgeRelease {
        let release_ref = Some(release.into().into());
        PurgeRelease { call: self.call(pb::PurgeReleaseRequest { release_ref, ..Default::default() }) }
    }
}
