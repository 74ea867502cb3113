//! The life of a release: which steps there are, and what each leaves behind.

use registry_client::ReleaseState::{self, Active, Archived, Candidate, Deprecated, Yanked};
use registry_client::{Code, ErrorReason, Release, pb};
use registry_tests::{Harness, conformance, expect, given};
use std::time::Duration;

const STATES: [ReleaseState; 5] = [Candidate, Active, Deprecated, Archived, Yanked];

/// The drawn edges.
const STEPS: [(ReleaseState, &[ReleaseState]); 5] = [
    (Candidate, &[Active, Archived, Yanked]),
    (Active, &[Deprecated, Yanked]),
    (Deprecated, &[Active, Archived, Yanked]),
    (Archived, &[Deprecated, Yanked]),
    (Yanked, &[]),
];

/// The name of a state, as errors say it.
fn said(state: ReleaseState) -> &'static str {
    state.as_str_name().trim_start_matches("RELEASE_STATE_")
}

async fn step(registry: &Harness, release: &Release, to: ReleaseState) -> Result<Release, registry_client::Error> {
    registry.client.transition_release(release, to).send().await
}

conformance! {
    /// From each state the drawn steps succeed, all others are refused and change nothing, and a step to where it is changes nothing.
    async fn only_the_drawn_steps_are_taken(registry: &Harness) {
        given::model(registry, "m").await;
        for (from, allowed) in STEPS {
            for to in STATES {
                let version = format!("{}-{}", said(from), said(to));
                let before = given::release_in(registry, "m", &version, from).await;
                assert_eq!(before.state(), from);
                registry.advance(Duration::from_secs(1));
                let answer = step(registry, &before, to).await;
                let after = registry.client.get_release(&before).send().await.unwrap();
                if from == to {
                    assert_eq!(answer.unwrap(), before, "{version}");
                    assert_eq!(after, before, "{version}");
                } else if allowed.contains(&to) {
                    let answer = answer.unwrap();
                    assert_eq!((answer.state(), answer.revision), (to, before.revision + 1), "{version}");
                    assert_ne!((answer.update_time, &answer.etag), (before.update_time, &before.etag), "{version}");
                    assert_eq!(after, answer, "{version}");
                } else {
                    let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::InvalidStateTransition);
                    assert_eq!(expect::fact(&error, "currentState"), said(from), "{version}");
                    assert_eq!(expect::fact(&error, "targetState"), said(to), "{version}");
                    assert_eq!(after, before, "{version}");
                }
            }
        }
    }

    /// A release is promoted once: later returns to ACTIVE do not move the time of the promotion.
    async fn the_first_promotion_is_the_one_that_counts(registry: &Harness) {
        given::model(registry, "m").await;
        let candidate = given::release_in(registry, "m", "1", Candidate).await;
        assert_eq!(candidate.promote_time, None);
        registry.advance(Duration::from_secs(5));
        let promoted = step(registry, &candidate, Active).await.unwrap();
        assert_eq!(promoted.promote_time, Some(given::time(5_000_000)));
        registry.advance(Duration::from_secs(5));
        for to in [Deprecated, Archived, Deprecated, Active, Yanked] {
            let moved = step(registry, &candidate, to).await.unwrap();
            assert_eq!((moved.state(), moved.promote_time), (to, promoted.promote_time));
            assert_eq!(moved.update_time, Some(given::time(10_000_000)));
        }
        let never = given::release_in(registry, "m", "2", Archived).await;
        assert_eq!(never.promote_time, None);
        let deprecated = step(registry, &never, Deprecated).await.unwrap();
        assert_eq!(deprecated.promote_time, None);
    }

    /// The reason of the last step is kept with the release; a step without one leaves none, and a step to where it is keeps it.
    async fn the_reason_of_the_last_step_is_kept(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        assert_eq!(release.state_reason, None);
        let why = "scores dropped: ü \u{1f600}";
        let moved = registry.client.deprecate_release(&release).reason(why).send().await.unwrap();
        assert_eq!(moved.state_reason.as_deref(), Some(why));
        let again = registry.client.deprecate_release(&release).reason("other").send().await.unwrap();
        assert_eq!(again, moved);
        assert_eq!(registry.client.get_release(&release).send().await.unwrap().state_reason.as_deref(), Some(why));
        let back = step(registry, &release, Active).await.unwrap();
        assert_eq!(back.state_reason, None);
        let too_long = registry.client.yank_release(&release).reason("x".repeat(1025)).send().await;
        expect::invalid(too_long, &[("reason", "STRING_MAX_LEN")]);
        let longest = registry.client.yank_release(&release).reason("ü".repeat(1024)).send().await.unwrap();
        assert_eq!(longest.state_reason, Some("ü".repeat(1024)));
    }

    /// With an etag, a step is taken only if nobody changed the release in between.
    async fn a_step_can_depend_on_the_etag(registry: &Harness) {
        given::model(registry, "m").await;
        let first = given::release(registry, "m", "1").await;
        let second = registry.client.update_release(&first).release_notes("n").send().await.unwrap();
        let late = registry.client.deprecate_release(&first).etag(&first.etag).send().await;
        let error = expect::refused(late, Code::Aborted, ErrorReason::EtagMismatch);
        assert_eq!(expect::fact(&error, "currentEtag"), second.etag);
        assert_eq!(expect::fact(&error, "currentRevision"), second.revision.to_string());
        assert_eq!(registry.client.get_release(&first).send().await.unwrap(), second);
        registry.client.deprecate_release(&first).etag(&second.etag).send().await.unwrap();
    }

    /// A candidate without a digest goes nowhere, however the step is drawn: nobody knows what was built.
    async fn a_candidate_without_a_digest_stays_one(registry: &Harness) {
        given::model(registry, "m").await;
        let candidate = given::candidate(registry, "m", "1").await;
        for to in [Active, Deprecated, Archived, Yanked] {
            let error = expect::refused(step(registry, &candidate, to).await, Code::FailedPrecondition, ErrorReason::InvalidStateTransition);
            assert_eq!((expect::fact(&error, "currentState"), expect::fact(&error, "targetState")), ("CANDIDATE", said(to)));
        }
        assert_eq!(step(registry, &candidate, Candidate).await.unwrap(), candidate);
        registry.client.update_release(&candidate).digest(given::digest(1)).send().await.unwrap();
        assert_eq!(step(registry, &candidate, Archived).await.unwrap().state(), Archived);
    }

    /// A step leads to a state that there is, of a release that there is.
    async fn a_step_names_a_state_and_a_release(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        expect::invalid(step(registry, &release, ReleaseState::Unspecified).await, &[("target_state", "REQUIRED")]);
        let release_ref = Some(registry_client::ReleaseRef::from(&release).into());
        let unknown = pb::TransitionReleaseRequest { release_ref, target_state: 6, ..Default::default() };
        expect::invalid(registry.client.call(unknown).send().await, &[("target_state", "ENUM_DEFINED_ONLY")]);
        let missing = registry.client.yank_release(registry_client::ReleaseRef::key("m", "2")).send().await;
        expect::refused(missing, Code::NotFound, ErrorReason::ReleaseNotFound);
    }

    /// An update cannot change the state of a release, not even by accident.
    async fn an_update_does_not_change_the_state(registry: &Harness) {
        given::model(registry, "m").await;
        let before = given::release(registry, "m", "1").await;
        let values = Release { state: Yanked.into(), state_reason: Some("x".into()), release_notes: Some("n".into()), ..Release::default() };
        let updated = registry.client.update_release_from(&before, values, None::<&str>).send().await.unwrap();
        assert_eq!((updated.state(), updated.state_reason, updated.release_notes.as_deref()), (Active, None, Some("n")));
    }
}
