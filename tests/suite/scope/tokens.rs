//! What one key was given is nothing for another: page tokens, and the answers that are kept for retries.

use super::events::limit;
use super::{key, operator, viewer};
use registry_client::{Code, ErrorReason, pb};
use registry_tests::{conformance, expect, given};

conformance! {
    /// A page token is of whoever it was issued to, by every list.
    async fn a_page_token_belongs_to_its_caller(registry: &Harness) {
        for number in 0..3 {
            let name = format!("team-a/{number}");
            given::model(registry, &name).await;
            let release = given::release(registry, &name, "1").await;
            given::alias(registry, &release, "prod").await;
            given::alias(registry, &release, "test").await;
            given::deployment(registry, &release, "production").await;
        }
        let (one, same, all) = (viewer(registry, &["team-a/"]).await, viewer(registry, &["team-a/"]).await, viewer(registry, &[]).await);
        let clients = [&one, &same, &all, &registry.client];
        macro_rules! only_the_caller {
            ($request:expr) => {{
                for (holder, client) in clients.iter().enumerate() {
                    let page = client.call($request).send().await.unwrap();
                    let page_token = page.next_page_token;
                    assert!(!page_token.is_empty());
                    for (other, client) in clients.iter().enumerate() {
                        let mut request = $request;
                        request.page_token = page_token.clone();
                        let answer = client.call(request).send().await;
                        if other == holder {
                            answer.unwrap();
                        } else {
                            expect::refused(answer, Code::InvalidArgument, ErrorReason::PageTokenMismatch);
                        }
                    }
                }
            }};
        }
        only_the_caller!(pb::ListModelsRequest { page_size: 1, ..Default::default() });
        only_the_caller!(pb::ListReleasesRequest { page_size: 1, ..Default::default() });
        only_the_caller!(pb::ListDeploymentsRequest { page_size: 1, ..Default::default() });
        only_the_caller!(pb::ListReleaseAliasesRequest { page_size: 1, ..Default::default() });
        let release = registry.client.get_release(registry_client::ReleaseRef::key("team-a/0", "1")).send().await.unwrap();
        for _ in 0..2 {
            registry.client.delete_release_alias("team-a/0", "prod").send().await.unwrap();
            given::alias(registry, &release, "prod").await;
        }
        let model_ref: Option<pb::ModelRef> = Some(registry_client::ModelRef::by_name("team-a/0").into());
        only_the_caller!(pb::ListReleaseAliasHistoryRequest {
            model_ref: model_ref.clone(), alias: "prod".into(), page_size: 1, ..Default::default()
        });
    }

    /// A walk that began before the prefixes of its key were changed goes on among what is within them now.
    async fn a_walk_goes_on_within_the_new_prefixes(registry: &Harness) {
        for name in ["team-a/1", "team-a/2", "team-b/1", "team-b/2"] {
            given::model(registry, name).await;
        }
        let (made, client) = key(registry, pb::Role::Viewer, &[]).await;
        let order = pb::list_models_request::Order::NameAsc.into();
        let list = |page_token| pb::ListModelsRequest { page_size: 1, order, page_token, ..Default::default() };
        let first = client.call(list(String::new())).send().await.unwrap();
        assert_eq!(first.models[0].name, "team-a/1");
        limit(registry, &made, &["team-b/"]).await;
        let second = client.call(list(first.next_page_token)).send().await.unwrap();
        assert_eq!(second.models[0].name, "team-b/1");
    }

    /// The id of a change is the caller's own: the same one of another key is another change, and its answer another's.
    async fn the_id_of_a_change_is_of_its_caller(registry: &Harness) {
        let (one, two) = (operator(registry, &["team-a/"]).await, operator(registry, &["team-b/"]).await);
        let id = given::request_id();
        let mine = one.create_model("team-a/m", "/m").request_id(&id).send_with_meta().await.unwrap();
        // Another request under the same id would be refused, if it were the same caller.
        let theirs = two.create_model("team-b/m", "/m").request_id(&id).send_with_meta().await.unwrap();
        assert!(!mine.replayed && !theirs.replayed);
        assert_eq!(theirs.value.name, "team-b/m");
        // And the very same request is not answered with what the other one was given.
        let copied = two.create_model("team-a/m", "/m").request_id(&id).send_with_meta().await;
        expect::refused(copied, Code::FailedPrecondition, ErrorReason::RequestIdReused);
        let third = operator(registry, &["team-b/"]).await;
        let copied = third.create_model("team-a/m", "/m").request_id(&id).send_with_meta().await;
        expect::refused(copied, Code::PermissionDenied, ErrorReason::OutsidePrefixes);
        for (client, made) in [(&one, &mine), (&two, &theirs)] {
            let again = client.create_model(&made.value.name, "/m").request_id(&id).send_with_meta().await.unwrap();
            assert!(again.replayed);
            assert_eq!(again.value, made.value);
        }
    }
}
