//! How the databases carry out what a list asks: from an index and in its order, or it would cost more with every row.
//!
//! The statements are those that a server asks, caught from the log of its driver. Of SQLite the plan is asked for them; PostgreSQL tells
//! the plan of each with it (`auto_explain`). What cannot be so is in [`exceptions`], with the reason.

mod exceptions;
mod fill;
mod questions;

use super::{Call, Take, with_others};
use registry_client::pb;
use registry_tests::{Database, Fresh, Harness, keys, on_every_database};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// With what the ids of the calls begin of which the statements are kept.
const KEPT: &str = "plan-";
/// Tables that stay small whatever a registry holds: one row each, or a few.
const SMALL: [&str; 2] = ["registry_state", "imports"];

/// What each call has asked, or what the database has told of how it was done, as they came.
#[derive(Clone, Default)]
pub(super) struct Told(Arc<Mutex<HashMap<String, Vec<String>>>>);

pub(super) static TOLD: LazyLock<Told> = LazyLock::new(Told::default);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Told {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut text = match event.metadata().target() {
            "sqlx::query" => Take("db.statement", None),
            "sqlx::postgres::notice" => Take("message", None),
            _ => return,
        };
        event.record(&mut text);
        let call = context.event_scope(event).into_iter().flatten();
        let call = call.filter_map(|span| span.extensions().get::<Call>().map(|call| call.0.clone())).next();
        if let (Some(call), Some(text)) = (call.filter(|call| call.starts_with(KEPT)), text.1) {
            self.0
                .lock()
                .unwrap()
                .entry(call)
                .or_default()
                .push(text.replace("\\n", "\n").replace("\\\"", "\"").replace("\\t", "\t"));
        }
    }
}

/// A server on a database that is filled, and whoever asks it.
struct Filled {
    registry: Harness,
    sql: DatabaseConnection,
    /// Of each question, what is wrong with its plans.
    complaints: BTreeMap<String, Vec<String>>,
}

impl Filled {
    async fn start(database: Database) -> Self {
        let fresh = telling(database.fresh().await);
        let registry = Harness::on(database, fresh).await.expect("a server that starts");
        let registry = registry
            .restart_after(|db| async move { fill::fill(database, &db).await })
            .await
            .expect("a server that starts again");
        Self { sql: registry.sql().await, registry, complaints: BTreeMap::new() }
    }

    /// Looks at the plans of what a call has asked.
    async fn look(&mut self, question: &str, call: &str) {
        let told = TOLD.0.lock().unwrap().remove(call).unwrap_or_default();
        let mut complaints = Vec::new();
        let mut plans = 0;
        // Every server knows all keys: it reads them when it sees that one has changed, in whichever call.
        for text in told.into_iter().filter(|text| question.starts_with("keys") || !text.contains("FROM \"api_keys\"")) {
            let plan = match self.registry.database {
                Database::Sqlite => plan(&self.sql, &text).await,
                Database::Postgres => text.lines().map(str::to_owned).collect(),
            };
            if plan.is_empty() || (self.registry.database == Database::Postgres && !text.contains("plan:")) {
                continue;
            }
            plans += 1;
            let wrong = match self.registry.database {
                Database::Sqlite => wrong_on_sqlite(&plan),
                Database::Postgres => wrong_on_postgres(&plan),
            };
            if !wrong.is_empty() {
                complaints.push(format!("{}\n{}\n{}", wrong.join("; "), text.trim(), plan.join("\n")));
            }
        }
        assert!(plans > 0, "{question}: no plan was seen");
        self.complaints.entry(question.to_owned()).or_default().extend(complaints);
    }
}

/// A database whose server tells how it carries out each statement, and scans or sorts only if there is no index that would do: what is
/// cheapest for these rows is not what is looked for, and would change with them.
fn telling(fresh: Fresh) -> Fresh {
    fresh.with_session(&[
        ("session_preload_libraries", "auto_explain"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_level", "notice"),
        ("enable_seqscan", "off"),
        ("enable_bitmapscan", "off"),
        ("enable_sort", "off"),
    ])
}

async fn plan(sql: &DatabaseConnection, statement: &str) -> Vec<String> {
    let text = statement.trim();
    if !text.starts_with("SELECT") {
        return Vec::new();
    }
    let explain = Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {text}"));
    let rows = sql.query_all_raw(explain).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    rows.iter().map(|row| row.try_get::<String>("", "detail").expect("a line")).collect()
}

/// Only the outermost table may be walked, and only in the order of an index: the page ends the walk.
fn wrong_on_sqlite(plan: &[String]) -> Vec<String> {
    let wrong = |(place, line): (usize, &String)| {
        let small = SMALL.iter().any(|table| line.contains(table)) || line.contains("CONSTANT ROW") || line.contains("wanted");
        let scanned = line.starts_with("SCAN") && !small && (place > 0 || !line.contains("USING"));
        (scanned || line.contains("TEMP B-TREE") || line.contains("AUTOMATIC")).then(|| line.clone())
    };
    plan.iter().enumerate().filter_map(wrong).collect()
}

/// What comes in the order of the first column and is sorted by the second is sorted by handfuls: names are unique.
fn wrong_on_postgres(plan: &[String]) -> Vec<String> {
    let wrong = |line: &String| {
        let node = line.trim_start().trim_start_matches("->").trim_start();
        let small = SMALL.iter().any(|table| node.contains(table));
        let sorts = node.starts_with("Sort  (");
        ((node.starts_with("Seq Scan") && !small) || sorts).then(|| node.to_owned())
    };
    plan.iter().filter_map(wrong).collect()
}

/// The first page of a list and the one behind it.
macro_rules! ask {
    ($filled:ident, $question:expr, $request:expr) => {
        ask!($filled, $filled.registry.client, $question, $request)
    };
    ($filled:ident, $client:expr, $question:expr, $request:expr) => {{
        let (question, request) = ($question, $request);
        let mut page_token = String::new();
        for _ in 0..2 {
            let call = format!("{KEPT}{}", uuid::Uuid::now_v7().simple());
            let mut asked = request.clone();
            (asked.page_size, asked.page_token) = (20, page_token);
            let page =
                $client.call(asked).correlation_id(&call).send().await.unwrap_or_else(|error| panic!("{question}: {error}"));
            $filled.look(&question, &call).await;
            if page.next_page_token.is_empty() {
                break;
            }
            page_token = page.next_page_token;
        }
    }};
}

async fn models(filled: &mut Filled) {
    for order in 1..=5 {
        for (name, filter) in questions::of_models() {
            let request = pb::ListModelsRequest { order, filter: Some(filter), ..Default::default() };
            ask!(filled, format!("models, order {order}, {name}"), request);
        }
        let whole = pb::ListModelsRequest { order, view: 2, show_deleted: true, ..Default::default() };
        ask!(filled, format!("models, order {order}, whole"), whole);
    }
}

async fn releases(filled: &mut Filled) {
    for (of, model_ref) in questions::models() {
        // By version only those of one model can be listed.
        let orders = if model_ref.is_some() { 1..=3 } else { 1..=2 };
        for order in orders {
            for (name, filter) in questions::of_releases() {
                let request =
                    pb::ListReleasesRequest { order, model_ref: model_ref.clone(), filter: Some(filter), ..Default::default() };
                ask!(filled, format!("releases, {of}, order {order}, {name}"), request);
            }
            let whole = pb::ListReleasesRequest {
                order,
                model_ref: model_ref.clone(),
                view: 2,
                show_deleted: true,
                ..Default::default()
            };
            ask!(filled, format!("releases, {of}, order {order}, whole"), whole);
        }
    }
}

async fn artifacts(filled: &mut Filled) {
    for (of, model_ref) in questions::models() {
        for (name, filter) in questions::of_artifacts() {
            let request = pb::ListArtifactsRequest { model_ref: model_ref.clone(), filter: Some(filter), ..Default::default() };
            ask!(filled, format!("artifacts, {of}, {name}"), request);
        }
    }
    ask!(
        filled,
        "artifacts, of a release, none".to_owned(),
        pb::ListArtifactsRequest { release_ref: questions::release(), ..Default::default() }
    );
}

async fn deployments(filled: &mut Filled) {
    for (of, model_ref) in questions::models() {
        for order in 1..=2 {
            for (name, filter) in questions::of_deployments() {
                let request = pb::ListDeploymentsRequest {
                    order,
                    model_ref: model_ref.clone(),
                    filter: Some(filter),
                    ..Default::default()
                };
                ask!(filled, format!("deployments, {of}, order {order}, {name}"), request);
            }
        }
    }
    ask!(
        filled,
        "deployments, of a release, none".to_owned(),
        pb::ListDeploymentsRequest { release_ref: questions::release(), ..Default::default() }
    );
}

async fn aliases(filled: &mut Filled) {
    for (of, model_ref) in questions::models() {
        ask!(filled, format!("aliases, {of}, none"), pb::ListReleaseAliasesRequest { model_ref, ..Default::default() });
    }
    ask!(
        filled,
        "aliases, of a release, none".to_owned(),
        pb::ListReleaseAliasesRequest { release_ref: questions::release(), ..Default::default() }
    );
    let model_ref = Some(registry_client::ModelRef::by_id(questions::model_id(1)).into());
    let history = pb::ListReleaseAliasHistoryRequest { model_ref, alias: "production".to_owned(), ..Default::default() };
    ask!(filled, "moves, of an alias, none".to_owned(), history);
}

async fn others(filled: &mut Filled) {
    for (name, filter) in questions::of_entries() {
        ask!(filled, format!("audit, all, {name}"), pb::ListAuditEntriesRequest { filter: Some(filter), ..Default::default() });
    }
    ask!(filled, "keys, all, none".to_owned(), pb::ListApiKeysRequest::default());
    for state in 1..=4 {
        ask!(filled, format!("keys, all, state {state}"), pb::ListApiKeysRequest { states: vec![state], ..Default::default() });
    }
    for (name, filter) in questions::of_events() {
        let call = format!("{KEPT}{}", uuid::Uuid::now_v7().simple());
        let request = pb::ListEventsRequest { after_revision: 5000, page_size: 20, filter: Some(filter), ..Default::default() };
        filled.registry.client.call(request).correlation_id(&call).send().await.expect("events");
        filled.look(&format!("events, all, {name}"), &call).await;
    }
}

/// What somebody is shown who may see only a part.
async fn within(filled: &mut Filled) {
    let api_key = pb::ApiKey { name: "within".to_owned(), model_name_prefixes: vec!["model-1".to_owned()], ..Default::default() };
    let secret = filled.registry.client.call(pb::CreateApiKeyRequest { api_key: Some(api_key) }).send().await.unwrap().secret;
    let limited = keys::client(filled.registry.endpoint(), &secret).await;
    for order in 1..=5 {
        ask!(filled, limited, format!("models, order {order}, within"), pb::ListModelsRequest { order, ..Default::default() });
    }
    for order in 1..=2 {
        ask!(
            filled,
            limited,
            format!("releases, all, order {order}, within"),
            pb::ListReleasesRequest { order, ..Default::default() }
        );
    }
    ask!(filled, limited, "artifacts, all, within".to_owned(), pb::ListArtifactsRequest::default());
    ask!(filled, limited, "deployments, all, order 0, within".to_owned(), pb::ListDeploymentsRequest::default());
    ask!(filled, limited, "aliases, all, within".to_owned(), pb::ListReleaseAliasesRequest::default());
}

on_every_database! {
    /// No page of any list reads a table from its beginning to its end, or sorts what it has read, but those that are said to.
    async fn every_page_is_read_from_an_index_in_its_order(database: Database) {
        let _others = with_others().await;
        let mut filled = Filled::start(database).await;
        models(&mut filled).await;
        releases(&mut filled).await;
        artifacts(&mut filled).await;
        deployments(&mut filled).await;
        aliases(&mut filled).await;
        others(&mut filled).await;
        within(&mut filled).await;
        exceptions::compare(database, &filled.complaints);
    }
}

/// The looking sees: what has no index is complained of.
#[test]
fn a_scan_and_a_sort_are_seen() {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert_eq!(wrong_on_sqlite(&lines(&["SCAN releases USING INDEX ix", "SEARCH models USING INDEX pk (id=?)"])), lines(&[]));
    assert_eq!(wrong_on_sqlite(&lines(&["SCAN releases"])).len(), 1);
    assert_eq!(wrong_on_sqlite(&lines(&["SEARCH a USING INDEX x (y=?)", "SCAN b USING INDEX z"])).len(), 1);
    assert_eq!(wrong_on_sqlite(&lines(&["SEARCH a USING INDEX x (y=?)", "USE TEMP B-TREE FOR ORDER BY"])).len(), 1);
    assert_eq!(wrong_on_postgres(&lines(&["  ->  Index Scan using ix on models"])), lines(&[]));
    assert_eq!(
        wrong_on_postgres(&lines(&["Limit", "  ->  Sort  (cost=1)", "        ->  Seq Scan on models  (cost=1)"])).len(),
        2
    );
}
