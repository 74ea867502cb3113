//! `Client::resolve`: the release that a text refers to, by ResolveRelease or, for an id, by GetRelease.

use std::time::Duration;

use registry_proto::method::Method;

use crate::options::{Options, per_call};
use crate::rpc::Rpc;
use crate::{Answer, Call, Client, Error, Reference, ReferenceError, Release, ReleaseId, ReleaseQuery};

/// Asks which release a [`Reference`] stands for. Made by [`Client::resolve`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct ResolveReference {
    client: Client,
    /// Or what is wrong with the text.
    reference: Result<Reference, ReferenceError>,
    quantization: Option<String>,
    platform: Option<String>,
    environment: Option<String>,
    min_revision: Option<i64>,
    options: Options,
}

impl Client {
    /// Asks which release a text such as `llama-3-8b@production` refers to at this moment, see [`Reference`].
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let deployed = client.resolve("llama-3-8b@production").send().await?;
    /// let compatible = client.resolve("llama-3-8b:^1.2").platform("linux/arm64").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolve(&self, reference: impl TryInto<Reference, Error: Into<ReferenceError>>) -> ResolveReference {
        let (client, reference) = (self.clone(), reference.try_into().map_err(Into::into));
        let (quantization, platform, environment) = (None, None, None);
        ResolveReference {
            client,
            reference,
            quantization,
            platform,
            environment,
            min_revision: None,
            options: Options::default(),
        }
    }
}

impl ResolveReference {
    /// Considers only releases with this quantization; an empty one stands for none. Default: any. Means nothing to an id.
    pub fn quantization(mut self, quantization: impl Into<String>) -> Self {
        self.quantization = Some(quantization.into());
        self
    }

    /// Considers only releases for this platform, for example "linux/arm64". Default: any. Means nothing to an id.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// Considers only releases that run in this environment. Default: wherever. Means nothing to an id.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// Gives this call another deadline than the client has: this long, attempts and pauses together.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.set_timeout(timeout);
        self
    }

    /// Reads the registry as it was at this revision or later, whichever of several servers behind a balancer answers.
    pub fn min_revision(mut self, revision: i64) -> Self {
        self.min_revision = Some(revision);
        self
    }

    /// Sends the request and waits for the answer.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the text refers to nothing, and otherwise those of [`ResolveRelease::send`](crate::ResolveRelease::send).
    pub async fn send(self) -> Result<Release, Error> {
        Ok(self.send_with_meta().await?.value)
    }

    /// Like [`send`](Self::send), and also returns what the headers of the answer say.
    ///
    /// # Errors
    ///
    /// See [`send`](Self::send).
    pub async fn send_with_meta(self) -> Result<Answer<Release>, Error> {
        let Self { client, reference, quantization, platform, environment, min_revision, options } = self;
        let refused = |why: ReferenceError| Error::refused(Method::ResolveRelease, "reference", &why.to_string());
        let reference = reference.map_err(refused)?;
        if let Reference::Id(id) = reference {
            let mut get = client.get_release(ReleaseId::new(id));
            get.call = with(get.call, min_revision, options);
            return get.send_with_meta().await;
        }
        let mut query = ReleaseQuery::try_from(reference).map_err(refused)?;
        if let Some(quantization) = quantization {
            query = query.quantization(quantization);
        }
        if let Some(platform) = platform {
            query = query.platform(platform);
        }
        if let Some(environment) = environment {
            query = query.environment(environment);
        }
        let mut resolve = client.resolve_release_from(query);
        resolve.call = with(resolve.call, min_revision, options);
        resolve.send_with_meta().await
    }
}

per_call!(ResolveReference: options);

/// A call of which nothing was said yet, with what was said.
fn with<R: Rpc>(mut call: Call<R>, min_revision: Option<i64>, options: Options) -> Call<R> {
    call.options = options;
    match min_revision {
        Some(revision) => call.min_revision(revision),
        None => call,
    }
}
