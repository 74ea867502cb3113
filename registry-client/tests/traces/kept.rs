//! The spans that have ended, kept in memory.

use std::sync::{Arc, Mutex};

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

#[derive(Clone, Debug, Default)]
pub struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

impl Kept {
    /// The only span with this name.
    pub fn only(&self, name: &str) -> SpanData {
        let spans = self.0.lock().unwrap();
        let named: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
        let [only] = named[..] else { panic!("{name}: {spans:?}") };
        only.clone()
    }

    pub fn attribute(span: &SpanData, name: &str) -> String {
        let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == name);
        found.unwrap_or_else(|| panic!("no {name}: {span:?}")).value.to_string()
    }
}
