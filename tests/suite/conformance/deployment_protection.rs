//! What runs is not deleted from under whoever runs it; what has run goes with its release, for good.

use registry_client::DeploymentState::{Deploying, Failed, Pending, Running, Stopped, Stopping};
use registry_client::{Code, Deployment, Error, ErrorReason, EventType, Release, ReleaseId, ResourceKind};
use registry_tests::{Harness, conformance, expect, given, rows};
use std::time::Duration;

/// The names of what is in the way: as many as there are, as an error tells them.
fn blockers(deployments: &[Deployment]) -> Vec<String> {
    let name =
        |of: &Deployment| format!("{} ({}:{} (linux/amd64) in {})", of.id, of.model_name, of.release_version, of.environment);
    deployments.iter().map(name).collect()
}

fn in_use<T: std::fmt::Debug>(answer: Result<T, Error>) -> Error {
    expect::refused(answer, Code::FailedPrecondition, ErrorReason::ResourceInUse)
}

async fn count(registry: &Harness, release: &Release) -> Option<i64> {
    registry.client.get_release(release).send().await.unwrap().live_deployment_count
}

conformance! {
    /// A deployment in any state but the last keeps its release and its model, also from whoever forces it, and nothing changes.
    async fn whatever_is_live_is_in_the_way(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        given::alias(registry, &release, "prod").await;
        let client = &registry.client;
        let deployment = client.create_deployment(&release, "production").initial_state(Pending).send().await.unwrap();
        for to in [Pending, Deploying, Running, Stopping, Stopped, Failed] {
            client.transition_deployment(&deployment, to).send().await.unwrap();
            let before = rows::all(registry).await;
            for error in [
                in_use(client.delete_release(&release).send().await),
                in_use(client.delete_release(&release).force().send().await),
                in_use(client.delete_release(&release).force().allow_missing().send().await),
                in_use(client.delete_model("m").send().await),
                in_use(client.delete_model("m").force().send().await),
                in_use(client.delete_model("m").force().validate_only().send().await),
            ] {
                assert_eq!(error.blockers(), blockers(std::slice::from_ref(&deployment)), "{to:?}: {error}");
                assert!(error.message().contains("live deployments"), "{error}");
            }
            assert_eq!(rows::all(registry).await, before, "{to:?}");
        }
        client.terminate_deployment(&deployment).send().await.unwrap();
        client.delete_release(&release).force().send().await.unwrap();
        client.delete_model("m").send().await.unwrap();
    }

    /// Up to ten of those in the way are named, those that were deployed first, and the rest is counted.
    async fn ten_of_them_are_named(registry: &Harness) {
        given::model(registry, "m").await;
        let releases = given::releases(registry, "m", 1..=2).await;
        let mut deployments = Vec::new();
        for number in 0..12 {
            registry.advance(Duration::from_secs(1));
            deployments.push(given::deployment(registry, &releases[number % 2], &format!("e{number}")).await);
        }
        given::terminated(registry, &releases[0], "gone").await;
        let error = in_use(registry.client.delete_model("m").force().send().await);
        assert_eq!(error.blockers(), blockers(&deployments[..10]));
        let of_first: Vec<Deployment> = deployments.iter().step_by(2).cloned().collect();
        let error = in_use(registry.client.delete_release(&releases[0]).force().send().await);
        assert_eq!(error.blockers(), blockers(&of_first));
        assert_eq!((count(registry, &releases[0]).await, count(registry, &releases[1]).await), (Some(6), Some(6)));
    }

    /// What is live is counted with a release that is read in full, and with none that is not.
    async fn the_live_ones_are_counted_in_full(registry: &Harness) {
        use registry_client::ReleaseView::{Basic, Full};
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        assert_eq!((release.live_deployment_count, count(registry, &release).await), (Some(0), Some(0)));
        let first = given::deployment(registry, &release, "production").await;
        given::deployment(registry, &release, "production").await;
        given::terminated(registry, &release, "production").await;
        let client = &registry.client;
        assert_eq!(count(registry, &release).await, Some(2));
        assert_eq!(client.get_release(&release).view(Basic).send().await.unwrap().live_deployment_count, None);
        assert_eq!(client.batch_get_releases([&release]).send().await.unwrap()[0].live_deployment_count, Some(2));
        assert_eq!(client.list_releases().send().await.unwrap().items[0].live_deployment_count, None);
        assert_eq!(client.list_releases().view(Full).send().await.unwrap().items[0].live_deployment_count, Some(2));
        assert_eq!(client.resolve_release("m").latest().send().await.unwrap().live_deployment_count, Some(2));
        assert_eq!(client.update_release(&release).release_notes("n").send().await.unwrap().live_deployment_count, Some(2));
        client.terminate_deployment(&first).send().await.unwrap();
        let deprecated = client.deprecate_release(&release).send().await.unwrap();
        assert_eq!(deprecated.live_deployment_count, Some(1));
    }

    /// What has run is still there when its release is soft-deleted, and gone when that is purged, with an event each.
    async fn records_go_with_their_release(registry: &Harness) {
        given::model(registry, "m").await;
        let releases = given::releases(registry, "m", 1..=2).await;
        let mut ended = Vec::new();
        for release in &releases {
            registry.advance(Duration::from_secs(1));
            ended.push(given::terminated(registry, release, "production").await);
        }
        let client = &registry.client;
        client.delete_release(&releases[0]).send().await.unwrap();
        assert_eq!(client.get_deployment(&ended[0]).send().await.unwrap(), ended[0]);
        let by_id = client.list_deployments().release(ReleaseId::from(&releases[0])).send().await.unwrap();
        assert_eq!(by_id.items, ended[..1]);
        let id = given::request_id();
        client.purge_release(&releases[0]).request_id(&id).send().await.unwrap();
        let told: Vec<_> = given::events_of(registry, &id).await.into_iter().map(|event| {
            (event.event_type(), event.resource_kind(), event.resource_id)
        }).collect();
        assert_eq!(told, [
            (EventType::Purged, ResourceKind::Deployment, ended[0].id.clone()),
            (EventType::Purged, ResourceKind::Release, releases[0].id.clone()),
        ]);
        let gone = client.get_deployment(&ended[0]).send().await;
        expect::refused(gone, Code::NotFound, ErrorReason::DeploymentNotFound);
        assert_eq!(client.list_deployments().send().await.unwrap().items, ended[1..]);
        let model = client.delete_model("m").force().send().await.unwrap().model.unwrap();
        assert_eq!(client.list_deployments().send().await.unwrap().items, ended[1..]);
        client.purge_model(&model).send().await.unwrap();
        assert_eq!(client.list_deployments().send().await.unwrap().items, []);
        assert!(rows::with_id(&rows::all(registry).await, &ended[1].id).keys().all(|table| matches!(*table, "events" | "answers")));
    }

    /// A release that comes back finds what it has run as it was, and can be deployed again.
    async fn records_are_there_when_a_release_comes_back(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let ended = given::terminated(registry, &release, "production").await;
        registry.client.delete_model("m").force().send().await.unwrap();
        registry.client.undelete_model("m").send().await.unwrap();
        assert_eq!(registry.client.get_deployment(&ended).send().await.unwrap(), ended);
        given::deployment(registry, &release, "production").await;
        assert_eq!(count(registry, &release).await, Some(1));
    }
}
