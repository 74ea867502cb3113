//! Filters as SQL conditions. Every value is bound, every word of text is literal.

use super::backend::Backend;
use super::entity::{artifact, audit_entry, deployment, model, model_label, model_tag, release, release_label};
use super::{deployments, labels};
use crate::domain::audit::AuditFilter;
use crate::domain::deployment::DeploymentFilter;
use crate::domain::filter::{ArtifactFilter, ModelFilter, ReleaseFilter, TimeRange};
use sea_orm::sea_query::{Cond, Condition, Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, DbBackend};

/// The condition of a filter on models.
pub(super) fn models(filter: &ModelFilter) -> Condition {
    use model::Column;
    let ModelFilter {
        companies,
        base_models,
        parameter_counts,
        server_types,
        sources,
        tags_all,
        tags_any,
        tags_none,
        is_custom_base_model,
        requires_gpu,
        name_prefix,
        text_query,
        create_time,
        update_time,
        tasks,
        labels,
        any_of,
        none_of,
    } = filter;
    let id = || col(Column::Id);
    let mut all = Cond::all()
        .add_option(one_of(Column::Company, companies))
        .add_option(one_of(Column::BaseModel, base_models))
        .add_option(one_of(Column::ParameterCount, parameter_counts))
        .add_option(one_of(Column::ServerType, server_types))
        .add_option(one_of(Column::Task, tasks))
        .add_option((!sources.is_empty()).then(|| Column::Source.is_in(sources.iter().copied())))
        .add_option(is_custom_base_model.map(|flag| Column::IsCustomBaseModel.eq(flag)))
        .add_option(requires_gpu.map(|flag| Column::RequiresGpu.eq(flag)))
        .add_option((!tags_any.is_empty()).then(|| id().in_subquery(tagged(tags_any))))
        .add_option((!tags_none.is_empty()).then(|| id().not_in_subquery(tagged(tags_none))))
        .add(prefix(Column::Name, name_prefix))
        .add(within(Column::CreateTime, *create_time))
        .add(within(Column::UpdateTime, *update_time));
    for tag in tags_all {
        all = all.add(id().in_subquery(tagged(std::slice::from_ref(tag))));
    }
    if !text_query.is_empty() {
        let searched = [Column::Name, Column::Description, Column::Repository, Column::Company, Column::BaseModel];
        all = all.add(text(&searched, text_query));
    }
    let table = labels::Table {
        owner: model_label::Column::ModelId,
        key: model_label::Column::Key,
        value: model_label::Column::Value,
        hash: model_label::Column::ValueHash,
    };
    for selector in labels {
        all = all.add(labels::meets::<model_label::Entity, _>((model::Entity, Column::Id), &table, selector));
    }
    nested(all, any_of, none_of, models)
}

/// The condition of a filter on releases that are joined with their models.
pub(super) fn releases(dialect: DbBackend, filter: &ReleaseFilter) -> Condition {
    use release::Column;
    let ReleaseFilter {
        versions,
        tags,
        digests,
        quantizations,
        platforms,
        states,
        companies,
        create_time,
        text_query,
        environments,
        labels,
        base_release_ids,
        any_of,
        none_of,
    } = filter;
    let mut all = Cond::all()
        .add_option(one_of(Column::Version, versions))
        .add_option(one_of(Column::Tag, tags))
        .add_option(one_of(Column::Digest, digests))
        .add_option(one_of(Column::Quantization, quantizations))
        .add_option(one_of(Column::Platform, platforms))
        .add_option(one_of(model::Column::Company, companies))
        .add_option((!states.is_empty()).then(|| Column::State.is_in(states.iter().copied())))
        .add_option((!base_release_ids.is_empty()).then(|| Column::BaseReleaseId.is_in(base_release_ids.iter().copied())))
        .add(within(Column::CreateTime, *create_time));
    if !environments.is_empty() {
        all = all.add(deployments::runs_in(dialect, environments.iter().map(String::as_str)));
    }
    if !text_query.is_empty() {
        all = all.add(text(&[Column::Version, Column::Tag, Column::ReleaseNotes], text_query));
    }
    let table = labels::Table {
        owner: release_label::Column::ReleaseId,
        key: release_label::Column::Key,
        value: release_label::Column::Value,
        hash: release_label::Column::ValueHash,
    };
    for selector in labels {
        all = all.add(labels::meets::<release_label::Entity, _>((release::Entity, Column::Id), &table, selector));
    }
    nested(all, any_of, none_of, |filter| releases(dialect, filter))
}

/// The condition of a filter on artifacts.
pub(super) fn artifacts(filter: &ArtifactFilter) -> Condition {
    use artifact::Column;
    let ArtifactFilter { artifact_types, platforms, python_versions, checksums, name_prefix } = filter;
    Cond::all()
        .add_option(one_of(Column::ArtifactType, artifact_types))
        .add_option(one_of(Column::Platform, platforms))
        .add_option(one_of(Column::PythonVersion, python_versions))
        .add_option(one_of(Column::Checksum, checksums))
        .add(prefix(Column::Name, name_prefix))
}

/// The condition of a filter on deployments that are joined with their models.
pub(super) fn deployments(filter: &DeploymentFilter) -> Condition {
    use deployment::Column;
    let DeploymentFilter { environments, states, healths, kinds, clusters, k8s_namespaces, companies, deployed_by, deploy_time } =
        filter;
    Cond::all()
        .add_option(one_of(Column::Environment, environments))
        .add_option((!states.is_empty()).then(|| Column::State.is_in(states.iter().copied())))
        .add_option((!healths.is_empty()).then(|| Column::Health.is_in(healths.iter().copied())))
        .add_option((!kinds.is_empty()).then(|| Column::Kind.is_in(kinds.iter().copied())))
        .add_option(one_of(Column::Cluster, clusters))
        .add_option(one_of(Column::K8sNamespace, k8s_namespaces))
        .add_option(one_of(model::Column::Company, companies))
        .add_option(one_of(Column::DeployedBy, deployed_by))
        .add(within(Column::DeployTime, *deploy_time))
}

/// The condition of a filter on entries of the audit log.
pub(super) fn audit_entries(filter: &AuditFilter) -> Condition {
    use audit_entry::Column;
    let AuditFilter { methods, api_keys, kinds, resource_ids, succeeded, create_time, actors } = filter;
    Cond::all()
        .add_option(one_of(Column::Method, methods))
        .add_option((!api_keys.is_empty()).then(|| Column::ApiKeyId.is_in(api_keys.iter().copied())))
        .add_option((!kinds.is_empty()).then(|| Column::ResourceKind.is_in(kinds.iter().copied())))
        .add_option(one_of(Column::ResourceId, resource_ids))
        .add_option(succeeded.map(|succeeded| if succeeded { Column::Code.eq(0) } else { Column::Code.ne(0) }))
        .add_option(one_of(Column::Actor, actors))
        .add(within(Column::CreateTime, *create_time))
}

/// The alternatives and exclusions of a filter. A NULL makes a condition unknown, and what is unknown is not
/// a match: an exclusion lets such a row through.
fn nested<F>(mut all: Condition, any_of: &[F], none_of: &[F], condition: impl Fn(&F) -> Condition) -> Condition {
    if !any_of.is_empty() {
        all = all.add(any_of.iter().fold(Cond::any(), |any, filter| any.add(matching(filter, &condition))));
    }
    none_of.iter().fold(all, |all, filter| all.add(Backend::not_true(matching(filter, &condition))))
}

/// An empty filter matches every row, and says so.
fn matching<F>(filter: &F, condition: &impl Fn(&F) -> Condition) -> SimpleExpr {
    let condition = condition(filter);
    if condition.is_empty() { Expr::cust("1 = 1") } else { condition.into() }
}

fn col<C: ColumnTrait>(column: C) -> SimpleExpr {
    Expr::col(column.as_column_ref())
}

fn one_of<C: ColumnTrait>(column: C, values: &[String]) -> Option<SimpleExpr> {
    (!values.is_empty()).then(|| column.is_in(values.iter().map(String::as_str)))
}

fn within<C: ColumnTrait>(column: C, range: TimeRange) -> Condition {
    let TimeRange { from, before } = range;
    Cond::all().add_option(from.map(|time| column.gte(time))).add_option(before.map(|time| column.lt(time)))
}

/// A range and not LIKE: it is answered from the index, and no character of it is special. The last character there is ends the range.
/// No name of a model has it, so that for what a key may see the range is exact; the name of an artifact could have it, though it is
/// no character of any script, and is not found by what comes before it.
pub(super) fn prefix<C: ColumnTrait>(column: C, prefix: &str) -> Condition {
    if prefix.is_empty() {
        return Cond::all();
    }
    Cond::all().add(column.gte(prefix)).add(column.lt(format!("{prefix}\u{10ffff}")))
}

fn text<C: ColumnTrait>(columns: &[C], query: &str) -> Condition {
    columns.iter().fold(Cond::any(), |any, column| any.add(Backend::contains(col(*column), query)))
}

/// The models that have one of these tags.
fn tagged(tags: &[String]) -> SelectStatement {
    Query::select()
        .column(model_tag::Column::ModelId)
        .from(model_tag::Entity)
        .and_where(model_tag::Column::Tag.is_in(tags.iter().map(String::as_str)))
        .take()
}
