//! The life of a deployment: which steps there are, and what each leaves behind.

use registry_client::DeploymentState::{self, Deploying, Failed, Pending, Running, Stopped, Stopping, Terminated};
use registry_client::{Code, Deployment, Error, ErrorReason, Release, pb};
use registry_tests::{Harness, conformance, expect, given};
use std::time::Duration;

const STATES: [DeploymentState; 7] = [Pending, Deploying, Running, Stopping, Stopped, Failed, Terminated];

/// The drawn edges, as the contract tells them: written down here once more, on purpose.
const STEPS: [(DeploymentState, &[DeploymentState]); 7] = [
    (Pending, &[Deploying, Failed, Terminated]),
    (Deploying, &[Running, Failed, Terminated]),
    (Running, &[Stopping, Failed, Terminated]),
    (Stopping, &[Stopped, Failed, Terminated]),
    (Stopped, &[Deploying, Failed, Terminated]),
    (Failed, &[Deploying, Terminated]),
    (Terminated, &[]),
];

/// How a state is reached from the beginning.
const fn way(to: DeploymentState) -> (DeploymentState, &'static [DeploymentState]) {
    match to {
        DeploymentState::Unspecified | Running => (Running, &[]),
        Pending => (Pending, &[]),
        Deploying => (Deploying, &[]),
        Stopping => (Running, &[Stopping]),
        Stopped => (Running, &[Stopping, Stopped]),
        Failed => (Pending, &[Failed]),
        Terminated => (Pending, &[Terminated]),
    }
}

/// The name of a state, as errors say it.
fn said(state: DeploymentState) -> &'static str {
    state.as_str_name().trim_start_matches("DEPLOYMENT_STATE_")
}

async fn step(registry: &Harness, deployment: &Deployment, to: DeploymentState) -> Result<Deployment, Error> {
    registry.client.transition_deployment(deployment, to).send().await
}

async fn deployment_in(registry: &Harness, release: &Release, state: DeploymentState) -> Deployment {
    let (begin, steps) = way(state);
    let create = registry.client.create_deployment(release, "production").initial_state(begin);
    let mut deployment = create.send().await.unwrap();
    for to in steps {
        deployment = step(registry, &deployment, *to).await.unwrap();
    }
    assert_eq!(deployment.state(), state);
    deployment
}

async fn a_release(registry: &Harness) -> Release {
    given::model(registry, "m").await;
    given::release(registry, "m", "1").await
}

/// The time of entering a state: which of the three it is, if any.
fn entered(deployment: &Deployment, state: DeploymentState) -> Option<prost_types::Timestamp> {
    match state {
        Running => deployment.start_time,
        Stopped | Failed => deployment.stop_time,
        Terminated => deployment.terminate_time,
        DeploymentState::Unspecified | Pending | Deploying | Stopping => None,
    }
}

conformance! {
    /// Of every pair of states: the drawn steps succeed, all others are refused and change nothing, and a step to where it is changes
    /// nothing.
    async fn only_the_drawn_steps_are_taken(registry: &Harness) {
        let release = a_release(registry).await;
        for (from, allowed) in STEPS {
            for to in STATES {
                let pair = format!("{} to {}", said(from), said(to));
                let before = deployment_in(registry, &release, from).await;
                registry.advance(Duration::from_secs(1));
                let answer = step(registry, &before, to).await;
                let after = registry.client.get_deployment(&before).send().await.unwrap();
                if from == to {
                    assert_eq!((answer.unwrap(), &after), (before.clone(), &before), "{pair}");
                } else if allowed.contains(&to) {
                    let answer = answer.unwrap();
                    assert_eq!((answer.state(), answer.revision), (to, before.revision + 1), "{pair}");
                    assert_ne!((answer.update_time, &answer.etag), (before.update_time, &before.etag), "{pair}");
                    let times = matches!(to, Running | Stopped | Failed | Terminated);
                    assert_eq!(entered(&answer, to), answer.update_time.filter(|_| times), "{pair}");
                    for other in [Running, Stopped, Terminated] {
                        if entered(&answer, other) != entered(&before, other) {
                            assert_eq!(entered(&answer, other), entered(&answer, to), "{pair} moves another time");
                        }
                    }
                    assert_eq!(after, answer, "{pair}");
                } else {
                    let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::InvalidStateTransition);
                    assert_eq!(expect::fact(&error, "currentState"), said(from), "{pair}");
                    assert_eq!(expect::fact(&error, "targetState"), said(to), "{pair}");
                    assert_eq!(after, before, "{pair}");
                }
            }
        }
    }

    /// A life in full, with a second start: each time is that of the last entry.
    async fn the_times_are_those_of_the_last_entries(registry: &Harness) {
        let release = a_release(registry).await;
        let mut life = deployment_in(registry, &release, Pending).await;
        let mut at = Vec::new();
        for (second, to) in [Deploying, Running, Stopping, Stopped, Deploying, Running, Failed, Terminated].into_iter().enumerate() {
            registry.advance(Duration::from_secs(1));
            life = step(registry, &life, to).await.unwrap();
            at.push(given::time(i64::try_from(second + 1).unwrap() * 1_000_000));
            assert_eq!(life.update_time, at.last().copied());
        }
        assert_eq!(life.deploy_time, Some(given::time(0)));
        assert_eq!((life.start_time, life.stop_time, life.terminate_time), (Some(at[5]), Some(at[6]), Some(at[7])));
    }

    /// A step can be told later than it happened: not as one of the future, and not as one from before what came last.
    async fn a_step_happened_when_it_is_said(registry: &Harness) {
        let release = a_release(registry).await;
        registry.advance(Duration::from_secs(100));
        let create = registry.client.create_deployment(&release, "production").deploy_time(given::time(10_000_000));
        let running = create.send().await.unwrap();
        let at = |to, second: i64| {
            registry.client.transition_deployment(&running, to).transition_time(given::time(second * 1_000_000)).send()
        };
        expect::invalid(at(Failed, 106).await, &[("transition_time", "PAST")]);
        expect::invalid(at(Failed, 4).await, &[("transition_time", "NOT_EARLIER")]);
        assert_eq!(registry.client.get_deployment(&running).send().await.unwrap(), running);
        let failed = at(Failed, 20).await.unwrap();
        assert_eq!((failed.stop_time, failed.update_time), (Some(given::time(20_000_000)), Some(given::time(100_000_000))));
        expect::invalid(at(Deploying, 14).await, &[("transition_time", "NOT_EARLIER")]);
        at(Deploying, 20).await.unwrap();
        assert_eq!(at(Running, 30).await.unwrap().start_time, Some(given::time(30_000_000)));
        expect::invalid(at(Terminated, 24).await, &[("transition_time", "NOT_EARLIER")]);
        assert_eq!(at(Terminated, 100).await.unwrap().terminate_time, Some(given::time(100_000_000)));
        // To where it is already there is no step, whenever it is said to have happened.
        assert_eq!(at(Terminated, 500).await.unwrap().terminate_time, Some(given::time(100_000_000)));
    }

    /// The clock of the caller is not that of the server: five seconds on the wrong side of what there can be are put right, and
    /// no more.
    async fn a_clock_may_be_a_little_wrong(registry: &Harness) {
        let release = a_release(registry).await;
        registry.advance(Duration::from_secs(100));
        let create = || registry.client.create_deployment(&release, "production").deploy_time(given::time(10_000_000)).send();
        for (said, happened) in [
            (4_999_999, Err("NOT_EARLIER")),
            (5_000_000, Ok(10_000_000)),
            (9_999_999, Ok(10_000_000)),
            (10_000_000, Ok(10_000_000)),
            (100_000_000, Ok(100_000_000)),
            (100_000_001, Ok(100_000_000)),
            (105_000_000, Ok(100_000_000)),
            (105_000_001, Err("PAST")),
        ] {
            let running = create().await.unwrap();
            let failed = registry.client.transition_deployment(&running, Failed).transition_time(given::time(said)).send().await;
            match happened {
                Ok(time) => assert_eq!(failed.unwrap().stop_time, Some(given::time(time)), "{said}"),
                Err(rule) => drop(expect::invalid(failed, &[("transition_time", rule)])),
            }
        }
        // One that was deployed just now: it is neither before that nor ahead.
        let now = given::deployment(registry, &release, "production").await;
        let failed = registry.client.transition_deployment(&now, Failed).transition_time(given::time(97_000_000)).send().await;
        assert_eq!(failed.unwrap().stop_time, now.deploy_time);
    }

    /// The reason of the last step is kept with the deployment; a step without one leaves none, and a step to where it is keeps it.
    async fn the_reason_of_the_last_step_is_kept(registry: &Harness) {
        let release = a_release(registry).await;
        let running = given::deployment(registry, &release, "production").await;
        let why = "out of memory: ü \u{1f600}";
        let failed = registry.client.transition_deployment(&running, Failed).reason(why).send().await.unwrap();
        assert_eq!(failed.state_reason.as_deref(), Some(why));
        let again = registry.client.transition_deployment(&running, Failed).reason("other").send().await.unwrap();
        assert_eq!(again, failed);
        assert_eq!(step(registry, &running, Deploying).await.unwrap().state_reason, None);
        let too_long = registry.client.terminate_deployment(&running).reason("x".repeat(1025)).send().await;
        expect::invalid(too_long, &[("reason", "STRING_MAX_LEN")]);
        let longest = registry.client.terminate_deployment(&running).reason("ü".repeat(1024)).send().await.unwrap();
        assert_eq!(longest.state_reason, Some("ü".repeat(1024)));
    }

    /// With an etag, a step is taken only if nobody changed the deployment in between.
    async fn a_step_can_depend_on_the_etag(registry: &Harness) {
        let release = a_release(registry).await;
        let first = given::deployment(registry, &release, "production").await;
        let second = registry.client.update_deployment(&first).cluster("c").send().await.unwrap();
        let late = registry.client.terminate_deployment(&first).etag(&first.etag).send().await;
        let error = expect::refused(late, Code::Aborted, ErrorReason::EtagMismatch);
        assert_eq!(expect::fact(&error, "currentEtag"), second.etag);
        assert_eq!(registry.client.get_deployment(&first).send().await.unwrap(), second);
        registry.client.terminate_deployment(&first).etag(&second.etag).send().await.unwrap();
    }

    /// What has been yanked is not started again; what runs can be brought down, and what is archived goes on.
    async fn a_yanked_release_is_not_started_again(registry: &Harness) {
        let yanked = a_release(registry).await;
        let archived = given::release_in(registry, "m", "2", registry_client::ReleaseState::Deprecated).await;
        let mut lives = Vec::new();
        for state in [Pending, Deploying, Running, Stopped, Failed] {
            lives.push((state, deployment_in(registry, &yanked, state).await));
        }
        let kept = deployment_in(registry, &archived, Stopped).await;
        registry.client.yank_release(&yanked).send().await.unwrap();
        registry.client.archive_release(&archived).send().await.unwrap();
        for (state, life) in lives {
            for to in [Deploying, Running].into_iter().filter(|to| *to != state) {
                let error = expect::refused(step(registry, &life, to).await, Code::FailedPrecondition, ErrorReason::InvalidStateTransition);
                assert_eq!((expect::fact(&error, "currentState"), expect::fact(&error, "targetState")), (said(state), said(to)));
            }
            assert_eq!(step(registry, &life, state).await.unwrap(), life);
            assert_eq!(step(registry, &life, Terminated).await.unwrap().state(), Terminated);
        }
        for to in [Deploying, Running] {
            step(registry, &kept, to).await.unwrap();
        }
    }

    /// A step leads to a state that there is.
    async fn a_step_names_a_state(registry: &Harness) {
        let release = a_release(registry).await;
        let running = given::deployment(registry, &release, "production").await;
        let to = |target_state| pb::TransitionDeploymentRequest { deployment_id: running.id.clone(), target_state, ..Default::default() };
        expect::invalid(registry.client.call(to(0)).send().await, &[("target_state", "REQUIRED")]);
        expect::invalid(registry.client.call(to(8)).send().await, &[("target_state", "ENUM_DEFINED_ONLY")]);
    }
}
