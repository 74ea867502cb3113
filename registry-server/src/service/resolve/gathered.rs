//! What is read to find out what references stand for: one statement for each table and way to refer to something, whatever the number
//! of references. Each of them has its place.
//!
//! May not: decide.

use crate::domain::model::{ModelRef, View};
use crate::domain::name::Environment;
use crate::domain::release::{Resolve, Selector};
use crate::domain::{Error, ModelId, ReleaseId};
use crate::store::aliases::{self, Alias, At};
use crate::store::releases::{self, Release};
use crate::store::resolve::{self, Candidate, Latest, Marks, Place};
use crate::store::{Source, models};
use std::collections::{HashMap, HashSet};

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    models: HashMap<ModelRef, ModelId>,
    aliases: HashMap<Place, Alias>,
    marked: HashMap<Place, Vec<Candidate>>,
    /// The first place that asks for the same mark: what bears it is read once, however often it is asked for.
    first: HashMap<Place, Place>,
    active: HashMap<ModelId, Vec<Candidate>>,
    latest: HashMap<Place, ReleaseId>,
    latest_where_it_runs: HashMap<Place, ReleaseId>,
    running: HashSet<(ReleaseId, Environment)>,
    whole: HashMap<ReleaseId, Release>,
}

/// A reference to something of a model that there is.
type Known<'a> = (Place, ModelId, &'a Resolve);

impl Gathered {
    /// Reads what may be needed to decide.
    pub(super) async fn read(source: &impl Source, references: &[(Place, &Resolve)]) -> Result<Self, Error> {
        let models = models::find_ids(source, &references.iter().map(|(_, reference)| &reference.model).collect()).await?;
        let known = |(place, reference): &(Place, &'_ Resolve)| models.get(&reference.model).map(|model| (*place, *model));
        let known: Vec<Known<'_>> =
            references.iter().filter_map(|pair| known(pair).map(|(place, model)| (place, model, pair.1))).collect();
        let aliases = aliases_of(source, &known).await?;
        let pointed = aliases.values().map(|alias| alias.row.release_id).collect();
        let whole = releases::get_any(source, &pointed, View::Full).await?;
        let running = running_of(source, &known).await?;
        let ((marked, first), active) = (marked_of(source, &known).await?, active_of(source, &known).await?);
        let latest = latest_of(source, &known, false).await?;
        let latest_where_it_runs = latest_of(source, &known, true).await?;
        Ok(Self { models, aliases, marked, first, active, latest, latest_where_it_runs, running, whole })
    }

    /// Reads these releases as a whole, as far as that was not done.
    pub(super) async fn read_whole(&mut self, source: &impl Source, ids: impl Iterator<Item = ReleaseId>) -> Result<(), Error> {
        let missing = ids.filter(|id| !self.whole.contains_key(id)).collect();
        self.whole.extend(releases::get_any(source, &missing, View::Full).await?);
        Ok(())
    }

    /// A release as a whole, and the alias that the place goes through.
    pub(super) fn whole(&self, place: Place, id: ReleaseId) -> Result<(Release, Option<Alias>), Error> {
        let release = self.whole.get(&id).ok_or_else(|| Error::bug("a release lost its row"))?;
        Ok((release.clone(), self.alias(place).cloned()))
    }

    /// The model, if it is live.
    pub(super) fn model(&self, model: &ModelRef) -> Option<ModelId> {
        self.models.get(model).copied()
    }

    /// The alias, if it is or was there.
    pub(super) fn alias(&self, place: Place) -> Option<&Alias> {
        self.aliases.get(&place)
    }

    /// What the alias points to, if that is live.
    pub(super) fn pointed(&self, alias: &Alias) -> Option<Candidate> {
        let Release { row, .. } = self.whole.get(&alias.row.release_id)?;
        row.delete_time.is_none().then(|| Candidate {
            id: row.id,
            model: row.model_id,
            version: row.version.clone(),
            quantization: row.quantization.clone(),
            platform: row.platform.clone(),
            state: row.state,
        })
    }

    /// The live releases that bear the version, the tag, the digest or the number.
    pub(super) fn marked(&self, place: Place) -> &[Candidate] {
        self.first.get(&place).and_then(|first| self.marked.get(first)).map_or(&[], Vec::as_slice)
    }

    /// The active releases of a model of which a requirement was asked.
    pub(super) fn active(&self, model: ModelId) -> &[Candidate] {
        self.active.get(&model).map_or(&[], Vec::as_slice)
    }

    /// The newest active release with the quantization and for the platform; where it is to run, or wherever it runs or not.
    pub(super) fn latest(&self, place: Place, where_it_runs: bool) -> Option<ReleaseId> {
        let latest = if where_it_runs { &self.latest_where_it_runs } else { &self.latest };
        latest.get(&place).copied()
    }

    /// Whether a release runs in an environment that one of the references names.
    pub(super) fn runs(&self, id: ReleaseId, environment: &Environment) -> bool {
        self.running.contains(&(id, environment.clone()))
    }
}

async fn aliases_of(source: &impl Source, known: &[Known<'_>]) -> Result<HashMap<Place, Alias>, Error> {
    let (mut now, mut then) = (Vec::new(), Vec::<At<'_>>::new());
    for (place, model, reference) in known {
        match &reference.selector {
            Selector::Alias(alias, None) => now.push((*place, (*model, alias))),
            Selector::Alias(alias, Some(time)) => then.push((*place, *model, alias, *time)),
            Selector::Version(_)
            | Selector::Tag(_)
            | Selector::Digest(_)
            | Selector::Latest
            | Selector::Number(_)
            | Selector::Requirement(_) => {}
        }
    }
    let wanted: HashSet<_> = now.iter().map(|(_, wanted)| *wanted).collect();
    let found = aliases::find_many(source, &wanted.into_iter().collect::<Vec<_>>()).await?;
    let found: HashMap<_, _> = found.iter().map(|alias| ((alias.row.model_id, &alias.row.alias), alias)).collect();
    let now = now.iter().filter_map(|(place, wanted)| Some((*place, (*found.get(wanted)?).clone())));
    let mut aliases: HashMap<Place, Alias> = now.collect();
    aliases.extend(aliases::find_many_at(source, &then).await?);
    Ok(aliases)
}

type Marked = (HashMap<Place, Vec<Candidate>>, HashMap<Place, Place>);

async fn marked_of(source: &impl Source, known: &[Known<'_>]) -> Result<Marked, Error> {
    let (mut marks, mut asked, mut first) = (Marks::default(), HashMap::new(), HashMap::new());
    for (place, model, reference) in known {
        let earliest = *asked.entry((model, &reference.selector)).or_insert(*place);
        first.insert(*place, earliest);
        if earliest != *place {
            continue;
        }
        match &reference.selector {
            Selector::Version(version) => marks.versions.push((*place, *model, version.as_str())),
            Selector::Tag(tag) => marks.tags.push((*place, *model, tag.as_str())),
            Selector::Digest(digest) => marks.digests.push((*place, *model, digest.as_str())),
            Selector::Number(number) => marks.numbers.push((*place, *model, *number)),
            Selector::Alias(..) | Selector::Latest | Selector::Requirement(_) => {}
        }
    }
    let mut marked: HashMap<Place, Vec<Candidate>> = HashMap::new();
    for (place, candidate) in resolve::marked(source, &marks).await? {
        marked.entry(place).or_default().push(candidate);
    }
    Ok((marked, first))
}

async fn active_of(source: &impl Source, known: &[Known<'_>]) -> Result<HashMap<ModelId, Vec<Candidate>>, Error> {
    let asked = known.iter().filter(|(.., reference)| matches!(reference.selector, Selector::Requirement(_)));
    let mut active: HashMap<ModelId, Vec<Candidate>> = HashMap::new();
    for candidate in resolve::active(source, &asked.map(|(_, model, _)| *model).collect()).await? {
        active.entry(candidate.model).or_default().push(candidate);
    }
    Ok(active)
}

/// Of all of them, wherever they run or not; or of those that name an environment, where they run.
async fn latest_of(source: &impl Source, known: &[Known<'_>], where_they_run: bool) -> Result<HashMap<Place, ReleaseId>, Error> {
    let mut wanted = Vec::new();
    for (place, model, reference) in known {
        let Resolve { model: _, selector, quantization, platform, environment } = reference;
        let environment = environment.as_ref().filter(|_| where_they_run);
        if matches!(selector, Selector::Latest) && environment.is_some() == where_they_run {
            let (quantization, platform) = (quantization.as_ref(), platform.as_ref());
            wanted.push((*place, Latest { model: *model, quantization, platform, environment }));
        }
    }
    Ok(resolve::latest(source, &wanted).await?.into_iter().collect())
}

async fn running_of(source: &impl Source, known: &[Known<'_>]) -> Result<HashSet<(ReleaseId, Environment)>, Error> {
    let named = known.iter().filter(|(.., reference)| !matches!(reference.selector, Selector::Latest));
    let named: Vec<_> = named.filter_map(|(_, model, reference)| Some((*model, reference.environment.as_ref()?))).collect();
    let models = named.iter().map(|(model, _)| *model).collect();
    resolve::running_in(source, &models, &named.iter().map(|(_, environment)| *environment).collect()).await
}
