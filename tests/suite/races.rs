//! Races: many callers at once, and what must hold whoever wins.

use futures::future::join_all;
use registry_client::{Client, Code, Error, ErrorReason, Model, Release, ReleaseRef, ReleaseState};
#[cfg(feature = "postgres")]
use registry_tests::Database;
use registry_tests::{Harness, conformance, given};
use sea_orm::{ConnectionTrait, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// As many connections as callers, so that nothing but the server puts them in order.
pub(crate) async fn clients(registry: &Harness, count: usize) -> Vec<Client> {
    let connect = |_| registry_tests::keys::admin(registry.endpoint()).retry(registry_client::RetryPolicy::none()).connect();
    join_all((0..count).map(connect)).await.into_iter().map(|client| client.expect("a connection")).collect()
}

/// Each in a task of its own, all begun before any is waited for.
pub(crate) async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    calls: impl IntoIterator<Item = F>,
) -> Vec<T> {
    let tasks: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
    join_all(tasks).await.into_iter().map(|answer| answer.expect("a task that does not panic")).collect()
}

async fn numbers(registry: &Harness, sql: &str) -> Vec<i64> {
    let db = registry.sql().await;
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect("rows");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a number")).collect()
}

/// The revisions of the events are 1, 2, 3 and so on; the registry is at the last of them; and every row has the
/// revision of its newest event.
async fn assert_history_is_whole(registry: &Harness, writes: usize) {
    let expected: Vec<i64> = (1..=i64::try_from(writes).unwrap()).collect();
    assert_eq!(numbers(registry, "SELECT DISTINCT revision FROM events ORDER BY revision").await, expected);
    assert_eq!(numbers(registry, "SELECT revision FROM registry_state").await, expected[writes - 1..]);
    assert_eq!(registry.client.server_info().send().await.unwrap().current_revision, expected[writes - 1]);
    let mut newest: BTreeMap<String, i64> = BTreeMap::new();
    let db = registry.sql().await;
    let rows = |sql: &str| db.query_all_raw(Statement::from_string(db.get_database_backend(), sql));
    for row in rows("SELECT resource_id, revision FROM events ORDER BY revision, position").await.unwrap() {
        newest.insert(row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
    }
    for table in ["models", "releases", "artifacts", "deployments"] {
        for row in rows(&format!("SELECT id, revision FROM {table}")).await.unwrap() {
            let id: uuid::Uuid = row.try_get_by_index(0).unwrap();
            assert_eq!(Some(row.try_get_by_index(1).unwrap()), newest.remove(&id.to_string()), "{table} {id}");
        }
    }
    assert_eq!(newest, BTreeMap::new(), "events of rows that are not there");
}

/// Splits answers; every refusal must have this reason.
fn split<T>(answers: Vec<Result<T, Error>>, reason: ErrorReason) -> (Vec<T>, Vec<Error>) {
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Ok(value) => done.push(value),
            Err(error) => {
                assert_eq!(error.reason(), Some(reason), "{error}");
                refused.push(error);
            }
        }
    }
    (done, refused)
}

/// Reads, adds one to a label, writes if nobody did so meanwhile; again until it has.
async fn increment(client: Client, times: i64) -> (i64, u64) {
    let mut lost = 0;
    for _ in 0..times {
        loop {
            let model = client.get_model("counter").send().await.expect("the counter");
            let next = model.labels["count"].parse::<i64>().unwrap() + 1;
            match client.update_model("counter").etag(&model.etag).labels([("count", next.to_string())]).send().await {
                Ok(_) => break,
                Err(error) => assert_eq!(error.reason(), Some(ErrorReason::EtagMismatch), "{error}"),
            }
            lost += 1;
        }
    }
    (times, lost)
}

conformance! {
    /// Of those who create releases at the same time some are refused, some only validate and some ask twice: each is told what is his, and
    /// of those who are refused nothing is left.
    async fn creates_that_come_together_are_kept_apart(registry: &Harness) {
        for name in ["a", "b"] {
            given::model(registry, name).await;
        }
        let clients = clients(registry, 60).await;
        let answers = at_once(clients.into_iter().enumerate().map(|(nth, client)| async move {
            let of = ["a", "b"][nth % 2];
            let create = |of: &str, version: &str| client.create_release(of, version).digest(given::digest(1)).label("nth", "x");
            let twice = uuid::Uuid::from_u128(u128::try_from(nth / 12).unwrap() | (4 << 76) | (8 << 60)).to_string();
            let answer = match nth % 6 {
                0 | 1 => create(of, &format!("{nth}")).send().await,
                2 => create(of, &format!("twice-{}", nth / 12)).request_id(twice).send().await,
                3 => create(of, "taken").send().await,
                4 => create("nobody", "1").send().await,
                _ => create(of, "validated").validate_only().send().await,
            };
            (nth, answer)
        }))
        .await;
        let (mut created, mut taken) = (BTreeMap::new(), 0);
        for (nth, answer) in answers {
            match (nth % 6, answer) {
                (0..=3, Ok(release)) => assert_eq!(created.entry(release.id.clone()).or_insert(release.clone()), &release),
                (3, Err(error)) if error.code() == Code::AlreadyExists => taken += 1,
                (4, Err(error)) => assert_eq!(error.code(), Code::NotFound),
                (5, Ok(release)) => assert_eq!((release.id.as_str(), release.revision), ("", 0)),
                (_, answer) => panic!("{nth}: {answer:?}"),
            }
        }
        assert_eq!((created.len(), taken), (26, 9));
        assert_history_is_whole(registry, 28).await;
        for release in created.values() {
            assert_eq!(&registry.client.get_release(ReleaseRef::by_id(&release.id)).send().await.unwrap(), release);
        }
        let of = |name: &str| format!("SELECT number FROM releases WHERE model_id = (SELECT id FROM models WHERE name = '{name}') ORDER BY number");
        assert_eq!(numbers(registry, &of("a")).await, (1..=15).collect::<Vec<_>>());
        assert_eq!(numbers(registry, &of("b")).await, (1..=11).collect::<Vec<_>>());
        assert_eq!(numbers(registry, "SELECT last_release_number FROM models ORDER BY name").await, [15, 11]);
    }

    /// One of them has the name; the others are told who has it.
    async fn fifty_models_of_one_name(registry: &Harness) {
        let create = |client: Client| async move { client.create_model("erik", "s3://erik").send().await };
        let answers = at_once(clients(registry, 50).await.into_iter().map(create)).await;
        let (created, refused) = split(answers, ErrorReason::ModelAlreadyExists);
        let [winner]: &[Model] = &created else { panic!("{} models of one name", created.len()) };
        assert_eq!(refused.len(), 49);
        assert!(refused.iter().all(|error| error.code() == Code::AlreadyExists && error.metadata().get("id") == Some(&winner.id)));
        assert_history_is_whole(registry, 1).await;
    }

    /// No quantization is a quantization: of eight twins there is one.
    async fn eight_releases_of_one_key(registry: &Harness) {
        given::model(registry, "erik").await;
        let create = |client: Client| async move { client.create_release("erik", "1.0").digest(given::digest(1)).send().await };
        let answers = at_once(clients(registry, 8).await.into_iter().map(create)).await;
        let (created, refused) = split(answers, ErrorReason::ReleaseAlreadyExists);
        assert_eq!((created.len(), refused.len()), (1, 7));
        assert!(refused.iter().all(|error| error.metadata().get("id") == Some(&created[0].id)));
        // A number is taken only by who gets a release.
        assert_eq!(given::release(registry, "erik", "2.0").await.number, 2);
        assert_history_is_whole(registry, 3).await;
    }

    /// The numbers of a model's releases have no gap and no twin.
    async fn sixty_four_releases_of_one_model(registry: &Harness) {
        given::model(registry, "erik").await;
        let create = |(version, client): (usize, Client)| async move {
            client.create_release("erik", format!("1.{version}")).digest(given::digest(1)).send().await.expect("a release")
        };
        let created = at_once(clients(registry, 64).await.into_iter().enumerate().map(create)).await;
        let numbers: BTreeSet<i64> = created.iter().map(|release| release.number).collect();
        assert_eq!(numbers, (1..=64).collect());
        let revisions: BTreeSet<i64> = created.iter().map(|release| release.revision).collect();
        assert_eq!(revisions, (2..=65).collect());
        for release in &created {
            assert_eq!(registry.client.get_release(ReleaseRef::by_id(&release.id)).send().await.unwrap(), *release);
        }
        assert_history_is_whole(registry, 65).await;
    }

    /// No increment is lost: who was told that it is done has been counted, once.
    async fn sixty_four_clients_and_one_counter(registry: &Harness) {
        registry.client.create_model("counter", "s3://counter").label("count", "0").send().await.unwrap();
        // Many at once, and few for a while: what is lost is tried again, so that the work grows with their square.
        let mut done = at_once(clients(registry, 64).await.into_iter().map(|client| increment(client, 1))).await;
        done.extend(at_once(clients(registry, 4).await.into_iter().map(|client| increment(client, 16))).await);
        let lost: u64 = done.iter().map(|(_, lost)| lost).sum();
        assert!(lost > 0, "nobody was ever in anybody's way: this tested nothing");
        let counter = registry.client.get_model("counter").send().await.unwrap();
        assert_eq!(counter.labels["count"], done.iter().map(|(times, _)| times).sum::<i64>().to_string());
        assert_history_is_whole(registry, 129).await;
    }

    /// Updates without an etag all happen, one after the other.
    async fn thirty_two_updates_of_one_model(registry: &Harness) {
        given::model(registry, "erik").await;
        let update = |(number, client): (usize, Client)| async move {
            client.update_model("erik").description(format!("by {number}")).send().await.expect("a model")
        };
        let answers = at_once(clients(registry, 32).await.into_iter().enumerate().map(update)).await;
        let by_revision: BTreeMap<i64, &Model> = answers.iter().map(|model| (model.revision, model)).collect();
        assert_eq!(by_revision.keys().copied().collect::<Vec<_>>(), (2..=33).collect::<Vec<_>>());
        assert_eq!(registry.client.get_model("erik").send().await.unwrap(), *by_revision[&33]);
        assert_history_is_whole(registry, 33).await;
    }

    /// Who says what is stored already is answered with what is stored, its revision included.
    async fn thirty_two_updates_to_one_value(registry: &Harness) {
        given::model(registry, "erik").await;
        let update = |client: Client| async move { client.update_model("erik").description("theirs").send().await.expect("a model") };
        let answers = at_once(clients(registry, 32).await.into_iter().map(update)).await;
        let stored = registry.client.get_model("erik").send().await.unwrap();
        assert!(answers.iter().all(|answer| *answer == stored), "{stored:?} {answers:?}");
        assert_history_is_whole(registry, 2).await;
    }

    /// The state of a release changes step by step, whoever takes the steps.
    async fn thirty_two_steps_of_one_release(registry: &Harness) {
        given::model(registry, "erik").await;
        let release = given::release(registry, "erik", "1.0").await;
        let step = |(number, client): (usize, Client)| {
            let release = ReleaseRef::by_id(&release.id);
            let target = if number % 2 == 0 { ReleaseState::Deprecated } else { ReleaseState::Active };
            async move { client.transition_release(release, target).send().await.expect("a release") }
        };
        let answers = at_once(clients(registry, 32).await.into_iter().enumerate().map(step)).await;
        let mut state_at: BTreeMap<i64, Release> = BTreeMap::new();
        for answer in answers {
            let before = state_at.insert(answer.revision, answer.clone());
            assert!(before.is_none_or(|before| before == answer), "two releases of one revision");
        }
        let newest = state_at.keys().copied().max().unwrap();
        assert_eq!(registry.client.get_release(ReleaseRef::by_id(&release.id)).send().await.unwrap(), state_at[&newest]);
        assert_history_is_whole(registry, usize::try_from(newest).unwrap()).await;
    }

    /// Whoever wins, nothing runs whose release was deleted, and nothing was deployed after a release was yanked.
    async fn a_release_is_deployed_deleted_and_yanked_at_once(registry: &Harness) {
        given::model(registry, "m").await;
        let callers = clients(registry, 6).await;
        for round in 0..20 {
            let release = given::release(registry, "m", &format!("1.{round}")).await;
            let call = |(number, client): (usize, Client)| {
                let release = ReleaseRef::by_id(&release.id);
                async move {
                    // Each is begun first in some round.
                    match (number + round) % 3 {
                        0 => client.create_deployment(release, "production").send().await.map(|made| Some(made.revision)),
                        1 => client.delete_release(release).force().send().await.map(|_| None),
                        _ => client.transition_release(release, ReleaseState::Yanked).send().await.map(|_| None),
                    }
                }
            };
            let answers = at_once(callers.iter().cloned().enumerate().map(call)).await;
            let release = registry.client.get_release(ReleaseRef::by_id(&release.id)).send().await.unwrap();
            let live = registry.client.list_deployments().release(&release).send().await.unwrap().items;
            assert!(live.is_empty() || release.delete_time.is_none(), "{release:?} {live:?}");
            for made in answers.iter().flatten().flatten() {
                assert!(release.state() != ReleaseState::Yanked || *made < release.revision, "deployed when it was yanked: {release:?}");
            }
            for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
                let reasons = [ErrorReason::ResourceDeleted, ErrorReason::ResourceInUse, ErrorReason::InvalidStateTransition];
                assert!(refused.reason().is_some_and(|reason| reasons.contains(&reason)), "{refused}");
            }
        }
        let last = usize::try_from(given::revision(registry).await).unwrap();
        assert_history_is_whole(registry, last).await;
    }

    /// Writes that fail between writes that do not: each is its own.
    async fn failures_touch_nobody_else(registry: &Harness) {
        let taken = given::model(registry, "taken").await;
        let call = |(number, client): (usize, Client)| async move {
            match number % 4 {
                0 => client.create_model(format!("model-{number}"), "s3://m").tag("new").send().await.map(|model| model.name),
                1 => client.create_model("taken", "s3://elsewhere").tag("stray").send().await.map(|model| model.name),
                2 => client.create_release("nobody", "1.0").digest(given::digest(1)).send().await.map(|release| release.version),
                _ => client.update_model("taken").etag("r0").description("stray").send().await.map(|model| model.name),
            }
        };
        let answers = at_once(clients(registry, 64).await.into_iter().enumerate().map(call)).await;
        for (number, answer) in answers.into_iter().enumerate() {
            let reason = answer.as_ref().err().map(|error| error.reason().expect("a reason"));
            let expected = [None, Some(ErrorReason::ModelAlreadyExists), Some(ErrorReason::ModelNotFound), Some(ErrorReason::EtagMismatch)];
            assert_eq!(reason, expected[number % 4], "{number}: {answer:?}");
        }
        assert_eq!(registry.client.get_model("taken").send().await.unwrap(), taken);
        assert_eq!(numbers(registry, "SELECT count(*) FROM model_tags").await, [16]);
        assert_history_is_whole(registry, 17).await;
    }
}

/// Two servers, one registry: one history, one numbering, and no call that fails for any reason but its own.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_database() {
    let registry = Harness::start(Database::Postgres).await;
    let replica = registry.replica().await;
    given::model(&registry, "shared").await;
    let both: Vec<Client> =
        clients(&registry, 16).await.into_iter().zip(clients(&replica, 16).await).flat_map(|(one, other)| [one, other]).collect();
    let call = |(number, client): (usize, Client)| async move {
        let mut answers = Vec::new();
        for round in 0..4 {
            let version = format!("1.{number}.{round}");
            answers.push(
                client.create_release("shared", version).digest(given::digest(1)).send().await.map(|release| release.number),
            );
            // Both servers are asked for the same name.
            answers.push(client.create_model(format!("model-{}-{round}", number / 2), "s3://m").send().await.map(|_| 0));
        }
        answers
    };
    let answers: Vec<_> = at_once(both.into_iter().enumerate().map(call)).await.into_iter().flatten().collect();
    let (done, refused) = split(answers, ErrorReason::ModelAlreadyExists);
    assert_eq!(refused.len(), 64, "each name is taken once");
    let numbers: BTreeSet<i64> = done.iter().copied().filter(|number| *number > 0).collect();
    assert_eq!(numbers, (1..=128).collect());
    assert_history_is_whole(&registry, 1 + 128 + 64).await;
    assert_history_is_whole(&replica, 1 + 128 + 64).await;
    replica.stop().await;
    registry.stop().await;
}
