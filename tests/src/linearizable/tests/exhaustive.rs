//! The checker against one that is too simple to be wrong, and too slow to be used: it tries every order.

use super::super::{Call, Operation, Outcome, Value, Verdict, check};
use super::simulation::{Plan, Register, simulate};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const HISTORIES: usize = 4000;

/// Whether any order of the operations that are left explains what was answered.
fn explicable(left: &[Operation], register: &Register) -> bool {
    left.iter().all(|operation| operation.outcome == Outcome::Unknown)
        || (0..left.len()).any(|number| {
            let mut others = left.to_vec();
            let next = others.remove(number);
            let mut after = register.clone();
            let answer = after.answer(&next.call);
            let in_time = |other: &Operation| other.outcome == Outcome::Unknown || other.returned >= next.invoked;
            others.iter().all(in_time)
                && (next.outcome == Outcome::Unknown || next.outcome == answer)
                && explicable(&others, &after)
        })
}

fn value(random: &mut StdRng) -> Value {
    format!("v{}", random.random_range(0..2))
}

/// Another answer to one of the calls.
fn spoil(history: &mut [Operation], random: &mut StdRng) {
    let number = random.random_range(0..history.len());
    let operation = &mut history[number];
    operation.outcome = match (&operation.call, random.random_range(0..3)) {
        (Call::Get, 0) | (Call::Delete { .. }, 1) => Outcome::Absent,
        (Call::Get, _) => Outcome::Seen(value(random)),
        (Call::CompareAndSet { .. }, 1) => Outcome::Moved { current: None },
        (Call::CompareAndSet { .. } | Call::Delete { .. }, 2) => Outcome::Moved { current: Some(value(random)) },
        _ => Outcome::Ok,
    };
    operation.returned = operation.returned.max(operation.invoked + 1);
}

#[test]
fn both_checkers_agree() {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let mut wrong = 0;
    for number in 0..HISTORIES {
        let plan = Plan {
            aliases: 1,
            clients: random.random_range(2..5),
            operations: random.random_range(3..7),
            values: Some(random.random_range(1..4)),
            unanswered: random.random_range(0..50),
        };
        let mut history = simulate(plan, random.random());
        let history = &mut history[0];
        for _ in 0..random.random_range(0..3) {
            spoil(history, &mut random);
        }
        let explicable = explicable(history, &Register::default());
        let verdict = check(history);
        assert_eq!(verdict == Verdict::Linearizable, explicable, "seed {seed}, history {number}: {verdict} {history:#?}");
        assert_ne!(verdict, Verdict::Undecided, "seed {seed}, history {number}: {history:#?}");
        wrong += usize::from(!explicable);
    }
    assert!((HISTORIES / 10..HISTORIES * 9 / 10).contains(&wrong), "seed {seed}: {wrong} of {HISTORIES} are wrong: one-sided");
}
