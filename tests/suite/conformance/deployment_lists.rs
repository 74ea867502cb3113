//! Lists of deployments: what runs where, of one model, of one release and of all.

use registry_client::{
    Code, Deployment, DeploymentFilter, DeploymentKind, DeploymentOrder, DeploymentState, ErrorReason, HealthState, ModelRef,
    ReleaseId, ReleaseRef, pb,
};
use registry_tests::{Harness, conformance, expect, given};
use std::collections::BTreeSet;
use std::time::Duration;

/// Sixty deployments of three releases of two models, eight at each moment but the last.
async fn sixty(registry: &Harness) -> Vec<Deployment> {
    given::model(registry, "m").await;
    given::model(registry, "n").await;
    let releases = [
        given::release(registry, "m", "1").await,
        given::release(registry, "m", "2").await,
        given::release(registry, "n", "1").await,
    ];
    let mut all = Vec::new();
    for number in 0..60 {
        if number % 8 == 0 {
            registry.advance(Duration::from_secs(1));
        }
        all.push(given::deployment(registry, &releases[number % 3], ["production", "staging"][number % 2]).await);
    }
    all
}

fn sort(deployments: &mut [Deployment], order: DeploymentOrder) {
    let key = |of: &Deployment| (of.deploy_time.map(|time| (time.seconds, time.nanos)), of.id.clone());
    deployments.sort_by(|a, b| match order {
        DeploymentOrder::Unspecified | DeploymentOrder::DeployTimeDesc => key(b).cmp(&key(a)),
        DeploymentOrder::DeployTimeAsc => key(a).cmp(&key(b)),
    });
}

/// Four that differ in everything that can be asked for, named by their clusters.
async fn four(registry: &Harness) {
    registry.client.create_model("m", "/m").company("acme").send().await.unwrap();
    given::model(registry, "n").await;
    let (m, n) = (given::release(registry, "m", "1").await, given::release(registry, "n", "1").await);
    let client = &registry.client;
    registry.advance(Duration::from_secs(10));
    let at = |second: i64| given::time(second * 1_000_000);
    let one = client.create_deployment(&m, "production").cluster("1").k8s_namespace("ml").kind(DeploymentKind::K8s);
    one.health(HealthState::Healthy).deployed_by("argo").deploy_time(at(1)).send().await.unwrap();
    let two = client.create_deployment(&m, "staging").cluster("2").k8s_namespace("").kind(DeploymentKind::Local);
    two.health(HealthState::Unhealthy).initial_state(DeploymentState::Deploying).deploy_time(at(2)).send().await.unwrap();
    let three = client.create_deployment(&n, "production").cluster("3").initial_state(DeploymentState::Pending);
    three.deploy_time(at(3)).send().await.unwrap();
    let four = client.create_deployment(&n, "Production").cluster("4").deployed_by("").deploy_time(at(4)).send().await.unwrap();
    client.terminate_deployment(&four).send().await.unwrap();
}

async fn matching(registry: &Harness, filter: DeploymentFilter) -> Vec<String> {
    let list = registry.client.list_deployments().filter(filter).order(DeploymentOrder::DeployTimeAsc).include_total_size();
    let page = list.send().await.unwrap();
    assert_eq!(page.total_size, i64::try_from(page.items.len()).ok());
    page.items.into_iter().map(|deployment| deployment.cluster.unwrap()).collect()
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

conformance! {
    /// What runs in production is one call across models, and where a release runs is one call.
    async fn what_runs_where_is_one_call(registry: &Harness) {
        let all = sixty(registry).await;
        let client = &registry.client;
        for down in &all[50..] {
            client.transition_deployment(down, DeploymentState::Failed).send().await.unwrap();
        }
        let running = [DeploymentState::Running];
        let mut production = all[..50].to_vec();
        production.retain(|deployment| deployment.environment == "production");
        sort(&mut production, DeploymentOrder::DeployTimeDesc);
        let page = client.list_deployments().environments(["production"]).states(running).send().await.unwrap();
        assert_eq!((page.items, page.next_page_token, page.revision), (production, None, given::revision(registry).await));
        let mut places = all[..50].to_vec();
        places.retain(|deployment| deployment.model_name == "m" && deployment.release_version == "2");
        sort(&mut places, DeploymentOrder::DeployTimeDesc);
        let by_key = client.list_deployments().release(ReleaseRef::key("m", "2")).states(running).send().await.unwrap();
        assert_eq!(by_key.items, places);
        let by_id = client.list_deployments().release(ReleaseId::new(&places[0].release_id)).states(running).send().await.unwrap();
        assert_eq!(by_id.items, places);
    }

    /// In both orders, of one model, of one release and of all, the pages together are the whole list, sorted, each once.
    async fn every_order_of_deployments_is_walked_page_by_page(registry: &Harness) {
        let all = sixty(registry).await;
        let revision = given::revision(registry).await;
        for order in [DeploymentOrder::Unspecified, DeploymentOrder::DeployTimeDesc, DeploymentOrder::DeployTimeAsc] {
            for (model, version) in [(None, None), (Some("m"), None), (Some("n"), None), (Some("m"), Some("2"))] {
                let mut expected = all.clone();
                expected.retain(|deployment| model.is_none_or(|model| deployment.model_name == model));
                expected.retain(|deployment| version.is_none_or(|version| deployment.release_version == version));
                sort(&mut expected, order);
                let mut list = registry.client.list_deployments().order(order).page_size(7).include_total_size();
                if let Some(model) = model {
                    list = list.model(model);
                }
                if let Some(version) = version {
                    list = list.release(ReleaseRef::key("m", version));
                }
                let pages = given::pages(list.pages()).await;
                assert_eq!(pages.len(), expected.len().div_ceil(7));
                assert!(pages.iter().all(|page| page.total_size == i64::try_from(expected.len()).ok() && page.revision == revision));
                let walked: Vec<Deployment> = pages.into_iter().flat_map(|page| page.items).collect();
                assert_eq!(walked, expected, "{order:?} of {model:?} {version:?}");
            }
        }
    }

    /// A deployment that is there during the whole walk is seen once, whatever is recorded, changed and ended between the pages.
    async fn a_walk_over_deployments_is_not_disturbed(registry: &Harness) {
        let all = sixty(registry).await;
        let there: BTreeSet<String> = all.iter().map(|deployment| deployment.id.clone()).collect();
        for order in [DeploymentOrder::DeployTimeDesc, DeploymentOrder::DeployTimeAsc] {
            let (mut seen, mut token, mut round) = (Vec::new(), None::<String>, 0);
            loop {
                let list = registry.client.list_deployments().order(order).page_size(7);
                let page = if let Some(token) = &token { list.page_token(token) } else { list }.send().await.unwrap();
                seen.extend(page.items.iter().map(|deployment| deployment.id.clone()).filter(|id| there.contains(id)));
                let Some(next) = page.next_page_token else { break };
                token = Some(next);
                round += 1;
                let new = registry.client.create_deployment(ReleaseRef::key("m", "1"), "production");
                new.deploy_time(given::time(round * 500_000)).send().await.unwrap();
                for deployment in all.iter().skip(usize::try_from(round).unwrap()).step_by(11) {
                    registry.client.update_deployment(deployment).cluster(format!("{round}")).send().await.unwrap();
                    registry.client.terminate_deployment(deployment).send().await.unwrap();
                }
            }
            assert_eq!((seen.len(), seen.into_iter().collect::<BTreeSet<_>>()), (60, there.clone()), "{order:?}");
        }
    }

    /// Each condition alone finds what it says, alternatives of one field are alternatives, and fields are combined.
    async fn each_condition_on_deployments_finds_what_it_says(registry: &Harness) {
        four(registry).await;
        let f = DeploymentFilter::default;
        let at = |micros: i64| Some(given::time(micros));
        let states = |states: &[DeploymentState]| DeploymentFilter { states: states.iter().map(|of| (*of).into()).collect(), ..f() };
        let cases: Vec<(DeploymentFilter, &[&str])> = vec![
            (f(), &["1", "2", "3", "4"]),
            (DeploymentFilter { environments: texts(&["production"]), ..f() }, &["1", "3"]),
            (DeploymentFilter { environments: texts(&["staging", "Production"]), ..f() }, &["2", "4"]),
            (DeploymentFilter { environments: texts(&["prod", "", "%"]), ..f() }, &[]),
            (states(&[DeploymentState::Running]), &["1"]),
            (states(&[DeploymentState::Pending, DeploymentState::Deploying]), &["2", "3"]),
            (states(&[DeploymentState::Terminated]), &["4"]),
            (DeploymentFilter { healths: vec![HealthState::Unknown.into()], ..f() }, &["3", "4"]),
            (DeploymentFilter { healths: vec![HealthState::Healthy.into(), HealthState::Unhealthy.into()], ..f() }, &["1", "2"]),
            (DeploymentFilter { kinds: vec![DeploymentKind::Metadata.into()], ..f() }, &["3", "4"]),
            (DeploymentFilter { kinds: vec![DeploymentKind::K8s.into(), DeploymentKind::Local.into()], ..f() }, &["1", "2"]),
            (DeploymentFilter { clusters: texts(&["2", "4", "9"]), ..f() }, &["2", "4"]),
            (DeploymentFilter { k8s_namespaces: texts(&["ml"]), ..f() }, &["1"]),
            (DeploymentFilter { k8s_namespaces: texts(&[""]), ..f() }, &["2"]),
            (DeploymentFilter { companies: texts(&["acme"]), ..f() }, &["1", "2"]),
            (DeploymentFilter { deployed_by: texts(&["argo", ""]), ..f() }, &["1", "4"]),
            (DeploymentFilter { deployed_by: texts(&["bootstrap-admin"]), ..f() }, &["2", "3"]),
            (DeploymentFilter { deploy_time_from: at(3_000_000), ..f() }, &["3", "4"]),
            (DeploymentFilter { deploy_time_before: at(3_000_000), ..f() }, &["1", "2"]),
            (DeploymentFilter { deploy_time_from: at(2_000_000), deploy_time_before: at(3_000_001), ..f() }, &["2", "3"]),
            (DeploymentFilter { environments: texts(&["production"]), companies: texts(&["acme"]), ..f() }, &["1"]),
            (DeploymentFilter { environments: texts(&["staging"]), ..states(&[DeploymentState::Running]) }, &[]),
        ];
        for (filter, clusters) in cases {
            assert_eq!(matching(registry, filter.clone()).await, clusters, "{filter:?}");
        }
    }

    /// A filter keeps to its rules, and what is not there to list of is not found.
    async fn a_list_of_deployments_is_refused_for_what_is_wrong(registry: &Harness) {
        four(registry).await;
        let client = &registry.client;
        let wrong = DeploymentFilter {
            environments: vec!["e".into(); 101],
            states: vec![3, 0, 8],
            healths: vec![4],
            kinds: vec![0],
            ..DeploymentFilter::default()
        };
        expect::invalid(client.list_deployments().filter(wrong).page_size(-1).send().await, &[
            ("page_size", "INT32_GTE"),
            ("filter.environments", "REPEATED_MAX_ITEMS"),
            ("filter.states[1]", "ENUM_IN"),
            ("filter.states[2]", "ENUM_DEFINED_ONLY"),
            ("filter.healths[0]", "ENUM_DEFINED_ONLY"),
            ("filter.kinds[0]", "ENUM_IN"),
        ]);
        let order = pb::ListDeploymentsRequest { order: 3, ..Default::default() };
        expect::invalid(client.call(order).send().await, &[("order", "ENUM_DEFINED_ONLY")]);
        let of_none = client.list_deployments().model("none").send().await;
        expect::refused(of_none, Code::NotFound, ErrorReason::ModelNotFound);
        let of_none = client.list_deployments().release(ReleaseRef::key("m", "9")).send().await;
        expect::refused(of_none, Code::NotFound, ErrorReason::ReleaseNotFound);
        // Both at once are a condition each.
        let both = client.list_deployments().model("n").release(ReleaseRef::key("m", "1")).send().await.unwrap();
        assert_eq!(both.items, []);
    }

    /// A page token goes on with the list it is of, and with no other.
    async fn a_token_is_of_its_list(registry: &Harness) {
        sixty(registry).await;
        let list = || registry.client.list_deployments().page_size(7);
        let token = list().environments(["production"]).send().await.unwrap().next_page_token.unwrap();
        let next = list().environments(["production"]).page_size(3).include_total_size().page_token(&token).send().await.unwrap();
        assert_eq!((next.items.len(), next.total_size), (3, Some(30)));
        for other in [
            list(),
            list().environments(["staging"]),
            list().environments(["production"]).model("m"),
            list().environments(["production"]).release(ReleaseRef::key("m", "1")),
            list().environments(["production"]).order(DeploymentOrder::DeployTimeAsc),
        ] {
            expect::refused(other.page_token(&token).send().await, Code::InvalidArgument, ErrorReason::PageTokenMismatch);
        }
        expect::refused(list().page_token("x").send().await, Code::InvalidArgument, ErrorReason::InvalidPageToken);
        let models = registry.client.list_models().page_size(1).send().await.unwrap().next_page_token.unwrap();
        expect::refused(list().page_token(models).send().await, Code::InvalidArgument, ErrorReason::PageTokenMismatch);
    }

    /// A soft-deleted model hides its history from those who ask by name, and not from those who ask by id.
    async fn the_history_of_a_deleted_model_is_found_by_id(registry: &Harness) {
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let ended = given::terminated(registry, &release, "production").await;
        registry.client.delete_model("m").force().send().await.unwrap();
        let by_name = registry.client.list_deployments().model("m").send().await;
        expect::refused(by_name, Code::NotFound, ErrorReason::ModelNotFound);
        let by_id = registry.client.list_deployments().model(ModelRef::by_id(&model.id)).send().await.unwrap();
        assert_eq!(by_id.items, [ended]);
    }
}
