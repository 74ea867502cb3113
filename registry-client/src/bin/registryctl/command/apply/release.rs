//! A release is known by its model, its version, and what it was built for.

use registry_client::{Error, ReleaseRef, ReleaseState, pb};

use super::said::Said;
use super::{Action, Target};
use crate::failure::Failure;

pub(super) async fn apply(target: &Target, said: &Said<pb::Release>) -> Result<Action, Failure> {
    let Target { client, dry_run, imagined: _ } = target;
    let current = match client.get_release(key(&said.values)).send().await {
        Ok(current) => current,
        Err(Error::NotFound(_)) => {
            said.is_new()?;
            create(target, said).await?;
            return Ok(Action::Created);
        }
        Err(error) => return Err(error.into()),
    };
    let fields = said.differing(&current).map_err(Failure::Refused)?;
    if fields.is_empty() {
        return Ok(Action::Unchanged);
    }
    let values = pb::Release { etag: said.etag(&current.etag), ..said.values.clone() };
    let update = client.update_release_from(&current, values, fields.clone());
    if *dry_run { update.validate_only() } else { update }.send().await?;
    Ok(Action::Updated(fields))
}

fn key(release: &pb::Release) -> ReleaseRef {
    let mut key = ReleaseRef::key(&release.model_name, &release.version);
    if let Some(quantization) = &release.quantization {
        key = key.quantization(quantization);
    }
    if !release.platform.is_empty() {
        key = key.platform(&release.platform);
    }
    key.into()
}

async fn create(target: &Target, said: &Said<pb::Release>) -> Result<(), Failure> {
    let values = &said.values;
    let mut create = target.client.create_release_from(&values.model_name, values.clone());
    if values.state() != ReleaseState::Unspecified {
        create = create.initial_state(values.state());
    }
    if target.dry_run {
        create.validate_only().send().await?;
        return Ok(());
    }
    let created = create.send().await?;
    let unset = said.unset(&created).map_err(Failure::Refused)?;
    if !unset.is_empty() {
        let values = pb::Release { etag: created.etag.clone(), ..values.clone() };
        target.client.update_release_from(&created, values, unset).send().await?;
    }
    Ok(())
}
