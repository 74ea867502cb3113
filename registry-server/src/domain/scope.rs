//! Which models a caller can see at all.

use super::error::Error;
use super::name::ModelName;
use super::violation::Refused;
use std::str::FromStr;

/// The models whose name begins with one of some prefixes, or all models. What is outside is as if it were not there.
///
/// Stored as text, one prefix a line; none are all models.
#[derive(Debug, Clone, Default, PartialEq, Eq, sea_orm::DeriveValueType)]
#[sea_orm(value_type = "String")]
pub struct Scope(Vec<String>);

impl Scope {
    /// All models.
    #[must_use]
    pub const fn everything() -> Self {
        Self(Vec::new())
    }

    /// The models whose name begins with one of these; with none of them, all models.
    #[must_use]
    pub fn prefixed(mut prefixes: Vec<String>) -> Self {
        prefixes.sort();
        prefixes.dedup();
        Self(prefixes)
    }

    /// Whether it is all models.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// The prefixes, in order. None are all models.
    #[must_use]
    pub fn prefixes(&self) -> &[String] {
        &self.0
    }

    /// Whether a model of this name is, or would be, within it.
    #[must_use]
    pub fn covers(&self, name: &ModelName) -> bool {
        self.is_everything() || self.0.iter().any(|prefix| name.as_str().starts_with(prefix))
    }

    /// That a model may be given this name.
    ///
    /// # Errors
    /// [`Error::OutsidePrefixes`].
    pub fn admit(&self, name: &ModelName) -> Result<(), Error> {
        if self.covers(name) { Ok(()) } else { Err(Error::OutsidePrefixes { name: name.to_string() }) }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl FromStr for Scope {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        Ok(Self(text.lines().map(ToOwned::to_owned).collect()))
    }
}
