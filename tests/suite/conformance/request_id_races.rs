//! Request ids when two callers do not wait for one another: one change, and everybody is told the same.

use futures::future::join_all;
use registry_client::{Answer, Client, Code, Error, ErrorReason, Model, RetryPolicy};
use registry_tests::{Harness, conformance, given};
use std::collections::BTreeSet;

/// A call for each of `count` connections to each server, all begun before any is waited for.
async fn at_once<T, F>(servers: &[&Harness], count: usize, call: impl Fn(usize, Client) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let endpoints = (0..count).flat_map(|_| servers.iter().map(|server| server.endpoint()));
    let connect = |endpoint| registry_tests::keys::admin(endpoint).retry(RetryPolicy::none()).connect();
    let clients = join_all(endpoints.map(connect)).await.into_iter().map(|client| client.expect("a connection"));
    let calls: Vec<_> = clients.enumerate().map(|(number, client)| tokio::spawn(call(number, client))).collect();
    join_all(calls).await.into_iter().map(|answer| answer.expect("a task that does not panic")).collect()
}

/// Everybody got the same answer, and all but one of them as a replay.
fn the_one<T: PartialEq + std::fmt::Debug>(answers: Vec<Result<Answer<T>, Error>>) -> T {
    let answers: Vec<Answer<T>> = answers.into_iter().map(|answer| answer.expect("no call fails")).collect();
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1, "one call made the change");
    let mut values = answers.into_iter().map(|answer| answer.value);
    let first = values.next().expect("an answer");
    assert!(values.all(|value| value == first), "{first:?} was not everybody's answer");
    first
}

/// Thirty-two callers ask for the same creation under the same id, for eight rounds.
async fn one_change_however_many_ask(servers: &[&Harness]) {
    for round in 1..=8 {
        let id = given::request_id();
        let answers = at_once(servers, 32 / servers.len(), |_, client| {
            let create = client.create_model(format!("m-{round}"), "/m").request_id(&id);
            async move { create.send_with_meta().await }
        });
        let answers = answers.await;
        let told = answers.iter().map(|answer| answer.as_ref().expect("no call fails").revision.expect("a revision"));
        assert!(told.min() >= Some(round), "a server answers before it knows the revision of its answer");
        let model = the_one(answers);
        for server in servers {
            assert_eq!(server.client.get_model(&model).send().await.unwrap(), model);
            assert_eq!(given::revision(server).await, round);
            assert_eq!(given::events_of(server, &id).await.len(), 1);
        }
    }
}

/// Half of the callers ask for one thing and half for another, under the same id: one of the two is done, and it is the
/// answer of everybody who asked for it.
async fn two_requests_with_one_id(servers: &[&Harness]) {
    let id = given::request_id();
    let answers = at_once(servers, 32 / servers.len(), |number, client| {
        let create = client.create_model(format!("m-{}", number / 2 % 2), "/m").request_id(&id);
        async move { create.send_with_meta().await }
    });
    let (done, refused): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (16, 16));
    for error in refused.into_iter().filter_map(Result::err) {
        assert_eq!((error.code(), error.reason()), (Code::FailedPrecondition, Some(ErrorReason::RequestIdReused)), "{error}");
    }
    let model = the_one(done);
    assert_eq!(
        servers[0].client.list_models().send().await.unwrap().items.iter().map(|m| &m.id).collect::<Vec<_>>(),
        [&model.id]
    );
    assert_eq!(given::revision(servers[0]).await, 1);
}

/// Calls with one id among calls with others, so that they share batches: each id is one change.
async fn sixteen_ids_asked_for_four_times_each(servers: &[&Harness]) {
    given::model(servers[0], "m").await;
    let ids: Vec<String> = (0..16).map(|_| given::request_id()).collect();
    let answers = at_once(servers, 64 / servers.len(), |number, client| {
        let create = client.create_release("m", format!("1.{}", number % 16)).digest(given::digest(1));
        let create = create.request_id(&ids[number % 16]);
        async move { create.send_with_meta().await }
    });
    let mut by_id: Vec<Vec<_>> = (0..16).map(|_| Vec::new()).collect();
    for (number, answer) in answers.await.into_iter().enumerate() {
        by_id[number % 16].push(answer);
    }
    let numbers: BTreeSet<i64> = by_id.into_iter().map(|answers| the_one(answers).number).collect();
    assert_eq!(numbers, (1..=16).collect());
    assert_eq!(given::revision(servers[0]).await, 17);
}

conformance! {
    /// Of many callers with one id at the same instant, one makes the change, and all get its answer.
    async fn callers_with_one_id(registry: &Harness) {
        one_change_however_many_ask(&[registry]).await;
    }

    /// An id that two requests are sent with at the same instant belongs to one of them.
    async fn an_id_of_two_requests(registry: &Harness) {
        two_requests_with_one_id(&[registry]).await;
    }

    /// Many ids, each of several callers.
    async fn many_ids_of_several_callers(registry: &Harness) {
        sixteen_ids_asked_for_four_times_each(&[registry]).await;
    }

    /// Callers that all say the same anew and again: the model is as the last of those who made a change were told, and
    /// nobody's repetition made one.
    async fn repetitions_between_changes(registry: &Harness) {
        given::model(registry, "m").await;
        let servers = [registry];
        let answers = at_once(&servers, 16, |number, client| async move {
            let id = given::request_id();
            let update = client.update_model("m").description(format!("by {number}")).request_id(&id);
            let first = update.clone().send().await.expect("a model");
            for _ in 0..3 {
                let again = update.clone().send_with_meta().await.expect("a model");
                assert_eq!((again.replayed, &again.value), (true, &first));
            }
            first
        });
        let answers: Vec<Model> = answers.await;
        let revisions: BTreeSet<i64> = answers.iter().map(|model| model.revision).collect();
        assert_eq!(revisions, (2..=17).collect());
        let last = answers.into_iter().max_by_key(|model| model.revision).unwrap();
        assert_eq!(registry.client.get_model("m").send().await.unwrap(), last);
    }
}

#[cfg(feature = "postgres")]
mod on_two_servers {
    use super::*;
    use registry_tests::Database;

    async fn on_two<F: AsyncFnOnce(&[&Harness])>(test: F) {
        let registry = Harness::start(Database::Postgres).await;
        let replica = registry.replica().await;
        test(&[&registry, &replica]).await;
        replica.stop().await;
        registry.stop().await;
    }

    /// Whichever server is asked.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn callers_with_one_id() {
        on_two(one_change_however_many_ask).await;
    }

    /// Whichever server is asked for which.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_id_of_two_requests() {
        on_two(two_requests_with_one_id).await;
    }

    /// Whichever server is asked.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_ids_of_several_callers() {
        on_two(sixteen_ids_asked_for_four_times_each).await;
    }

    /// What one server did, the other one replays, and says that it has seen the revision of it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_change_made_elsewhere_is_replayed() {
        let registry = Harness::start(Database::Postgres).await;
        let replica = registry.replica().await;
        for round in 1..=50 {
            let id = given::request_id();
            let create = |server: &Harness| server.client.create_model(format!("m-{round}"), "/m").request_id(&id);
            let first = create(&registry).send_with_meta().await.unwrap();
            let again = create(&replica).send_with_meta().await.unwrap();
            assert_eq!((again.replayed, &again.value), (true, &first.value));
            assert!(again.revision >= Some(first.value.revision), "{:?} is before {:?}", again.revision, first.value.revision);
        }
        replica.stop().await;
        registry.stop().await;
    }
}
