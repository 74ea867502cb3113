//! A document: one of the kinds that can be applied, and which one of that kind it is. May not: ask the registry anything.

use prost::Message;
use registry_client::pb;
use serde_json::Value;

use super::said::{Object, Said, text};

/// What a release is built for if nothing else is said.
const USUAL_PLATFORM: &str = "linux/amd64";

/// One of the kinds that can be applied.
#[expect(clippy::large_enum_variant, reason = "there are as many as somebody has written")]
pub(super) enum Document {
    Model(Said<pb::Model>),
    Release(Said<pb::Release>),
    Alias(Pointed<pb::ReleaseAlias>),
    Deployment(Pointed<pb::Deployment>),
}

/// What belongs to a release that the document may name in other words than the contract does.
pub(super) struct Pointed<M> {
    pub(super) said: Said<M>,
    pub(super) version: String,
    pub(super) quantization: Option<String>,
    pub(super) platform: Option<String>,
}

impl TryFrom<Value> for Document {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let Value::Object(mut object) = value else { return Err("is no object".to_owned()) };
        let kind = text(&mut object, &["kind"])?.ok_or("has no `kind`: Model, Release, ReleaseAlias or Deployment")?;
        match kind.as_str() {
            "Model" => Ok(Self::Model(Said::read("Model", object)?)).and_then(named),
            "Release" => {
                // They are part of what it is known by, where nothing and an empty text stand for the usual ones.
                object.retain(|key, value| {
                    let is_usual = value.is_null() || value.as_str().is_some_and(str::is_empty);
                    !(is_usual && matches!(key.as_str(), "quantization" | "platform"))
                });
                Ok(Self::Release(Said::read("Release", object)?)).and_then(named)
            }
            "ReleaseAlias" => {
                let version = text(&mut object, &["version"])?;
                Pointed::read("ReleaseAlias", version, object).map(Self::Alias).and_then(named)
            }
            "Deployment" => {
                let kind = object.remove("deploymentKind").or_else(|| object.remove("deployment_kind"));
                object.extend(kind.map(|kind| ("kind".to_owned(), kind)));
                let version = text(&mut object, &["releaseVersion", "release_version"])?;
                Pointed::read("Deployment", version, object).map(Self::Deployment).and_then(named)
            }
            other => Err(format!("`{other}` is no kind: Model, Release, ReleaseAlias and Deployment are")),
        }
    }
}

/// That it says which one it is.
fn named(document: Document) -> Result<Document, String> {
    let missing = match &document {
        Document::Model(said) if said.values.name.is_empty() => "name",
        Document::Release(said) if said.values.model_name.is_empty() => "modelName",
        Document::Release(said) if said.values.version.is_empty() => "version",
        Document::Alias(alias) if alias.said.values.model_name.is_empty() => "modelName",
        Document::Alias(alias) if alias.said.values.alias.is_empty() => "alias",
        Document::Alias(alias) if alias.version.is_empty() && alias.said.values.release_id.is_empty() => "version",
        Document::Deployment(it) if it.said.values.release_id.is_empty() && it.said.values.model_name.is_empty() => "modelName",
        Document::Deployment(it) if it.said.values.release_id.is_empty() && it.version.is_empty() => "releaseVersion",
        Document::Deployment(it) if it.said.values.environment.is_empty() => "environment",
        Document::Model(_) | Document::Release(_) | Document::Alias(_) | Document::Deployment(_) => return Ok(document),
    };
    Err(format!("has no `{missing}`"))
}

impl Document {
    /// As the document says it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Model(said) => said.message,
            Self::Release(said) => said.message,
            Self::Alias(alias) => alias.said.message,
            Self::Deployment(deployment) => deployment.said.message,
        }
    }

    /// As people know it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Model(said) => said.values.name.clone(),
            Self::Release(said) => {
                let pb::Release { model_name, version, quantization, platform, .. } = &said.values;
                build_name(model_name, version, quantization.as_deref(), Some(platform))
            }
            Self::Alias(alias) => format!("{}@{}", alias.said.values.model_name, alias.said.values.alias),
            Self::Deployment(it) => {
                let (environment, cluster) = (&it.said.values.environment, it.said.values.cluster.as_deref());
                let place = [environment.as_str(), cluster.unwrap_or_default()].join(" ");
                format!("{} in {}", it.release_name(), place.trim_end())
            }
        }
    }

    /// What must be there before it, as [`name`](Self::name) has it.
    pub(super) fn belongs_to(&self) -> Vec<String> {
        match self {
            Self::Model(_) => Vec::new(),
            Self::Release(said) => vec![said.values.model_name.clone()],
            Self::Alias(it) => vec![it.said.values.model_name.clone(), it.build_of(&it.said.values.model_name)],
            Self::Deployment(it) => vec![it.said.values.model_name.clone(), it.release_name()],
        }
    }
}

impl Pointed<pb::Deployment> {
    fn release_name(&self) -> String {
        let pb::Deployment { release_id, model_name, .. } = &self.said.values;
        if release_id.is_empty() { self.build_of(model_name) } else { format!("id:{release_id}") }
    }
}

impl<M: Message + Default> Pointed<M> {
    fn read(message: &'static str, version: Option<String>, mut object: Object) -> Result<Self, String> {
        let (quantization, platform) = (text(&mut object, &["quantization"])?, text(&mut object, &["platform"])?);
        Ok(Self { said: Said::read(message, object)?, version: version.unwrap_or_default(), quantization, platform })
    }
}

impl<M> Pointed<M> {
    fn build_of(&self, model: &str) -> String {
        build_name(model, &self.version, self.quantization.as_deref(), self.platform.as_deref())
    }
}

/// A release as documents name it, the same in whichever of them: what is usual of a build is left out.
fn build_name(model: &str, version: &str, quantization: Option<&str>, platform: Option<&str>) -> String {
    let unusual = [quantization, platform.filter(|platform| *platform != USUAL_PLATFORM)];
    let mut name = format!("{model}:{version}");
    for part in unusual.into_iter().flatten().filter(|part| !part.is_empty()) {
        name.push(' ');
        name.push_str(part);
    }
    name
}
