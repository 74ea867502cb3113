//! For how long a request id is remembered: over a restart, for as long as the server says, and not much longer.

use registry_client::{Answer, Code, ErrorReason, Model};
use registry_tests::{Database, Harness, expect, given, on_every_database, wait};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

/// Describes the model; with the same id, the same request.
async fn describe(registry: &Harness, id: &str, description: &str) -> Answer<Model> {
    let update = registry.client.update_model("m").description(description).request_id(id);
    update.send_with_meta().await.expect("a model")
}

/// Asks for the change until its id has been forgotten and it is made once more.
async fn made_again(registry: &Harness, id: &str, description: &str) -> Model {
    let made = || async { Some(describe(registry, id, description).await).filter(|answer| !answer.replayed) };
    wait::until("the id is forgotten", Duration::from_secs(30), made).await.value
}

/// Two changes a second apart are forgotten a second apart, each not before its time is over.
async fn is_remembered_for(database: Database, registry: Harness, time: Duration) {
    let told = registry.client.server_info().send().await.unwrap().limits.unwrap().request_id_retention.unwrap();
    assert_eq!((Duration::try_from(told).unwrap(), registry.database), (time, database));
    given::model(&registry, "m").await;
    let (first, second) = (given::request_id(), given::request_id());
    assert_eq!(describe(&registry, &first, "first").await.value.revision, 2);
    registry.advance(SECOND);
    let described = describe(&registry, &second, "second").await.value;
    registry.advance(time - SECOND);
    // What is looked at all the time is looked at when the first one has lived exactly as long as promised.
    let (oldest, another) = (describe(&registry, &first, "first").await, given::request_id());
    assert!(oldest.replayed && oldest.value.revision == 2);
    assert!(!describe(&registry, &another, "second").await.replayed);
    registry.advance(Duration::from_micros(1));
    let again = made_again(&registry, &first, "first").await;
    assert_eq!((again.revision, again.description.as_deref()), (4, Some("first")));
    // By now the server has looked, and the second one is not due.
    let kept = describe(&registry, &second, "second").await;
    assert!(kept.replayed && kept.value == described, "{kept:?}");
    // What was made again is remembered again.
    let kept = describe(&registry, &first, "first").await;
    assert!(kept.replayed && kept.value == again, "{kept:?}");
    registry.advance(SECOND);
    assert_eq!(made_again(&registry, &second, "second").await.revision, 5);
    let kept = describe(&registry, &another, "second").await;
    assert!(kept.replayed, "{kept:?}");
    registry.stop().await;
}

on_every_database! {
    /// Unless the server is told otherwise, an id is remembered for a day.
    async fn an_id_is_remembered_for_a_day(database: Database) {
        let registry = Harness::with(database, |settings| settings.housekeeping = Duration::from_millis(20)).await;
        is_remembered_for(database, registry, DAY).await;
    }

    /// Or for as long as it is told.
    async fn an_id_is_remembered_for_as_long_as_the_server_is_told(database: Database) {
        let registry = Harness::with(database, |settings| {
            settings.housekeeping = Duration::from_millis(20);
            settings.retention.answers = Duration::from_secs(90);
        });
        is_remembered_for(database, registry.await, Duration::from_secs(90)).await;
    }

    /// After a restart, ids are as they were.
    async fn an_id_survives_a_restart(database: Database) {
        let registry = Harness::start(database).await;
        let (created, failed) = (given::request_id(), given::request_id());
        let model = registry.client.create_model("m", "/m").request_id(&created).send().await.unwrap();
        let twin = registry.client.create_model("m", "/m").request_id(&failed).send().await;
        expect::refused(twin, Code::AlreadyExists, ErrorReason::ModelAlreadyExists);
        let registry = registry.restart_after(|_| async {}).await.expect("a server that starts again");
        let again = registry.client.create_model("m", "/m").request_id(&created).send_with_meta().await.unwrap();
        assert_eq!((again.replayed, again.value), (true, model));
        let other = registry.client.create_model("n", "/n").request_id(&created).send().await;
        expect::refused(other, Code::FailedPrecondition, ErrorReason::RequestIdReused);
        let free = registry.client.create_model("n", "/n").request_id(&failed).send_with_meta().await.unwrap();
        assert_eq!((free.replayed, given::revision(&registry).await), (false, 2));
        registry.stop().await;
    }
}
