//! A model is known by its name.

use registry_client::{Error, pb};

use super::said::Said;
use super::{Action, Target};
use crate::failure::Failure;

pub(super) async fn apply(target: &Target, said: &Said<pb::Model>) -> Result<Action, Failure> {
    let Target { client, dry_run, imagined: _ } = target;
    let current = match client.get_model(&said.values.name).send().await {
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
    let values = pb::Model { etag: said.etag(&current.etag), ..said.values.clone() };
    let update = client.update_model_from(&current, values, fields.clone());
    if *dry_run { update.validate_only() } else { update }.send().await?;
    Ok(Action::Updated(fields))
}

async fn create(Target { client, dry_run, imagined: _ }: &Target, said: &Said<pb::Model>) -> Result<(), Failure> {
    let create = client.create_model_from(said.values.clone());
    if *dry_run {
        create.validate_only().send().await?;
        return Ok(());
    }
    let created = create.send().await?;
    // A creation chooses values where none are said; where none is to be, it is unset.
    let unset = said.unset(&created).map_err(Failure::Refused)?;
    if !unset.is_empty() {
        let values = pb::Model { etag: created.etag.clone(), ..said.values.clone() };
        client.update_model_from(&created, values, unset).send().await?;
    }
    Ok(())
}
