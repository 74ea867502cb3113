//! The fields that update masks can name are the fields that the contract says can be changed.

use registry_proto::field::{FIELDS, Field};
use registry_proto::mask::{ArtifactField, DeploymentField, ModelField, ReleaseField};

/// Not immutable (or to be set once), not the server's, and not the precondition.
fn mutable(message: &str) -> Vec<&'static str> {
    let of_message = FIELDS.iter().filter(|at| at.message == format!("modelregistry.v1.{message}"));
    let mutable = |at: &&Field| !at.output_only && at.name != "etag" && (!at.immutable || at.set_once);
    of_message.filter(mutable).map(|at| at.name).collect()
}

#[test]
fn masks_name_the_mutable_fields() {
    assert_eq!(ModelField::ALL.iter().map(|field| field.name()).collect::<Vec<_>>(), mutable("Model"));
    assert_eq!(ArtifactField::ALL.iter().map(|field| field.name()).collect::<Vec<_>>(), mutable("Artifact"));
    assert_eq!(ReleaseField::ALL.iter().map(|field| field.name()).collect::<Vec<_>>(), mutable("Release"));
    assert_eq!(DeploymentField::ALL.iter().map(|field| field.name()).collect::<Vec<_>>(), mutable("Deployment"));
}
