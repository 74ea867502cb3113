//! Every way to change the registry: what it tells whoever follows, and that it happens as a whole or not at all.

mod audited;
mod cached;
mod events;
mod kinds;

use events::{Told, expected, shown};
use kinds::{Mutation, Stock, act, of};
use registry_client::{Code, DeploymentState, ErrorReason, Event, Idempotency, Method, pb};
use registry_tests::{Harness, conformance, expect, given, rows, wait};
use std::time::Duration;

/// Every way to change a resource, found by walking over the methods.
fn mutations() -> impl Iterator<Item = Mutation> {
    Method::ALL.iter().flat_map(|method| of(*method)).copied()
}

/// The events after a revision, with what they show.
async fn events_after(registry: &Harness, after_revision: i64) -> Vec<Event> {
    let request = pb::ListEventsRequest { after_revision, include_resource: true, page_size: 1000, ..Default::default() };
    let page = registry.client.call(request).send().await.unwrap();
    assert!(!page.has_more);
    page.events
}

/// What is stored with every change.
const WITH_A_CHANGE: [&str; 2] = ["events", "audit_entries"];

fn fresh_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Whatever has side effects changes a resource, or is known to change none.
#[test]
fn every_method_is_known_to_change_something_or_nothing() {
    for method in Method::ALL {
        let may_change = method.idempotency() != Idempotency::NoSideEffects;
        let others = matches!(method, Method::CompactEvents | Method::Import) || method.service().ends_with(".ApiKeyService");
        let changes = !of(*method).is_empty() || others;
        assert!(changes || !may_change, "{method:?}");
        assert!(may_change || of(*method).is_empty(), "{method:?}");
    }
    assert_eq!(mutations().count(), 24);
}

conformance! {
    /// Every change tells exactly what it did, to what, in order, who did it and by which request; and shows what came of it.
    async fn every_change_tells_what_it_did(registry: &Harness) {
        for mutation in mutations() {
            let stock = Stock::of(registry, mutation, "told").await;
            registry.advance(Duration::from_secs(1));
            let (before, id) = (given::revision(registry).await, fresh_id());
            act(registry, &stock, mutation, &id).await.unwrap();
            assert_eq!(given::revision(registry).await, before + 1, "{mutation:?}");
            let events = events_after(registry, before).await;
            let told: Vec<Told> = events.iter().map(Told::by).collect();
            assert_eq!(told, expected(registry, &stock, mutation).await, "{mutation:?}");
            let count = events.len();
            for (index, event) in events.into_iter().enumerate() {
                let place = (event.revision, event.index, event.last_in_revision);
                assert_eq!(place, (before + 1, i32::try_from(index).unwrap(), index + 1 == count), "{mutation:?}");
                assert_eq!((event.actor.as_str(), event.request_id.as_str()), ("bootstrap-admin", id.as_str()), "{mutation:?}");
                assert_eq!(event.event_time, Some(registry_now(registry)), "{mutation:?}");
                let model = [&stock.model.id, &stock.gone.id, &stock.running.model_id].into_iter().any(|id| *id == event.model_id);
                assert!(model || event.model_id == event.resource_id, "{mutation:?}: {event:?}");
                assert_eq!(event.resource, shown(registry, &stock, &event).await, "{mutation:?}");
            }
        }
    }

    /// A change that was only validated, that was refused or that changes nothing tells nothing.
    async fn no_change_tells_nothing(registry: &Harness) {
        let stock = Stock::of(registry, Mutation::UpdateModel, "nothing").await;
        let before = given::revision(registry).await;
        let client = &registry.client;
        client.create_model("new", "/m").validate_only().send().await.unwrap();
        client.delete_model(&stock.model).force().validate_only().send().await.unwrap();
        client.delete_model(&stock.model).send().await.unwrap_err();
        client.rename_model(&stock.model, &stock.model.name).send().await.unwrap();
        client.undelete_model(&stock.model).send().await.unwrap();
        client.undelete_release(&stock.two).send().await.unwrap();
        client.set_release_alias(&stock.one, "a").send().await.unwrap();
        client.create_deployment(&stock.one, "production").validate_only().send().await.unwrap();
        client.terminate_deployment(&stock.running).validate_only().send().await.unwrap();
        client.transition_deployment(&stock.running, stock.running.state()).send().await.unwrap();
        client.transition_deployment(&stock.running, DeploymentState::Pending).send().await.unwrap_err();
        client.update_deployment(&stock.running).clear_cluster().send().await.unwrap();
        client.set_release_alias(&stock.two, "a").expected_absent().send().await.unwrap_err();
        client.delete_release_alias(&stock.model, "none").allow_missing().send().await.unwrap();
        client.delete_model("none").allow_missing().send().await.unwrap();
        client.purge_model(&stock.model).send().await.unwrap_err();
        assert_eq!((events_after(registry, before).await, given::revision(registry).await), (Vec::new(), before));
    }

    /// A change whose event, or whose entry in the audit log, cannot be stored is not made: nothing of it is left, and it can be
    /// made later.
    async fn no_change_without_its_event_and_its_entry(registry: &Harness) {
        for mutation in mutations() {
            let stock = Stock::of(registry, mutation, "failing").await;
            let before = settled(registry).await;
            let id = fresh_id();
            for table in WITH_A_CHANGE {
                rows::refuse(registry, table).await;
                let answer = act(registry, &stock, mutation, &id).await;
                expect::refused(answer, Code::Internal, ErrorReason::Internal);
                assert_eq!(settled(registry).await, before, "{mutation:?} without {table}");
                rows::accept(registry, table).await;
            }
            act(registry, &stock, mutation, &id).await.unwrap();
            let after = rows::all(registry).await;
            let (before, after) = (&before["events"], &after["events"]);
            assert!(after.len() > before.len() && before.iter().all(|row| after.contains(row)), "{mutation:?}");
        }
    }
}

/// What is stored once no upload is noted: the note of one that is over is taken back after its answer, whatever came of it.
async fn settled(registry: &Harness) -> rows::Rows {
    let done = async || Some(rows::all(registry).await).filter(|rows| rows["uploads"].is_empty());
    wait::until("no upload is noted", Duration::from_secs(20), done).await
}

/// What time it is for the registry: whole seconds after the start, as this file moves its clock.
fn registry_now(registry: &Harness) -> prost_types::Timestamp {
    let micros = registry.clock.now().micros() - Harness::settings().clock.now().micros();
    given::time(micros)
}
