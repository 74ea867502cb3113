//! A model with a thousand releases, some of which have run, as a client makes it, sees it and changes it.

use super::picture::Picture;
use crate::given;
use futures::future::try_join_all;
use registry_client::{Client, Code, Error, ModelId};

/// How many releases the model has.
const RELEASES: u64 = 1000;
/// How many are created by one call.
const BATCH: u64 = 250;
/// How many aliases it has.
const ALIASES: u64 = 20;
/// How many artifacts: one of the model as a whole, the others of as many releases.
const ARTIFACTS: usize = 21;
/// How many deployments it has had.
const DEPLOYMENTS: usize = 20;

/// A change of a model with all that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// DeleteModel, with `force`.
    Delete,
    /// UndeleteModel.
    Undelete,
    /// PurgeModel.
    Purge,
}

/// A model with its releases, labels, aliases, artifacts and deployments.
pub(super) struct Family {
    name: String,
    id: String,
    pub(super) live: bool,
}

impl Family {
    pub(super) async fn found(client: &Client, number: u64) -> Self {
        let name = format!("family-{number}");
        let create = client.create_model(&name, "s3://models/family/").tags(["large", "old"]).label("team", "nlp");
        let model = create.send().await.expect("a model");
        let mut releases = Vec::new();
        for batch in 0..RELEASES / BATCH {
            let base = releases.first().cloned();
            let one = |number: u64| {
                let create = client.create_release(&model, format!("{number}.0.0")).digest(given::digest(number));
                let create = create.label("number", number.to_string()).label("even", number.is_multiple_of(2).to_string());
                base.iter().fold(create, |create, base| create.base_release(base))
            };
            let numbers = batch * BATCH..(batch + 1) * BATCH;
            releases.extend(client.batch_create_releases(numbers.map(one)).send().await.expect("releases"));
        }
        let aliases = (0..ALIASES)
            .zip(&releases)
            .map(|(number, release)| client.set_release_alias(release, format!("alias-{number}")).reason("the first").send());
        try_join_all(aliases).await.expect("aliases");
        let artifacts = releases.iter().take(ARTIFACTS - 1).map(|release| given::wheel(client, release, "file").send());
        try_join_all(artifacts).await.expect("artifacts");
        given::wheel(client, &model, "file").send().await.expect("an artifact");
        let deployments = releases.iter().take(DEPLOYMENTS).map(|release| client.create_deployment(release, "production").send());
        let deployments = try_join_all(deployments).await.expect("deployments");
        let ends = deployments.iter().map(|deployment| client.terminate_deployment(deployment).send());
        try_join_all(ends).await.expect("deployments that end");
        Self { name, id: model.id, live: true }
    }

    pub(super) fn id(&self) -> ModelId {
        ModelId::new(&self.id)
    }

    pub(super) async fn picture(&self, url: &str) -> Picture {
        Picture::of(uuid::Uuid::try_parse(&self.id).expect("a UUID").into(), url).await
    }

    /// What a client sees is what the database holds. Why not, otherwise.
    pub(super) async fn complaint(&self, client: &Client, purged: bool) -> Option<String> {
        let (by_id, by_name) = (client.get_model(self.id()).send().await, client.get_model(&*self.name).send().await);
        let seen = (by_id.as_ref().map_err(Error::code).map(|model| model.delete_time.is_some()), by_name.is_ok());
        if seen != (if purged { Err(Code::NotFound) } else { Ok(!self.live) }, self.live) {
            return Some(format!("a client sees {by_id:?} and {by_name:?}"));
        }
        if !self.live {
            return None;
        }
        let releases = client.list_releases().model(self.id()).include_total_size().page_size(1).send().await;
        let releases = releases.map(|page| page.total_size);
        let aliases = client.list_release_aliases().model(self.id()).page_size(100).send().await;
        let aliases = aliases.map(|page| page.items.len());
        let artifacts = client.list_artifacts().model(self.id()).page_size(100).send().await.map(|page| page.items.len());
        let deployments = client.list_deployments().model(self.id()).page_size(100).send().await;
        let deployments = deployments.map(|page| page.items.len());
        let last = client.resolve_release(self.id()).alias(format!("alias-{}", ALIASES - 1)).send().await;
        let whole = releases.as_ref().is_ok_and(|total| *total == i64::try_from(RELEASES).ok())
            && aliases.as_ref().is_ok_and(|count| u64::try_from(*count) == Ok(ALIASES))
            && artifacts.as_ref().is_ok_and(|count| *count == ARTIFACTS)
            && deployments.as_ref().is_ok_and(|count| *count == DEPLOYMENTS)
            && last.as_ref().is_ok_and(|release| release.version == format!("{}.0.0", ALIASES - 1));
        (!whole).then(|| {
            let rows =
                format!("{releases:?} releases, {aliases:?} aliases, {artifacts:?} artifacts, {deployments:?} deployments");
            format!("a client sees {rows}, the last alias at {last:?}")
        })
    }
}

/// Asks for a step; answers with its revision, and whether that is a replay.
pub(super) async fn ask(client: Client, step: Step, id: ModelId, request_id: String) -> Result<(i64, bool), Error> {
    match step {
        Step::Delete => {
            let answer = client.delete_model(id).force().request_id(request_id).send_with_meta().await?;
            Ok((answer.value.model.map_or(0, |model| model.revision), answer.replayed))
        }
        Step::Undelete => {
            let answer = client.undelete_model(id).request_id(request_id).send_with_meta().await?;
            Ok((answer.value.revision, answer.replayed))
        }
        Step::Purge => {
            let answer = client.purge_model(id).request_id(request_id).send_with_meta().await?;
            Ok((answer.value, answer.replayed))
        }
    }
}
