//! A mix of calls, as a registry that is in use gets it: mostly reads of what is popular, some lists, some changes.

use super::data::{Names, RELEASES};
use super::figures::lists::List;
use super::figures::reads::Read;
use super::load::{Call, Caller};
use super::pick::{Pick, Picker};
use crate::given::digest;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use registry_proto::v1 as pb;
use uuid::Uuid;

/// In words, for the table.
pub const TEXT: &str = "70 % reads, 10 % lists, 10 % new releases, 5 % new models, 5 % updates";

/// Callers of the mix on a registry of so many releases. They change it: it is not to be kept.
pub fn callers(callers: u64, releases: u64, seed: u64) -> Vec<Caller> {
    (0..callers).map(|number| caller(releases, seed.wrapping_mul(1000).wrapping_add(number))).collect()
}

fn caller(releases: u64, seed: u64) -> Caller {
    let mut picker = Picker::new(Pick::Popular, releases, seed);
    let mut chance = SmallRng::seed_from_u64(seed);
    let lists: Vec<Call> = List::all().iter().map(|list| list.page("")).collect();
    Box::new(move || match chance.random_range(0..100_u8) {
        0..70 => Read::ALL[chance.random_range(0..Read::ALL.len())].call(picker.next()),
        70..80 => lists[chance.random_range(0..lists.len())].clone(),
        80..90 => new_release(picker.next() / RELEASES),
        90..95 => new_model(),
        _ => update(picker.next() / RELEASES, chance.random()),
    })
}

fn by_name(model: u64) -> Option<pb::ModelRef> {
    Some(pb::ModelRef { value: Some(pb::model_ref::Value::Name(Names.model_name(model))) })
}

/// Another release of a model.
#[must_use]
pub fn new_release(model: u64) -> Call {
    let unique = Uuid::now_v7().simple().to_string();
    let release = pb::Release { version: format!("2.0.0-r{unique}"), digest: Some(digest(model)), ..Default::default() };
    let request = pb::CreateReleaseRequest { model_ref: by_name(model), release: Some(release), ..Default::default() };
    Call::new("/modelregistry.v1.ReleaseService/CreateRelease", &request)
}

/// Another model.
#[must_use]
pub fn new_model() -> Call {
    let name = format!("mixed/{}", Uuid::now_v7().simple());
    let storage_path = format!("s3://models/{name}/");
    let model = pb::Model { name, storage_path, tags: vec!["mixed".to_owned()], ..Default::default() };
    Call::new("/modelregistry.v1.ModelService/CreateModel", &pb::CreateModelRequest { model: Some(model), ..Default::default() })
}

/// Another description of a model.
#[must_use]
pub fn update(model: u64, nonce: u64) -> Call {
    let changed = pb::Model { description: Some(format!("The one with the number {nonce}.")), ..Default::default() };
    let update_mask = Some(prost_types::FieldMask { paths: vec!["description".to_owned()] });
    let request = pb::UpdateModelRequest { model_ref: by_name(model), model: Some(changed), update_mask, ..Default::default() };
    Call::new("/modelregistry.v1.ModelService/UpdateModel", &request)
}
