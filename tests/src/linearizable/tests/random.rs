//! Random histories: what a true register answers is always explained, what it cannot have answered never.

use super::super::search::Search;
use super::super::{Call, Operation, Outcome, Verdict, check};
use super::simulation::{Plan, simulate};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use std::time::{Duration, Instant};

/// What the concurrency tests of aliases do.
const USUAL: Plan = Plan { aliases: 5, clients: 24, operations: 2000, values: None, unanswered: 5 };
/// All clients at one alias.
const CROWDED: Plan = Plan { aliases: 1, clients: 24, operations: 400, ..USUAL };

const PLANS: [Plan; 5] =
    [USUAL, Plan { values: Some(8), ..USUAL }, Plan { unanswered: 20, ..USUAL }, Plan { values: Some(3), ..USUAL }, CROWDED];

#[test]
fn a_true_register_is_linearizable() {
    let seed: u64 = rand::random();
    for plan in PLANS {
        let began = Instant::now();
        for round in 0..5 {
            for history in simulate(plan, seed.wrapping_add(round)) {
                let verdict = check(&history);
                assert_eq!(verdict, Verdict::Linearizable, "seed {seed}, round {round}, {plan:?}: {verdict}");
            }
        }
        println!("{:?} a round: {plan:?}", began.elapsed() / 5);
    }
}

/// Where a read would be stale: a value that was written once, by a set that ended before another set began that ended before
/// the read began.
fn make_stale(history: &mut [Operation], random: &mut StdRng) -> bool {
    let set = |operation: &&Operation| matches!((&operation.call, &operation.outcome), (Call::Set { .. }, Outcome::Ok));
    let mut places = Vec::new();
    for (read, operation) in history.iter().enumerate().filter(|(_, operation)| matches!(operation.outcome, Outcome::Seen(_))) {
        let sets = || history.iter().filter(set).filter(|set| set.returned < operation.invoked);
        let Some(last) = sets().map(|set| set.invoked).max() else { continue };
        places.extend(sets().filter(|set| set.returned < last).map(|set| (read, set.call.clone())));
    }
    let Some((read, Call::Set { to })) = places.choose(random).cloned() else { return false };
    history[read].outcome = Outcome::Seen(to);
    true
}

#[test]
fn one_stale_read_is_found() {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    for plan in [USUAL, Plan { unanswered: 20, ..USUAL }, Plan { clients: 8, ..CROWDED }] {
        let began = Instant::now();
        let (mut stale, mut found) = (0, 0);
        for mut history in (0..4).flat_map(|round| simulate(plan, seed.wrapping_add(round))) {
            assert!(make_stale(&mut history, &mut random), "seed {seed}: nothing was ever overwritten");
            let verdict = check(&history);
            assert_ne!(verdict, Verdict::Linearizable, "seed {seed}, {plan:?}: {history:#?}");
            stale += 1;
            found += usize::from(matches!(verdict, Verdict::Violation(_)));
        }
        println!("{:?} for {stale} stale reads, {found} found: {plan:?}", began.elapsed());
        assert_eq!(found, stale, "seed {seed}, {plan:?}: undecided");
    }
}

/// Giving up is an answer, and comes soon.
#[test]
fn there_is_a_bound() {
    let operation = |(client, (invoked, returned, call, outcome))| Operation { client, call, invoked, returned, outcome };
    let (value, set) = (|number| format!("v{number}"), |to| (0, 9, Call::Set { to }, Outcome::Ok));
    let swap = |expected, to| (0, 0, Call::CompareAndSet { expected: Some(expected), to }, Outcome::Unknown);
    // Each could be the last one, of each there could be another, and each leads somewhere.
    let writes = (0..18).flat_map(|number| {
        [set(value(number)), swap("never".to_owned(), value(number)), swap(value(number), "nowhere".to_owned())]
    });
    let gets = (0..2).map(|number| (10, 11, Call::Get, Outcome::Seen(value(17 - number))));
    let history: Vec<Operation> = writes.chain(gets).enumerate().map(operation).collect();
    let (_, without_second) = history.split_last().expect("a history");
    assert_eq!(check(without_second), Verdict::Linearizable);
    assert_eq!(Search::new(&history).run(1000), Verdict::Undecided);
    let began = Instant::now();
    assert_eq!(check(&history), Verdict::Undecided);
    println!("{:?} to give up", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(60));
}
