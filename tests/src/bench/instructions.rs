//! The guard: how many instructions the server spends on a call, counted by callgrind, beside what was recorded.
//!
//! Counts do not depend on how busy a machine is, so that a change that makes calls dear is seen where nothing can be timed. The server
//! is the one that the tests have built, without optimisation: what is compared is a call with itself. May not: be a reason to believe
//! that anything is fast.

use super::load::{self, Call};
use super::place::{Kind, Place};
use super::report::number;
use super::server::Server;
use registry_proto::v1 as pb;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// How many calls are counted of each kind.
const CALLS: u32 = 100;
/// How many models there are: more than calls that ask for another one each.
const MODELS: u32 = 250;
/// How much more than what was recorded is too much.
const BOUND: f64 = 1.5;

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kinds {
    SameModel,
    OtherModels,
    Page,
    Checked,
    Release,
}

impl Kinds {
    const ALL: [Self; 5] = [Self::SameModel, Self::OtherModels, Self::Page, Self::Checked, Self::Release];

    const fn name(self) -> &'static str {
        match self {
            Self::SameModel => "GetModel, the same one again",
            Self::OtherModels => "GetModel, another one each time",
            Self::Page => "ListModels, the first 50",
            Self::Checked => "CreateModel, validate_only",
            Self::Release => "CreateRelease",
        }
    }

    /// One of them; no two of the same number.
    fn call(self, number: u32) -> Call {
        let get = |model| {
            Call::new("/modelregistry.v1.ModelService/GetModel", &pb::GetModelRequest { model_ref: named(model), view: 0 })
        };
        match self {
            Self::SameModel => get(0),
            Self::OtherModels => get(number % MODELS),
            Self::Page => {
                let request = pb::ListModelsRequest { page_size: 50, ..Default::default() };
                Call::new("/modelregistry.v1.ModelService/ListModels", &request)
            }
            Self::Checked => {
                let request = pb::CreateModelRequest { validate_only: true, ..new_model(MODELS + number) };
                Call::new("/modelregistry.v1.ModelService/CreateModel", &request)
            }
            Self::Release => {
                let version = format!("1.0.{number}-{}", uuid::Uuid::now_v7().simple());
                let release = pb::Release { version, digest: Some(crate::given::digest(number.into())), ..Default::default() };
                let request =
                    pb::CreateReleaseRequest { model_ref: named(number % MODELS), release: Some(release), ..Default::default() };
                Call::new("/modelregistry.v1.ReleaseService/CreateRelease", &request)
            }
        }
    }
}

fn named(model: u32) -> Option<pb::ModelRef> {
    Some(pb::ModelRef { value: Some(pb::model_ref::Value::Name(name(model))) })
}

fn name(model: u32) -> String {
    format!("guard/model-{model}")
}

fn new_model(number: u32) -> pb::CreateModelRequest {
    let tags = (0..5).map(|tag| format!("tag-{tag}")).collect();
    let labels = (0..5).map(|label| (format!("label-{label}"), format!("value-{number}"))).collect();
    let model = pb::Model {
        name: name(number),
        storage_path: format!("s3://models/{}/", name(number)),
        description: Some("What the guard asks for, again and again.".to_owned()),
        company: Some("guard".to_owned()),
        tags,
        labels,
        ..Default::default()
    };
    pb::CreateModelRequest { model: Some(model), ..Default::default() }
}

/// Where what was recorded is.
fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json")
}

/// Counts, and writes that down for the next time.
///
/// # Errors
/// If the file cannot be written.
pub async fn record() -> Result<String, String> {
    let counted: Map<String, Value> =
        count().await.into_iter().map(|(kind, count)| (kind.name().to_owned(), json!(count))).collect();
    let text = format!("{:#}\n", Value::Object(counted));
    std::fs::write(recorded(), &text).map_err(|error| format!("{}: {error}", recorded().display()))?;
    Ok(text)
}

/// Counts, and compares. The table.
///
/// # Errors
/// The table, if a call costs too much more than what was recorded, or nothing was.
pub async fn compare() -> Result<String, String> {
    let known = std::fs::read_to_string(recorded()).map_err(|error| format!("{}: {error}", recorded().display()))?;
    let known: Value = serde_json::from_str(&known).map_err(|error| error.to_string())?;
    let (mut table, mut fine) = (format!("instructions a call, at most {BOUND} times what was recorded:\n"), true);
    for (kind, counted) in count().await {
        let before = known[kind.name()].as_u64().map_or(f64::NAN, float);
        let ratio = float(counted) / before;
        fine &= ratio <= BOUND;
        let verdict = if ratio <= BOUND { "" } else { "  TOO MUCH" };
        // Writing to a string does not fail.
        let _ = writeln!(table, "  {:32} {counted:>12}  {}{verdict}", kind.name(), number(ratio));
    }
    if fine { Ok(table) } else { Err(format!("{table}If that is what it has to cost: bench instructions --record")) }
}

/// Instructions of a call of each kind: those of a server that answers some of them, without those of one that answers one of each.
async fn count() -> Vec<(Kinds, u64)> {
    let place = Place::fresh(Kind::Sqlite).await;
    fill(&place).await;
    let without = counted(&place, None).await;
    let mut all = Vec::new();
    for kind in Kinds::ALL {
        let with = counted(&place, Some(kind)).await;
        all.push((kind, with.saturating_sub(without) / u64::from(CALLS)));
    }
    all
}

async fn fill(place: &Place) {
    let server = Server::tested(place, None);
    let requests = (0..MODELS).map(new_model).collect();
    let call = Call::new(
        "/modelregistry.v1.ModelService/BatchCreateModels",
        &pb::BatchCreateModelsRequest { requests, ..Default::default() },
    );
    let sender = load::connect(server.address()).await.expect("a connection");
    let sender = load::answered(sender, server.address(), call).await.expect("models");
    drop(sender);
    server.stop().await;
}

/// All instructions of a server from its start to its end, which answers one call of each kind, and then some of that one.
async fn counted(place: &Place, kind: Option<Kinds>) -> u64 {
    let said = place.directory().join("callgrind.log");
    let server = Server::tested(place, Some(&said));
    let mut sender = load::connect(server.address()).await.expect("a connection");
    let first = Kinds::ALL.iter().map(|kind| kind.call(0));
    let calls = first.chain(kind.into_iter().flat_map(|kind| (1..=CALLS).map(move |number| kind.call(number))));
    for call in calls {
        sender = load::answered(sender, server.address(), call).await.expect("an answer");
    }
    drop(sender);
    server.stop().await;
    let said = std::fs::read_to_string(said).expect("what callgrind says");
    let count = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    count.unwrap_or_else(|| panic!("callgrind has not counted: {said}"))
}

/// Exact up to 2^32 thousand.
fn float(count: u64) -> f64 {
    u32::try_from(count / 1000).map_or(f64::INFINITY, |thousands| f64::from(thousands) * 1000.0)
}
