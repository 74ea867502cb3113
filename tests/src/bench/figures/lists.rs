//! F5: pages of lists, at any depth.

use crate::bench::Plan;
use crate::bench::data::{self, Names};
use crate::bench::load::{Call, Caller};
use crate::bench::place::Place;
use crate::bench::report::{Row, Target};
use crate::bench::rounds::{Side, Spread, compare, middle};
use crate::bench::server::Server;
use crate::keys;
use registry_client::Client;
use registry_proto::v1 as pb;
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

    /// The lists that are looked at: every order, and filters that many rows pass.
    #[must_use]
    pub fn all() -> Vec<Self> {
        use list_models_request::Order as M;
        use list_releases_request::Order as R;
        let (models, releases) = (pb::ModelFilter::default, pb::ReleaseFilter::default);
        let tag = |tag: String| pb::ModelFilter { tags_all: vec![tag], ..models() };
        vec![
            Self::models("newest first", M::CreateTimeDesc, models()),
            Self::models("oldest first", M::CreateTimeAsc, models()),
            Self::models("changed last first", M::UpdateTimeDesc, models()),
            Self::models("by name", M::NameAsc, models()),
            Self::models("by name, backwards", M::NameDesc, models()),
            Self::models(
                "of a company",
                M::CreateTimeDesc,
                pb::ModelFilter { companies: vec![Names.company(0).to_owned()], ..models() },
            ),
            Self::models("of a task", M::CreateTimeDesc, pb::ModelFilter { tasks: vec![Names.task(0).to_owned()], ..models() }),
            Self::models("of a tag that half of them have", M::CreateTimeDesc, tag("gpu".to_owned())),
            Self::models("of a tag that one in fifty has", M::CreateTimeDesc, tag("team-07".to_owned())),
            Self::models(
                "of two tags",
                M::CreateTimeDesc,
                pb::ModelFilter { tags_all: vec!["gpu".to_owned(), "team-00".to_owned()], ..models() },
            ),
            Self::releases("newest first", R::CreateTimeDesc, releases()),
            Self::releases("oldest first", R::CreateTimeAsc, releases()),
            Self::releases(
                "active ones",
                R::CreateTimeDesc,
                pb::ReleaseFilter { states: vec![pb::ReleaseState::Active.into()], ..releases() },
            ),
            Self::releases(
                "of a company",
                R::CreateTimeDesc,
                pb::ReleaseFilter { companies: vec![Names.company(0).to_owned()], ..releases() },
            ),
        ]
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

    /// Where pages begin at 50 % and at 99 % of the list, and how long it is.
    ///
    /// # Panics
    /// If the registry refuses to list it.
    pub async fn depths(&self, client: &Client) -> (u64, [String; 2]) {
        let (mut tokens, mut token, mut count) = (vec![(0, String::new())], String::new(), 0);
        loop {
            let (items, next) = self.stride(client, token).await;
            count += items;
            if next.is_empty() {
                break;
            }
            tokens.push((count, next.clone()));
            token = next;
        }
        let at = |percent: u64| {
            let passed = tokens.iter().rev().find(|(passed, _)| *passed <= count * percent / 100);
            passed.map(|(_, token)| token.clone()).unwrap_or_default()
        };
        (count, [at(50), at(99)])
    }

    async fn stride(&self, client: &Client, page_token: String) -> (u64, String) {
        let (items, next) = match &self.ask {
            Ask::Models(ask) => {
                let ask = pb::ListModelsRequest { page_size: STRIDE, page_token, ..ask.clone() };
                let page = client.call(ask).send().await.expect("a page");
                (page.models.len(), page.next_page_token)
            }
            Ask::Releases(ask) => {
                let ask = pb::ListReleasesRequest { page_size: STRIDE, page_token, ..ask.clone() };
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

pub(super) async fn run(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in &plan.databases {
        let place = Place::kept(*kind, &plan.kept, &format!("r{}", plan.releases)).await;
        data::filled(&place, plan.releases).await;
        let registry = Server::registry(&place, &[]);
        let client = keys::admin(registry.endpoint()).connect().await.expect("a connection");
        for list in List::all() {
            let (count, deep) = list.depths(&client).await;
            for (depth, token) in ["50 %", "99 %"].into_iter().zip(deep) {
                let work = format!("{}, {depth} of {count}, {}", list.name, place.kind().name());
                rows.push(deep_beside_first(plan, &registry, &list, work, &token).await);
            }
        }
    }
    rows
}

/// The time of a page deep in the list beside that of the first one.
async fn deep_beside_first(plan: &Plan, registry: &Server, list: &List, work: String, token: &str) -> Row {
    let (deep, first) = (|_| list.callers(token), |_| list.callers(""));
    let deep = Side { name: "deep", server: registry, callers: &deep };
    let first = Side { name: "first page", server: registry, callers: &first };
    let [deep, first] = compare(plan, &deep, &first).await;
    let times = |samples: &[crate::bench::load::Sample]| samples.iter().map(|sample| sample.percentile(0.5)).collect::<Vec<_>>();
    let (ours, beside) = (times(&deep), times(&first));
    Row {
        ratio: Some(Spread::of_ratios(&ours, &beside)),
        beside: Some(("first page".to_owned(), Spread::of(beside))),
        ..Row::alone("F5", work, "µs", Spread::of(ours), Target::AtMost(1.2))
    }
    .saw("deep", middle(&deep).text())
}
