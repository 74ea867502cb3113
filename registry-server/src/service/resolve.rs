//! Finding the one release that a reference stands for.

use super::Registry;
use crate::domain::model::View;
use crate::domain::name::Environment;
use crate::domain::release::{ReleaseRef, Resolve, Selector};
use crate::domain::{Context, Error, Kind, ReleaseId, Revision};
use crate::store::aliases::{self, Alias};
use crate::store::releases::{self, Release};
use crate::store::resolve::Candidates;
use crate::store::{Source, models};
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
        resolve(&self.store.snapshot(ctx.scope()).await?, reference).await
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
        let mut outcomes = Vec::with_capacity(references.len());
        for reference in references {
            outcomes.push(match resolve(&snapshot, reference).await {
                Err(error @ (Error::NotFound { .. } | Error::Ambiguous { .. })) => Err(error),
                other => Ok(other?),
            });
        }
        Ok((outcomes, revision))
    }
}

/// What would be found elsewhere is not found, and the caller is told that it is elsewhere.
async fn resolve(source: &impl Source, reference: &Resolve) -> Result<Resolved, Error> {
    match find(source, reference, reference.environment.as_ref()).await {
        Err(Error::NotFound { kind: Kind::Release, hint: None, .. }) if reference.environment.is_some() => {
            match find(source, reference, None).await {
                Ok(_) | Err(Error::Ambiguous { .. }) => Err(nothing(reference, Some("it does not run in that environment"))),
                Err(other) => Err(other),
            }
        }
        found => found,
    }
}

async fn find(source: &impl Source, reference: &Resolve, environment: Option<&Environment>) -> Result<Resolved, Error> {
    let model = models::find_id(source, &reference.model).await?;
    let candidates = || Candidates::of(model, reference.quantization.as_ref(), reference.platform.as_ref(), environment);
    let mut through = None;
    let id = match &reference.selector {
        Selector::Alias(alias, time) => {
            let found = match time {
                None => aliases::find(source, model, alias).await?,
                Some(time) => aliases::find_at(source, model, alias, *time).await?,
            };
            let alias = found.ok_or_else(|| super::aliases::missing(&reference.model, alias))?;
            let id = only(source, reference, candidates().id(alias.row.release_id)).await?;
            through = Some(alias);
            id
        }
        Selector::Version(version) => only(source, reference, candidates().version(version.as_str())).await?,
        Selector::Tag(tag) => only(source, reference, candidates().tag(tag.as_str())).await?,
        Selector::Digest(digest) => only(source, reference, candidates().digest(digest.as_str())).await?,
        Selector::Number(number) => only(source, reference, candidates().number(*number)).await?,
        Selector::Latest => candidates().latest(source).await?.ok_or_else(|| nothing(reference, None))?,
        Selector::Requirement(requirement) => highest(source, reference, requirement, candidates()).await?,
    };
    Ok((releases::get(source, &ReleaseRef::Id(id), View::Full).await?, through))
}

/// The only one of the candidates.
async fn only(source: &impl Source, reference: &Resolve, candidates: Candidates) -> Result<ReleaseId, Error> {
    let limit = u64::try_from(NAMED).unwrap_or(u64::MAX);
    let (ids, count) = candidates.clone().usable(source, limit).await?;
    match ids.as_slice() {
        [only] => Ok(*only),
        [] if candidates.any_yanked(source).await? => Err(nothing(reference, Some("it was yanked"))),
        [] => Err(nothing(reference, None)),
        _ => Err(Error::Ambiguous { reference: reference.to_string(), candidates: ids, count }),
    }
}

/// The active one with the highest version that meets the requirement. Versions that are not semantic are no
/// candidates; build metadata has no precedence.
async fn highest(
    source: &impl Source,
    reference: &Resolve,
    requirement: &VersionReq,
    candidates: Candidates,
) -> Result<ReleaseId, Error> {
    let active = candidates.active_versions(source).await?;
    let semantic = active.into_iter().filter_map(|(id, version)| Some((id, Version::parse(&version).ok()?)));
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
