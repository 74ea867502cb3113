//! A read costs the same number of statements whatever the number of rows: counted, for each call, from what the
//! database driver logs inside the call's span.
//!
//! A test program of its own, because it listens to the whole process.

use registry_client::pb;
use registry_tests::{Harness, given, on_every_database};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
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
            .find_map(|span| span.extensions().get::<Call>().map(|call| call.0.clone()));
        if let Some(call) = call {
            self.0.lock().unwrap().entry(call).or_default().push(summary.1.unwrap_or_default());
        }
    }
}

static COUNT: LazyLock<Count> = LazyLock::new(|| {
    let count = Count(Statements::default());
    tracing_subscriber::registry().with(count.clone()).init();
    count
});

impl Count {
    /// What the call of this name has asked.
    fn of(&self, call: &str) -> Vec<String> {
        self.0.lock().unwrap().remove(call).unwrap_or_default()
    }
}

const MANY: usize = 100;

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
        models.push(model);
    }
    (models, releases)
}

/// A call for some number of rows, under a name.
macro_rules! counted {
    ($registry:ident, $name:expr, $request:expr, $items:ident) => {{
        let name = format!("{}-{}", $name, uuid::Uuid::now_v7().simple());
        let answer = $registry.client.call($request).correlation_id(&name).send().await.unwrap();
        (answer.$items.len(), COUNT.of(&name))
    }};
}

/// One row and many rows cost the same, and not much.
fn assert_constant(what: &str, one: &(usize, Vec<String>), many: &(usize, Vec<String>)) {
    assert_eq!((one.0, many.0), (1, MANY), "{what}: rows");
    assert!(!one.1.is_empty(), "{what}: nothing was counted");
    assert_eq!(one.1.len(), many.1.len(), "{what}: {:#?}\n{:#?}", one.1, many.1);
    assert!(many.1.len() <= 8, "{what}: {:#?}", many.1);
}

on_every_database! {
    async fn a_page_costs_a_constant_number_of_statements(database: Database) {
        LazyLock::force(&COUNT);
        let registry = &Harness::start(database).await;
        stock(registry).await;
        for view in [1, 2] {
            let models = |page_size| pb::ListModelsRequest { page_size, view, include_total_size: true, ..Default::default() };
            assert_constant("ListModels", &counted!(registry, "models", models(1), models), &counted!(registry, "models", models(100), models));
            let releases = |page_size| pb::ListReleasesRequest { page_size, view, include_total_size: true, ..Default::default() };
            assert_constant("ListReleases", &counted!(registry, "releases", releases(1), releases), &counted!(registry, "releases", releases(100), releases));
        }
    }

    async fn a_batch_costs_a_constant_number_of_statements(database: Database) {
        LazyLock::force(&COUNT);
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

    /// The counting counts: what is known to ask more asks more.
    async fn more_questions_are_counted(database: Database) {
        LazyLock::force(&COUNT);
        let registry = &Harness::start(database).await;
        given::model(registry, "erik").await;
        given::release(registry, "erik", "1.0").await;
        let reference = pb::ResolveReleaseRequest {
            model_ref: Some(registry_client::ModelRef::by_name("erik").into()),
            selector: Some(pb::resolve_release_request::Selector::Version("1.0".to_owned())),
            ..Default::default()
        };
        let resolve = |count| pb::BatchResolveReleasesRequest { requests: vec![reference.clone(); count] };
        let (one, two) = (counted!(registry, "resolve", resolve(1), results).1, counted!(registry, "resolve", resolve(2), results).1);
        assert!(one.len() >= 3 && two.len() > one.len(), "{one:#?}\n{two:#?}");
    }
}
