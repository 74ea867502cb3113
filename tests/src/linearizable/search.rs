//! The search for an order, depth first, as Lowe improved what Wing and Gong found (and porcupine and Knossos do): a
//! candidate is placed if the alias allows it; where nothing can be placed, the last one is taken back; and nobody goes twice
//! where the same operations are placed and the alias is the same.
//!
//! What keeps it short:
//! - An operation that only looks is placed as soon as it can be, without a second thought: it would be in nobody's way.
//! - One that was not answered is placed only where it makes another one possible: never is as good as last.
//! - Of several that do the same, only the one that has to be done first is tried.
//! - Values that nobody needs the alias to have any more are all alike.
//! - The alias does not leave what somebody still needs it to be if nothing is left that could make it so again.

use super::line::Line;
use super::market::Market;
use super::seen::{Seen, Set};
use super::step::{State, Step, Values};
use super::{Operation, Verdict, Violation};
use std::collections::HashSet;

/// As many operations are placed, those included that are taken back, before the search gives up.
pub(super) const MOST: usize = 500_000;

/// One step on the way.
#[derive(Debug)]
struct Stop {
    /// What was placed, and what the alias was before.
    placed: usize,
    before: State,
    /// What can be placed next and has not been tried; the last one is tried first.
    untried: Vec<usize>,
}

/// How far one order leads.
#[derive(Debug)]
struct Reach {
    /// How many answered operations it does not explain, and how many it places: the less of both, the better.
    rank: (usize, usize),
    placed: Vec<usize>,
    stuck: Vec<usize>,
}

/// A history, and how far one has come in it.
#[derive(Debug)]
pub(super) struct Search<'a> {
    history: &'a [Operation],
    values: Values,
    steps: Vec<Step>,
    line: Line,
    answered: Set,
    unanswered: Set,
    state: State,
    market: Market,
    seen: Seen,
    way: Vec<Stop>,
    /// How many answered operations are not placed.
    left: usize,
    best: Option<Reach>,
}

impl<'a> Search<'a> {
    pub(super) fn new(history: &'a [Operation]) -> Self {
        let mut values = Values::default();
        let steps: Vec<Step> = history.iter().map(|operation| Step::new(operation, &mut values)).collect();
        let mut market = Market::new(values.len());
        steps.iter().for_each(|step| market.offer(*step));
        Self {
            history,
            line: Line::new(history),
            answered: Set::new(history.len()),
            unanswered: Set::new(history.len()),
            state: None,
            market,
            seen: Seen::default(),
            way: Vec::new(),
            left: steps.iter().filter(|step| step.answered).count(),
            best: None,
            values,
            steps,
        }
    }

    /// Looks for an order, and gives up when it has placed `most` operations.
    pub(super) fn run(mut self, most: usize) -> Verdict {
        let mut untried = self.possible();
        let mut tries = 0;
        while self.left > 0 {
            let Some(number) = untried.pop() else {
                self.remember();
                let Some(stop) = self.way.pop() else { return self.violation() };
                self.take_back(stop.placed, stop.before);
                untried = stop.untried;
                continue;
            };
            if tries == most {
                return Verdict::Undecided;
            }
            tries += 1;
            let before = self.state;
            self.place(number);
            if self.steps[number].only_looks() || self.is_worth_it(before) {
                self.way.push(Stop { placed: number, before, untried });
                untried = self.possible();
            } else {
                self.take_back(number, before);
            }
        }
        Verdict::Linearizable
    }

    /// What the alias is after this, if it can be next.
    fn after(&self, step: Step) -> Option<State> {
        step.after(self.state).map(|state| self.market.simplified(state))
    }

    /// What can be placed now, the best last.
    fn possible(&self) -> Vec<usize> {
        let mut possible = Vec::new();
        for number in self.line.candidates() {
            let step = self.steps[number];
            let Some(after) = self.after(step) else { continue };
            if step.answered && step.only_looks() {
                return vec![number];
            }
            possible.push((!step.answered, step.needs().is_none(), self.history[number].returned, number, after));
        }
        possible.sort_unstable();
        // Of several that do the same, the one that has to be done first is as good as any.
        let mut known = HashSet::new();
        possible.retain(|(.., number, after)| known.insert((self.steps[*number].needs(), *after)));
        possible.retain(|(unanswered, .., after)| !unanswered || self.helps(*after));
        possible.into_iter().map(|(.., number, _)| number).rev().collect()
    }

    /// Whether anything is possible if the alias is this that is not possible now.
    fn helps(&self, then: State) -> bool {
        let is_helped = |step: Step| step.after(self.state).is_none() && step.after(then).is_some();
        self.line.candidates().any(|number| is_helped(self.steps[number]))
    }

    /// Whether anything can come of where one has come from `before`, and was not there already.
    fn is_worth_it(&mut self, before: State) -> bool {
        (before == self.state || !self.market.misses(before)) && self.seen.is_new(&self.answered, &self.unanswered, self.state)
    }

    fn place(&mut self, number: usize) {
        let step = self.steps[number];
        let state = step.after(self.state).expect("only what is possible is tried");
        self.line.take(number);
        self.market.withdraw(step);
        self.state = self.market.simplified(state);
        if step.answered {
            self.answered.flip(number);
            self.left -= 1;
        } else {
            self.unanswered.flip(number);
        }
    }

    fn take_back(&mut self, number: usize, before: State) {
        let step = self.steps[number];
        self.line.put_back(number);
        self.state = before;
        self.market.offer(step);
        if step.answered {
            self.answered.flip(number);
            self.left += 1;
        } else {
            self.unanswered.flip(number);
        }
    }

    /// Keeps what is placed if nothing else has led so far.
    fn remember(&mut self) {
        let rank = (self.left, self.way.len());
        if self.best.as_ref().is_none_or(|best| rank < best.rank) {
            let placed = self.way.iter().map(|stop| stop.placed).collect();
            let stuck = self.line.candidates().filter(|number| self.steps[*number].answered).collect();
            self.best = Some(Reach { rank, placed, stuck });
        }
    }

    fn violation(self) -> Verdict {
        let Reach { placed, stuck, .. } = self.best.expect("the way back was remembered");
        let state = placed.iter().rev().find_map(|number| self.steps[*number].makes()).unwrap_or_default();
        let others = || (0..self.steps.len()).filter(|number| !placed.contains(number));
        let is_made_again = others().any(|number| self.steps[number].makes() == Some(state));
        let needs_it = |number: &usize| self.steps[*number].answered && self.steps[*number].needs() == Some(state);
        let missed = others().filter(|number| !is_made_again && needs_it(number)).collect();
        let operations = |numbers: Vec<usize>| numbers.into_iter().map(|number| self.history[number].clone()).collect();
        Verdict::Violation(Violation {
            missed: operations(missed),
            stuck: operations(stuck),
            holds: self.values.value(state),
            placed: operations(placed),
        })
    }
}
