//! Which release is meant, in the arguments of commands.

use clap::Args;
use registry_client::{Client, Reference, ReferenceError, Release, ReleaseRef, ReleaseSelector};

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
#[derive(Debug, Clone, Args)]
pub struct Build {
    /// Only a release with this quantization, for example fp16; an empty one stands for none
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

    /// The same without asking which that is: for a release that is deleted, and cannot be resolved.
    pub fn certain(&self) -> Result<ReleaseRef, Failure> {
        let Self { reference, build: Build { quantization, platform } } = self;
        match reference {
            Reference::Release { model, selector: ReleaseSelector::Version(version) } => {
                let key = ReleaseRef::key(model, version);
                let key = key.quantization(quantization.as_deref().unwrap_or_default());
                Ok(key.platform(platform.as_deref().unwrap_or_default()).into())
            }
            reference => {
                let why = |error: ReferenceError| Failure::Usage(format!("{reference}: {error}"));
                ReleaseRef::try_from(reference.clone()).map_err(why)
            }
        }
    }
}

impl Build {
    /// The release that a reference stands for now.
    pub async fn resolve(&self, client: &Client, reference: Reference) -> Result<Release, Failure> {
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
