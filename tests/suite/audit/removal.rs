//! What the audit log forgets: what is old, and of what strangers could fill it with, what is too much.

use registry_server::domain::name::Actor;
use registry_server::domain::{AuditEntryId, Revision, Timestamp};
use registry_server::serve::Settings;
use registry_server::store::entity::audit_entry::{ActiveModel, Column, Entity, Model};
use registry_tests::{Harness, audited, given, on_every_database, wait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MOMENT: Duration = Duration::from_micros(1);
/// Longer than the registry can take to look once more.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many refusals of strangers are kept.
const STRANGERS: i64 = 10_000;

fn busy(settings: &mut Settings) {
    settings.housekeeping = Duration::from_millis(20);
}

/// The revisions of the changes that the log tells of, the newest first.
async fn revisions(registry: &Harness) -> Vec<i64> {
    audited::entries(registry).await.into_iter().filter_map(|entry| entry.revision).collect()
}

async fn become_of(registry: &Harness, expected: &[i64]) {
    wait::until(format!("{expected:?} are left"), PATIENCE, || async { (revisions(registry).await == expected).then_some(()) })
        .await;
}

/// A change, after which an entry as old as the ones before has been looked at by the registry once more.
async fn kept_for(time: Duration, registry: &Harness) {
    given::model(registry, "older").await;
    registry.advance(MOMENT);
    given::model(registry, "newer").await;
    registry.advance(time - MOMENT);
    given::model(registry, "mark").await;
    assert_eq!(revisions(registry).await, [3, 2, 1], "nothing is older than that");
    registry.advance(MOMENT);
    become_of(registry, &[3, 2]).await;
    registry.advance(MOMENT);
    become_of(registry, &[3]).await;
}

/// A row of the log, behind the server's back.
fn row(at: i64, actor: &str, code: i32) -> Model {
    Model {
        id: AuditEntryId::from(uuid::Uuid::now_v7()),
        create_time: Timestamp::from_micros(at),
        method: "modelregistry.v1.ModelService/CreateModel".to_owned(),
        code,
        error_reason: None,
        actor: actor.parse::<Actor>().unwrap(),
        api_key_id: None,
        api_key_name: None,
        resource_kind: None,
        resource_id: None,
        resource_name: None,
        revision: (code == 0).then_some(Revision::new(1)),
        request_id: at.to_string(),
        client_address: None,
        user_agent: None,
        changed_fields: String::new(),
        call_count: 1,
        imported_details: None,
    }
}

on_every_database! {
    /// Unless the server is told otherwise, an entry is kept for 90 days, and the server says so.
    async fn an_entry_is_kept_for_90_days(database: Database) {
        let registry = &Harness::with(database, busy).await;
        let limits = registry.client.server_info().send().await.unwrap().limits.unwrap();
        assert_eq!(Duration::try_from(limits.audit_retention.unwrap()).unwrap(), 90 * DAY);
        kept_for(90 * DAY, registry).await;
    }

    /// Or for as long as it is told.
    async fn an_entry_is_kept_for_as_long_as_the_server_is_told(database: Database) {
        let registry = &Harness::with(database, |settings| {
            busy(settings);
            settings.retention.audit = 2 * DAY;
        })
        .await;
        kept_for(2 * DAY, registry).await;
    }

    /// Of strangers who were refused, the newest ten thousand are kept. Whoever had a key stays, and so does what was done.
    async fn strangers_do_not_fill_the_log(database: Database) {
        let registry = &Harness::with(database, busy).await;
        let now = registry.clock.now().micros();
        let strangers = (0..STRANGERS + 4100).map(|number| row(now + number, "anonymous", 16));
        let others = [row(now - 3, "anonymous", 0), row(now - 2, "viewer", 7), row(now - 1, "cert:viewer", 7)];
        let rows: Vec<ActiveModel> = others.into_iter().chain(strangers).map(IntoActiveModel::into_active_model).collect();
        let db = registry.sql().await;
        for rows in rows.chunks(1000) {
            Entity::insert_many(rows.to_vec()).exec_without_returning(&db).await.unwrap();
        }
        let strangers = || Entity::find().filter(Column::Actor.eq("anonymous")).filter(Column::Code.ne(0));
        let few = async || (i64::try_from(strangers().count(&db).await.unwrap()).unwrap() <= STRANGERS).then_some(());
        wait::until("few enough are left", PATIENCE, few).await;
        assert_eq!(i64::try_from(strangers().count(&db).await.unwrap()).unwrap(), STRANGERS);
        let oldest = strangers().order_by_asc(Column::CreateTime).one(&db).await.unwrap().unwrap();
        assert_eq!(oldest.create_time.micros(), now + 4100, "the oldest went first");
        let others = Entity::find().filter(Column::CreateTime.lt(now)).order_by_asc(Column::CreateTime).all(&db).await.unwrap();
        let others: Vec<_> = others.iter().map(|entry| (entry.actor.as_str(), entry.code)).collect();
        assert_eq!(others, [("anonymous", 0), ("viewer", 7), ("cert:viewer", 7)]);
    }
}
