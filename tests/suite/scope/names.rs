//! The names that a limited key gives to models: only within its prefixes, which is decided before anything is looked up.

use super::operator;
use registry_client::{Client, Code, Error, ErrorReason, pb};
use registry_tests::{Harness, conformance, expect, given};
use std::fmt::Debug;

fn new(name: &str) -> pb::CreateModelRequest {
    let model = pb::Model { name: name.to_owned(), storage_path: "/m".to_owned(), ..Default::default() };
    pb::CreateModelRequest { model: Some(model), ..Default::default() }
}

/// Everything that is said of a name outside, which has to be that and nothing else.
#[track_caller]
fn outside<T: Debug>(answer: Result<T, Error>, name: &str) -> String {
    let error = expect::refused(answer, Code::PermissionDenied, ErrorReason::OutsidePrefixes);
    assert!(error.message().contains(&format!("`{name}`")), "{error}");
    assert!(error.metadata().is_empty() && error.resource().is_none(), "{error}");
    let details = error.status().unwrap().details().len();
    format!("{} ({details} bytes of details)", error.message()).replace(name, "NAME")
}

/// What is said of names of one length, outside of `team-a/`: taken by a live model, by a soft-deleted one, and free.
async fn three(registry: &Harness) -> [&'static str; 3] {
    given::model(registry, "team-b/live").await;
    given::model(registry, "team-b/dead").await;
    registry.client.delete_model("team-b/dead").send().await.unwrap();
    ["team-b/live", "team-b/dead", "team-b/free"]
}

async fn names(client: &Client) -> Vec<String> {
    client.list_models().show_deleted().send().await.unwrap().items.into_iter().map(|model| model.name).collect()
}

conformance! {
    /// A name outside is refused, named, and refused the same whether or not it is taken; also if it is only tried.
    async fn nobody_creates_a_model_outside_of_his_prefixes(registry: &Harness) {
        let three = three(registry).await;
        let client = operator(registry, &["team-a/", "shared"]).await;
        let revision = given::revision(registry).await;
        for validate_only in [false, true] {
            let mut told = Vec::new();
            for name in three {
                let request = pb::CreateModelRequest { validate_only, ..new(name) };
                told.push(outside(client.call(request).send().await, name));
                let requests = vec![new("team-a/fine"), new(name), new("team-c/worse")];
                let batch = pb::BatchCreateModelsRequest { requests, validate_only, ..Default::default() };
                told.push(outside(client.call(batch).send().await, name));
            }
            told.dedup();
            assert_eq!(told.len(), 1, "{told:?}");
        }
        for name in ["team-a", "team-ab/x", "Team-a/x", "eam-a/x", "xteam-a/x", "team-b/team-a/x", "share"] {
            outside(client.call(new(name)).send().await, name);
        }
        assert_eq!(given::revision(registry).await, revision);
        for name in ["team-a/x", "team-a/x/y", "shared", "shared-too"] {
            client.call(new(name)).send().await.unwrap();
        }
    }

    /// No model goes where its owner cannot follow, whatever else is wrong with the call; and none is fetched from there.
    async fn nobody_renames_a_model_across_his_prefixes(registry: &Harness) {
        let three = three(registry).await;
        let client = operator(registry, &["team-a/"]).await;
        let own = client.create_model("team-a/own", "/m").send().await.unwrap();
        let revision = given::revision(registry).await;
        let mut told = Vec::new();
        for new_name in three {
            for (model, etag) in [("team-a/own", ""), ("team-a/own", "r0"), ("team-a/none", ""), ("team-b/live", ""), ("team-b/none", "")] {
                for validate_only in [false, true] {
                    let model_ref = Some(registry_client::ModelRef::by_name(model).into());
                    let (new_name, etag) = (new_name.to_owned(), etag.to_owned());
                    let rename = pb::RenameModelRequest { model_ref, new_name: new_name.clone(), etag, validate_only, ..Default::default() };
                    told.push(outside(client.call(rename).send().await, &new_name));
                }
            }
        }
        told.dedup();
        assert_eq!(told.len(), 1, "{told:?}");
        for model in ["team-b/live", "team-b/dead", "team-b/none"] {
            let fetched = client.rename_model(model, "team-a/fetched").send().await;
            expect::refused(fetched, Code::NotFound, ErrorReason::ModelNotFound);
        }
        assert_eq!(given::revision(registry).await, revision);
        assert_eq!(client.rename_model(&own, "team-a/renamed").send().await.unwrap().name, "team-a/renamed");
    }

    /// What is taken within the prefixes may be told: by whom, and that it is soft-deleted.
    async fn a_name_that_is_taken_within_is_told(registry: &Harness) {
        let client = operator(registry, &["team-a/"]).await;
        let live = given::model(registry, "team-a/live").await;
        let dead = given::model(registry, "team-a/dead").await;
        client.delete_model("team-a/dead").send().await.unwrap();
        let own = client.create_model("team-a/own", "/m").send().await.unwrap();
        for (model, deleted) in [(&live, "false"), (&dead, "true")] {
            let created = expect::refused(client.call(new(&model.name)).send().await, Code::AlreadyExists, ErrorReason::ModelAlreadyExists);
            let renamed = client.rename_model(&own, &model.name).send().await;
            let renamed = expect::refused(renamed, Code::AlreadyExists, ErrorReason::ModelAlreadyExists);
            for error in [created, renamed] {
                assert_eq!((expect::fact(&error, "id"), expect::fact(&error, "deleted")), (&*model.id, deleted));
            }
        }
        let mut found = names(&client).await;
        found.sort();
        assert_eq!(found, ["team-a/dead", "team-a/live", "team-a/own"]);
    }
}
