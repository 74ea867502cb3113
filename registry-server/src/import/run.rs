//! An import from its beginning to its end: what is read is written, portion by portion, and told in a report.
//!
//! Each portion is one write. An import that is broken off has written some of them; asked for again, it finds those and goes on.
//!
//! May not: know what is imported.

use super::report::Report;
use super::{Portion, System, Trouble};
use crate::api::imported::broken_rule;
use crate::domain::artifact::Parent;
use crate::domain::import::{OnConflict, Origin};
use crate::domain::{Caller, Clock, Context, Error, RequestId, Retention};
use crate::service::families::{self, Family, Member, Put, put_api_keys, put_audit_entries};
use crate::store::{Store, Subject, Unkeyed, UseCase, Written};
use std::sync::Arc;

/// How an import is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Nothing is written.
    pub dry_run: bool,
    /// What is done about what is there already.
    pub on_conflict: OnConflict,
}

/// Takes over what a system knows. `progress` is told of how many rows of how many are accounted for.
/// Gives the report in any case, and [`Trouble`] if it could not go on. What was written until then stays, and is in the report.
pub async fn run<S: System>(
    store: &Store,
    system: &mut S,
    options: Options,
    progress: impl Fn(u64, u64),
) -> (Report, Result<(), Trouble>) {
    let mut report = Report::of(system.described(), options.dry_run);
    let done = all(store, system, options, progress, &mut report).await;
    report.complete = done.is_ok();
    (report, done)
}

async fn all<S: System>(
    store: &Store,
    system: &mut S,
    options: Options,
    progress: impl Fn(u64, u64),
    report: &mut Report,
) -> Result<(), Trouble> {
    let counts = system.counts().await?;
    let total: u64 = counts.values().sum();
    report.counted(counts);
    while let Some(portion) = system.next().await? {
        let ctx = context::<S>(options);
        match portion {
            Portion::Family(family) => of_family(store, &ctx, *family, options, report).await?,
            Portion::ApiKeys(keys, changes) => {
                let rows = rows(&keys);
                let put = write(store, &ctx, (keys, options.on_conflict), put_api_keys).await.map_err(ended)?;
                report.members(&rows, &put, changes);
            }
            Portion::AuditEntries(entries, changes) => {
                let rows = rows(&entries);
                let put = write(store, &ctx, entries, put_audit_entries).await.map_err(ended)?;
                report.members(&rows, &put, changes);
            }
            Portion::Left(left) => report.rows(&left),
        }
        progress(report.accounted_for(), total);
    }
    let wrong = report.unaccounted();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Trouble(format!("a fault of this program: rows are missing in its own account ({})", wrong.join("; "))))
    }
}

/// Of which rows something is made.
fn rows<T>(members: &[Member<T>]) -> Vec<Origin> {
    members.iter().flat_map(|member| member.origins.clone()).collect()
}

/// Who imports holds the database in his hands, and keeps what was deleted as long as a server does that was told nothing else.
fn context<S: System>(options: Options) -> Context {
    let caller = Arc::new(Caller::import(S::NAME));
    Context::new(Clock::System, caller, RequestId::fresh(), Retention::default()).dry_run(options.dry_run)
}

async fn write<C: Send + Sync + 'static>(
    store: &Store,
    ctx: &Context,
    command: C,
    use_case: impl UseCase<C, Put>,
) -> Result<Put, Error> {
    let Written { answer: Unkeyed(put), .. } = store.write(ctx, command, use_case, |put, _| Unkeyed(put)).await?;
    Ok(put)
}

async fn of_family(store: &Store, ctx: &Context, family: Family, options: Options, report: &mut Report) -> Result<(), Trouble> {
    if let Some(rule) = first_broken_rule(&family) {
        report
            .failed(&family, &format!("a fault of this program: what it made of the rows breaks a rule of the contract: {rule}"));
        return Ok(());
    }
    let command = (family.clone(), options.on_conflict);
    match write(store, ctx, command, families::put).await {
        Ok(put) => report.family(&family, put),
        Err(error @ (Error::Exists { .. } | Error::LimitExceeded { .. })) => report.failed(&family, &error.to_string()),
        Err(error) => return Err(ended(error)),
    }
    Ok(())
}

/// Why it cannot go on.
fn ended(error: Error) -> Trouble {
    let cause = std::error::Error::source(&error).map(|cause| format!(" ({cause})")).unwrap_or_default();
    Trouble(format!(
        "the import ended early: {error}{cause}. What was written stays; asked for again, the import leaves it as it is and goes on"
    ))
}

/// What is written past the door keeps to the rules of the door.
fn first_broken_rule(family: &Family) -> Option<String> {
    let model = &family.model.row;
    let named = |what: &str, id: String, rule: String| format!("{what} {id}: {rule}");
    let of_model = broken_rule(Subject::Model(model)).map(|rule| named("model", model.row.id.to_string(), rule));
    of_model.or_else(|| {
        let releases = family.releases.iter().map(|member| member.row.shown(&model.row));
        let mut broken = releases.filter_map(|release| {
            broken_rule(Subject::Release(&release)).map(|rule| named("release", release.row.id.to_string(), rule))
        });
        broken.next().or_else(|| of_the_rest(family, named))
    })
}

fn of_the_rest(family: &Family, named: impl Fn(&str, String, String) -> String) -> Option<String> {
    let parent = || Parent::Model(family.model.row.row.name.clone());
    let artifacts = family.artifacts.iter().filter_map(|member| {
        let artifact = crate::store::artifacts::Artifact { row: member.row.clone(), parent: parent() };
        broken_rule(Subject::Artifact(&artifact)).map(|rule| named("artifact", artifact.row.id.to_string(), rule))
    });
    let aliases = family.aliases.iter().filter_map(|member| {
        let alias = crate::store::aliases::Alias { row: member.row.clone(), model: family.model.row.row.name.clone() };
        broken_rule(Subject::Alias(&alias)).map(|rule| named("alias", alias.row.alias.to_string(), rule))
    });
    let deployments = family.deployments.iter().filter_map(|member| {
        let of = family.releases.iter().find(|release| release.row.row.id == member.row.release_id);
        let release = of.map(|release| release.row.shown(&family.model.row.row))?;
        let release = crate::store::deployments::OfRelease {
            key: release.key(),
            state: release.row.state,
            delete_time: release.row.delete_time,
        };
        let deployment = crate::store::deployments::Deployment { row: member.row.clone(), release };
        broken_rule(Subject::Deployment(&deployment)).map(|rule| named("deployment", deployment.row.id.to_string(), rule))
    });
    artifacts.chain(aliases).chain(deployments).next()
}
