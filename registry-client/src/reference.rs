//! Models and releases as people write them: `llama-3-8b@production`. Knows where a text is taken apart, and nothing of what a name, a version
//! or an alias may look like: the registry knows that.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::{ModelRef, ReleaseQuery, ReleaseRef};

/// What a text such as `llama-3-8b:^1.2` refers to.
///
/// | text | what it means |
/// |---|---|
/// | `llama-3-8b` | the model; where a release is meant, its newest active one |
/// | `llama-3-8b:1.2.0` | the release with this version |
/// | `llama-3-8b:^1.2` | the active release with the highest version that meets the requirement |
/// | `llama-3-8b:latest` | the newest active release |
/// | `llama-3-8b@production` | the release that the alias points to |
/// | `llama-3-8b@sha256:9f86…` | the release with this digest |
/// | `id:0193f0c4-…` | the model or the release with this id, whichever is asked for |
///
/// Names hold neither `:` nor `@`, so the first of these ends the name. What follows `:` is a requirement if it holds one of `^~<>=*,` or a
/// space, which no version does. A release whose version is the word "latest" is found by its id or with
/// [`SelectRelease::version`](crate::SelectRelease::version). Quantization and platform are said
/// [separately](crate::ResolveReference::platform).
///
/// ```
/// use registry_client::{Reference, ReleaseSelector};
///
/// let reference: Reference = "acme/llama-3-8b:^1.2".parse()?;
/// assert_eq!(reference, Reference::Release { model: "acme/llama-3-8b".into(), selector: ReleaseSelector::Requirement("^1.2".into()) });
/// assert_eq!(reference.to_string(), "acme/llama-3-8b:^1.2");
/// # Ok::<_, registry_client::ReferenceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reference {
    /// An id, of a model or of a release.
    Id(String),
    /// The name of a model.
    Model(String),
    /// A release of a model.
    Release {
        /// The name of the model.
        model: String,
        /// Which of its releases.
        selector: ReleaseSelector,
    },
}

/// Which release of a model is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReleaseSelector {
    /// The newest active one.
    Latest,
    /// The one with this version.
    Version(String),
    /// The active one with the highest version that meets this requirement.
    Requirement(String),
    /// The one that this alias points to.
    Alias(String),
    /// The one with this digest.
    Digest(String),
}

/// Why a text refers to nothing. It does not say what the registry holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// There is no name in front of `:` or `@`, or nothing at all.
    #[error("it has no name of a model")]
    NoModel,
    /// Nothing follows `:`.
    #[error("no version follows the `:`")]
    NoVersion,
    /// Nothing follows `@`.
    #[error("no alias and no digest follows the `@`")]
    NoAlias,
    /// There is a second `:` or `@`.
    #[error("it says twice which release is meant: `MODEL:VERSION` or `MODEL@ALIAS`")]
    Twice,
    /// A model is meant, and the text refers to a release.
    #[error("it refers to a release, and a model is asked for")]
    NotAModel,
    /// A certain release is meant, and what the text refers to may be another one tomorrow.
    #[error("it may be another release tomorrow: resolve it first, or name a version or an id")]
    NotCertain,
    /// What an id stands for is asked for with `get_release`.
    #[error("an id needs no resolving")]
    AnId,
}

impl From<Infallible> for ReferenceError {
    /// Of what is a reference already.
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// What versions never hold, and requirements do.
const REQUIREMENT: [char; 8] = ['^', '~', '<', '>', '=', '*', ',', ' '];
const ID: &str = "id:";
const LATEST: &str = "latest";

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if let Some(id) = text.strip_prefix(ID)
            && Uuid::try_parse(id).is_ok()
        {
            return Ok(Self::Id(id.to_owned()));
        }
        let end = text.find([':', '@']);
        let (model, rest) = end.and_then(|end| text.split_at_checked(end)).unwrap_or((text, ""));
        if model.is_empty() {
            return Err(ReferenceError::NoModel);
        }
        let model = model.to_owned();
        if let Some(version) = rest.strip_prefix(':') {
            Ok(Self::Release { model, selector: by_version(version)? })
        } else if let Some(alias) = rest.strip_prefix('@') {
            Ok(Self::Release { model, selector: by_alias(alias)? })
        } else {
            Ok(Self::Model(model))
        }
    }
}

fn by_version(text: &str) -> Result<ReleaseSelector, ReferenceError> {
    match text {
        "" => Err(ReferenceError::NoVersion),
        LATEST => Ok(ReleaseSelector::Latest),
        _ if text.contains([':', '@']) => Err(ReferenceError::Twice),
        _ if text.contains(REQUIREMENT) => Ok(ReleaseSelector::Requirement(text.to_owned())),
        _ => Ok(ReleaseSelector::Version(text.to_owned())),
    }
}

fn by_alias(text: &str) -> Result<ReleaseSelector, ReferenceError> {
    match text.split_once(':') {
        _ if text.is_empty() => Err(ReferenceError::NoAlias),
        _ if text.contains('@') => Err(ReferenceError::Twice),
        Some(("", _) | (_, "")) => Err(ReferenceError::NoAlias),
        Some((_, digits)) if digits.contains(':') => Err(ReferenceError::Twice),
        // What names an algorithm is a digest; whether the registry knows that one, it will tell.
        Some(_) => Ok(ReleaseSelector::Digest(text.to_owned())),
        None => Ok(ReleaseSelector::Alias(text.to_owned())),
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{ID}{id}"),
            Self::Model(model) => f.write_str(model),
            Self::Release { model, selector } => write!(f, "{model}{selector}"),
        }
    }
}

impl fmt::Display for ReleaseSelector {
    /// With the character that it begins with in a [`Reference`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => write!(f, ":{LATEST}"),
            Self::Version(text) | Self::Requirement(text) => write!(f, ":{text}"),
            Self::Alias(text) | Self::Digest(text) => write!(f, "@{text}"),
        }
    }
}

impl TryFrom<Reference> for ModelRef {
    type Error = ReferenceError;

    fn try_from(reference: Reference) -> Result<Self, ReferenceError> {
        match reference {
            Reference::Id(id) => Ok(Self::by_id(id)),
            Reference::Model(name) => Ok(Self::by_name(name)),
            Reference::Release { .. } => Err(ReferenceError::NotAModel),
        }
    }
}

impl TryFrom<Reference> for ReleaseRef {
    type Error = ReferenceError;

    /// Of what refers to the same release for ever: an id, or a version, which then is the one without quantization for "linux/amd64".
    fn try_from(reference: Reference) -> Result<Self, ReferenceError> {
        match reference {
            Reference::Id(id) => Ok(Self::by_id(id)),
            Reference::Release { model, selector: ReleaseSelector::Version(version) } => Ok(Self::key(model, version).into()),
            Reference::Model(_) | Reference::Release { .. } => Err(ReferenceError::NotCertain),
        }
    }
}

impl TryFrom<Reference> for ReleaseQuery {
    type Error = ReferenceError;

    fn try_from(reference: Reference) -> Result<Self, ReferenceError> {
        let (model, selector) = match reference {
            Reference::Id(_) => return Err(ReferenceError::AnId),
            Reference::Model(model) => (model, ReleaseSelector::Latest),
            Reference::Release { model, selector } => (model, selector),
        };
        let query = Self::of(model);
        Ok(match selector {
            ReleaseSelector::Latest => query.latest(),
            ReleaseSelector::Version(version) => query.version(version),
            ReleaseSelector::Requirement(requirement) => query.requirement(requirement),
            ReleaseSelector::Alias(alias) => query.alias(alias),
            ReleaseSelector::Digest(digest) => query.digest(digest),
        })
    }
}

impl TryFrom<&str> for Reference {
    type Error = ReferenceError;

    fn try_from(text: &str) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

impl TryFrom<&String> for Reference {
    type Error = ReferenceError;

    fn try_from(text: &String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

impl TryFrom<String> for Reference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests;
