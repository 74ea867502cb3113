//! Use cases of taking over what another system knows: a model with everything of it, API keys, entries of an audit log. Ids, times
//! and states are kept; who imports is who has created it, unless the old system knew better.
//!
//! What has been taken over before is found by its id and left as it is now. What is in the way of a new row (a name, a key, a
//! path) is found in the same transaction, so that a family is written as a whole or not at all.
//!
//! May not: know the old systems, or how their rows are read.

mod keys;
mod merged;
mod plan;
mod write;

pub use keys::{put_api_keys, put_audit_entries};

use crate::domain::Error;
use crate::domain::import::{Change, Fate, OnConflict, Origin};
use crate::domain::model::Labels;
use crate::store::Tx;
use crate::store::entity::{alias, artifact, deployment, model, release};
use crate::store::models::Model;
use crate::store::releases::{OfModel, Release};
use std::sync::Arc;

/// Something that is to be here, and of what rows it is made.
#[derive(Debug, Clone)]
pub struct Member<T> {
    /// The rows that it is made of: what becomes of it becomes of all of them.
    pub origins: Vec<Origin>,
    /// The rows that say the same, for which it stands.
    pub folded: Vec<Origin>,
    /// As it is to be stored. Its revision is that of the write.
    pub row: T,
}

impl<T> Member<T> {
    /// What is made of one row.
    #[must_use]
    pub fn of(origin: Origin, row: T) -> Self {
        Self { origins: vec![origin], folded: Vec::new(), row }
    }
}

/// A release that is to be here.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseRow {
    /// Its row. Its number is kept if it is free, or else the next one is taken.
    pub row: release::Model,
    /// Its labels.
    pub labels: Labels,
}

impl ReleaseRow {
    /// As it is shown with this model.
    #[must_use]
    pub fn shown(&self, model: &model::Model) -> Release {
        Release {
            row: self.row.clone(),
            model: OfModel {
                name: model.name.clone(),
                storage_path: model.storage_path.clone(),
                repository: model.repository.clone(),
            },
            labels: self.labels.clone(),
            aliases: Vec::new(),
            artifact_count: Some(0),
            live_deployment_count: Some(0),
        }
    }
}

/// A model with everything of it. Within it, ids, keys, names and paths are unique already, and what points to something points to
/// something in it.
#[derive(Debug, Clone)]
pub struct Family {
    /// The model. `last_release_number` is the highest that was ever given, if that is known.
    pub model: Member<Model>,
    /// Its releases, in the order of their numbers.
    pub releases: Vec<Member<ReleaseRow>>,
    /// Its aliases. Each has one move in its history: to where it points, at its `update_time`.
    pub aliases: Vec<Member<alias::Model>>,
    /// Its artifacts and those of its releases.
    pub artifacts: Vec<Member<artifact::Model>>,
    /// The deployments of its releases.
    pub deployments: Vec<Member<deployment::Model>>,
    /// What was changed to make this of it.
    pub changes: Vec<Change>,
    /// Rows of it that the rules leave out, and why.
    pub left: Vec<(Origin, String)>,
}

impl Family {
    /// A model without anything of it.
    #[must_use]
    pub const fn of(model: Member<Model>) -> Self {
        Self {
            model,
            releases: Vec::new(),
            aliases: Vec::new(),
            artifacts: Vec::new(),
            deployments: Vec::new(),
            changes: Vec::new(),
            left: Vec::new(),
        }
    }

    /// The rows of each member, in the order of [`Put::fates`]: what it is made of, and what it stands for.
    pub fn members(&self) -> impl Iterator<Item = (&[Origin], &[Origin])> {
        fn rows<T>(member: &Member<T>) -> (&[Origin], &[Origin]) {
            (&member.origins, &member.folded)
        }
        std::iter::once(rows(&self.model))
            .chain(self.releases.iter().map(rows))
            .chain(self.aliases.iter().map(rows))
            .chain(self.artifacts.iter().map(rows))
            .chain(self.deployments.iter().map(rows))
    }
}

/// What has come of a family.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Put {
    /// Of each member, in the order of [`Family::members`].
    pub fates: Vec<Fate>,
    /// What had to be changed because of what was there.
    pub changes: Vec<Change>,
}

/// Takes over a model with everything of it: what was taken over before stays as it is, what is missing is added.
///
/// # Errors
/// [`Error::Exists`] if something is in the way and that is to be a failure: then nothing of it is written.
pub async fn put(tx: Tx, command: Arc<(Family, OnConflict)>) -> Result<Put, Error> {
    let (family, on_conflict) = &*command;
    let plan = plan::plan(&tx, family, *on_conflict).await?;
    write::write(&tx, family, &plan).await?;
    Ok(plan.into_put())
}
