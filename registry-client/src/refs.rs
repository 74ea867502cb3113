//! How requests refer to models, releases, artifacts and deployments, so that a name cannot be taken for an id. Holds no rules about names: the registry
//! knows them.

use std::fmt;

use registry_proto::v1 as pb;

macro_rules! id {
    ($(#[$doc:meta])* $Id:ident of $Resource:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $Id(String);

        impl $Id {
            /// Takes the text as an id. Whether it is one, the registry will tell.
            #[must_use]
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $Id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&pb::$Resource> for $Id {
            fn from(resource: &pb::$Resource) -> Self {
                Self(resource.id.clone())
            }
        }
    };
}

id! {
    /// The id of a model.
    ///
    /// ```
    /// use registry_client::{Model, ModelId};
    ///
    /// # fn run(model: &Model) {
    /// let from_text = ModelId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
    /// let from_model = ModelId::from(model);
    /// # }
    /// ```
    ModelId of Model
}

id! {
    /// The id of a release.
    ///
    /// ```
    /// use registry_client::{Release, ReleaseId};
    ///
    /// # fn run(release: &Release) {
    /// let from_text = ReleaseId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
    /// let from_release = ReleaseId::from(release);
    /// # }
    /// ```
    ReleaseId of Release
}

id! {
    /// The id of an artifact. Text is taken as one, because artifacts are referred to in no other way.
    ///
    /// ```
    /// use registry_client::{Artifact, ArtifactId};
    ///
    /// # fn run(artifact: &Artifact) {
    /// let from_text = ArtifactId::from("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
    /// let from_artifact = ArtifactId::from(artifact);
    /// # }
    /// ```
    ArtifactId of Artifact
}

id! {
    /// The id of a deployment, which has no other name.
    ///
    /// ```
    /// use registry_client::{Deployment, DeploymentId};
    ///
    /// # fn run(deployment: &Deployment) {
    /// let from_text = DeploymentId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
    /// let from_deployment = DeploymentId::from(deployment);
    /// # }
    /// ```
    DeploymentId of Deployment
}

/// Which model is meant. Text is always a name; an id is a [`ModelId`], and a [`Model`](pb::Model) that was read stands for its id.
///
/// ```
/// use registry_client::{ModelId, ModelRef};
///
/// let by_name = ModelRef::from("llama-3-7b");
/// let by_id = ModelRef::from(ModelId::new("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11"));
/// assert_eq!(by_id, ModelRef::by_id("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11"));
/// assert_ne!(by_id, ModelRef::from("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelRef(pb::ModelRef);

impl ModelRef {
    /// The model with this id.
    #[must_use]
    pub fn by_id(id: impl Into<String>) -> Self {
        Self(pb::ModelRef { value: Some(pb::model_ref::Value::Id(id.into())) })
    }

    /// The model with this name.
    #[must_use]
    pub fn by_name(name: impl Into<String>) -> Self {
        Self(pb::ModelRef { value: Some(pb::model_ref::Value::Name(name.into())) })
    }
}

/// Which release is meant: by what makes it unique, or by its id. A [`Release`](pb::Release) that was read stands for its id.
///
/// ```
/// use registry_client::ReleaseRef;
///
/// let plain: ReleaseRef = ReleaseRef::key("llama-3-7b", "1.0.0").into();
/// let small: ReleaseRef = ReleaseRef::key("llama-3-7b", "1.0.0").quantization("int4").platform("linux/arm64").into();
/// let by_id = ReleaseRef::by_id("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11");
/// assert_ne!(plain, small);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReleaseRef(pb::ReleaseRef);

impl ReleaseRef {
    /// The release with this id.
    #[must_use]
    pub fn by_id(id: impl Into<String>) -> Self {
        Self(pb::ReleaseRef { value: Some(pb::release_ref::Value::Id(id.into())) })
    }

    /// The release of the model of this name with this version. Say more about it if it has a quantization, or another platform than
    /// `linux/amd64`.
    #[must_use]
    pub fn key(model: impl Into<String>, version: impl Into<String>) -> ReleaseKey {
        ReleaseKey(pb::release_ref::Name { model: model.into(), version: version.into(), ..Default::default() })
    }
}

/// What makes a release unique, apart from its id. Made by [`ReleaseRef::key`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReleaseKey(pb::release_ref::Name);

impl ReleaseKey {
    /// The quantization, for example "fp16". Without this: the release that has none.
    #[must_use]
    pub fn quantization(mut self, quantization: impl Into<String>) -> Self {
        self.0.quantization = quantization.into();
        self
    }

    /// The platform, for example "linux/arm64". Without this: "linux/amd64".
    #[must_use]
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.0.platform = platform.into();
        self
    }
}

/// What an artifact belongs to: whatever stands for a release, or for a model as a whole.
///
/// ```
/// use registry_client::{ArtifactParent, ModelRef, ReleaseRef};
///
/// let of_a_release: ArtifactParent = ReleaseRef::key("llama-3-7b", "1.0.0").into();
/// let of_the_model: ArtifactParent = "llama-3-7b".into();
/// assert_ne!(of_a_release, of_the_model);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ArtifactParent {
    /// A release.
    Release(ReleaseRef),
    /// A model as a whole.
    Model(ModelRef),
}

macro_rules! into {
    ($($Ref:ident: $from:ty = |$value:ident| $convert:expr;)*) => {$(
        impl From<$from> for $Ref {
            fn from($value: $from) -> Self {
                $convert
            }
        }
    )*};
}

into! {
    ModelRef: &str = |name| Self::by_name(name);
    ModelRef: String = |name| Self::by_name(name);
    ModelRef: &String = |name| Self::by_name(name);
    ModelRef: ModelId = |id| Self::by_id(id.0);
    ModelRef: &ModelId = |id| Self::by_id(id.as_str());
    ModelRef: &pb::Model = |model| Self::by_id(&model.id);
    ModelRef: &ModelRef = |reference| reference.clone();
    ModelRef: pb::ModelRef = |message| Self(message);
    ReleaseRef: ReleaseKey = |key| Self(pb::ReleaseRef { value: Some(pb::release_ref::Value::Name(key.0)) });
    ReleaseRef: &ReleaseKey = |key| key.clone().into();
    ReleaseRef: ReleaseId = |id| Self::by_id(id.0);
    ReleaseRef: &ReleaseId = |id| Self::by_id(id.as_str());
    ReleaseRef: &pb::Release = |release| Self::by_id(&release.id);
    ReleaseRef: &ReleaseRef = |reference| reference.clone();
    ReleaseRef: pb::ReleaseRef = |message| Self(message);
    ArtifactId: &str = |id| Self::new(id);
    ArtifactId: String = |id| Self::new(id);
    ArtifactId: &String = |id| Self::new(id);
    ArtifactId: &ArtifactId = |id| id.clone();
}

/// Whatever stands for a model or a release stands for it here.
macro_rules! parents {
    ($($variant:ident: $($from:ty),+;)*) => {$($(
        impl From<$from> for ArtifactParent {
            fn from(reference: $from) -> Self {
                Self::$variant(reference.into())
            }
        }
    )+)*};
}

parents! {
    Model: &str, String, &String, ModelId, &ModelId, &pb::Model, ModelRef, &ModelRef;
    Release: ReleaseKey, &ReleaseKey, ReleaseId, &ReleaseId, &pb::Release, ReleaseRef, &ReleaseRef;
}

impl From<ArtifactParent> for pb::create_artifact_request::Parent {
    fn from(parent: ArtifactParent) -> Self {
        match parent {
            ArtifactParent::Release(release) => Self::ReleaseRef(release.into()),
            ArtifactParent::Model(model) => Self::ModelRef(model.into()),
        }
    }
}

impl From<ArtifactId> for String {
    fn from(id: ArtifactId) -> Self {
        id.0
    }
}

impl From<&DeploymentId> for DeploymentId {
    fn from(id: &DeploymentId) -> Self {
        id.clone()
    }
}

impl From<ModelRef> for pb::ModelRef {
    fn from(reference: ModelRef) -> Self {
        reference.0
    }
}

impl From<ReleaseRef> for pb::ReleaseRef {
    fn from(reference: ReleaseRef) -> Self {
        reference.0
    }
}
