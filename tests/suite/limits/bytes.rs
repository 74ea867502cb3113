//! How many bytes of requests are in hand, and how many one request has.

use super::{GET, INFO, PATIENCE, caller, get_m, hold, is_limited, limited, told_to_wait};
use ::bytes::Bytes;
use registry_client::pb::{BatchGetModelsRequest, ModelRef, model_ref};
use registry_client::{Client, Code, Error, ErrorReason};
use registry_server::domain::Limit;
use registry_tests::keys::ADMIN;
use registry_tests::unfinished::Unfinished;
use registry_tests::{Harness, on_every_database, raw, wait};

const FULL: Limit = Limit::RequestBytesInFlight;
const BATCH: &str = "/modelregistry.v1.ModelService/BatchGetModels";

/// A request of some four thousand bytes, for models that are not there.
fn large() -> BatchGetModelsRequest {
    let name = |number| ModelRef { value: Some(model_ref::Value::Name(format!("{number:0200}"))) };
    BatchGetModelsRequest { model_refs: (0..18).map(name).collect(), view: 0 }
}

/// What it is answered, if that is anything else than that there are no such models.
async fn ask(client: &Client) -> Result<(), Error> {
    client.call(large()).send().await.map(drop).or_else(served)
}

fn served(error: Error) -> Result<(), Error> {
    if error.code() == Code::NotFound { Ok(()) } else { Err(error) }
}

/// Such a request that is not at its end, of a caller who may not make another one.
async fn hold_one(registry: &Harness) -> Unfinished {
    let begin = async || Unfinished::begin(registry.address(), BATCH, Some(ADMIN), raw::framed(&large())).await;
    hold(1, begin, async || is_limited(ask(&registry.client).await, FULL).is_some()).await.remove(0)
}

async fn until_served(client: &Client) {
    wait::until("a call that is answered", PATIENCE, || async { is_limited(ask(client).await, FULL).is_none().then_some(()) })
        .await;
}

/// Six thousand bytes for each caller, twelve thousand for all.
async fn narrow(database: registry_tests::Database) -> Harness {
    limited(database, |calls| calls.request_bytes_in_flight = 12_000).await
}

on_every_database! {
    /// What has come of requests counts before they are at their end; over the limit a call is refused at once, also in the
    /// middle, the next caller is not, and afterwards there is room.
    async fn there_is_only_so_much_room_for_requests(database: Database) {
        let registry = narrow(database).await;
        let (_, neighbour) = caller(&registry, "neighbour").await;
        let held = hold_one(&registry).await;
        registry.client.get_model("m").send().await.unwrap(); // for which there is room
        ask(&neighbour).await.unwrap();
        let status = held.finish(Bytes::new()).await;
        assert_eq!(status.code(), Code::NotFound, "{status:?}");
        until_served(&registry.client).await;
        assert!(registry.refused(FULL) >= 1);
        registry.stop().await;
    }

    /// The room of a request is given back when its call ends, and not when it was read.
    async fn room_is_held_until_the_call_ends(database: Database) {
        let registry = narrow(database).await;
        let (_, neighbour) = caller(&registry, "neighbour").await;
        // A read that waits for a write that comes when the test makes it. It is repeated if it found no room itself.
        let waiting = wait::until("a read that holds its room", PATIENCE, async || {
            let waits = registry.client.call(large()).min_revision(2);
            let waiting = tokio::spawn(async move { waits.send().await });
            while !waiting.is_finished() {
                if is_limited(ask(&registry.client).await, FULL).is_some() {
                    return Some(waiting);
                }
            }
            None
        })
        .await;
        neighbour.create_model("awaited", "/m").send().await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap_err().code(), Code::NotFound, "it has waited, and was answered");
        until_served(&registry.client).await;
        registry.stop().await;
    }

    /// A request that is too large, or says that it will be, is refused before it has come: nobody waits for the rest.
    async fn a_request_is_not_waited_for_if_it_is_too_large(database: Database) {
        let registry = narrow(database).await;
        for (path, key, announced) in [(GET, Some(ADMIN), 512 * 1024 + 1), (GET, Some(ADMIN), u32::MAX), (INFO, None, 4097)] {
            let mut begins = vec![0];
            begins.extend(u32::to_be_bytes(announced));
            let status = Unfinished::begin(registry.address(), path, key, begins.into()).await.refused().await;
            let told = (status.code(), raw::reason(&status));
            assert_eq!(told, (Code::ResourceExhausted, Some(ErrorReason::MessageTooLarge)), "{announced}: {status:?}");
        }
        // One that is small and is followed by more than anybody asked for.
        let many = Bytes::from(get_m().repeat(4096 / get_m().len() + 2));
        let status = Unfinished::begin(registry.address(), INFO, None, many).await.refused().await;
        assert_eq!(raw::reason(&status), Some(ErrorReason::MessageTooLarge), "{status:?}");
        registry.stop().await;
    }

    /// A request that comes byte by byte is put together, and one that has no byte is none.
    async fn a_request_comes_in_any_pieces(database: Database) {
        let registry = narrow(database).await;
        let whole = get_m();
        for at in 0..=whole.len() {
            let status = Unfinished::begin(registry.address(), GET, Some(ADMIN), whole.slice(..at)).await.finish(whole.slice(at..)).await;
            assert_eq!(status.code(), Code::Ok, "cut at {at}: {status:?}");
        }
        for broken in [&whole[..0], &whole[..4], &whole[..whole.len() - 1]] {
            let status = Unfinished::begin(registry.address(), GET, Some(ADMIN), Bytes::copy_from_slice(broken)).await.finish(Bytes::new()).await;
            assert_eq!(raw::reason(&status), Some(ErrorReason::MalformedMessage), "{status:?}");
        }
        registry.stop().await;
    }

    /// Over the limit, a call is told so in the middle of its request.
    async fn a_call_is_refused_in_the_middle(database: Database) {
        let registry = narrow(database).await;
        let first = hold_one(&registry).await;
        let second = Unfinished::begin(registry.address(), BATCH, Some(ADMIN), raw::framed(&large())).await;
        told_to_wait(&second.refused().await, FULL);
        assert_eq!(first.finish(Bytes::new()).await.code(), Code::NotFound);
        registry.stop().await;
    }
}
