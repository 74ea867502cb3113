//! Free-form JSON objects: opaque to the registry, stored and returned.
//!
//! Stored as text that this file writes and reads. A JSON type of a database would be written through the driver's
//! own idea of one, and PostgreSQL's binary one gives a number back that is not always the number it got.

use super::violation::Refused;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A JSON object. Never NULL: the empty object stands for "nothing said".
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, sea_orm::DeriveValueType)]
#[sea_orm(value_type = "String")]
#[serde(transparent)]
pub struct Document(Map<String, Value>);

impl Document {
    /// Its members.
    #[must_use]
    pub fn into_inner(self) -> Map<String, Value> {
        self.0
    }
}

impl From<Map<String, Value>> for Document {
    fn from(members: Map<String, Value>) -> Self {
        Self(members)
    }
}

impl std::fmt::Display for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
    }
}

impl std::str::FromStr for Document {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        serde_json::from_str(text).map_err(|error| Refused::new("JSON", error.to_string()))
    }
}
