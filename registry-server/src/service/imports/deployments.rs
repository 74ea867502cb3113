//! Deployments that come with an import.

use super::plan::{Change, Done, Plan};
use crate::domain::deployment::DeploymentState;
use crate::domain::event::ResourceKind;
use crate::domain::{Error, Kind};
use crate::store::entity::deployment;

impl Plan {
    pub(super) fn deployment(&mut self, mut row: deployment::Model) -> Result<Done, Error> {
        let release = self.release_of(row.release_id)?;
        (row.release_id, row.model_id) = (release.id, release.key.0);
        // Nothing that is soft-deleted has a deployment that is live.
        if row.state != DeploymentState::Terminated && release.delete_time.is_some() {
            return Err(Error::Deleted { kind: Kind::Release, name: self.name_of(release) });
        }
        let stored = self.known.deployments.get(&row.id);
        let taken = || Error::Taken { what: "deployment", name: row.id.to_string(), field: "id" };
        let place = match self.place(stored.is_some(), false, taken)? {
            Ok(place) => place,
            Err(done) => return Ok(done),
        };
        match stored {
            Some((release, _, _)) if *release != row.release_id => {
                return Err(Error::Immutable { path: "deployment.release_id" });
            }
            Some((_, environment, _)) if *environment != row.environment => {
                return Err(Error::Immutable { path: "deployment.environment" });
            }
            Some((_, _, DeploymentState::Terminated)) if row.state != DeploymentState::Terminated => {
                return Err(Error::InvalidTransition {
                    kind: Kind::Deployment,
                    from: DeploymentState::Terminated.as_str(),
                    to: row.state.as_str(),
                    why: "what is terminated stays terminated",
                });
            }
            Some(_) | None => {}
        }
        row.revision = self.stamp(row.revision, None, &[]);
        self.known.deployments.insert(row.id, (row.release_id, row.environment.clone(), row.state));
        let id = row.id.uuid();
        self.ids.deployments.insert(id);
        self.rows.deployments.retain(|before| before.id != row.id);
        self.rows.deployments.push(row);
        Ok(self.changed(Change::new(ResourceKind::Deployment, id), place))
    }
}
