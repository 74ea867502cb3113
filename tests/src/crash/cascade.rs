//! A model with a thousand releases is deleted, brought back and purged by servers that are killed meanwhile. Each of
//! these is one change of a thousand rows: afterwards all of them are as before, or all as they were meant to be.
//!
//! The moment of the kill is aimed at the commit: after a change that had not happened the next kill comes later, and
//! after one that had, sooner. So about half of them hit on either side of it.

use super::audit::Audit;
pub use super::family::Step;
use super::family::{Family, ask};
use super::picture::{self, Picture};
use super::{Plan, cut_off, start};
use crate::binary::{Running, executable};
use crate::database::url;
use crate::given;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use registry_client::{Client, ModelId};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How much sooner or later the next kill comes.
const CORRECTION: f64 = 1.15;

/// What became of a kind of change.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// How many kills came before the commit: nothing had happened.
    pub before: u64,
    /// How many came after it, and before the answer.
    pub unanswered: u64,
    /// How many came after the answer.
    pub answered: u64,
}

/// What came of it all.
#[derive(Debug, Default)]
pub struct Report {
    /// How many servers were killed.
    pub kills: u64,
    /// By what was under way.
    pub steps: BTreeMap<Step, Tally>,
    /// How long the servers took from their start until they listened, the longest of all.
    pub slowest_start: Duration,
    /// What is wrong: half a change, a promise that was not kept, a history with gaps.
    pub wrong: Vec<String>,
}

impl Report {
    /// How many kills came before the commit, and how many after it.
    #[must_use]
    pub fn sides(&self) -> (u64, u64) {
        let all = self.steps.values();
        all.fold((0, 0), |(before, after), tally| (before + tally.before, after + tally.unanswered + tally.answered))
    }
}

/// When to kill, counted from when a step is asked for.
struct Aim {
    random: StdRng,
    at: BTreeMap<Step, Duration>,
}

impl Aim {
    /// Half of the kills are close to where the commit is believed to be, half are anywhere around it.
    fn next(&mut self, step: Step) -> Duration {
        let wide = self.random.random_bool(0.5);
        let factor = if wide { self.random.random_range(0.0..2.0) } else { self.random.random_range(0.85..1.15) };
        self.at[&step].mul_f64(factor)
    }

    fn learn(&mut self, step: Step, happened: bool) {
        let at = self.at.entry(step).or_default();
        *at = if happened { at.div_f64(CORRECTION) } else { at.mul_f64(CORRECTION) };
    }

    fn choose(&mut self, live: bool) -> Step {
        match live {
            true => Step::Delete,
            false if self.random.random_bool(0.5) => Step::Undelete,
            false => Step::Purge,
        }
    }
}

/// What is under way.
struct Round<'a> {
    url: &'a str,
    step: Step,
    request_id: String,
    before: Picture,
}

impl Round<'_> {
    /// At which revision the step has happened, if it has; all of it or nothing.
    async fn outcome(&self, family: &Family) -> Result<Option<i64>, String> {
        let now = family.picture(self.url).await;
        let happened = self.before.events(self.step, &self.request_id, self.url).await?;
        let complaint = match happened {
            Some(revision) => now.complaint(self.step, revision, &self.before),
            None if now != self.before => {
                Some(format!("no event, but what was {} is {} now, or changed otherwise", self.before.summary(), now.summary()))
            }
            None => None,
        };
        match complaint.into_iter().chain(picture::orphans(self.url).await).next() {
            Some(wrong) => Err(wrong),
            None => Ok(happened),
        }
    }
}

/// Kills as often as planned; `progress` hears of every kill.
///
/// # Panics
/// If a server does not start again, or the database cannot be reached.
pub async fn run(plan: &Plan, mut progress: impl FnMut(&Report)) -> Report {
    let _ = executable(); // built before anything is measured
    let fresh = plan.database.fresh().await;
    let url = url(&fresh.target);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut aim = Aim { random: StdRng::seed_from_u64(plan.seed), at: BTreeMap::new() };
    let (mut report, mut audit) = (Report::default(), Audit::default());
    let mut server = start(directory.path(), &url, &mut report.slowest_start).await;
    aim.at = durations(&server.client().await).await;
    let mut family = Family::found(&server.client().await, 1).await;
    while report.kills < plan.kills && report.wrong.is_empty() {
        let step = aim.choose(family.live);
        let request_id = given::request_id();
        let round = Round { url: &url, step, request_id, before: family.picture(&url).await };
        let answered = kill(server, &round, family.id(), aim.next(step), &mut report).await;
        server = start(directory.path(), &url, &mut report.slowest_start).await;
        let client = server.client().await;
        // PostgreSQL may still be at work on the last commit of a server that is dead. Whatever is written now comes after it.
        client.create_model(format!("barrier-{}", report.kills), "/m").send().await.expect("a server that writes");
        audit.go_on(plan.database, &url, &mut report.wrong).await;
        match verdict(&client, &mut family, &round, answered).await {
            Ok(happened) => {
                aim.learn(step, happened);
                let tally = report.steps.entry(step).or_default();
                match (happened, answered) {
                    (false, _) => tally.before += 1,
                    (true, None) => tally.unanswered += 1,
                    (true, Some(_)) => tally.answered += 1,
                }
            }
            Err(wrong) => report.wrong.push(format!("kill {} during {step:?}: {wrong}", report.kills)),
        }
        progress(&report);
        if step == Step::Purge && report.wrong.is_empty() {
            family = Family::found(&client, report.kills + 1).await;
        }
    }
    server.stop().await;
    report
}

/// How long each step takes when nobody kills anything.
async fn durations(client: &Client) -> BTreeMap<Step, Duration> {
    let family = Family::found(client, 0).await;
    let mut durations = BTreeMap::new();
    for step in [Step::Delete, Step::Undelete, Step::Delete, Step::Purge] {
        let began = Instant::now();
        ask(client.clone(), step, family.id(), given::request_id()).await.expect("a step that nobody disturbs");
        durations.insert(step, began.elapsed());
    }
    durations
}

/// Asks for a step and kills the server meanwhile. The answer, if it came first.
async fn kill(server: Running, round: &Round<'_>, id: ModelId, after: Duration, report: &mut Report) -> Option<i64> {
    let mut call = tokio::spawn(ask(server.client().await, round.step, id, round.request_id.clone()));
    let early = timeout(after, &mut call).await;
    server.kill().await;
    report.kills += 1;
    let answer = match early {
        Ok(answer) => answer,
        Err(_) => call.await,
    };
    match answer.expect("a call that does not panic") {
        Ok((revision, replayed)) => {
            report.wrong.extend(replayed.then(|| format!("{:?} is a replay of nothing", round.step)));
            Some(revision)
        }
        Err(error) if cut_off(&error) => None,
        Err(error) => {
            report.wrong.push(format!("{:?} was answered {error:?}", round.step));
            None
        }
    }
}

/// Whether the step has happened. Then asks for it again, with the same id: it happens now, or it is told that it has.
async fn verdict(client: &Client, family: &mut Family, round: &Round<'_>, answered: Option<i64>) -> Result<bool, String> {
    let happened = round.outcome(family).await?;
    if answered.is_some() && happened != answered {
        return Err(format!("answered at revision {answered:?}, and happened at {happened:?}"));
    }
    let purges = round.step == Step::Purge;
    family.live = if happened.is_some() { round.step == Step::Undelete } else { round.step == Step::Delete };
    if let Some(wrong) = family.complaint(client, purges && happened.is_some()).await {
        return Err(wrong);
    }
    let again = ask(client.clone(), round.step, family.id(), round.request_id.clone()).await;
    let (revision, replayed) = again.map_err(|error| format!("asked again: {error:?}"))?;
    if replayed != happened.is_some() || happened.is_some_and(|happened| happened != revision) {
        return Err(format!("happened at {happened:?}, and asked again: at {revision}, replayed: {replayed}"));
    }
    if round.outcome(family).await? != Some(revision) {
        return Err(format!("asked again and answered at revision {revision}, and there is no such change"));
    }
    family.live = round.step == Step::Undelete;
    family.complaint(client, purges).await.map_or(Ok(happened.is_some()), Err)
}
