//! Which fields an update writes, and what a mask cannot name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use prost_types::FieldMask;
use registry_proto::mask::{MaskErrorKind, ModelField, ModelMask, ReleaseField, ReleaseMask};
use registry_proto::v1 as pb;

fn mask(paths: &[&str]) -> FieldMask {
    FieldMask { paths: paths.iter().map(|&path| path.to_owned()).collect() }
}

fn named(paths: &[&str]) -> Result<Vec<ModelField>, MaskErrorKind> {
    let parsed = ModelMask::parse(Some(&mask(paths)), &pb::Model::default());
    parsed.map(|mask| mask.iter().collect()).map_err(|error| error.why)
}

#[test]
fn a_mask_names_fields_in_either_case() {
    assert_eq!(named(&["company", "storage_path"]), Ok(vec![ModelField::StoragePath, ModelField::Company]));
    assert_eq!(named(&["storagePath", "isCustomBaseModel"]), Ok(vec![ModelField::StoragePath, ModelField::IsCustomBaseModel]));
    assert_eq!(named(&["company", "company"]), Ok(vec![ModelField::Company]));
}

#[test]
fn what_cannot_be_written_is_refused() {
    for (path, why) in [
        ("nowhere", MaskErrorKind::Unknown),
        ("", MaskErrorKind::Unknown),
        ("StoragePath", MaskErrorKind::Unknown),
        ("storage_Path", MaskErrorKind::Unknown),
        ("id", MaskErrorKind::OutputOnly),
        ("createTime", MaskErrorKind::OutputOnly),
        ("name", MaskErrorKind::Immutable),
        ("etag", MaskErrorKind::Precondition),
        ("*", MaskErrorKind::Wildcard),
        ("training.strategy", MaskErrorKind::SubPath),
        ("labels.*", MaskErrorKind::SubPath),
    ] {
        assert_eq!(named(&["company", path]), Err(why), "{path}");
    }
}

#[test]
fn a_refusal_is_a_sentence() {
    let refused = |path: &str| ModelMask::parse(Some(&mask(&[path])), &pb::Model::default()).unwrap_err();
    assert_eq!(refused("etag").to_string(), r#"update_mask names "etag", which is a precondition, not a field to write"#);
    assert_eq!(refused(&"x".repeat(1000)).path, "x".repeat(64));
}

#[test]
fn without_a_mask_what_is_set_is_written() {
    let model = pb::Model {
        name: "immutable".to_owned(),
        etag: "precondition".to_owned(),
        created_by: "output-only".to_owned(),
        storage_path: "s3://a".to_owned(),
        company: Some(String::new()),
        requires_gpu: Some(false),
        tags: vec!["t".to_owned()],
        source: 1,
        is_custom_base_model: false,
        ..Default::default()
    };
    let expected = [ModelField::StoragePath, ModelField::Company, ModelField::Tags, ModelField::RequiresGpu, ModelField::Source];
    for mask in [None, Some(mask(&[]))] {
        assert_eq!(ModelMask::parse(mask.as_ref(), &model).unwrap().iter().collect::<Vec<_>>(), expected);
    }
    assert!(ModelMask::parse(None, &pb::Model::default()).unwrap().is_empty());
}

#[test]
fn what_can_be_set_once_can_be_named() {
    let parse = |path: &str| ReleaseMask::parse(Some(&mask(&[path])), &pb::Release::default());
    assert!(parse("digest").unwrap().contains(ReleaseField::Digest));
    for path in ["version", "platform", "quantization", "base_release_id"] {
        assert_eq!(parse(path).unwrap_err().why, MaskErrorKind::Immutable);
    }
    assert_eq!(parse("state").unwrap_err().why, MaskErrorKind::OutputOnly);
}

#[test]
fn every_updatable_field_can_be_named_by_its_name() {
    let all: Vec<&str> = ModelField::ALL.iter().map(|field| field.name()).collect();
    assert_eq!(named(&all), Ok(ModelField::ALL.to_vec()));
    assert_eq!(ModelField::ALL.len(), 16);
}
