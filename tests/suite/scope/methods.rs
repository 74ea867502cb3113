//! Every method that a limited key may call: what is outside of its prefixes is answered as what is nowhere, byte for byte,
//! whatever has become of it.

use super::operator;
use super::requests::{Told, call};
use super::target::{State, Target};
use registry_client::{Client, Method, pb};
use registry_tests::{Harness, conformance, given};

/// What a method tells of something, and of nothing of the same name.
async fn compared(client: &Client, method: Method, own: &Target, other: &Target) -> Option<(Vec<Vec<u8>>, Vec<Vec<u8>>)> {
    // As long as the name of the other, and a name that the caller could give.
    let nowhere = Target::nowhere(&other.name.replace("team-b/", "team-a/").replace("other", "never"));
    let (of_other, of_nothing) = (call(client, method, own, other).await, call(client, method, own, &nowhere).await);
    match (of_other, of_nothing) {
        (Told::Answers(of_other), Told::Answers(of_nothing)) => {
            Some((of_other.iter().map(|answer| other.as_if(&nowhere, answer)).collect(), of_nothing))
        }
        (Told::ForAdmins, Told::ForAdmins) => {
            assert_eq!(method.policy().min_role, pb::Role::Admin, "{method:?}");
            None
        }
        (Told::RefersToNothing, Told::RefersToNothing) => None,
        told => panic!("{method:?}: {told:?}"),
    }
}

/// What is there for somebody without a limit.
async fn everything(registry: &Harness) -> String {
    let client = &registry.client;
    let models = client.list_models().show_deleted().page_size(1000).send().await.expect("models");
    let releases = client.list_releases().show_deleted().page_size(1000).send().await.expect("releases");
    let aliases = client.list_release_aliases().page_size(1000).send().await.expect("aliases");
    let artifacts = client.list_artifacts().show_deleted().page_size(1000).send().await.expect("artifacts");
    let deployments = client.list_deployments().page_size(1000).send().await.expect("deployments");
    format!("{models:?} {releases:?} {aliases:?} {artifacts:?} {deployments:?}")
}

conformance! {
    /// Whatever is outside is answered as what was never there, by every method, and no call changes it.
    async fn what_is_outside_is_nowhere(registry: &Harness) {
        let client = operator(registry, &["team-a/"]).await;
        let own = Target::there(registry, "team-a/own", State::Live).await;
        let mut others = Vec::new();
        for (number, state) in State::ALL.into_iter().enumerate() {
            others.push((state, Target::there(registry, &format!("team-b/other-{number}"), state).await));
        }
        let (before, revision) = (everything(registry).await, given::revision(registry).await);
        let mut asked = 0;
        for (state, other) in &others {
            for method in Method::ALL {
                let Some((of_other, of_nothing)) = compared(&client, *method, &own, other).await else { continue };
                asked += of_nothing.len();
                for (of_other, of_nothing) in of_other.iter().zip(&of_nothing) {
                    let told = (String::from_utf8_lossy(of_other), String::from_utf8_lossy(of_nothing));
                    assert!(of_other == of_nothing, "{method:?}, {state:?}: {told:#?}");
                }
                assert_eq!(of_other.len(), of_nothing.len());
            }
        }
        assert!(asked > 300, "only {asked} calls were compared");
        assert_eq!(given::revision(registry).await, revision);
        assert_eq!(everything(registry).await, before);
    }

    /// The same comparison finds a difference for each of these methods, if the caller has no limit.
    async fn the_comparison_sees_what_is_there(registry: &Harness) {
        let client = operator(registry, &[]).await;
        for (number, method) in Method::ALL.iter().enumerate() {
            let own = Target::there(registry, &format!("team-a/own-{number}"), State::Live).await;
            let other = Target::there(registry, &format!("team-b/other-{number}"), State::Live).await;
            let Some((of_other, of_nothing)) = compared(&client, *method, &own, &other).await else { continue };
            assert_ne!(of_other, of_nothing, "{method:?}");
        }
    }

    /// What is within the prefixes is there: every method that refers to something finds it.
    async fn what_is_within_is_there(registry: &Harness) {
        let client = operator(registry, &["team-a/", "team-b/"]).await;
        for (number, method) in Method::ALL.iter().enumerate() {
            let own = Target::there(registry, &format!("team-a/own-{number}"), State::Live).await;
            let other = Target::there(registry, &format!("team-b/other-{number}"), State::Live).await;
            let Some((of_other, of_nothing)) = compared(&client, *method, &own, &other).await else { continue };
            assert_ne!(of_other, of_nothing, "{method:?}");
        }
    }
}
