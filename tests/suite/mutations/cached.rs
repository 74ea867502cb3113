//! After every way to change the registry, every read whose answer can be kept is answered as if nothing was kept: it is compared
//! with the same read among many, whose answers never are.

use super::kinds::{Mutation, Stock, act};
use super::mutations;
use futures::{StreamExt, stream};
use registry_client::pb::batch_resolve_releases_response::result::Result as Outcome;
use registry_client::pb::resolve_release_request::{Latest, Selector};
use registry_client::{Client, Code, Error, Model, ModelId, ModelRef, Release, ReleaseRef, pb};
use registry_server::sabotage::Sabotage;
use registry_tests::{Harness, on_every_database};

/// A read of one thing.
#[derive(Clone, Debug)]
enum Read {
    Model(pb::GetModelRequest),
    Release(pb::GetReleaseRequest),
    Resolve(Box<pb::ResolveReleaseRequest>),
}

/// What was read: the code, if it was nothing.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Model(Option<Box<Model>>),
    Release(Option<Box<Release>>),
    Resolved(Box<pb::ResolveReleaseResponse>),
    Nothing(i32),
}

/// A server that is too busy to answer has not said that there is nothing.
fn nothing(error: &Error) -> Seen {
    assert!(matches!(error.code(), Code::NotFound | Code::FailedPrecondition), "{error}");
    Seen::Nothing(error.code().into())
}

/// How many reads there are at once: as many as there are connections to read on.
const AT_ONCE: usize = 8;

async fn each<F: Future<Output = Seen>>(reads: impl Iterator<Item = F>) -> Vec<Seen> {
    stream::iter(reads).buffered(AT_ONCE).collect().await
}

impl Read {
    /// By itself.
    async fn alone(&self, client: &Client) -> Seen {
        let seen = match self.clone() {
            Self::Model(get) => client.call(get).send().await.map(|got| Seen::Model(got.model.map(Box::new))),
            Self::Release(get) => client.call(get).send().await.map(|got| Seen::Release(got.release.map(Box::new))),
            Self::Resolve(resolve) => client.call(*resolve).send().await.map(|got| Seen::Resolved(Box::new(got))),
        };
        seen.unwrap_or_else(|error| nothing(&error))
    }

    /// Among many, of which it is the only one.
    async fn among_many(&self, client: &Client) -> Seen {
        let seen = match self.clone() {
            Self::Model(pb::GetModelRequest { model_ref, view }) => {
                let many = pb::BatchGetModelsRequest { model_refs: model_ref.into_iter().collect(), view };
                client.call(many).send().await.map(|got| Seen::Model(got.models.into_iter().next().map(Box::new)))
            }
            Self::Release(pb::GetReleaseRequest { release_ref, view }) => {
                let many = pb::BatchGetReleasesRequest { release_refs: release_ref.into_iter().collect(), view };
                client.call(many).send().await.map(|got| Seen::Release(got.releases.into_iter().next().map(Box::new)))
            }
            Self::Resolve(resolve) => {
                let many = pb::BatchResolveReleasesRequest { requests: vec![*resolve] };
                client.call(many).send().await.map(|got| match got.results.into_iter().next().and_then(|one| one.result) {
                    Some(Outcome::Resolved(resolved)) => Seen::Resolved(resolved),
                    Some(Outcome::Status(status)) => Seen::Nothing(status.code),
                    None => panic!("no outcome"),
                })
            }
        };
        seen.unwrap_or_else(|error| nothing(&error))
    }
}

fn of_model(model: &Model) -> Vec<Read> {
    let by = [ModelRef::from(ModelId::new(&model.id)), ModelRef::by_name(&model.name)];
    let get = |by: &ModelRef, view| Read::Model(pb::GetModelRequest { model_ref: Some(by.clone().into()), view });
    let gets = by.iter().flat_map(|by| [0, 1].map(|view| get(by, view)));
    let resolve = |selector, environment: Option<&str>| {
        let model_ref = Some(ModelRef::by_name(&model.name).into());
        let environment = environment.map(str::to_owned);
        let request = pb::ResolveReleaseRequest { model_ref, selector: Some(selector), environment, ..Default::default() };
        Read::Resolve(Box::new(request))
    };
    let latest = || Selector::Latest(Latest {});
    let aliases = ["a", "b", "hidden", "new"].map(|alias| resolve(Selector::Alias(alias.to_owned()), None));
    let numbers = [1, 2, 3].map(|number| resolve(Selector::Number(number), None));
    let others = [resolve(latest(), None), resolve(latest(), Some("production"))];
    gets.chain(aliases).chain(numbers).chain(others).collect()
}

fn of_release(release: &Release) -> Vec<Read> {
    let by = [ReleaseRef::by_id(&release.id), ReleaseRef::key(&*release.model_name, &*release.version).into()];
    let get = |by: &ReleaseRef, view| Read::Release(pb::GetReleaseRequest { release_ref: Some(by.clone().into()), view });
    let gets = by.iter().flat_map(|by| [0, 1].map(|view| get(by, view)));
    let selectors = [Selector::Version(release.version.clone()), Selector::Tag(release.tag.clone())];
    let resolve = |selector| {
        let model_ref = Some(ModelRef::from(ModelId::new(&release.model_id)).into());
        Read::Resolve(Box::new(pb::ResolveReleaseRequest { model_ref, selector: Some(selector), ..Default::default() }))
    };
    gets.chain(selectors.map(resolve)).collect()
}

/// Every read of what a mutation finds, and of what it makes.
async fn reads(client: &Client, stock: &Stock) -> Vec<Read> {
    let Stock { model, one, two, deleted, gone, gone_with_it, running, .. } = stock;
    let deployed = client.get_model(ModelId::new(&running.model_id)).send().await.expect("a model");
    let deployed_release = client.get_release(ReleaseRef::by_id(&running.release_id)).send().await.expect("a release");
    let made = stock.new_names().map(|name| Model { name, ..model.clone() });
    let models = [model, gone, &deployed].into_iter().chain(&made).flat_map(of_model);
    let new = ["new-1", "new-2"].map(|version| Release { version: version.to_owned(), ..one.clone() });
    let releases = [one, two, deleted, &deployed_release].into_iter().chain(gone_with_it).chain(&new).flat_map(of_release);
    models.chain(releases).collect()
}

/// What is read by itself through one server after a change through another, and is not what it is.
async fn wrong_after(mutation: Mutation, through: &Harness, reader: &Harness) -> Vec<Read> {
    let stock = Stock::of(through, mutation, "cached").await;
    let reads = reads(&through.client, &stock).await;
    let alone = async || each(reads.iter().map(|read| read.alone(&reader.client))).await;
    let before = alone().await;
    assert_eq!(alone().await, before, "{mutation:?}");
    act(through, &stock, mutation, &super::fresh_id()).await.expect("a change");
    let after = alone().await;
    let truth = each(reads.iter().map(|read| read.among_many(&reader.client))).await;
    reads.into_iter().zip(after.iter().zip(&truth)).filter(|(_, (after, truth))| after != truth).map(|(read, _)| read).collect()
}

on_every_database! {
    /// After each change through a server, every read through it.
    async fn a_read_after_a_change_is_of_after_the_change(database: Database) {
        let registry = Harness::start(database).await;
        for mutation in mutations() {
            let wrong = wrong_after(mutation, &registry, &registry).await;
            assert!(wrong.is_empty(), "{mutation:?}: {wrong:?}");
        }
        registry.stop().await;
    }

    /// A server that gives answers again without looking whether they hold is found out by every change that can be seen.
    async fn answers_that_do_not_hold_are_found_out(database: Database) {
        let registry = Harness::with(database, |settings| settings.sabotage = Sabotage::stale_answers()).await;
        let mut unseen = Vec::new();
        for mutation in mutations() {
            if wrong_after(mutation, &registry, &registry).await.is_empty() {
                unseen.push(mutation);
            }
        }
        // Of these nothing is told by what is kept; and what did not exist was not kept.
        let told_elsewhere = [Mutation::UpdateArtifact, Mutation::UpdateDeployment];
        let made = [Mutation::CreateModel, Mutation::BatchCreateModels];
        assert_eq!(unseen, told_elsewhere.into_iter().chain(made).collect::<Vec<_>>());
        registry.stop().await;
    }
}

/// After each change through one server, every read through another one, at once.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_elsewhere_is_of_after_the_change() {
    let registry = Harness::start(registry_tests::Database::Postgres).await;
    let other = registry.replica().await;
    for mutation in mutations() {
        let wrong = wrong_after(mutation, &registry, &other).await;
        assert!(wrong.is_empty(), "{mutation:?}: {wrong:?}");
    }
    other.stop().await;
    registry.stop().await;
}
