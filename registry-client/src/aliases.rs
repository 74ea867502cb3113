//! Aliases of releases: the calls of the release service that are about them. Each builder is in a file of its own.

mod delete;
mod history;
mod list;
mod set;

use registry_proto::v1 as pb;

pub use self::delete::DeleteReleaseAlias;
pub use self::history::ListReleaseAliasHistory;
pub use self::list::ListReleaseAliases;
pub use self::set::SetReleaseAlias;
use crate::{Client, ModelRef, ReleaseRef};

impl Client {
    /// Makes an alias of a model point to a release of it, whether it is a new one or points elsewhere until then.
    ///
    /// ```no_run
    /// use registry_client::{ErrorReason, ReleaseRef};
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let old = client.resolve_release("llama-3-7b").alias("production").send().await?;
    /// let new = ReleaseRef::key("llama-3-7b", "1.1.0");
    /// match client.set_release_alias(new, "production").expected_release(&old).reason("Fixes the tokenizer.").send().await {
    ///     Err(error) if error.reason() == Some(ErrorReason::AliasMoved) => println!("now at {:?}", error.current_release_id()),
    ///     alias => println!("moved at revision {}", alias?.revision),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_release_alias(&self, release: impl Into<ReleaseRef>, alias: impl Into<String>) -> SetReleaseAlias {
        let (release_ref, alias) = (Some(release.into().into()), alias.into());
        SetReleaseAlias { call: self.call(pb::SetReleaseAliasRequest { release_ref, alias, ..Default::default() }) }
    }

    /// Deletes an alias. The release it points to stays as it is, and so does the history of the alias.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// client.delete_release_alias("llama-3-7b", "canary").allow_missing().send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_release_alias(&self, model: impl Into<ModelRef>, alias: impl Into<String>) -> DeleteReleaseAlias {
        let (model_ref, alias) = (Some(model.into().into()), alias.into());
        DeleteReleaseAlias { call: self.call(pb::DeleteReleaseAliasRequest { model_ref, alias, ..Default::default() }) }
    }

    /// Lists aliases, of all models unless one is named: one page with `send`, or all with `pages` or `items`.
    ///
    /// ```no_run
    /// use futures::TryStreamExt as _;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let mut aliases = client.list_release_aliases().model("llama-3-7b").items();
    /// while let Some(alias) = aliases.try_next().await? {
    ///     println!("{} is {}", alias.alias, alias.release_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_release_aliases(&self) -> ListReleaseAliases {
        ListReleaseAliases { call: self.call(pb::ListReleaseAliasesRequest::default()) }
    }

    /// Lists where an alias has pointed, the newest move first: one page with `send`, or all with `pages` or `items`. Also for an alias
    /// that has been deleted.
    ///
    /// ```no_run
    /// use futures::TryStreamExt as _;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let mut moves = client.list_release_alias_history("llama-3-7b", "production").items();
    /// while let Some(step) = moves.try_next().await? {
    ///     println!("{:?} by {}: {:?}", step.to_release_id, step.moved_by, step.reason);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_release_alias_history(&self, model: impl Into<ModelRef>, alias: impl Into<String>) -> ListReleaseAliasHistory {
        let (model_ref, alias) = (Some(model.into().into()), alias.into());
        ListReleaseAliasHistory { call: self.call(pb::ListReleaseAliasHistoryRequest { model_ref, alias, ..Default::default() }) }
    }
}
