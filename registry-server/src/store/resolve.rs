//! Which releases many references may stand for: one statement for each way to refer to one, however many there are.
//!
//! May not: choose among them.

use super::backend::Backend;
use super::entity::{deployment, release};
use super::wanted::{self, Row};
use super::{Source, deployments, visible};
use crate::domain::deployment::DeploymentState;
use crate::domain::name::{Environment, Platform, Quantization, Version};
use crate::domain::release::ReleaseState;
use crate::domain::{Error, ModelId, ReleaseId};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, SimpleExpr, Value};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbBackend, QueryFilter, QuerySelect, Select};
use std::collections::HashSet;

/// Which of many references something is for.
pub type Place = i64;

/// A live release that a reference may stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract documents every field of Release")]
pub struct Candidate {
    pub id: ReleaseId,
    pub model: ModelId,
    pub version: Version,
    pub quantization: Quantization,
    pub platform: Platform,
    pub state: ReleaseState,
}

/// What releases of models are asked for by, for each place: what a release bears.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the contract documents every field of Release")]
pub struct Marks<'a> {
    pub versions: Vec<(Place, ModelId, &'a str)>,
    pub tags: Vec<(Place, ModelId, &'a str)>,
    pub digests: Vec<(Place, ModelId, &'a str)>,
    pub numbers: Vec<(Place, ModelId, i64)>,
}

/// The live releases that bear a mark, for each place.
///
/// # Errors
/// Those of the database.
pub async fn marked(source: &impl Source, marks: &Marks<'_>) -> Result<Vec<(Place, Candidate)>, Error> {
    let Marks { versions, tags, digests, numbers } = marks;
    let mut found = bearing(source, release::Column::Version, versions).await?;
    found.extend(bearing(source, release::Column::Tag, tags).await?);
    found.extend(bearing(source, release::Column::Digest, digests).await?);
    found.extend(bearing(source, release::Column::Number, numbers).await?);
    Ok(found)
}

async fn bearing<V: Into<Value> + Copy>(
    source: &impl Source,
    mark: release::Column,
    marks: &[(Place, ModelId, V)],
) -> Result<Vec<(Place, Candidate)>, Error> {
    if marks.is_empty() {
        return Ok(Vec::new());
    }
    let row = |(place, model, value): &(Place, ModelId, V)| -> Row<3> { [(*place).into(), (*model).into(), (*value).into()] };
    let [place, model, value] = wanted::columns();
    // Many models have the same tags.
    let mark = match mark {
        release::Column::Tag => Backend::not_looked_up(source.conn().get_database_backend(), col(mark)),
        mark => col(mark),
    };
    let on = Condition::all().add(col(release::Column::ModelId).eq(model)).add(mark.eq(value)).add(is_live());
    let query = wanted::join(candidates(source).expr_as(place, "place"), marks.iter().map(row).collect(), on);
    let rows: Vec<(ReleaseId, ModelId, Version, Quantization, Platform, ReleaseState, Place)> =
        query.into_tuple().all(source.conn()).await?;
    let candidate = |(id, model, version, quantization, platform, state, place)| {
        (place, Candidate { id, model, version, quantization, platform, state })
    };
    Ok(rows.into_iter().map(candidate).collect())
}

/// The active releases of these models.
///
/// # Errors
/// Those of the database.
pub async fn active(source: &impl Source, models: &HashSet<ModelId>) -> Result<Vec<Candidate>, Error> {
    if models.is_empty() {
        return Ok(Vec::new());
    }
    let of_them = release::Column::ModelId.is_in(models.iter().copied());
    let query = candidates(source).filter(of_them).filter(is_live()).filter(release::Column::State.eq(ReleaseState::Active));
    let rows: Vec<(ReleaseId, ModelId, Version, Quantization, Platform, ReleaseState)> =
        query.into_tuple().all(source.conn()).await?;
    let candidate =
        |(id, model, version, quantization, platform, state)| Candidate { id, model, version, quantization, platform, state };
    Ok(rows.into_iter().map(candidate).collect())
}

/// What the newest active release of a model is to have.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Latest<'a> {
    pub model: ModelId,
    pub quantization: Option<&'a Quantization>,
    pub platform: Option<&'a Platform>,
    pub environment: Option<&'a Environment>,
}

/// The newest active release for each place that has one.
///
/// # Errors
/// Those of the database.
pub async fn latest(source: &impl Source, latest: &[(Place, Latest<'_>)]) -> Result<Vec<(Place, ReleaseId)>, Error> {
    if latest.is_empty() {
        return Ok(Vec::new());
    }
    let row = |(place, latest): &(Place, Latest<'_>)| -> Row<5> {
        let Latest { model, quantization, platform, environment } = latest;
        let text = |text: Option<&str>| Value::String(text.map(str::to_owned));
        let (quantization, platform) = (quantization.map(Quantization::as_str), platform.map(Platform::as_str));
        [(*place).into(), (*model).into(), text(quantization), text(platform), text(environment.map(Environment::as_str))]
    };
    let on = Condition::all().add(col(release::Column::Id).eq(SimpleExpr::from(newest(source.conn().get_database_backend()))));
    let [place, ..] = wanted::columns::<5>();
    let query = visible::find::<release::Entity>(source).select_only().expr_as(place, "place").column(release::Column::Id);
    Ok(wanted::join(query, latest.iter().map(row).collect(), on).into_tuple().all(source.conn()).await?)
}

/// The id of the newest active release that has what is wanted: the first in the order of an index.
fn newest(dialect: DbBackend) -> SelectStatement {
    use release::Column::{CreateTime, DeleteTime, Id, ModelId, Platform, Quantization, State};
    let [_, model, quantization, platform, environment] = wanted::columns();
    let newer = |column: release::Column| Expr::col((NEWER, column));
    let runs = Expr::exists(
        running()
            .and_where(Expr::col(deployment::Column::ReleaseId).eq(newer(Id)))
            .and_where(deployments::environment(dialect).eq(environment.clone()))
            .take(),
    );
    Query::select()
        .column((NEWER, Id))
        .from_as(release::Entity, NEWER)
        .and_where(newer(ModelId).eq(model))
        .and_where(newer(DeleteTime).is_null())
        .and_where(newer(State).eq(ReleaseState::Active.as_str()))
        .and_where(wanted::same_if_given(newer(Quantization), quantization))
        .and_where(wanted::same_if_given(newer(Platform), platform))
        .and_where(environment.is_null().or(runs))
        .order_by((NEWER, CreateTime), Order::Desc)
        .order_by((NEWER, Id), Order::Desc)
        .limit(1)
        .take()
}

/// What the releases are called among which the newest is looked for.
const NEWER: &str = "newer";

/// What runs in these environments of these models, and where.
///
/// # Errors
/// Those of the database.
pub async fn running_in(
    source: &impl Source,
    models: &HashSet<ModelId>,
    environments: &HashSet<&Environment>,
) -> Result<HashSet<(ReleaseId, Environment)>, Error> {
    use deployment::Column::{Environment, ModelId, ReleaseId, State};
    let dialect = source.conn().get_database_backend();
    if models.is_empty() || environments.is_empty() {
        return Ok(HashSet::new());
    }
    let query = visible::find::<deployment::Entity>(source)
        .filter(ModelId.is_in(models.iter().copied()))
        .filter(State.eq(DeploymentState::Running))
        .filter(deployments::environment(dialect).is_in(environments.iter().map(|environment| environment.as_str())));
    let pairs = query.select_only().columns([ReleaseId, Environment]).distinct().into_tuple();
    Ok(pairs.all(source.conn()).await?.into_iter().collect())
}

fn running() -> SelectStatement {
    let is_running = deployment::Column::State.eq(DeploymentState::Running);
    Query::select().column(deployment::Column::Id).from(deployment::Entity).and_where(is_running).take()
}

fn candidates(source: &impl Source) -> Select<release::Entity> {
    use release::Column::{Id, ModelId, Platform, Quantization, State, Version};
    visible::find::<release::Entity>(source).select_only().columns([Id, ModelId, Version, Quantization, Platform, State])
}

fn is_live() -> SimpleExpr {
    release::Column::DeleteTime.is_null()
}

fn col(column: release::Column) -> SimpleExpr {
    Expr::col((release::Entity, column))
}
