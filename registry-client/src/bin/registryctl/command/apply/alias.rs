//! An alias is known by its model and its name, and is moved only from where it was seen.

use futures_util::TryStreamExt as _;
use registry_client::{Reference, ReleaseAlias, ReleaseId, ReleaseRef, ReleaseSelector};

use super::document::Pointed;
use super::{Action, Target};
use crate::arguments::Build;
use crate::failure::Failure;

pub(super) async fn apply(target: &Target, wanted: &Pointed<ReleaseAlias>) -> Result<Action, Failure> {
    let Target { client, dry_run, imagined: _ } = target;
    let ReleaseAlias { model_name, alias, .. } = &wanted.said.values;
    let release = release(target, wanted).await?;
    let mut aliases = client.list_release_aliases().model(model_name).page_size(500).items();
    let mut current = None;
    while let Some(found) = aliases.try_next().await? {
        if found.alias == *alias {
            current = Some(found.release_id);
        }
    }
    let set = client.set_release_alias(ReleaseRef::by_id(release.as_str()), alias);
    let (set, action) = match current {
        Some(current) if current == release.as_str() => return Ok(Action::Unchanged),
        Some(current) => (set.expected_release(ReleaseId::new(current)), Action::Updated(vec!["release_id".to_owned()])),
        None => (set.expected_absent(), Action::Created),
    };
    if *dry_run { set.validate_only() } else { set }.send().await?;
    Ok(action)
}

/// Where it is to point.
async fn release(target: &Target, wanted: &Pointed<ReleaseAlias>) -> Result<ReleaseId, Failure> {
    let Pointed { said, version, quantization, platform } = wanted;
    if version.is_empty() {
        return Ok(ReleaseId::new(&said.values.release_id));
    }
    let build = Build { quantization: quantization.clone(), platform: platform.clone() };
    let selector = ReleaseSelector::Version(version.clone());
    let reference = Reference::Release { model: said.values.model_name.clone(), selector };
    Ok(ReleaseId::new(build.resolve(&target.client, reference).await?.id))
}
