//! How a model or a release was trained.

use super::document::Document;
use super::time::Timestamp;
use super::violation::Refused;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a model or a release was trained or fine-tuned. Unset means unknown. Stored as one JSON document:
/// it is read and written as a whole, and never filtered on. A field that a newer server has stored is passed over.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, sea_orm::DeriveValueType)]
#[sea_orm(value_type = "String")]
#[expect(missing_docs, reason = "the contract documents every field of TrainingMetadata")]
pub struct Training {
    pub duration: Option<Span>,
    pub peak_vram_bytes: Option<i64>,
    pub dataset_example_count: Option<i64>,
    pub dataset_size_bytes: Option<i64>,
    pub dataset_uri: Option<String>,
    pub strategy: Option<String>,
    pub provider: Option<String>,
    pub compute_profile: Option<String>,
    pub gpu_count: Option<i32>,
    pub gpu_type: Option<String>,
    pub start_time: Option<Timestamp>,
    pub end_time: Option<Timestamp>,
    pub hyperparameters: Option<Document>,
    pub metrics: BTreeMap<String, f64>,
    pub run_uri: Option<String>,
}

impl std::fmt::Display for Training {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
    }
}

impl std::str::FromStr for Training {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        serde_json::from_str(text).map_err(|error| Refused::new("JSON", error.to_string()))
    }
}

/// A length of time in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span(i64);

impl Span {
    /// From microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// In microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }
}
