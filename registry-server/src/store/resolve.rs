//! Which releases of a model a reference may stand for.

use super::entity::release;
use super::{Source, deployments, visible};
use crate::domain::name::{Environment, Platform, Quantization};
use crate::domain::release::ReleaseState;
use crate::domain::{Error, ModelId, ReleaseId};
use sea_orm::{ColumnTrait, Condition, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

/// Which releases of a model a reference may stand for.
#[derive(Debug, Clone)]
pub struct Candidates {
    conditions: Condition,
}

impl Candidates {
    /// The live releases of a model that meet the constraints.
    #[must_use]
    pub fn of(
        model: ModelId,
        quantization: Option<&Quantization>,
        platform: Option<&Platform>,
        environment: Option<&Environment>,
    ) -> Self {
        let conditions = Condition::all()
            .add(release::Column::ModelId.eq(model))
            .add(release::Column::DeleteTime.is_null())
            .add_option(quantization.map(|value| release::Column::Quantization.eq(value)))
            .add_option(platform.map(|value| release::Column::Platform.eq(value)))
            .add_option(environment.map(|value| deployments::runs_in([value.as_str()])));
        Self { conditions }
    }

    /// The one with this id.
    #[must_use]
    pub fn id(self, id: ReleaseId) -> Self {
        self.and(Condition::all().add(release::Column::Id.eq(id)))
    }

    /// Those with this version.
    #[must_use]
    pub fn version(self, version: &str) -> Self {
        self.and(Condition::all().add(release::Column::Version.eq(version)))
    }

    /// Those with this image tag.
    #[must_use]
    pub fn tag(self, tag: &str) -> Self {
        self.and(Condition::all().add(release::Column::Tag.eq(tag)))
    }

    /// Those with this digest.
    #[must_use]
    pub fn digest(self, digest: &str) -> Self {
        self.and(Condition::all().add(release::Column::Digest.eq(digest)))
    }

    /// The one with this number.
    #[must_use]
    pub fn number(self, number: i64) -> Self {
        self.and(Condition::all().add(release::Column::Number.eq(number)))
    }

    fn in_state(self, state: ReleaseState) -> Self {
        self.and(Condition::all().add(release::Column::State.eq(state)))
    }

    fn not_yanked(self) -> Self {
        self.and(Condition::all().add(release::Column::State.ne(ReleaseState::Yanked)))
    }

    fn and(mut self, condition: Condition) -> Self {
        self.conditions = self.conditions.add(condition);
        self
    }

    /// The newest active one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn latest(self, source: &impl Source) -> Result<Option<ReleaseId>, Error> {
        let newest = visible::find::<release::Entity>(source)
            .filter(self.in_state(ReleaseState::Active).conditions)
            .order_by_desc(release::Column::CreateTime)
            .order_by_desc(release::Column::Id);
        Ok(newest.select_only().column(release::Column::Id).into_tuple().one(source.conn()).await?)
    }

    /// The active ones, with their versions.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn active_versions(self, source: &impl Source) -> Result<Vec<(ReleaseId, String)>, Error> {
        let active = visible::find::<release::Entity>(source).filter(self.in_state(ReleaseState::Active).conditions);
        Ok(active.select_only().columns([release::Column::Id, release::Column::Version]).into_tuple().all(source.conn()).await?)
    }

    /// Those that may be used, oldest first: their ids, up to `limit` of them, and how many there are.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn usable(self, source: &impl Source, limit: u64) -> Result<(Vec<ReleaseId>, usize), Error> {
        let usable = visible::find::<release::Entity>(source).filter(self.not_yanked().conditions);
        let ids = usable.clone().order_by_asc(release::Column::Id).select_only().column(release::Column::Id).limit(limit);
        let ids: Vec<ReleaseId> = ids.into_tuple().all(source.conn()).await?;
        let count =
            if ids.len() > 1 { usize::try_from(usable.count(source.conn()).await?).unwrap_or(usize::MAX) } else { ids.len() };
        Ok((ids, count))
    }

    /// Whether one of them was yanked.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn any_yanked(self, source: &impl Source) -> Result<bool, Error> {
        let yanked = visible::find::<release::Entity>(source).filter(self.in_state(ReleaseState::Yanked).conditions);
        let one: Option<ReleaseId> = yanked.select_only().column(release::Column::Id).into_tuple().one(source.conn()).await?;
        Ok(one.is_some())
    }
}
