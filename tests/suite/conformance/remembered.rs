//! For how long a request id is remembered: over a restart, for as long as the server says, and not much longer.

use registry_client::{Answer, Code, ErrorReason, Model};
use registry_tests::{Harness, expect, given, on_every_database, wait};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The least that the clock of the server tells apart.
const MOMENT: Duration = Duration::from_micros(1);

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

/// Of two changes a moment apart, one is forgotten a moment before the other: when its time is over, and not sooner.
async fn is_remembered_for(time: Duration, registry: Harness) {
    let limits = registry.client.server_info().send().await.unwrap().limits.unwrap();
    assert_eq!(Duration::try_from(limits.request_id_retention.unwrap()).unwrap(), time);
    given::model(&registry, "m").await;
    let (older, newer) = (given::request_id(), given::request_id());
    let of_older = describe(&registry, &older, "older").await;
    registry.advance(MOMENT);
    let of_newer = describe(&registry, &newer, "newer").await;
    assert_eq!((of_older.value.revision, of_newer.value.revision), (2, 3));
    registry.advance(time);
    let again = made_again(&registry, &older, "older").await;
    assert_eq!((again.revision, again.description.as_deref()), (4, Some("older")));
    // The server has looked by now, and the newer one has had no more than its time.
    let kept = describe(&registry, &newer, "newer").await;
    assert!(kept.replayed && kept.value == of_newer.value, "{kept:?}");
    registry.advance(MOMENT);
    assert_eq!(made_again(&registry, &newer, "newer").await.revision, 5);
    // What was made again is remembered again.
    let kept = describe(&registry, &older, "older").await;
    assert!(kept.replayed && kept.value == again, "{kept:?}");
    registry.stop().await;
}

on_every_database! {
    /// Unless the server is told otherwise, an id is remembered for a day.
    async fn an_id_is_remembered_for_a_day(database: Database) {
        let registry = Harness::with(database, |settings| settings.housekeeping = Duration::from_millis(20)).await;
        is_remembered_for(DAY, registry).await;
    }

    /// Or for as long as it is told.
    async fn an_id_is_remembered_for_as_long_as_the_server_is_told(database: Database) {
        let registry = Harness::with(database, |settings| {
            settings.housekeeping = Duration::from_millis(20);
            settings.retention.answers = Duration::from_secs(90);
        });
        is_remembered_for(Duration::from_secs(90), registry.await).await;
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
