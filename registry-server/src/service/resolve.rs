//! Finding the releases that references stand for: of one reference or of many the same way.
//!
//! May not: ask anything for one reference that it does not ask for all; that is [`gathered`].

mod gathered;

use super::Registry;
use crate::domain::name::Environment;
use crate::domain::release::{ReleaseState, Resolve, Selector};
use crate::domain::{Context, Error, Kind, ReleaseId, Revision};
use crate::store::Source;
use crate::store::aliases::Alias;
use crate::store::releases::Release;
use crate::store::resolve::{Candidate, Place};
use gathered::Gathered;
use semver::{Version, VersionReq};
use std::cmp::Ordering;

/// How many candidates an ambiguous reference names.
const NAMED: usize = 10;

/// What a reference stands for, and the alias it went through as that is, or was at the time asked for.
pub type Resolved = (Release, Option<Alias>);

impl Registry {
    /// Finds the release that a reference stands for. A yanked release is never found.
    ///
    /// # Errors
    /// [`Error::NotFound`] (the model, the alias or the release), [`Error::Ambiguous`] if several match.
    pub async fn resolve_release(&self, ctx: &Context, reference: &Resolve) -> Result<Resolved, Error> {
        let mut outcomes = resolve(&self.store.snapshot(ctx.scope()).await?, std::slice::from_ref(reference)).await?;
        outcomes.pop().unwrap_or_else(|| Err(Error::bug("a reference has no outcome")))
    }

    /// Finds many, each with its own outcome, at one revision.
    ///
    /// # Errors
    /// Those of the database: then there is no outcome at all.
    pub async fn resolve_releases(
        &self,
        ctx: &Context,
        references: &[Resolve],
    ) -> Result<(Vec<Result<Resolved, Error>>, Revision), Error> {
        let snapshot = self.store.snapshot(ctx.scope()).await?;
        let revision = self.store.current_revision(&snapshot).await?;
        Ok((resolve(&snapshot, references).await?, revision))
    }
}

/// The outcome of each reference: not found, or ambiguous, or a release. By as many statements, however many references there are.
async fn resolve(source: &impl Source, references: &[Resolve]) -> Result<Vec<Result<Resolved, Error>>, Error> {
    let references: Vec<(Place, &Resolve)> = (0..).zip(references).collect();
    let mut gathered = Gathered::read(source, &references).await?;
    let outcomes: Vec<_> = references.iter().map(|(place, reference)| outcome(&gathered, *place, reference)).collect();
    gathered.read_whole(source, outcomes.iter().flatten().copied()).await?;
    let resolved = |((place, _), outcome): (&(Place, &Resolve), Result<ReleaseId, Error>)| match outcome {
        Ok(id) => gathered.whole(*place, id).map(Ok),
        Err(error) => Ok(Err(error)),
    };
    references.iter().zip(outcomes).map(resolved).collect()
}

/// What would be found elsewhere is not found, and the caller is told that it is elsewhere.
fn outcome(gathered: &Gathered, place: Place, reference: &Resolve) -> Result<ReleaseId, Error> {
    match find(gathered, place, reference, reference.environment.as_ref()) {
        Err(Error::NotFound { kind: Kind::Release, hint: None, .. }) if reference.environment.is_some() => {
            match find(gathered, place, reference, None) {
                Ok(_) | Err(Error::Ambiguous { .. }) => Err(nothing(reference, Some("it does not run in that environment"))),
                Err(other) => Err(other),
            }
        }
        found => found,
    }
}

fn find(gathered: &Gathered, place: Place, reference: &Resolve, environment: Option<&Environment>) -> Result<ReleaseId, Error> {
    let model = gathered.model(&reference.model).ok_or_else(|| Error::not_found(Kind::Model, &reference.model))?;
    let fits = |candidate: &&Candidate| fits(gathered, candidate, reference, environment);
    match &reference.selector {
        Selector::Alias(alias, _) => {
            let pointed = gathered.alias(place).ok_or_else(|| super::aliases::missing(&reference.model, alias))?;
            only(
                reference,
                gathered.pointed(pointed).filter(|candidate| candidate.model == model).as_ref().into_iter().filter(fits),
            )
        }
        Selector::Version(_) | Selector::Tag(_) | Selector::Digest(_) | Selector::Number(_) => {
            only(reference, gathered.marked(place).iter().filter(fits))
        }
        Selector::Latest => gathered.latest(place, environment.is_some()).ok_or_else(|| nothing(reference, None)),
        Selector::Requirement(requirement) => highest(reference, requirement, gathered.active(model).iter().filter(fits)),
    }
}

fn fits(gathered: &Gathered, candidate: &Candidate, reference: &Resolve, environment: Option<&Environment>) -> bool {
    let Candidate { id, model: _, version: _, quantization, platform, state: _ } = candidate;
    reference.quantization.as_ref().is_none_or(|wanted| wanted == quantization)
        && reference.platform.as_ref().is_none_or(|wanted| wanted == platform)
        && environment.is_none_or(|environment| gathered.runs(*id, environment))
}

/// The only one of the candidates that may be used.
fn only<'a>(reference: &Resolve, candidates: impl Iterator<Item = &'a Candidate>) -> Result<ReleaseId, Error> {
    let (yanked, usable): (Vec<_>, Vec<_>) = candidates.partition(|candidate| candidate.state == ReleaseState::Yanked);
    let mut ids: Vec<ReleaseId> = usable.iter().map(|candidate| candidate.id).collect();
    match ids.as_slice() {
        [only] => Ok(*only),
        [] => Err(nothing(reference, (!yanked.is_empty()).then_some("it was yanked"))),
        several => {
            let count = several.len();
            ids.sort_unstable();
            ids.truncate(NAMED);
            Err(Error::Ambiguous { reference: reference.to_string(), candidates: ids, count })
        }
    }
}

/// The active one with the highest version that meets the requirement. Versions that are not semantic are no
/// candidates; build metadata has no precedence.
fn highest<'a>(
    reference: &Resolve,
    requirement: &VersionReq,
    active: impl Iterator<Item = &'a Candidate>,
) -> Result<ReleaseId, Error> {
    let semantic = active.filter_map(|active| Some((active.id, Version::parse(active.version.as_str()).ok()?)));
    let mut best: Vec<(ReleaseId, Version)> = Vec::new();
    for (id, version) in semantic.filter(|(_, version)| requirement.matches(version)) {
        match best.first().map_or(Ordering::Greater, |(_, best)| version.cmp_precedence(best)) {
            Ordering::Greater => best = vec![(id, version)],
            Ordering::Equal => best.push((id, version)),
            Ordering::Less => {}
        }
    }
    match best.as_slice() {
        [(only, _)] => Ok(*only),
        [] => Err(nothing(reference, None)),
        several => {
            let candidates = several.iter().take(NAMED).map(|(id, _)| *id).collect();
            Err(Error::Ambiguous { reference: reference.to_string(), candidates, count: several.len() })
        }
    }
}

fn nothing(reference: &Resolve, hint: Option<&'static str>) -> Error {
    Error::NotFound { kind: Kind::Release, name: reference.to_string(), hint }
}
