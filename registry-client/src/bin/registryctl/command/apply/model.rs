//! A model is known by its name.

use registry_client::{Error, pb};

use super::document::Said;
use super::{Action, Target};
use crate::failure::Failure;

pub(super) async fn apply(target: &Target, said: &Said<pb::Model>) -> Result<Action, Failure> {
    let Target { client, dry_run, imagined: _ } = target;
    let current = match client.get_model(&said.values.name).send().await {
        Ok(current) => current,
        Err(Error::NotFound(_)) => {
            let create = client.create_model_from(said.values.clone());
            if *dry_run { create.validate_only() } else { create }.send().await?;
            return Ok(Action::Created);
        }
        Err(error) => return Err(error.into()),
    };
    let fields = said.differing(&current).map_err(Failure::Refused)?;
    if fields.is_empty() {
        return Ok(Action::Unchanged);
    }
    let values = pb::Model { etag: current.etag.clone(), ..said.values.clone() };
    let update = client.update_model_from(&current, values, fields.clone());
    if *dry_run { update.validate_only() } else { update }.send().await?;
    Ok(Action::Updated(fields))
}
