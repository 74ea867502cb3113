//! F5: pages of lists, at any depth.

use crate::bench::Plan;
use crate::bench::data::{self, Names};
use crate::bench::load::{self, Call, Caller, Sample};
use crate::bench::place::Place;
use crate::bench::report::{Row, Target};
use crate::bench::rounds::{Spread, middle};
use crate::bench::server::Server;
use crate::keys;
use registry_client::Client;
use registry_proto::v1 as pb;
use registry_proto::v1::label_selector::Condition;
use registry_proto::v1::{list_models_request, list_releases_request};

/// How many are on a page.
const PAGE: i32 = 50;
/// How many are passed at a time on the way to a depth.
const STRIDE: i32 = 1000;

/// A list that is asked for: what it is called, and how a page of it is asked for.
#[derive(Clone)]
pub struct List {
    /// For the table.
    pub name: String,
    ask: Ask,
}

#[derive(Clone)]
enum Ask {
    Models(pb::ListModelsRequest),
    Releases(pb::ListReleasesRequest),
}

impl List {
    fn models(name: &str, order: list_models_request::Order, filter: pb::ModelFilter) -> Self {
        let ask = pb::ListModelsRequest { order: order.into(), filter: Some(filter), ..Default::default() };
        Self { name: format!("ListModels, {name}"), ask: Ask::Models(ask) }
    }

    fn releases(name: &str, order: list_releases_request::Order, filter: pb::ReleaseFilter) -> Self {
        let ask = pb::ListReleasesRequest { order: order.into(), filter: Some(filter), ..Default::default() };
        Self { name: format!("ListReleases, {name}"), ask: Ask::Releases(ask) }
    }

    /// The lists that are looked at: every order, and every filter that more than a page of the rows pass.
    #[must_use]
    pub fn all() -> Vec<Self> {
        [models(), releases()].concat()
    }

    /// A page, from there on.
    #[must_use]
    pub fn page(&self, page_token: &str) -> Call {
        match &self.ask {
            Ask::Models(ask) => {
                let ask = pb::ListModelsRequest { page_size: PAGE, page_token: page_token.to_owned(), ..ask.clone() };
                Call::new("/modelregistry.v1.ModelService/ListModels", &ask)
            }
            Ask::Releases(ask) => {
                let ask = pb::ListReleasesRequest { page_size: PAGE, page_token: page_token.to_owned(), ..ask.clone() };
                Call::new("/modelregistry.v1.ReleaseService/ListReleases", &ask)
            }
        }
    }

    /// How long it is, and where pages begin at 50 % and at 99 % of it, each with a full page behind it. Nothing, if it is less than two
    /// pages long.
    ///
    /// # Panics
    /// If the registry refuses to list it.
    pub async fn depths(&self, client: &Client) -> Option<(u64, [String; 2])> {
        let (mut strides, mut token, mut count) = (vec![(0, String::new())], String::new(), 0);
        loop {
            let (items, next) = self.stride(client, STRIDE, token).await;
            count += items;
            if next.is_empty() {
                break;
            }
            strides.push((count, next.clone()));
            token = next;
        }
        let page = u64::try_from(PAGE).unwrap_or_default();
        let last = count.checked_sub(2 * page)?;
        let mut tokens = [const { String::new() }; 2];
        for (token, percent) in tokens.iter_mut().zip([50, 99]) {
            let wanted = (count * percent / 100).min(last);
            let passed = strides.iter().rev().find(|(passed, _)| *passed <= wanted);
            let (mut passed, mut at) = passed.cloned().unwrap_or_default();
            while passed + page <= wanted {
                let (items, next) = self.stride(client, PAGE, at).await;
                (passed, at) = (passed + items, next);
            }
            *token = at;
        }
        Some((count, tokens))
    }

    async fn stride(&self, client: &Client, page_size: i32, page_token: String) -> (u64, String) {
        let (items, next) = match &self.ask {
            Ask::Models(ask) => {
                let ask = pb::ListModelsRequest { page_size, page_token, ..ask.clone() };
                let page = client.call(ask).send().await.expect("a page");
                (page.models.len(), page.next_page_token)
            }
            Ask::Releases(ask) => {
                let ask = pb::ListReleasesRequest { page_size, page_token, ..ask.clone() };
                let page = client.call(ask).send().await.expect("a page");
                (page.releases.len(), page.next_page_token)
            }
        };
        (u64::try_from(items).unwrap_or_default(), next)
    }

    /// One who asks for the same page again and again.
    #[must_use]
    pub fn callers(&self, token: &str) -> Vec<Caller> {
        let call = self.page(token);
        vec![Box::new(move || call.clone())]
    }
}

/// A filter that all models pass.
fn any_model() -> pb::ModelFilter {
    pb::ModelFilter::default()
}

/// A filter that all releases pass.
fn any_release() -> pb::ReleaseFilter {
    pb::ReleaseFilter::default()
}

fn label(key: &str, condition: Condition) -> Vec<pb::LabelSelector> {
    vec![pb::LabelSelector { key: key.to_owned(), condition: Some(condition) }]
}

fn models() -> Vec<List> {
    use list_models_request::Order::{CreateTimeAsc, CreateTimeDesc, NameAsc, NameDesc, UpdateTimeDesc};
    let of = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let middle = Names.model(1000).create_time;
    let company = |number| pb::ModelFilter { companies: vec![Names.company(number).to_owned()], ..any_model() };
    let orders = [
        ("newest first", CreateTimeDesc),
        ("oldest first", CreateTimeAsc),
        ("changed last first", UpdateTimeDesc),
        ("by name", NameAsc),
        ("by name, backwards", NameDesc),
    ];
    let filters = [
        ("of a company", company(0)),
        ("of two base models", pb::ModelFilter { base_models: of(&["llama-3", "gemma"]), ..any_model() }),
        ("of a parameter count", pb::ModelFilter { parameter_counts: of(&["8b"]), ..any_model() }),
        ("of a kind of server", pb::ModelFilter { server_types: of(&["vllm"]), ..any_model() }),
        ("of a source", pb::ModelFilter { sources: vec![pb::ModelSource::Manual.into()], ..any_model() }),
        ("of a task", pb::ModelFilter { tasks: vec![Names.task(0).to_owned()], ..any_model() }),
        ("with a tag that half of them have", pb::ModelFilter { tags_all: of(&["gpu"]), ..any_model() }),
        ("with a tag that one in fifty has", pb::ModelFilter { tags_all: of(&["team-07"]), ..any_model() }),
        ("with two tags", pb::ModelFilter { tags_all: of(&["gpu", "team-00"]), ..any_model() }),
        ("with one of two tags", pb::ModelFilter { tags_any: of(&["team-00", "team-07"]), ..any_model() }),
        ("without a tag", pb::ModelFilter { tags_none: of(&["gpu"]), ..any_model() }),
        (
            "of which nobody said that they are a custom base",
            pb::ModelFilter { is_custom_base_model: Some(false), ..any_model() },
        ),
        ("whose name begins so", pb::ModelFilter { name_prefix: "acme/".to_owned(), ..any_model() }),
        ("that contain a text", pb::ModelFilter { text_query: "whisper".to_owned(), ..any_model() }),
        ("made from then on", pb::ModelFilter { create_time_from: middle, ..any_model() }),
        ("changed from then on", pb::ModelFilter { update_time_from: middle, ..any_model() }),
        ("with a label", pb::ModelFilter { labels: label("tier", Condition::Equals("gold".to_owned())), ..any_model() }),
        ("with a key of labels", pb::ModelFilter { labels: label("cost-center", Condition::Exists(true)), ..any_model() }),
        ("with another label", pb::ModelFilter { labels: label("tier", Condition::NotEquals("gold".to_owned())), ..any_model() }),
        ("of one of two filters", pb::ModelFilter { any_of: vec![company(0), company(3)], ..any_model() }),
        ("of none of two filters", pb::ModelFilter { none_of: vec![company(0), company(3)], ..any_model() }),
    ];
    let orders = orders.into_iter().map(|(name, order)| List::models(name, order, any_model()));
    orders.chain(filters.map(|(name, filter)| List::models(name, CreateTimeDesc, filter))).collect()
}

fn releases() -> Vec<List> {
    use list_releases_request::Order::{CreateTimeAsc, CreateTimeDesc};
    let middle = Names.model(1000).create_time;
    let company = |number| pb::ReleaseFilter { companies: vec![Names.company(number).to_owned()], ..any_release() };
    let filters = [
        ("of a version", pb::ReleaseFilter { versions: vec![Names.version(3)], ..any_release() }),
        ("with a tag", pb::ReleaseFilter { tags: vec![Names.version(3)], ..any_release() }),
        ("active ones", pb::ReleaseFilter { states: vec![pb::ReleaseState::Active.into()], ..any_release() }),
        ("of a company", company(0)),
        ("made from then on", pb::ReleaseFilter { create_time_from: middle, ..any_release() }),
        ("that contain a text", pb::ReleaseFilter { text_query: "1.2".to_owned(), ..any_release() }),
        ("with a label", pb::ReleaseFilter { labels: label("stage", Condition::Equals("stage-07".to_owned())), ..any_release() }),
        ("of one of two filters", pb::ReleaseFilter { any_of: vec![company(0), company(3)], ..any_release() }),
        ("of none of two filters", pb::ReleaseFilter { none_of: vec![company(0), company(3)], ..any_release() }),
    ];
    let orders = [("newest first", CreateTimeDesc), ("oldest first", CreateTimeAsc)];
    let orders = orders.into_iter().map(|(name, order)| List::releases(name, order, any_release()));
    orders.chain(filters.map(|(name, filter)| List::releases(name, CreateTimeDesc, filter))).collect()
}

pub(super) async fn run(plan: &Plan) -> Vec<Row> {
    let plan = &plan.in_short_turns();
    let mut rows = Vec::new();
    for kind in &plan.databases {
        let place = Place::kept(*kind, &plan.kept, &format!("r{}", plan.releases)).await;
        data::filled(&place, plan.releases).await;
        let registry = Server::registry(&place, &[]);
        let client = keys::admin(registry.endpoint()).connect().await.expect("a connection");
        for list in List::all() {
            if let Some((count, deep)) = list.depths(&client).await {
                let work = format!("{}, 99 % of {count}, {}", list.name, kind.name());
                rows.push(deep_beside_first(plan, &registry, &list, work, deep).await);
            }
        }
    }
    rows
}

/// The time of pages deep in the list beside that of the first one.
async fn deep_beside_first(plan: &Plan, registry: &Server, list: &List, work: String, [half, end]: [String; 2]) -> Row {
    let depths = ["", &half, &end];
    let mut samples = [const { Vec::new() }; 3];
    for round in 0..plan.rounds {
        for turn in 0..depths.len() {
            let now = (round + turn) % depths.len();
            samples[now].push(load::run(registry, list.callers(depths[now]), plan.turn).await);
        }
    }
    let [first, half, end] = samples.map(|samples| Times(samples.iter().map(|sample| sample.percentile(0.5)).collect(), samples));
    Row {
        ratio: Some(end.beside(&first)),
        beside: Some(("first page".to_owned(), first.spread())),
        ..Row::alone("F5", work, "µs", end.spread(), Target::AtMost(1.2))
    }
    .saw("at 50 %, to the first", half.beside(&first).text())
    .saw("99 %", middle(&end.1).text())
}

/// How long a page took, round by round.
struct Times(Vec<f64>, Vec<Sample>);

impl Times {
    fn beside(&self, other: &Self) -> Spread {
        Spread::of_ratios(&self.0, &other.0)
    }

    fn spread(&self) -> Spread {
        Spread::of(self.0.iter().copied())
    }
}
