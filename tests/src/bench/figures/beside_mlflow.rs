//! F12: the same registry work on MLflow's server, on the same core, in turns.

use crate::bench::load::{self, Call, Caller};
use crate::bench::mlflow::{self, Mlflow};
use crate::bench::place::Place;
use crate::bench::plain::{self, Ask, Asker};
use crate::bench::report::{Row, Target, number};
use crate::bench::rounds::Spread;
use crate::bench::server::Server;
use crate::bench::{Plan, programs};
use http::Method;
use registry_proto::v1 as pb;
use serde_json::json;
use uuid::Uuid;

/// How many callers there are, and how many models, each with a version, when they begin.
const CALLERS: u64 = 16;
const MODELS: u64 = 200;

/// What is done on both.
#[derive(Debug, Clone, Copy)]
enum Work {
    Create,
    Get,
    GetVersion,
    Search,
}

impl Work {
    const ALL: [Self; 4] = [Self::Get, Self::GetVersion, Self::Search, Self::Create];

    const fn name(self) -> &'static str {
        match self {
            Self::Create => "create a model",
            Self::Get => "get a model by name",
            Self::GetVersion => "get a version by model and version",
            Self::Search => "a page of 50 models",
        }
    }

    /// As the registry is asked for it.
    fn call(self, number: u64) -> Call {
        let named = || Some(pb::ModelRef { value: Some(pb::model_ref::Value::Name(name(number))) });
        match self {
            Self::Create => create(&fresh()),
            Self::Get => {
                Call::new("/modelregistry.v1.ModelService/GetModel", &pb::GetModelRequest { model_ref: named(), view: 0 })
            }
            Self::GetVersion => {
                let key = pb::release_ref::Name { model: name(number), version: "1.0.0".to_owned(), ..Default::default() };
                let release_ref = Some(pb::ReleaseRef { value: Some(pb::release_ref::Value::Name(key)) });
                Call::new(
                    "/modelregistry.v1.ReleaseService/GetRelease",
                    &pb::GetReleaseRequest { release_ref, ..Default::default() },
                )
            }
            Self::Search => {
                let request = pb::ListModelsRequest { page_size: 50, ..Default::default() };
                Call::new("/modelregistry.v1.ModelService/ListModels", &request)
            }
        }
    }

    /// As MLflow is.
    fn ask(self, number: u64) -> Ask {
        let name = name(number);
        let get = |path: String| Ask { method: Method::GET, path: format!("/api/2.0/mlflow/{path}"), body: String::new() };
        match self {
            Self::Create => create_there(&fresh()),
            Self::Get => get(format!("registered-models/get?name={name}")),
            Self::GetVersion => get(format!("model-versions/get?name={name}&version=1")),
            Self::Search => get("registered-models/search?max_results=50".to_owned()),
        }
    }
}

fn name(number: u64) -> String {
    format!("model-{number:03}")
}

fn create(name: &str) -> Call {
    let model = pb::Model { name: name.to_owned(), storage_path: format!("s3://models/{name}/"), ..Default::default() };
    Call::new("/modelregistry.v1.ModelService/CreateModel", &pb::CreateModelRequest { model: Some(model), ..Default::default() })
}

fn create_there(name: &str) -> Ask {
    let body = json!({ "name": name }).to_string();
    Ask { method: Method::POST, path: "/api/2.0/mlflow/registered-models/create".to_owned(), body }
}

pub(super) async fn run(plan: &Plan) -> Vec<Row> {
    let _ = programs::server();
    let environment = mlflow::install(&plan.kept);
    let version = mlflow::version(&environment);
    let mut rows = Vec::new();
    for kind in &plan.databases {
        let (here, there) = (Place::fresh(*kind).await, Place::fresh(*kind).await);
        // What it makes of an empty database is not counted, on either side.
        Server::registry(&here, &[]).stop().await;
        drop(Mlflow::start(&environment, &there));
        let (registry, mlflow) = (Server::registry(&here, &[]), Mlflow::start(&environment, &there));
        let kind = kind.name();
        let start = [registry.took().as_secs_f64() * 1e3, mlflow.took().as_secs_f64() * 1e3];
        rows.push(ratio(format!("cold start, {kind}"), "ms", start, 1.0 / 50.0).saw("beside it", version.clone()));
        fill(&registry, &mlflow).await;
        for work in Work::ALL {
            rows.extend(compare(plan, work, &registry, &mlflow, kind).await);
        }
        let (memory, processes) = mlflow.memory();
        let memory = ratio(format!("memory after that, {kind}"), "MiB", [registry.memory(), memory], 1.0 / 20.0);
        rows.push(memory.saw("processes of MLflow", processes.to_string()));
        registry.stop().await;
        drop(mlflow);
        here.remove().await;
        there.remove().await;
    }
    rows
}

/// A quantity of ours and of MLflow's.
fn ratio(work: String, unit: &'static str, [ours, theirs]: [f64; 2], most: f64) -> Row {
    Row {
        ratio: Some(Spread::of([ours / theirs])),
        beside: Some(("MLflow".to_owned(), Spread::of([theirs]))),
        ..Row::alone("F12", work, unit, Spread::of([ours]), Target::AtMost(most))
    }
}

/// The same models on both, each with a version.
async fn fill(registry: &Server, mlflow: &Mlflow) {
    let mut sender = load::connect(registry.address()).await.expect("a connection");
    for number in 0..MODELS {
        let named = Some(pb::ModelRef { value: Some(pb::model_ref::Value::Name(name(number))) });
        let digest = Some(crate::given::digest(number));
        let release = Some(pb::Release { version: "1.0.0".to_owned(), digest, ..Default::default() });
        let release = pb::CreateReleaseRequest { model_ref: named, release, ..Default::default() };
        let release = Call::new("/modelregistry.v1.ReleaseService/CreateRelease", &release);
        for call in [create(&name(number)), release] {
            sender = load::answered(sender, registry.address(), call).await.expect("an answer");
        }
    }
    let version = |number| {
        let body = json!({ "name": name(number), "source": format!("s3://models/{}/1", name(number)) }).to_string();
        Ask { method: Method::POST, path: "/api/2.0/mlflow/model-versions/create".to_owned(), body }
    };
    plain::each(mlflow.address(), (0..MODELS).flat_map(|number| [create_there(&name(number)), version(number)])).await;
}

/// Both in turns: how many in a second, and how long the slow ones take.
async fn compare(plan: &Plan, work: Work, registry: &Server, mlflow: &Mlflow, kind: &str) -> [Row; 2] {
    let [mut rates, mut theirs, mut late, mut theirs_late] = [const { Vec::new() }; 4];
    for round in 0..plan.rounds {
        for ours_now in [round % 2 == 0, round % 2 == 1] {
            if ours_now {
                let callers = (0..CALLERS).map(|caller| Box::new(turns(caller, move |number| work.call(number))) as Caller);
                let sample = load::run(registry, callers.collect(), plan.turn).await;
                rates.push(sample.rate());
                late.push(sample.percentile(0.99));
            } else {
                let askers = (0..CALLERS).map(|caller| Box::new(turns(caller, move |number| work.ask(number))) as Asker);
                let answers = plain::run(mlflow.address(), askers.collect(), plan.turn).await;
                theirs.push(answers.rate());
                theirs_late.push(answers.percentile(0.99));
            }
        }
    }
    let what = format!("{}, {CALLERS} callers, {kind}", work.name());
    let rate = Row {
        ratio: Some(Spread::of_ratios(&rates, &theirs)),
        beside: Some(("MLflow".to_owned(), Spread::of(theirs))),
        ..Row::alone("F12", what.clone(), "1/s", Spread::of(rates), Target::AtLeast(50.0))
    };
    let slow = Row {
        ratio: Some(Spread::of_ratios(&late, &theirs_late)),
        beside: Some(("MLflow".to_owned(), Spread::of(theirs_late.clone()))),
        ..Row::alone("F12", format!("{what}: p99"), "µs", Spread::of(late), Target::AtMost(1.0 / 20.0))
    };
    [rate.saw("rounds", number(f64::from(u32::try_from(plan.rounds).unwrap_or(u32::MAX)))), slow]
}

/// A name that nothing has; one that is a UUID would be taken for an id.
fn fresh() -> String {
    format!("model-{}", Uuid::now_v7().simple())
}

/// One model after the other, each caller beginning elsewhere.
fn turns<T>(caller: u64, make: impl Fn(u64) -> T) -> impl FnMut() -> T {
    let mut number = caller * MODELS / CALLERS;
    move || {
        number += 1;
        make(number % MODELS)
    }
}
