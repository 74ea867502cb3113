//! What a scrape of `/metrics` says, read back sample by sample.

use crate::http::ask;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The samples of a scrape, by name and labels as they are written.
#[derive(Debug, Clone)]
pub struct Scraped {
    /// All of it.
    pub text: String,
    samples: BTreeMap<String, f64>,
}

/// Scrapes a server.
///
/// # Panics
/// If it does not answer, or a line is no sample.
pub async fn scrape(admin: SocketAddr) -> Scraped {
    let answer = ask(admin, "GET", "/metrics", "").await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let lines = answer.body.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line:?}"));
        (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("no number: {line:?}")))
    });
    Scraped { samples: samples.collect(), text: answer.body.clone() }
}

impl Scraped {
    /// The value of a sample, as it is written: `name{label="value"}`. 0 if there is none, as whoever rates counters has it.
    #[must_use]
    pub fn value(&self, sample: &str) -> f64 {
        self.samples.get(sample).copied().unwrap_or_default()
    }

    /// The samples whose name and labels begin like this.
    pub fn beginning(&self, with: &str) -> impl Iterator<Item = (&str, f64)> {
        let with = with.to_owned();
        self.samples.iter().filter(move |(sample, _)| sample.starts_with(&with)).map(|(sample, value)| (sample.as_str(), *value))
    }

    /// Whether a metric of this name is described, whether or not it has a sample.
    #[must_use]
    pub fn describes(&self, name: &str) -> bool {
        self.text.lines().any(|line| line.strip_prefix("# TYPE ").and_then(|rest| rest.split(' ').next()) == Some(name))
    }
}
