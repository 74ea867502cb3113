//! Turns: each side of a comparison is measured once in every round.

use super::Plan;
use super::load::{self, Caller, Sample};
use super::report::{Row, Target, number};
use super::server::Server;
use serde_json::{Value, json};

/// The middle of what was measured, and how far the rounds lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
}

impl Spread {
    /// Of at least one value.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (values.first().copied(), values.last().copied());
        let middle = values.get(values.len() / 2).copied();
        Self { median: middle.expect("a round"), least: least.expect("a round"), most: most.expect("a round") }
    }

    /// Of the ratios of two sides, round by round.
    #[must_use]
    pub fn of_ratios(ours: &[f64], beside: &[f64]) -> Self {
        Self::of(ours.iter().zip(beside).map(|(ours, beside)| ours / beside))
    }

    /// `0.81 (0.78 to 0.84)`
    #[must_use]
    pub fn text(&self) -> String {
        let Self { median, least, most } = *self;
        if least.total_cmp(&most).is_eq() {
            number(median)
        } else {
            format!("{} ({} to {})", number(median), number(least), number(most))
        }
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let Self { median, least, most } = self;
        json!({ "median": median, "least": least, "most": most })
    }
}

/// One side of a comparison: who is called, and by whom.
pub struct Side<'a> {
    /// What it is called in the table.
    pub name: &'a str,
    /// Who is called.
    pub server: &'a Server,
    /// The callers of a round, by its seed.
    pub callers: &'a dyn Fn(u64) -> Vec<Caller>,
}

/// Both sides in turns.
///
/// # Panics
/// If a call fails.
pub async fn compare(plan: &Plan, ours: &Side<'_>, beside: &Side<'_>) -> [Vec<Sample>; 2] {
    let run = async |side: &Side<'_>, seed| load::run(side.server, (side.callers)(seed), plan.turn).await;
    turns(plan, async |seed| run(ours, seed).await, async |seed| run(beside, seed).await).await.into()
}

/// Two sides in turns, each given the seed of its round. Who begins changes from round to round.
pub async fn turns<T, U>(
    plan: &Plan,
    mut ours: impl AsyncFnMut(u64) -> T,
    mut beside: impl AsyncFnMut(u64) -> U,
) -> (Vec<T>, Vec<U>) {
    let (mut of_ours, mut of_beside) = (Vec::new(), Vec::new());
    for (round, seed) in (0..plan.rounds).zip(plan.seed..) {
        let ours_first = round % 2 == 0;
        for ours_now in [ours_first, !ours_first] {
            match ours_now {
                true => of_ours.push(ours(seed).await),
                false => of_beside.push(beside(seed).await),
            }
        }
    }
    (of_ours, of_beside)
}

/// The rate of calls of two sides, and what is wanted of its ratio.
#[must_use]
pub fn row(figure: &'static str, work: impl Into<String>, name: &str, [ours, beside]: &[Vec<Sample>; 2], target: Target) -> Row {
    let rates = |samples: &[Sample]| samples.iter().map(Sample::rate).collect::<Vec<_>>();
    let (our, their) = (rates(ours), rates(beside));
    Row {
        ratio: Some(Spread::of_ratios(&our, &their)),
        beside: Some((name.to_owned(), Spread::of(their))),
        ..Row::alone(figure, work, "1/s", Spread::of(our), target)
    }
    .saw("registry", middle(ours).text())
    .saw(name, middle(beside).text())
}

/// The round in the middle, by rate.
///
/// # Panics
/// If there was none.
#[must_use]
pub fn middle(samples: &[Sample]) -> &Sample {
    let mut samples: Vec<&Sample> = samples.iter().collect();
    samples.sort_by(|one, other| one.rate().total_cmp(&other.rate()));
    samples.get(samples.len() / 2).expect("a round")
}
