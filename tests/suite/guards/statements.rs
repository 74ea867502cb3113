//! A call costs the same number of statements whatever the number of rows: counted, for each call, from what the
//! database driver logs inside the call's span.
//!
//! A test program of its own, because it listens to the whole process.

mod plans;

use registry_client::pb;
use registry_client::pb::resolve_release_request::{Latest, Selector};
use registry_tests::{Harness, given, on_every_database};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

type Statements = Arc<Mutex<HashMap<String, Vec<String>>>>;

/// What each call, by its request id, has asked its database.
#[derive(Clone)]
struct Count(Statements);

/// The request id of a call, as its span has it.
struct Call(String);

/// Takes one field out of a span or an event.
struct Take(&'static str, Option<String>);

impl Visit for Take {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == self.0 {
            self.1 = Some(format!("{value:?}").trim_matches('"').to_owned());
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Count {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut request_id = Take("request_id", None);
        attributes.record(&mut request_id);
        if let (Some(span), Some(request_id)) = (context.span(id), request_id.1) {
            span.extensions_mut().insert(Call(request_id));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "sqlx::query" {
            return;
        }
        let mut summary = Take("summary", None);
        event.record(&mut summary);
        let call = context
            .event_scope(event)
            .into_iter()
            .flatten()
            // What the writer does, it does in the trace of a call and for a batch of them.
            .take_while(|span| span.name() != "write")
            .find_map(|span| span.extensions().get::<Call>().map(|call| call.0.clone()));
        let call = call.unwrap_or_else(|| WRITER.to_owned());
        self.0.lock().unwrap().entry(call).or_default().push(summary.1.unwrap_or_default());
    }
}

/// Stands for the calls whose statements are asked by the writer, which serves them all.
const WRITER: &str = "";

/// What a server asks whether or not anybody writes: how far the registry has come, of a snapshot (the writer asks it once
/// more), and what others write.
const BY_ITSELF: [&str; 2] = [r#"SELECT \"registry_state\"."#, "LISTEN"];

/// Whoever counts what a writer asks is alone: that of another test would be counted too.
static WRITERS: RwLock<()> = RwLock::const_new(());

async fn alone() -> RwLockWriteGuard<'static, ()> {
    LazyLock::force(&COUNT);
    WRITERS.write().await
}

async fn with_others() -> RwLockReadGuard<'static, ()> {
    LazyLock::force(&COUNT);
    WRITERS.read().await
}

static COUNT: LazyLock<Count> = LazyLock::new(|| {
    let count = Count(Statements::default());
    tracing_subscriber::registry().with(count.clone()).with(plans::TOLD.clone()).init();
    count
});

impl Count {
    /// What the writer has asked since it was asked last, without what the server asks by itself.
    fn of_writer(&self) -> Vec<String> {
        let mut asked = self.of(WRITER);
        asked.retain(|statement| !BY_ITSELF.iter().any(|known| statement.starts_with(known)));
        asked
    }

    /// What the call of this name has asked. What a connection says when it is opened is not the call's, whichever
    /// call happens to need one more.
    fn of(&self, call: &str) -> Vec<String> {
        let mut asked = self.0.lock().unwrap().remove(call).unwrap_or_default();
        asked.retain(|statement| !["PRAGMA", "SET SESSION"].iter().any(|opening| statement.starts_with(opening)));
        asked
    }
}

const MANY: usize = 100;

/// Who calls with a key of his own.
struct Somebody {
    client: registry_client::Client,
}

/// As many models as a page has, each with tags, labels and two releases with labels.
async fn stock(registry: &Harness) -> (Vec<pb::Model>, Vec<pb::Release>) {
    let (mut models, mut releases) = (Vec::new(), Vec::new());
    for number in 0..MANY {
        let name = format!("model-{number}");
        let model =
            registry.client.create_model(&name, "s3://m").tags(["a", "b"]).label("k", "v").label("l", "w").send().await.unwrap();
        for version in ["1.0", "2.0"] {
            releases.push(
                registry.client.create_release(&name, version).digest(given::digest(1)).label("k", "v").send().await.unwrap(),
            );
        }
        given::artifact(registry, &name, "file").await;
        given::artifact(registry, &releases[releases.len() - 1], "file").await;
        models.push(model);
    }
    (models, releases)
}

/// The rows of a small write.
const FEW: usize = 10;
/// The rows of a large write.
const LOT: usize = 200;

/// A call for some number of rows, under a name.
macro_rules! counted {
    ($registry:ident, $name:expr, $request:expr, $items:ident) => {{
        let name = format!("{}-{}", $name, uuid::Uuid::now_v7().simple());
        let answer = $registry.client.call($request).correlation_id(&name).send().await.unwrap();
        (answer.$items.len(), COUNT.of(&name))
    }};
}

/// The same for a write: what the writer asks for it, its events and its commit included.
macro_rules! written {
    ($registry:ident, $request:expr) => {{
        COUNT.of_writer();
        let answer = $registry.client.call($request).send().await.unwrap();
        (answer, COUNT.of_writer())
    }};
}

/// One row and many rows cost the same, and not much.
fn assert_constant(what: &str, one: &(usize, Vec<String>), many: &(usize, Vec<String>)) {
    assert_eq!((one.0, many.0), (1, MANY), "{what}: rows");
    assert!(!one.1.is_empty(), "{what}: nothing was counted");
    assert_eq!(one.1.len(), many.1.len(), "{what}: {:#?}\n{:#?}", one.1, many.1);
    assert!(many.1.len() <= 8, "{what}: {:#?}", many.1);
}

/// A write of few rows and one of a lot cost the same, and not much.
fn assert_same(what: &str, few: &(usize, Vec<String>), lot: &(usize, Vec<String>)) {
    assert_eq!((few.0, lot.0), (FEW, LOT), "{what}: rows");
    assert!(!few.1.is_empty(), "{what}: nothing was counted");
    assert_eq!(few.1.len(), lot.1.len(), "{what}: {:#?}\n{:#?}", few.1, lot.1);
    assert!(lot.1.len() <= 28, "{what}: {:#?}", lot.1);
}

fn new_model(name: String) -> pb::CreateModelRequest {
    let labels = [("k".to_owned(), "v".to_owned()), ("l".to_owned(), "w".to_owned())].into();
    let tags = vec!["a".to_owned(), "b".to_owned()];
    let model = pb::Model { name, storage_path: "s3://m".to_owned(), tags, labels, ..Default::default() };
    pb::CreateModelRequest { model: Some(model), ..Default::default() }
}

fn new_release(of: String, version: usize, base: &str) -> pb::CreateReleaseRequest {
    let labels = [("k".to_owned(), "v".to_owned())].into();
    let (version, digest) = (version.to_string(), Some(given::digest(1)));
    let release = pb::Release { version, digest, labels, base_release_id: Some(base.to_owned()), ..Default::default() };
    let model_ref = Some(registry_client::ModelRef::by_name(of).into());
    pb::CreateReleaseRequest { model_ref, release: Some(release), ..Default::default() }
}

/// References of every kind to so many releases, for each with and without an environment.
fn references(releases: &[pb::Release], count: usize) -> Vec<pb::ResolveReleaseRequest> {
    let selectors = |release: &pb::Release| {
        [
            Selector::Alias("a".to_owned()),
            Selector::Version(release.version.clone()),
            Selector::Tag(release.tag.clone()),
            Selector::Digest(given::digest(1)),
            Selector::Number(release.number),
            Selector::Latest(Latest {}),
            Selector::Requirement("*".to_owned()),
        ]
    };
    let reference = |release: &pb::Release, selector, environment: Option<&str>| pb::ResolveReleaseRequest {
        model_ref: Some(registry_client::ModelRef::by_id(&release.model_id).into()),
        selector: Some(selector),
        environment: environment.map(str::to_owned),
        ..Default::default()
    };
    let of = |release| {
        let both =
            |selector: Selector| [None, Some("production")].map(|environment| reference(release, selector.clone(), environment));
        selectors(release).into_iter().flat_map(both).collect::<Vec<_>>()
    };
    releases.iter().step_by(2).take(count).flat_map(of).collect()
}

on_every_database! {
    async fn a_page_costs_a_constant_number_of_statements(database: Database) {
        let _others = with_others().await;
        let registry = &Harness::start(database).await;
        stock(registry).await;
        for view in [1, 2] {
            let models = |page_size| pb::ListModelsRequest { page_size, view, include_total_size: true, ..Default::default() };
            assert_constant("ListModels", &counted!(registry, "models", models(1), models), &counted!(registry, "models", models(100), models));
            let releases = |page_size| pb::ListReleasesRequest { page_size, view, include_total_size: true, ..Default::default() };
            assert_constant("ListReleases", &counted!(registry, "releases", releases(1), releases), &counted!(registry, "releases", releases(100), releases));
        }
        let artifacts = |page_size| pb::ListArtifactsRequest { page_size, include_total_size: true, ..Default::default() };
        assert_constant("ListArtifacts", &counted!(registry, "artifacts", artifacts(1), artifacts), &counted!(registry, "artifacts", artifacts(100), artifacts));
        let entries = |page_size| pb::ListAuditEntriesRequest { page_size, ..Default::default() };
        assert_constant("ListAuditEntries", &counted!(registry, "audit", entries(1), entries), &counted!(registry, "audit", entries(100), entries));
    }

    /// A limit is a condition: whoever has one asks as many questions as everybody, and none other.
    async fn a_limited_key_costs_no_more_statements(database: Database) {
        let _others = with_others().await;
        let registry = &Harness::start(database).await;
        stock(registry).await;
        let api_key = pb::ApiKey { name: "limited".to_owned(), model_name_prefixes: vec!["model-".to_owned()], ..Default::default() };
        let secret = registry.client.call(pb::CreateApiKeyRequest { api_key: Some(api_key) }).send().await.unwrap().secret;
        let limited = &Somebody { client: registry_tests::keys::client(registry.endpoint(), &secret).await };
        macro_rules! same {
            ($request:expr, $items:ident) => {{
                let (all, within) = (counted!(registry, "all", $request, $items), counted!(limited, "within", $request, $items));
                assert_eq!((all.0, all.1.len()), (within.0, within.1.len()), "{:#?}\n{:#?}", all.1, within.1);
            }};
        }
        limited.client.server_info().send().await.unwrap();
        same!(pb::ListModelsRequest { page_size: 10, view: 2, include_total_size: true, ..Default::default() }, models);
        same!(pb::ListReleasesRequest { page_size: 10, view: 2, include_total_size: true, ..Default::default() }, releases);
        same!(pb::ListArtifactsRequest { page_size: 10, include_total_size: true, ..Default::default() }, artifacts);
        same!(pb::ListReleaseAliasesRequest { page_size: 10, ..Default::default() }, aliases);
        same!(pb::ListDeploymentsRequest { page_size: 10, include_total_size: true, ..Default::default() }, deployments);
        same!(pb::ListEventsRequest { page_size: 10, ..Default::default() }, events);
    }

    async fn a_batch_costs_a_constant_number_of_statements(database: Database) {
        let _others = with_others().await;
        let registry = &Harness::start(database).await;
        let (models, releases) = stock(registry).await;
        let models = |count| {
            let by_id = |model: &pb::Model| registry_client::ModelRef::by_id(&model.id).into();
            pb::BatchGetModelsRequest { model_refs: models.iter().take(count).map(by_id).collect(), ..Default::default() }
        };
        assert_constant("BatchGetModels", &counted!(registry, "models", models(1), models), &counted!(registry, "models", models(MANY), models));
        let releases = |count| {
            let by_id = |release: &pb::Release| registry_client::ReleaseRef::by_id(&release.id).into();
            pb::BatchGetReleasesRequest { release_refs: releases.iter().take(count).map(by_id).collect(), ..Default::default() }
        };
        assert_constant("BatchGetReleases", &counted!(registry, "releases", releases(1), releases), &counted!(registry, "releases", releases(MANY), releases));
    }

    /// A page of releases costs the same, however many aliases point to them; and so does a page of aliases.
    async fn a_page_with_aliases_costs_a_constant_number_of_statements(database: Database) {
        let _others = with_others().await;
        let registry = &Harness::start(database).await;
        let (_, releases) = stock(registry).await;
        for release in &releases {
            for alias in ["a", "b"].map(|alias| format!("{alias}{}", release.number)) {
                given::alias(registry, release, &alias).await;
            }
        }
        let page = |page_size| pb::ListReleasesRequest { page_size, ..Default::default() };
        assert_constant("ListReleases", &counted!(registry, "releases", page(1), releases), &counted!(registry, "releases", page(100), releases));
        let page = |page_size| pb::ListReleaseAliasesRequest { page_size, ..Default::default() };
        assert_constant("ListReleaseAliases", &counted!(registry, "aliases", page(1), aliases), &counted!(registry, "aliases", page(100), aliases));
    }

    /// A page of deployments costs the same, however many of how many models; and so does what counts them.
    async fn a_page_of_deployments_costs_a_constant_number_of_statements(database: Database) {
        let _others = with_others().await;
        let registry = &Harness::start(database).await;
        let (_, releases) = stock(registry).await;
        for release in releases.iter().take(MANY) {
            given::deployment(registry, release, "production").await;
        }
        let page = |page_size| pb::ListDeploymentsRequest { page_size, include_total_size: true, ..Default::default() };
        assert_constant("ListDeployments", &counted!(registry, "deployments", page(1), deployments), &counted!(registry, "deployments", page(100), deployments));
        let filter = pb::ReleaseFilter { environments: vec!["production".to_owned()], ..Default::default() };
        let page = |page_size| pb::ListReleasesRequest { page_size, view: 2, filter: Some(filter.clone()), ..Default::default() };
        assert_constant("ListReleases", &counted!(registry, "releases", page(1), releases), &counted!(registry, "releases", page(100), releases));
    }

    /// However many are created by one call, of however many models.
    async fn a_batch_of_new_ones_costs_a_constant_number_of_statements(database: Database) {
        let _alone = alone().await;
        let registry = &Harness::start(database).await;
        macro_rules! created {
            ($request:expr, $items:ident) => {{
                let (answer, asked) = written!(registry, $request);
                (answer.$items.len(), asked)
            }};
        }
        let models = |of: &str, count| {
            let requests = (0..count).map(|number| new_model(format!("{of}-{number}"))).collect();
            pb::BatchCreateModelsRequest { requests, ..Default::default() }
        };
        assert_same("BatchCreateModels", &created!(models("few", FEW), models), &created!(models("lot", LOT), models));
        let base = given::release(registry, "lot-0", "base").await.id;
        let of_one = |of: &str, count| {
            let requests = (0..count).map(|number| new_release(of.to_owned(), number, &base)).collect();
            pb::BatchCreateReleasesRequest { requests, ..Default::default() }
        };
        assert_same("BatchCreateReleases, of one model", &created!(of_one("few-0", FEW), releases), &created!(of_one("lot-0", LOT), releases));
        let of_many = |of: &str, count| {
            let requests = (0..count).map(|number| new_release(format!("{of}-{number}"), 1000, &base)).collect();
            pb::BatchCreateReleasesRequest { requests, ..Default::default() }
        };
        assert_same("BatchCreateReleases, of many models", &created!(of_many("few", FEW), releases), &created!(of_many("lot", LOT), releases));
    }

    /// However many releases and artifacts a model is deleted with, brought back with, or removed with, and however often they
    /// were deployed.
    async fn a_deletion_costs_a_constant_number_of_statements(database: Database) {
        let _alone = alone().await;
        let registry = &Harness::start(database).await;
        for (name, count) in [("few", FEW), ("lot", LOT)] {
            given::model(registry, name).await;
            for release in given::releases(registry, name, 0..count).await {
                given::artifact(registry, &release, "file").await;
                given::terminated(registry, &release, "production").await;
            }
        }
        let of = |name: &str| Some(registry_client::ModelRef::by_name(name).into());
        let count = |count: i64| usize::try_from(count).unwrap();
        let delete = async |name| {
            let request = pb::DeleteModelRequest { model_ref: of(name), force: true, ..Default::default() };
            let (answer, asked) = written!(registry, request);
            (count(answer.deleted_release_count), asked)
        };
        let undelete = async |name| {
            let (answer, asked) = written!(registry, pb::UndeleteModelRequest { model_ref: of(name), ..Default::default() });
            (count(answer.model.unwrap().release_count.unwrap()), asked)
        };
        let purge = async |name, count| {
            let (_, asked) = written!(registry, pb::PurgeModelRequest { model_ref: of(name), ..Default::default() });
            (count, asked)
        };
        assert_same("DeleteModel", &delete("few").await, &delete("lot").await);
        assert_same("UndeleteModel", &undelete("few").await, &undelete("lot").await);
        assert_same("DeleteModel, again", &delete("few").await, &delete("lot").await);
        assert_same("PurgeModel", &purge("few", FEW).await, &purge("lot", LOT).await);
    }

    /// However many references of however many models, of every kind, with and without an environment: each kind asks its own.
    async fn references_cost_a_constant_number_of_statements(database: Database) {
        let _others = with_others().await;
        let registry = &Harness::start(database).await;
        let (_, releases) = stock(registry).await;
        for release in &releases {
            given::alias(registry, release, "a").await;
        }
        let resolve = |count| pb::BatchResolveReleasesRequest { requests: references(&releases, count) };
        let (few, lot) = (counted!(registry, "few", resolve(1), results), counted!(registry, "lot", resolve(10), results));
        assert_eq!((few.0, lot.0), (few.0, few.0 * 10));
        assert_eq!(few.1.len(), lot.1.len(), "{:#?}\n{:#?}", few.1, lot.1);
        assert!(lot.1.len() <= 16, "{:#?}", lot.1);
        let one = |selector| {
            let model_ref = Some(registry_client::ModelRef::by_name("model-1").into());
            pb::BatchResolveReleasesRequest { requests: vec![pb::ResolveReleaseRequest { model_ref, selector: Some(selector), ..Default::default() }] }
        };
        let alias = counted!(registry, "alias", one(Selector::Alias("a".to_owned())), results);
        assert!(alias.1.len() <= 6, "{:#?}", alias.1);
    }

    /// The row of a model or a release is all that is read of it.
    async fn a_single_read_is_one_statement(database: Database) {
        let _others = with_others().await;
        let registry = &Harness::start(database).await;
        given::model(registry, "erik").await;
        given::release(registry, "erik", "1.0").await;
        macro_rules! asked {
            ($request:expr) => {{
                let name = uuid::Uuid::now_v7().simple().to_string();
                registry.client.call($request).correlation_id(&name).send().await.unwrap();
                let mut asked = COUNT.of(&name);
                asked.retain(|statement| !statement.starts_with("BEGIN"));
                asked
            }};
        }
        let model_ref = || Some(registry_client::ModelRef::by_name("erik").into());
        let model = asked!(pb::GetModelRequest { model_ref: model_ref(), ..Default::default() });
        assert_eq!(model.len(), 1, "{model:#?}");
        let release_ref = Some(registry_client::ReleaseRef::from(registry_client::ReleaseRef::key("erik", "1.0")).into());
        let release = asked!(pb::GetReleaseRequest { release_ref, ..Default::default() });
        assert_eq!(release.len(), 1, "{release:#?}");
        let latest = Some(Selector::Latest(Latest {}));
        let latest = asked!(pb::ResolveReleaseRequest { model_ref: model_ref(), selector: latest, ..Default::default() });
        assert_eq!(latest.len(), 3, "{latest:#?}");
    }

    /// The counting counts: what is known to ask more asks more.
    async fn more_questions_are_counted(database: Database) {
        let _others = with_others().await;
        let registry = &Harness::start(database).await;
        given::model(registry, "erik").await;
        given::release(registry, "erik", "1.0").await;
        let reference = |selector| pb::ResolveReleaseRequest {
            model_ref: Some(registry_client::ModelRef::by_name("erik").into()),
            selector: Some(selector),
            ..Default::default()
        };
        let (version, number) = (reference(Selector::Version("1.0".to_owned())), reference(Selector::Number(1)));
        let one = pb::BatchResolveReleasesRequest { requests: vec![version.clone()] };
        let two = pb::BatchResolveReleasesRequest { requests: vec![version, number] };
        let (one, two) = (counted!(registry, "resolve", one, results).1, counted!(registry, "resolve", two, results).1);
        assert!(one.len() >= 3 && two.len() > one.len(), "{one:#?}\n{two:#?}");
    }
}
