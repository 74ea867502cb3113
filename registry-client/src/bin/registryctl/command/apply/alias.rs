//! An alias is known by its model and its name, and is moved only from where it was seen.

use futures_util::TryStreamExt as _;
use registry_client::{ReleaseAlias, ReleaseId};

use super::document::Pointed;
use super::pointed::Which;
use super::{Action, Target};
use crate::arguments::Build;
use crate::failure::Failure;

pub(super) async fn apply(target: &Target, wanted: &Pointed<ReleaseAlias>) -> Result<Action, Failure> {
    let Target { client, dry_run, imagined: _ } = target;
    let Pointed { said, version, quantization, platform } = wanted;
    let ReleaseAlias { model_name, alias, release_id, .. } = &said.values;
    let build = Build { quantization: quantization.clone(), platform: platform.clone() };
    let release = Which { id: release_id, model: model_name, version, build }.find(client).await?;
    let mut aliases = client.list_release_aliases().model(model_name).page_size(500).items();
    let mut current = None;
    while let Some(found) = aliases.try_next().await? {
        if found.alias == *alias {
            current = Some(found.release_id);
        }
    }
    let set = client.set_release_alias(&release, alias);
    let (set, action) = match current {
        Some(current) if current == release.id => return Ok(Action::Unchanged),
        Some(current) => (set.expected_release(ReleaseId::new(current)), Action::Updated(vec!["release_id".to_owned()])),
        None => (set.expected_absent(), Action::Created),
    };
    if *dry_run { set.validate_only() } else { set }.send().await?;
    Ok(action)
}
