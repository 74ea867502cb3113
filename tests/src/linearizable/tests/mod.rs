//! Histories of which people can say what is right, and random ones of which a simulation or a slower checker can.

mod exhaustive;
mod random;
mod simulation;

use super::{Call, History, Operation, Outcome, Verdict, Violation, check};

fn set(to: &str) -> Call {
    Call::Set { to: to.to_owned() }
}

fn swap(expected: Option<&str>, to: &str) -> Call {
    Call::CompareAndSet { expected: expected.map(str::to_owned), to: to.to_owned() }
}

fn delete(expected: Option<&str>) -> Call {
    Call::Delete { expected: expected.map(str::to_owned) }
}

fn seen(text: &str) -> Outcome {
    Outcome::Seen(text.to_owned())
}

fn moved(current: Option<&str>) -> Outcome {
    Outcome::Moved { current: current.map(str::to_owned) }
}

fn history<const N: usize>(operations: [(u64, u64, Call, Outcome); N]) -> Vec<Operation> {
    let operation = |(client, (invoked, returned, call, outcome))| Operation { client, call, invoked, returned, outcome };
    operations.into_iter().enumerate().map(operation).collect()
}

#[track_caller]
fn explained<const N: usize>(operations: [(u64, u64, Call, Outcome); N]) {
    let verdict = check(&history(operations));
    assert_eq!(verdict, Verdict::Linearizable, "{verdict}");
}

/// Wrong, and wrong because of it: without the last operation, nothing is.
#[track_caller]
fn wrong<const N: usize>(operations: [(u64, u64, Call, Outcome); N]) -> Violation {
    let operations = history(operations);
    let (_, others) = operations.split_last().expect("an operation that is wrong");
    assert_eq!(check(others), Verdict::Linearizable, "without the last operation: {}", check(others));
    match check(&operations) {
        Verdict::Violation(violation) => violation,
        verdict => panic!("{verdict}"),
    }
}

#[test]
fn nothing_is_linearizable() {
    explained([]);
    explained([(0, 9, Call::Get, Outcome::Absent)]);
}

#[test]
fn a_read_during_a_set_sees_it_or_not() {
    explained([(0, 1, set("a"), Outcome::Ok), (2, 9, set("b"), Outcome::Ok), (3, 8, Call::Get, seen("a"))]);
    explained([(0, 1, set("a"), Outcome::Ok), (2, 9, set("b"), Outcome::Ok), (3, 8, Call::Get, seen("b"))]);
}

#[test]
fn a_stale_read_after_a_completed_set() {
    let violation = wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, set("b"), Outcome::Ok), (4, 5, Call::Get, seen("a"))]);
    assert_eq!((violation.placed.len(), violation.holds.as_deref()), (1, Some("a")), "{violation:?}");
    assert!(matches!(violation.stuck.as_slice(), [set] if set.client == 1), "{violation:?}");
    assert!(matches!(violation.missed.as_slice(), [read] if read.client == 2), "{violation:?}");
}

#[test]
fn what_was_seen_once_is_not_unseen() {
    wrong([
        (0, 1, set("a"), Outcome::Ok),
        (2, 9, set("b"), Outcome::Ok),
        (3, 4, Call::Get, seen("b")),
        (5, 6, Call::Get, seen("a")),
    ]);
}

#[test]
fn a_lost_update() {
    wrong([
        (0, 1, set("a"), Outcome::Ok),
        (2, 8, swap(Some("a"), "b"), Outcome::Ok),
        (3, 9, swap(Some("b"), "c"), Outcome::Ok),
        (10, 11, Call::Get, seen("b")),
    ]);
}

#[test]
fn two_swaps_from_the_same_value() {
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 8, swap(Some("a"), "b"), Outcome::Ok), (3, 9, swap(Some("a"), "c"), Outcome::Ok)]);
    explained([
        (0, 1, set("a"), Outcome::Ok),
        (2, 8, swap(Some("a"), "b"), Outcome::Ok),
        (3, 9, swap(Some("a"), "c"), Outcome::Ok),
        (2, 9, set("a"), Outcome::Ok),
    ]);
}

#[test]
fn two_who_find_it_absent() {
    wrong([(0, 8, swap(None, "a"), Outcome::Ok), (1, 9, swap(None, "b"), Outcome::Ok)]);
    explained([
        (0, 8, swap(None, "a"), Outcome::Ok),
        (1, 9, delete(Some("a")), Outcome::Ok),
        (1, 9, swap(None, "b"), Outcome::Ok),
    ]);
}

#[test]
fn a_refusal_is_true_at_some_moment_and_changes_nothing() {
    explained([(0, 1, set("a"), Outcome::Ok), (2, 3, swap(None, "b"), moved(Some("a"))), (4, 5, Call::Get, seen("a"))]);
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, swap(None, "b"), moved(Some("a"))), (4, 5, Call::Get, seen("b"))]);
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, swap(None, "b"), moved(Some("b")))]);
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, swap(Some("b"), "c"), moved(None))]);
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, delete(Some("b")), moved(Some("b")))]);
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, swap(Some("a"), "b"), moved(Some("a")))]);
}

#[test]
fn two_deletes_of_one_alias() {
    explained([(0, 1, set("a"), Outcome::Ok), (2, 8, delete(None), Outcome::Ok), (3, 9, delete(None), Outcome::Absent)]);
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 8, delete(None), Outcome::Ok), (3, 9, delete(None), Outcome::Ok)]);
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, delete(None), Outcome::Absent)]);
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, delete(Some("b")), Outcome::Ok)]);
}

#[test]
fn a_value_never_written() {
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, Call::Get, seen("b"))]);
}

#[test]
fn an_answer_that_is_none_to_the_call() {
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, set("b"), Outcome::Absent)]);
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, Call::Get, Outcome::Ok)]);
    wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, delete(None), moved(Some("a")))]);
}

#[test]
fn a_write_without_an_answer_may_be_seen_late_or_never() {
    let begin = (0, 1, set("a"), Outcome::Ok);
    let lost = (2, 3, set("b"), Outcome::Unknown);
    explained([begin.clone(), lost.clone()]);
    explained([begin.clone(), lost.clone(), (4, 5, Call::Get, seen("a"))]);
    explained([begin.clone(), lost.clone(), (4, 5, Call::Get, seen("a")), (90, 99, Call::Get, seen("b"))]);
    let both = (90, 99, Call::Get, seen("b"));
    wrong([begin.clone(), lost.clone(), both, (100, 101, Call::Get, seen("a"))]);
    // Not before it was asked for, and not twice.
    wrong([begin.clone(), (9, 9, set("b"), Outcome::Unknown), (2, 3, Call::Get, seen("b"))]);
    wrong([begin, lost, (4, 5, Call::Get, seen("b")), (6, 7, set("c"), Outcome::Ok), (8, 9, Call::Get, seen("b"))]);
}

#[test]
fn a_swap_without_an_answer_happens_only_where_it_can() {
    let (begin, lost) = ((0, 1, set("a"), Outcome::Ok), (2, 3, swap(Some("a"), "b"), Outcome::Unknown));
    explained([begin.clone(), lost.clone(), (4, 5, delete(Some("b")), Outcome::Ok)]);
    explained([begin.clone(), lost.clone(), (2, 3, swap(Some("b"), "c"), Outcome::Unknown), (4, 5, Call::Get, seen("c"))]);
    wrong([(0, 0, set("c"), Outcome::Ok), begin, lost, (4, 5, delete(Some("a")), Outcome::Ok), (6, 7, Call::Get, seen("b"))]);
}

#[test]
fn requests_and_answers_of_one_moment_have_no_order() {
    explained([(0, 5, set("a"), Outcome::Ok), (5, 6, Call::Get, Outcome::Absent)]);
    wrong([(0, 5, set("a"), Outcome::Ok), (6, 7, Call::Get, Outcome::Absent)]);
}

/// The explanation is what one looks at when a race was lost somewhere in thousands of calls.
#[test]
fn a_violation_says_where_it_is() {
    let stale = wrong([(0, 1, set("a"), Outcome::Ok), (2, 3, set("b"), Outcome::Ok), (4, 5, Call::Get, seen("a"))]);
    let expected = "not linearizable: 1 operations can be put in order, the last of them:
  client 0, 0 to 1: Set { to: \"a\" }: Ok
then it is Some(\"a\"), and none of these can be next:
  client 1, 2 to 3: Set { to: \"b\" }: Ok
for these need it to be so, and nothing makes it so again:
  client 2, 4 to 5: Get: Seen(\"a\")
";
    assert_eq!(Verdict::Violation(stale).to_string(), expected);
    let invented = wrong([(0, 1, set("a"), Outcome::Ok), (4, 5, Call::Get, seen("b"))]);
    let expected = "then it is Some(\"a\"), and none of these can be next:\n  client 1, 4 to 5: Get: Seen(\"b\")\n";
    let text = Verdict::Violation(invented).to_string();
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn what_is_never_answered_is_written_down_as_unknown() {
    let history = History::default();
    let asked = history.ask(7, set("a"));
    history.ask(8, set("b"));
    history.answer(asked, Outcome::Ok);
    let [answered, dropped] = history.operations().try_into().expect("two operations");
    assert_eq!((answered.client, answered.outcome), (7, Outcome::Ok));
    assert!(answered.invoked < answered.returned && answered.invoked <= dropped.invoked && dropped.invoked < answered.returned);
    assert_eq!((dropped.client, dropped.outcome), (8, Outcome::Unknown));
    assert_eq!(history.verdict(), Verdict::Linearizable);
}
