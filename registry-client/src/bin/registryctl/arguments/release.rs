//! Which release is meant, in the arguments of commands.

use clap::Args;
use futures_util::TryStreamExt as _;
use registry_client::{
    Client, Error, ErrorReason, ModelRef, Reference, ReferenceError, Release, ReleaseFilter, ReleaseId, ReleaseRef,
    ReleaseSelector,
};

use crate::failure::Failure;

/// A release, as people write it.
#[derive(Debug, Clone, Args)]
pub struct ReleaseArgument {
    /// MODEL:VERSION, MODEL:^1.2, MODEL@ALIAS, MODEL@sha256:…, MODEL (the newest active one) or id:UUID
    #[arg(value_name = "RELEASE")]
    reference: Reference,

    #[command(flatten)]
    build: Build,
}

/// Which of the builds of a version.
///
/// A version alone is its usual build, the one without quantization for linux/amd64, if there is one, and otherwise the only one.
#[derive(Debug, Clone, Default, Args)]
pub struct Build {
    /// Only a release with this quantization, for example fp16; an empty one stands for none. If neither this nor --platform is said, MODEL:VERSION is
    /// the release without quantization for linux/amd64, or the only one
    #[arg(long, value_name = "TEXT")]
    pub quantization: Option<String>,

    /// Only a release for this platform, for example linux/arm64
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,
}

impl ReleaseArgument {
    /// The release that it stands for now.
    pub async fn resolve(&self, client: &Client) -> Result<Release, Failure> {
        self.build.resolve(client, self.reference.clone()).await
    }

    /// The same among those that are soft-deleted, too, where nothing is taken for granted: of several builds none is the usual one.
    pub async fn resolve_deleted(&self, client: &Client) -> Result<Release, Failure> {
        let Self { reference, build } = self;
        match reference {
            Reference::Id(id) => Ok(client.get_release(ReleaseId::new(id)).send().await?),
            Reference::Release { model, selector: ReleaseSelector::Version(version) } => {
                let found = build.list(client, model, version, true).await?;
                only(found)?.ok_or_else(|| Failure::Missing(format!("{reference}: there is no such release, deleted or not")))
            }
            // What may be another one tomorrow.
            _ => Err(Failure::Usage(format!("{reference}: {}", ReferenceError::NotCertain))),
        }
    }
}

impl Build {
    /// The release that a reference stands for now.
    pub async fn resolve(&self, client: &Client, reference: Reference) -> Result<Release, Failure> {
        let Reference::Release { model, selector: ReleaseSelector::Version(version) } = &reference else {
            return self.ask(client, reference).await;
        };
        if let Some(usual) = self.usual(client, model, version).await? {
            return Ok(usual);
        }
        match self.ask(client, reference.clone()).await {
            // One that is yanked is not resolved, and is there all the same.
            Err(Failure::Registry(error @ Error::NotFound(_))) if error.reason() == Some(ErrorReason::ReleaseNotFound) => {
                only(self.list(client, model, version, false).await?)?.ok_or(Failure::Registry(error))
            }
            resolved => resolved,
        }
    }

    /// What a version alone stands for, if it is there.
    pub async fn usual(&self, client: &Client, model: &str, version: &str) -> Result<Option<Release>, Failure> {
        if self.quantization.is_some() || self.platform.is_some() {
            return Ok(None);
        }
        match client.get_release(ReleaseRef::key(model, version)).send().await {
            Ok(release) => Ok(Some(release)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The builds of a version that are meant.
    async fn list(&self, client: &Client, model: &str, version: &str, deleted: bool) -> Result<Vec<Release>, Failure> {
        let Self { quantization, platform } = self;
        let filter = ReleaseFilter {
            versions: vec![version.to_owned()],
            quantizations: quantization.iter().cloned().collect(),
            platforms: platform.iter().cloned().collect(),
            ..Default::default()
        };
        let list = client.list_releases().model(ModelRef::by_name(model)).filter(filter);
        let list = if deleted { list.show_deleted() } else { list };
        Ok(list.items().try_collect().await?)
    }

    async fn ask(&self, client: &Client, reference: Reference) -> Result<Release, Failure> {
        let Self { quantization, platform } = self;
        let mut resolve = client.resolve(reference);
        if let Some(quantization) = quantization {
            resolve = resolve.quantization(quantization);
        }
        if let Some(platform) = platform {
            resolve = resolve.platform(platform);
        }
        Ok(resolve.send().await?)
    }
}

/// The one that is there; of several it cannot be told which is meant.
fn only(mut found: Vec<Release>) -> Result<Option<Release>, Failure> {
    let release = found.pop();
    match release {
        Some(last) if !found.is_empty() => {
            found.push(last);
            let builds: Vec<String> = found.iter().map(|release| format!("id:{} ({})", release.id, described(release))).collect();
            Err(Failure::Usage(format!(
                "several releases are meant: say --quantization and --platform, or one of {}",
                builds.join(", ")
            )))
        }
        release => Ok(release),
    }
}

/// Which release it is, for somebody who decides about it.
pub fn described(release: &Release) -> String {
    let Release { model_name, version, quantization, platform, delete_time, .. } = release;
    let state = release.state().as_str_name().trim_start_matches("RELEASE_STATE_");
    let quantization = quantization.as_ref().map(|text| format!("{text}, ")).unwrap_or_default();
    let deleted = if delete_time.is_some() { ", soft-deleted" } else { "" };
    format!("{model_name}:{version} ({quantization}{platform}, {state}{deleted})")
}

/// A release of a model that is known: a version, a requirement, `@ALIAS`, `latest` or `id:UUID`. A whole reference will do, too.
pub fn within(model: &str, text: &str) -> Result<Reference, Failure> {
    let whole = match text.find([':', '@']) {
        Some(0) => format!("{model}{text}"),
        Some(_) => text.to_owned(),
        None => format!("{model}:{text}"),
    };
    let reference: Reference = whole.parse().map_err(Failure::argument(text))?;
    match &reference {
        Reference::Model(other) | Reference::Release { model: other, .. } if other != model => {
            Err(Failure::Usage(format!("{text}: is a release of another model than {model}")))
        }
        _ => Ok(reference),
    }
}

/// That a release, which may have been named by its id, is one of the model.
pub fn belongs(release: &Release, model: &str) -> Result<(), Failure> {
    if release.model_name == model {
        return Ok(());
    }
    Err(Failure::Usage(format!("id:{} is a release of {} and not of {model}", release.id, release.model_name)))
}
