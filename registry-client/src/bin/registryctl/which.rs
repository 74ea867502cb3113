//! Which release or artifact is meant: references as people write them, found out by asking the registry.

use futures_util::TryStreamExt as _;
use registry_client::{
    Artifact, ArtifactFilter, ArtifactId, ArtifactParent, Client, ListArtifacts, ModelRef, Reference, ReleaseRef,
};
use uuid::Uuid;

use crate::arguments::Build;
use crate::failure::Failure;

const ID: &str = "id:";

/// An id, with or without `id:` in front of it.
pub fn id(text: &str) -> Result<String, String> {
    let id = text.strip_prefix(ID).unwrap_or(text);
    Uuid::try_parse(id).map(|_| id.to_owned()).map_err(|_| "is no id: a UUID, which may follow `id:`".to_owned())
}

/// Any reference.
pub fn reference(text: &str) -> Result<Reference, String> {
    text.parse().map_err(|error: registry_client::ReferenceError| error.to_string())
}

/// Whatever it refers to at this moment, by its id.
pub async fn release(client: &Client, reference: Reference, build: &Build) -> Result<ReleaseRef, Failure> {
    if let Reference::Id(id) = reference {
        return Ok(ReleaseRef::by_id(id));
    }
    Ok(ReleaseRef::from(&build.resolve(client, reference).await?))
}

/// What an artifact belongs to.
#[derive(Debug, Clone)]
pub enum Parent {
    /// A model as a whole.
    Model(ModelRef),
    /// A release.
    Release(ReleaseRef),
}

impl From<Parent> for ArtifactParent {
    fn from(parent: Parent) -> Self {
        match parent {
            Parent::Model(model) => model.into(),
            Parent::Release(release) => release.into(),
        }
    }
}

impl Parent {
    /// Lists what belongs to it; of a model, also what belongs to its releases.
    pub fn list(self, list: ListArtifacts) -> ListArtifacts {
        match self {
            Self::Model(model) => list.model(model),
            Self::Release(release) => list.release(release),
        }
    }
}

/// What an artifact belongs to: a name alone is the model as a whole, and anything else is a release.
pub async fn parent(client: &Client, reference: Reference, build: &Build) -> Result<Parent, Failure> {
    if let Reference::Model(name) = reference {
        return Ok(Parent::Model(ModelRef::by_name(name)));
    }
    Ok(Parent::Release(release(client, reference, build).await?))
}

/// An artifact as people write it.
#[derive(Debug, Clone)]
pub enum ArtifactName {
    /// By its id.
    Id(String),
    /// By its name among those of a release, or of a model as a whole.
    Of(Reference, String),
}

/// `UUID`, `id:UUID`, `RELEASE/FILE` or `MODEL//FILE`. Versions and aliases hold no slash, and names of models no two in a row.
pub fn artifact(text: &str) -> Result<ArtifactName, String> {
    if let Ok(id) = id(text) {
        return Ok(ArtifactName::Id(id));
    }
    let named = |parent: &str, file: &str| Ok(ArtifactName::Of(reference(parent)?, file.to_owned()));
    let (model, rest) = text.find([':', '@']).and_then(|end| text.split_at_checked(end)).unwrap_or((text, ""));
    if let Some((model, file)) = model.split_once("//") {
        // A file may be called anything.
        return named(model, &format!("{file}{rest}"));
    }
    match rest.split_once('/') {
        Some((selector, file)) => named(&format!("{model}{selector}"), file),
        None => Err("names no artifact: that is its id, RELEASE/FILE or MODEL//FILE".to_owned()),
    }
}

impl ArtifactName {
    /// Its id.
    pub async fn id(self, client: &Client) -> Result<ArtifactId, Failure> {
        let (reference, file) = match self {
            Self::Id(id) => return Ok(ArtifactId::new(id)),
            Self::Of(reference, file) => (reference, file),
        };
        let filter = ArtifactFilter { name_prefix: file.clone(), ..Default::default() };
        let list = client.list_artifacts().filter(filter);
        let written = reference.to_string();
        let parent = parent(client, reference, &Build::default()).await?;
        let of_model = matches!(parent, Parent::Model(_));
        let is_meant = |artifact: &Artifact| artifact.name == file && artifact.release_id.is_none() == of_model;
        let mut artifacts = parent.list(list).items();
        while let Some(artifact) = artifacts.try_next().await? {
            if is_meant(&artifact) {
                return Ok(ArtifactId::from(&artifact.id));
            }
        }
        Err(Failure::Missing(format!("{written} has no artifact `{file}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::{ArtifactName, artifact};

    fn read(text: &str) -> Option<(String, String)> {
        match artifact(text) {
            Ok(ArtifactName::Of(reference, file)) => Some((reference.to_string(), file)),
            Ok(ArtifactName::Id(_)) | Err(_) => None,
        }
    }

    #[test]
    fn an_artifact_is_named_after_what_it_belongs_to() {
        let id = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";
        let of = |parent: &str, file: &str| Some((parent.to_owned(), file.to_owned()));
        assert_eq!(read("acme/iris:1.0/weights.bin"), of("acme/iris:1.0", "weights.bin"));
        assert_eq!(read("acme/iris@production/a:b@c.bin"), of("acme/iris@production", "a:b@c.bin"));
        assert_eq!(read("acme/iris//LICENSE"), of("acme/iris", "LICENSE"));
        assert_eq!(read("acme/iris//a:1"), of("acme/iris", "a:1"));
        assert_eq!(read(&format!("id:{id}/weights.bin")), of(&format!("id:{id}"), "weights.bin"));
        assert!(matches!(artifact(id), Ok(ArtifactName::Id(_))));
        assert!(matches!(artifact(&format!("id:{id}")), Ok(ArtifactName::Id(_))));
    }

    #[test]
    fn what_names_no_artifact_is_refused() {
        for text in ["", "iris", "acme/iris", "iris:1.0", "//file", "iris:/file", "iris@/file"] {
            assert!(artifact(text).is_err(), "{text}");
        }
    }
}
