//! What people see while they wait, and afterwards: all of it on standard error, because standard output may be the export.

use std::fmt;
use std::io::{self, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use registry_client::TransferItem;
use registry_client::pb::transfer_item::Resource;

/// A line on a terminal that moves. Elsewhere nothing.
pub struct Progress(ProgressBar);

impl Progress {
    /// For something whose end is not known.
    pub fn spinner(what: &'static str, quiet: bool) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() }.with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}: {human_pos} items, {per_sec}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// For so many items.
    pub fn bar(what: &'static str, items: u64, quiet: bool) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(items) }.with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {human_pos}/{human_len} items, {eta} left") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// For bytes, on a terminal that somebody looks at.
    pub fn bytes(what: &'static str, quiet: bool) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(0) }.with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So many of so many bytes are done.
    pub fn bytes_at(&self, done: u64, total: Option<u64>) {
        if let Some(total) = total {
            self.0.set_length(total);
        }
        self.0.set_position(done);
    }

    /// So many are done.
    pub fn at(&self, items: u64) {
        self.0.set_position(items);
    }

    /// Says a line without disturbing the other.
    pub fn say(&self, line: &str) {
        self.0.suspend(|| say(line));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// One line on standard error. If nobody reads that any more, the command goes on.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// How many items of each kind there are.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    models: u64,
    releases: u64,
    aliases: u64,
    alias_moves: u64,
    contents: u64,
    artifacts: u64,
    deployments: u64,
    audit_entries: u64,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, item: &TransferItem) {
        let count = match &item.resource {
            None => return,
            Some(Resource::Model(_)) => &mut self.models,
            Some(Resource::Release(_)) => &mut self.releases,
            Some(Resource::ReleaseAlias(_)) => &mut self.aliases,
            Some(Resource::AliasMove(_)) => &mut self.alias_moves,
            Some(Resource::StoredContent(_)) => &mut self.contents,
            Some(Resource::Artifact(_)) => &mut self.artifacts,
            Some(Resource::Deployment(_)) => &mut self.deployments,
            Some(Resource::AuditEntry(_)) => &mut self.audit_entries,
        };
        *count = count.saturating_add(1);
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { models, releases, aliases, alias_moves, contents, artifacts, deployments, audit_entries } = self;
        write!(f, "{models} models, {releases} releases, {aliases} aliases with {alias_moves} moves, {artifacts} artifacts ")?;
        write!(f, "({contents} stored contents), {deployments} deployments, {audit_entries} audit entries")
    }
}

/// An item as people know it.
pub fn name(item: &TransferItem) -> String {
    match &item.resource {
        None => "nothing".to_owned(),
        Some(Resource::Model(model)) => format!("model {}", model.name),
        Some(Resource::Release(release)) => format!("release {} {}", release.model_name, release.version),
        Some(Resource::ReleaseAlias(alias)) => format!("alias {} of {}", alias.alias, alias.model_name),
        Some(Resource::AliasMove(step)) => format!("move of the alias {} of model {}", step.alias, step.model_id),
        Some(Resource::StoredContent(content)) => format!("stored content sha256:{}", content.sha256),
        Some(Resource::Artifact(artifact)) => format!("artifact {} of {}", artifact.name, artifact.model_name),
        Some(Resource::Deployment(deployment)) => format!("deployment {}", deployment.id),
        Some(Resource::AuditEntry(entry)) => format!("audit entry {}", entry.id),
    }
}
