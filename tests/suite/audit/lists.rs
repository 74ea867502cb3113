//! Reading the audit log: which entries, in which order, page by page.

use registry_client::pb::Role;
use registry_client::{AuditEntry, AuditFilter, Code, ErrorReason, ResourceKind};
use registry_tests::{Harness, audited, conformance, expect, given, keys};
use std::time::Duration;

/// A log with changes by two keys, at different times, of different resources; and with failures.
async fn stock(registry: &Harness) -> Vec<AuditEntry> {
    let (_, secret) = keys::make(registry, "operator", Role::Operator).await;
    let operator = keys::client(registry.endpoint(), &secret).await;
    for number in 0..4 {
        let name = format!("m-{number}");
        let model = operator.create_model(&name, "/m").send().await.unwrap();
        registry.advance(Duration::from_secs(1));
        let release = given::release(registry, &name, "1").await;
        given::alias(registry, &release, "stable").await;
        operator.update_model(&model).task("t").send().await.unwrap();
    }
    operator.rename_model("none", "other").send().await.unwrap_err();
    registry.client.purge_model("m-0").send().await.unwrap_err();
    audited::failures(registry, 2).await;
    audited::entries(registry).await
}

fn micros(entry: &AuditEntry) -> (i64, i32) {
    let time = entry.create_time.expect("a time");
    (time.seconds, time.nanos)
}

conformance! {
    /// A filter gives what it says, and nothing else; what is said in it twice are alternatives.
    async fn a_filter_gives_what_it_says(registry: &Harness) {
        let all = stock(registry).await;
        assert_eq!(all.len(), 1 + 4 * 4 + 2);
        let key = audited::key_of(&registry.client).await;
        let model = registry.client.get_model("m-1").send().await.unwrap().id;
        let alias = format!("{model}/stable");
        type Matches<'a> = Box<dyn Fn(&AuditEntry) -> bool + 'a>;
        let methods = ["CreateModel", "RenameModel"].map(|name| format!("modelregistry.v1.ModelService/{name}"));
        let (from, before) = (given::time(1_000_000), given::time(3_000_000));
        let cases: Vec<(AuditFilter, Matches<'_>)> = vec![
            (AuditFilter::default(), Box::new(|_| true)),
            (AuditFilter { methods: methods.to_vec(), ..Default::default() }, Box::new(|entry| methods.contains(&entry.method))),
            (AuditFilter { api_key_ids: vec![key.clone()], ..Default::default() }, Box::new(|entry| entry.api_key_id.as_ref() == Some(&key))),
            (
                AuditFilter { resource_kinds: vec![ResourceKind::Release.into(), ResourceKind::ApiKey.into()], ..Default::default() },
                Box::new(|entry| matches!(entry.resource_kind(), ResourceKind::Release | ResourceKind::ApiKey)),
            ),
            (
                AuditFilter { resource_ids: vec![model.clone(), alias.clone()], ..Default::default() },
                Box::new(|entry| entry.resource_id.as_ref().is_some_and(|id| [&model, &alias].contains(&id))),
            ),
            (AuditFilter { succeeded: Some(true), ..Default::default() }, Box::new(|entry| entry.code == 0)),
            (AuditFilter { succeeded: Some(false), ..Default::default() }, Box::new(|entry| entry.code != 0)),
            (AuditFilter { create_time_from: Some(from), ..Default::default() }, Box::new(|entry| micros(entry) >= (from.seconds, from.nanos))),
            (AuditFilter { create_time_before: Some(before), ..Default::default() }, Box::new(|entry| micros(entry) < (before.seconds, before.nanos))),
            (AuditFilter { actors: vec!["operator".into()], ..Default::default() }, Box::new(|entry| entry.actor == "operator")),
            (
                AuditFilter { actors: vec!["operator".into()], succeeded: Some(true), create_time_from: Some(from), create_time_before: Some(before), ..Default::default() },
                Box::new(|entry| entry.actor == "operator" && entry.code == 0 && (1..3).contains(&(micros(entry).0 - given::time(0).seconds))),
            ),
        ];
        for (filter, matches) in cases {
            let found = registry.client.list_audit_entries().filter(filter.clone()).page_size(1000).send().await.unwrap().items;
            let expected: Vec<_> = all.iter().filter(|entry| matches(entry)).cloned().collect();
            assert!(!expected.is_empty() && (expected.len() < all.len() || filter == AuditFilter::default()), "{filter:?}");
            assert_eq!(found, expected, "{filter:?}");
        }
        for filter in [
            AuditFilter { methods: vec!["CreateModel".into()], ..Default::default() },
            AuditFilter { actors: vec!["operato".into(), String::new()], ..Default::default() },
            AuditFilter { resource_ids: vec!["' OR 1=1 --".into()], ..Default::default() },
        ] {
            let found = registry.client.list_audit_entries().filter(filter.clone()).send().await.unwrap().items;
            assert_eq!(found, [], "{filter:?}");
        }
    }

    /// The newest come first, those of one moment too, and a walk over small pages finds each once, while others are appended.
    async fn a_walk_finds_each_entry_once(registry: &Harness) {
        let all = stock(registry).await;
        assert!(all.is_sorted_by(|newer, older| (micros(newer), &newer.id) > (micros(older), &older.id)), "{all:#?}");
        for size in [1, 4, 7, 1000] {
            let (mut found, mut token, mut pages) = (Vec::new(), String::new(), 0);
            let known = audited::entries(registry).await;
            loop {
                let page = registry.client.list_audit_entries().page_size(size).page_token(&token).send().await.unwrap();
                assert!(page.items.len() <= usize::try_from(size).unwrap());
                found.extend(page.items);
                pages += 1;
                given::model(registry, &format!("meanwhile-{size}-{pages}")).await;
                match page.next_page_token {
                    Some(next) => token = next,
                    None => break,
                }
            }
            assert_eq!((found, pages), (known.clone(), known.len().div_ceil(usize::try_from(size).unwrap())));
        }
    }

    /// A token belongs to its filter, and what is asked for wrongly is refused with the field.
    async fn what_is_asked_for_wrongly_is_refused(registry: &Harness) {
        stock(registry).await;
        let list = || registry.client.list_audit_entries().page_size(2);
        let token = list().succeeded(true).send().await.unwrap().next_page_token.unwrap();
        let answer = list().succeeded(false).page_token(&token).send().await;
        expect::refused(answer, Code::InvalidArgument, ErrorReason::PageTokenMismatch);
        let answer = registry.client.list_models().page_token(&token).send().await;
        expect::refused(answer, Code::InvalidArgument, ErrorReason::PageTokenMismatch);
        list().succeeded(true).page_size(5).page_token(&token).send().await.unwrap();
        let answer = list().page_token("nonsense").send().await;
        expect::refused(answer, Code::InvalidArgument, ErrorReason::InvalidPageToken);
        let many = AuditFilter { methods: vec!["m".to_owned(); 101], ..Default::default() };
        expect::invalid(list().filter(many).send().await, &[("filter.methods", "REPEATED_MAX_ITEMS")]);
        expect::invalid(list().api_key_id("bot").send().await, &[("filter.api_key_ids[0]", "STRING_UUID")]);
        expect::invalid(list().page_size(-1).send().await, &[("page_size", "INT32_GTE")]);
    }

    /// Every kind that there is can be asked for; no kind, and one that there is not, cannot.
    async fn every_kind_can_be_asked_for(registry: &Harness) {
        let known: Vec<ResourceKind> = (1..100).filter_map(|number| ResourceKind::try_from(number).ok()).collect();
        assert!(known.len() >= 6, "{known:?}");
        for kind in known {
            let filter = AuditFilter { resource_kinds: vec![kind.into()], ..Default::default() };
            let page = registry.client.list_audit_entries().filter(filter).send().await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            assert!(page.items.iter().all(|entry| entry.resource_kind() == kind));
        }
        for kind in [0, 100] {
            let filter = AuditFilter { resource_kinds: vec![kind], ..Default::default() };
            registry.client.list_audit_entries().filter(filter).send().await.expect_err("no kind");
        }
    }

    /// The builder of the client says what the message says.
    async fn the_builder_says_what_the_message_says(registry: &Harness) {
        let all = stock(registry).await;
        let key = audited::key_of(&registry.client).await;
        let entry = all.iter().find(|entry| entry.method.ends_with("/CreateRelease")).expect("a release");
        let by_builder = registry.client.list_audit_entries().method(&entry.method).actor(&entry.actor).api_key_id(&key);
        let by_builder = by_builder.resource_kind(entry.resource_kind()).resource_id(entry.resource_id.clone().unwrap());
        let by_builder = by_builder.succeeded(true).since(entry.create_time.unwrap()).before(given::time(10_000_000));
        assert_eq!(by_builder.send().await.unwrap().items, std::slice::from_ref(entry));
        let of_operator = registry.client.list_audit_entries().actor("operator").actor("nobody").send().await.unwrap().items;
        assert_eq!(of_operator.len(), all.iter().filter(|entry| entry.actor == "operator").count());
    }
}
