//! Floods of calls that fail: few entries, which say how many there were; and a bound to what is told apart.

use futures::StreamExt;
use futures::stream::iter;
use registry_client::pb::Role;
use registry_client::{AuditEntry, Client, Code, Method};
use registry_tests::{audited, conformance, keys, raw};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
/// How many kinds of failures the registry tells apart by address, and how many by caller.
const BY_ADDRESS: u32 = 1000;
const BY_CALLER: usize = 2000;

/// Calls that fail, many at once.
async fn fail(client: &Client, calls: usize, name: &str) {
    let calls = iter(0..calls).map(|_| async move { client.rename_model("none", name).send().await.unwrap_err().code() });
    calls.buffer_unordered(50).for_each(|_| async {}).await;
}

/// How many calls there were of each kind, and how many entries tell it.
fn kinds(entries: &[AuditEntry]) -> BTreeMap<(&str, i32), (usize, i64)> {
    entries.iter().fold(BTreeMap::new(), |mut kinds, entry| {
        let (count, calls) = kinds.entry((entry.actor.as_str(), entry.code)).or_default();
        (*count, *calls) = (*count + 1, *calls + entry.call_count);
        kinds
    })
}

conformance! {
    /// Two thousand failures leave two entries for each kind of them: the first at once, the others when the minute is over.
    async fn a_flood_leaves_a_few_entries(registry: &Harness) {
        let (_, secret) = keys::make(registry, "viewer", Role::Viewer).await;
        let viewer = keys::client(registry.endpoint(), &secret).await;
        let stranger = Client::builder(registry.endpoint()).retry(registry_client::RetryPolicy::none()).connect().await.unwrap();
        fail(&registry.client, 1000, "other").await;
        fail(&viewer, 600, "other").await;
        fail(&stranger, 400, "other").await;
        let first = audited::failures(registry, 3).await;
        assert!(first.iter().all(|entry| entry.call_count == 1), "{first:#?}");
        registry.advance(MINUTE);
        let told = audited::failures(registry, 2000).await;
        let expected = [
            (("anonymous", Code::Unauthenticated as i32), (2, 400)),
            (("bootstrap-admin", Code::NotFound as i32), (2, 1000)),
            (("viewer", Code::PermissionDenied as i32), (2, 600)),
        ];
        assert_eq!(kinds(&told), BTreeMap::from(expected), "{told:#?}");
        // A new minute begins with a call that is told at once.
        fail(&viewer, 1, "other").await;
        assert_eq!(audited::failures(registry, 2001).await[0].call_count, 1);
    }

    /// What several calls have in common is told, and of the rest what the last one had.
    async fn what_is_merged_says_what_is_common(registry: &Harness) {
        let rename = async |name: &str, id: &str| registry.client.rename_model(name, "other").request_id(id).send().await.unwrap_err();
        let ids: Vec<String> = (0..6).map(|_| registry_tests::given::request_id()).collect();
        for (name, id) in ["a", "b", "b"].iter().zip(&ids) {
            rename(name, id).await;
        }
        registry.advance(MINUTE);
        let told = audited::failures(registry, 3).await;
        assert_eq!(told[0].call_count, 2);
        assert_eq!((told[0].resource_name.as_deref(), &told[0].request_id), (Some("b"), &ids[2]));
        assert_eq!((told[1].resource_name.as_deref(), &told[1].request_id), (Some("a"), &ids[0]));
        for (name, id) in ["a", "b", "a"].iter().zip(&ids[3..]) {
            rename(name, id).await;
        }
        registry.advance(MINUTE);
        let told = audited::failures(registry, 6).await;
        assert_eq!((told[0].call_count, told[0].resource_name.as_deref(), told[0].resource_id.as_deref()), (2, None, None));
    }

    /// From too many addresses at once, and by too many callers, failures are still counted, and no longer told apart.
    async fn what_is_told_apart_is_bounded(registry: &Harness) {
        let bearers: Vec<String> = futures::future::join_all((0..50).map(|number| async move {
            format!("Bearer {}", keys::make(registry, &format!("viewer-{number}"), Role::Viewer).await.1)
        }))
        .await;
        let path = Method::CreateModel.path();
        let addresses = (1..=BY_ADDRESS + 50).map(|number| Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + number));
        let calls = iter(addresses).map(|address| raw::call_from(address, registry, path, &[], raw::frame(&[])));
        calls.buffer_unordered(20).for_each(|_| async {}).await;
        let first = audited::failures(registry, i64::from(BY_ADDRESS) + 1).await;
        let without = first.iter().filter(|entry| entry.client_address.is_none()).count();
        assert_eq!((first.len(), without), (1001, 1), "one more stands for all that are too many");
        let audited: Vec<Method> = Method::ALL.iter().copied().filter(|method| method.policy().audited).collect();
        let calls: Vec<_> = bearers.iter().flat_map(|bearer| audited.iter().map(move |method| (bearer, *method))).collect();
        let count = calls.len();
        assert!(count > BY_CALLER - first.len() + audited.len(), "there are enough to be too many");
        let calls = iter(calls).map(|(bearer, method)| async move {
            raw::call_without_key(registry, method.path(), &[("authorization", bearer)], raw::frame(&[])).await
        });
        calls.buffer_unordered(20).for_each(|_| async {}).await;
        registry.advance(MINUTE);
        let told = audited::failures(registry, i64::from(BY_ADDRESS) + 50 + i64::try_from(count).unwrap()).await;
        let by_callers = told.iter().filter(|entry| entry.api_key_id.is_some()).count();
        assert_eq!(by_callers, BY_CALLER - first.len());
        let others: Vec<_> = told.iter().filter(|entry| entry.actor == "others").collect();
        assert!(!others.is_empty() && others.len() <= 2 * audited.len(), "{others:#?}");
        assert_eq!(others.iter().map(|entry| entry.call_count).sum::<i64>(), i64::try_from(count - by_callers).unwrap());
        assert!(others.iter().all(|entry| entry.code == Code::PermissionDenied as i32 && entry.error_reason.is_none()));
    }
}
