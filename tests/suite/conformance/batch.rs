//! Batches: the order of the answers, all or nothing, and how many.

use registry_client::{Code, ErrorReason, ModelId, ModelRef, ModelView, ReleaseQuery, ReleaseRef, ReleaseView, pb};
use registry_tests::{conformance, expect, given};

conformance! {
    /// Models come back in the order they were asked for, by name and by id mixed, each as often as it was asked for.
    async fn models_come_in_the_order_asked_for(registry: &Harness) {
        let mut models = Vec::new();
        for name in ["c", "a", "d", "b"] {
            models.push(given::model(registry, name).await);
        }
        let order = [2, 0, 3, 3, 1, 0, 2, 2];
        let refs = order.iter().enumerate().map(|(place, index)| {
            if place % 2 == 0 { ModelRef::by_name(&models[*index].name) } else { ModelRef::from(ModelId::from(&models[*index])) }
        });
        let found = registry.client.batch_get_models(refs).send().await.unwrap();
        assert_eq!(found, order.map(|index| models[index].clone()));
        let basic = registry.client.batch_get_models(["b", "a"]).view(ModelView::Basic).send().await.unwrap();
        assert_eq!(basic.iter().map(|model| (model.name.as_str(), &model.metadata)).collect::<Vec<_>>(), [("b", &None), ("a", &None)]);
    }

    /// If one model is missing, no model comes back, and the error names the one that is missing.
    async fn one_missing_model_fails_the_batch(registry: &Harness) {
        given::model(registry, "a").await;
        let answer = registry.client.batch_get_models(["a", "gone", "a"]).send().await;
        let error = expect::refused(answer, Code::NotFound, ErrorReason::ModelNotFound);
        assert_eq!(error.resource().map(|resource| resource.resource_name.as_str()), Some("gone"));
    }

    /// Releases come back in the order they were asked for, and if one is missing, none does.
    async fn releases_come_in_the_order_asked_for(registry: &Harness) {
        given::model(registry, "m").await;
        given::model(registry, "n").await;
        let a = given::release(registry, "m", "1").await;
        let b = given::release(registry, "n", "1").await;
        let c = registry.client.create_release("m", "1").quantization("q").digest(given::digest(1)).send().await.unwrap();
        let key = ReleaseRef::key("m", "1");
        let refs: Vec<ReleaseRef> = vec![(&c).into(), key.clone().into(), (&b).into(), key.clone().quantization("q").into(), (&a).into()];
        let found = registry.client.batch_get_releases(&refs).send().await.unwrap();
        assert_eq!(found, [&c, &a, &b, &c, &a].map(Clone::clone));
        let basic = registry.client.batch_get_releases(&refs).view(ReleaseView::Basic).send().await.unwrap();
        assert!(basic.iter().all(|release| release.metadata.is_none() && !release.model_name.is_empty()));
        let answer = registry.client.batch_get_releases([key.clone(), key.platform("linux/arm64")]).send().await;
        expect::refused(answer, Code::NotFound, ErrorReason::ReleaseNotFound);
    }

    /// A batch has 1 to 250 items.
    async fn a_batch_has_up_to_250_items(registry: &Harness) {
        given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        let client = &registry.client;
        let queries = |count| vec![ReleaseQuery::of("m").latest(); count];
        assert_eq!(client.batch_get_models(vec!["m"; 250]).send().await.unwrap().len(), 250);
        assert_eq!(client.batch_get_releases(vec![&release; 250]).send().await.unwrap().len(), 250);
        assert_eq!(client.batch_resolve_releases(queries(250)).send().await.unwrap().outcomes.len(), 250);
        let too_many = "REPEATED_MAX_ITEMS";
        expect::invalid(client.batch_get_models(vec!["m"; 251]).send().await, &[("model_refs", too_many)]);
        expect::invalid(client.batch_get_releases(vec![&release; 251]).send().await, &[("release_refs", too_many)]);
        expect::invalid(client.batch_resolve_releases(queries(251)).send().await, &[("requests", too_many)]);
        let none = |error| expect::invalid(Err::<(), _>(error), &[("model_refs", "REQUIRED")]);
        none(client.call(pb::BatchGetModelsRequest::default()).send().await.unwrap_err());
        let empty = client.call(pb::BatchGetReleasesRequest::default()).send().await;
        expect::invalid(empty, &[("release_refs", "REQUIRED")]);
        let empty = client.call(pb::BatchResolveReleasesRequest::default()).send().await;
        expect::invalid(empty, &[("requests", "REQUIRED")]);
    }

    /// In a batch of references each has its own outcome, and it is to the detail the one of the single call.
    async fn each_reference_has_the_outcome_of_the_single_call(registry: &Harness) {
        given::model(registry, "m").await;
        given::release(registry, "m", "1.0.0").await;
        registry.client.create_release("m", "1.0.0").quantization("q").digest(given::digest(2)).send().await.unwrap();
        let yanked = given::release(registry, "m", "0.1.0").await;
        registry.client.yank_release(&yanked).send().await.unwrap();
        let queries = [
            ReleaseQuery::of("m").latest(),
            ReleaseQuery::of("gone").latest(),
            ReleaseQuery::of("m").version("1.0.0"),
            ReleaseQuery::of("m").version("1.0.0").quantization("q"),
            ReleaseQuery::of("m").version("0.1.0"),
            ReleaseQuery::of("m").requirement("^7"),
            ReleaseQuery::of("m").requirement("^1").quantization(""),
            ReleaseQuery::of("m").number(99),
        ];
        let batch = registry.client.batch_resolve_releases(queries.clone()).send().await.unwrap();
        assert_eq!(batch.revision, given::revision(registry).await);
        for (query, outcome) in queries.into_iter().zip(batch.outcomes) {
            let single = registry.client.resolve_release_from(query.clone()).send().await;
            match (outcome, single) {
                (Ok(outcome), Ok(single)) => assert_eq!(outcome, single, "{query:?}"),
                (Err(outcome), Err(single)) => {
                    assert_eq!((outcome.code(), outcome.reason()), (single.code(), single.reason()), "{query:?}");
                    assert_eq!(outcome.message(), single.message(), "{query:?}");
                    assert_eq!(outcome.metadata(), single.metadata(), "{query:?}");
                    assert_eq!(outcome.resource(), single.resource(), "{query:?}");
                    assert!(outcome.reason().is_some(), "{query:?}");
                }
                (outcome, single) => panic!("{query:?}: {outcome:?} in the batch and {single:?} alone"),
            }
        }
    }

    /// What is wrong with a reference in a batch is told with its place, and for all references at once.
    async fn a_wrong_reference_fails_the_batch(registry: &Harness) {
        given::model(registry, "m").await;
        given::release(registry, "m", "1.0.0").await;
        let queries = [ReleaseQuery::of("m").latest(), ReleaseQuery::of("m").requirement("?"), ReleaseQuery::of("m").requirement("^")];
        let answer = registry.client.batch_resolve_releases(queries).send().await;
        let rule = "SEMVER_REQUIREMENT";
        expect::invalid(answer, &[("requests[1].requirement", rule), ("requests[2].requirement", rule)]);
        let queries = [ReleaseQuery::of("m").latest(), ReleaseQuery::of("").number(0)];
        let answer = registry.client.batch_resolve_releases(queries).send().await;
        expect::invalid(answer, &[("requests[1].model_ref.name", "STRING_MIN_LEN"), ("requests[1].number", "INT64_GTE")]);
    }
}
