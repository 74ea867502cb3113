//! Aliases that are moved by several at once: who wins, who is told, and what history says of it.

use crate::races::{at_once, clients};
use registry_client::{Client, Code, Error, ErrorReason, Release, ReleaseAlias, ReleaseAliasMove, ReleaseId};
use registry_tests::{Harness, conformance, expect, given};
use std::time::Duration;

const ROUNDS: i64 = 1000;
/// Between two rounds the clock moves by this, so that there is a time between any two moves.
const ROUND: Duration = Duration::from_millis(1);
const HALF_A_ROUND: i64 = 500;

type Moved = Result<ReleaseAlias, Error>;

/// Two clients who both saw the alias where it is and move it to different releases.
async fn race(clients: &[Client], expected: &Release, targets: [&Release; 2]) -> [Moved; 2] {
    let moves = clients.iter().zip(targets).map(|(client, target)| {
        let moving = client.set_release_alias(target, "production").expected_release(ReleaseId::from(expected));
        async move { moving.send().await }
    });
    at_once(moves.collect::<Vec<_>>()).await.try_into().expect("two answers")
}

/// The one that won; the other was told where the alias is now.
fn winner(answers: [Moved; 2], targets: [&Release; 2]) -> (ReleaseAlias, usize) {
    let (won, lost, by) = match answers {
        [Ok(won), lost @ Err(_)] => (won, lost, 0),
        [lost @ Err(_), Ok(won)] => (won, lost, 1),
        other => panic!("not exactly one winner: {other:?}"),
    };
    assert_eq!(won.release_id, targets[by].id);
    let error = expect::refused(lost, Code::Aborted, ErrorReason::AliasMoved);
    assert_eq!(expect::fact(&error, "currentReleaseId"), won.release_id);
    assert_eq!(expect::fact(&error, "currentRevision"), won.revision.to_string());
    (won, by)
}

async fn history(registry: &Harness) -> Vec<ReleaseAliasMove> {
    let pages = given::pages(registry.client.list_release_alias_history("m", "production").page_size(300).pages()).await;
    let mut moves: Vec<ReleaseAliasMove> = pages.into_iter().flat_map(|page| page.items).collect();
    moves.reverse();
    moves
}

conformance! {
    /// Each time one of two wins and the other is told so; history has every move once and in order, and answers for
    /// every time between two moves.
    async fn of_two_moves_from_one_place_one_wins(registry: &Harness) {
        given::model(registry, "m").await;
        let releases = [given::release(registry, "m", "1").await, given::release(registry, "m", "2").await, given::release(registry, "m", "3").await];
        let clients = clients(registry, 2).await;
        let first = registry.client.set_release_alias(&releases[0], "production").expected_absent().send().await.unwrap();
        let (mut at, mut told) = (0, vec![first]);
        for _ in 0..ROUNDS {
            registry.advance(ROUND);
            let targets = [&releases[(at + 1) % 3], &releases[(at + 2) % 3]];
            let (won, by) = winner(race(&clients, &releases[at], targets).await, targets);
            at = (at + 1 + by) % 3;
            told.push(won);
        }
        let moves = history(registry).await;
        assert_eq!(moves.len(), told.len());
        let mut before = None;
        for (round, (moved, told)) in (0_i64..).zip(moves.iter().zip(&told)) {
            assert_eq!((moved.revision, moved.to_release_id.as_ref()), (told.revision, Some(&told.release_id)), "round {round}");
            assert_eq!((&moved.from_release_id, moved.move_time), (&before, Some(given::time(round * 1000))), "round {round}");
            before = moved.to_release_id.clone();
        }
        assert!(moves.is_sorted_by(|one, next| one.revision < next.revision));
        for (round, told) in (0_i64..).zip(&told) {
            for time in [round * 1000, round * 1000 + HALF_A_ROUND] {
                let then = registry.client.resolve_release("m").alias("production").as_of_time(given::time(time)).send().await.unwrap();
                assert_eq!(then.id, told.release_id, "at {time}");
            }
        }
    }
}
