//! Lists of aliases, and what an alias stands for now.

use futures::TryStreamExt;
use registry_client::{Code, ErrorReason, ModelId, Release, ReleaseAlias, ReleaseQuery, ReleaseRef, pb};
use registry_tests::{Harness, conformance, expect, given};

/// Five models with two releases and some aliases each; all aliases in the order that lists have.
async fn stock(registry: &Harness) -> (Vec<Release>, Vec<ReleaseAlias>) {
    let (mut releases, mut aliases) = (Vec::new(), Vec::new());
    // Neither the order of creation nor that of any language.
    for name in ["a/b", "a", "B", "a-b", "a.b"] {
        given::model(registry, name).await;
        let [one, two]: [Release; 2] = given::releases(registry, name, 1..=2).await.try_into().unwrap();
        for alias in ["z", "a0", "a-b", "a"] {
            aliases.push(given::alias(registry, if alias == "z" { &two } else { &one }, alias).await);
        }
        releases.extend([one, two]);
    }
    aliases.sort_by_key(|alias| (alias.model_name.clone(), alias.alias.clone()));
    (releases, aliases)
}

conformance! {
    /// All aliases come by the name of the model and then by alias, byte by byte, whatever the size of the pages.
    async fn aliases_are_listed_by_model_and_alias(registry: &Harness) {
        let (_, aliases) = stock(registry).await;
        assert_eq!(aliases.iter().step_by(4).map(|alias| alias.model_name.as_str()).collect::<Vec<_>>(), ["B", "a", "a-b", "a.b", "a/b"]);
        for size in [1, 3, 19, 20, 21, 0] {
            let pages = given::pages(registry.client.list_release_aliases().page_size(size).pages()).await;
            let expected = if size == 0 { 1 } else { 20_usize.div_ceil(usize::try_from(size).unwrap()) };
            assert_eq!(pages.len(), expected, "{size}");
            assert!(pages.iter().all(|page| page.revision == given_revision(&aliases)), "{size}");
            assert_eq!(pages.into_iter().flat_map(|page| page.items).collect::<Vec<_>>(), aliases, "{size}");
        }
    }

    /// A list is of one model, of one release, or of both, which must belong together to have any.
    async fn lists_are_of_a_model_or_of_a_release(registry: &Harness) {
        let (releases, aliases) = stock(registry).await;
        let list = || registry.client.list_release_aliases().page_size(3);
        let names = async |list: registry_client::ListReleaseAliases| -> Vec<(String, String)> {
            let found: Vec<ReleaseAlias> = list.items().try_collect().await.unwrap();
            found.into_iter().map(|alias| (alias.model_name, alias.alias)).collect()
        };
        let of = |model: &str, names: &[&str]| names.iter().map(|name| (model.to_owned(), (*name).to_owned())).collect::<Vec<_>>();
        let id = ModelId::new(&aliases[4].model_id);
        assert_eq!(names(list().model("a")).await, of("a", &["a", "a-b", "a0", "z"]));
        assert_eq!(names(list().model(id)).await, of("a", &["a", "a-b", "a0", "z"]));
        assert_eq!(names(list().release(ReleaseRef::key("a", "1"))).await, of("a", &["a", "a-b", "a0"]));
        assert_eq!(names(list().release(ReleaseRef::key("a", "2"))).await, of("a", &["z"]));
        assert_eq!(names(list().model("B").release(ReleaseRef::key("B", "2"))).await, of("B", &["z"]));
        assert_eq!(names(list().model("a").release(ReleaseRef::key("B", "2"))).await, []);
        expect::refused(list().model("nobody").send().await, Code::NotFound, ErrorReason::ModelNotFound);
        let nothing = list().release(ReleaseRef::key("a", "9")).send().await;
        expect::refused(nothing, Code::NotFound, ErrorReason::ReleaseNotFound);
        let unaliased = given::release(registry, "a", "3").await;
        assert_eq!(names(list().release(&unaliased)).await, []);
        assert!(releases.iter().all(|release| release.aliases.is_empty()), "as they were created");
    }

    /// Between two pages an alias can come and go: the others are seen once each, and the revision is that of the first page.
    async fn a_walk_sees_what_stays(registry: &Harness) {
        let (releases, aliases) = stock(registry).await;
        let list = || registry.client.list_release_aliases().page_size(10);
        let first = list().send().await.unwrap();
        registry.client.delete_release_alias(&aliases[9].model_name, &aliases[9].alias).send().await.unwrap();
        registry.client.delete_release_alias(&aliases[15].model_name, &aliases[15].alias).send().await.unwrap();
        given::alias(registry, &releases[4], "b").await; // of "B": before the place of the second page
        let second = list().page_token(first.next_page_token.unwrap()).send().await.unwrap();
        assert_eq!((first.items.as_slice(), first.revision), (&aliases[..10], given_revision(&aliases)));
        let rest: Vec<ReleaseAlias> = aliases[10..].iter().filter(|alias| **alias != aliases[15]).cloned().collect();
        assert_eq!((second.items, second.next_page_token, second.revision), (rest, None, first.revision));
    }

    /// A token goes on with the list it was made for, and with no other.
    async fn a_token_belongs_to_its_list(registry: &Harness) {
        stock(registry).await;
        let token = registry.client.list_release_aliases().page_size(3).send().await.unwrap().next_page_token.unwrap();
        let list = || registry.client.list_release_aliases().page_token(&token);
        assert_eq!(list().page_size(17).send().await.unwrap().items.len(), 17);
        for other in [list().model("a"), list().release(ReleaseRef::key("a", "1"))] {
            expect::refused(other.send().await, Code::InvalidArgument, ErrorReason::PageTokenMismatch);
        }
        let history = registry.client.list_release_alias_history("a", "a").page_token(&token).send().await;
        expect::refused(history, Code::InvalidArgument, ErrorReason::PageTokenMismatch);
        let broken = registry.client.list_release_aliases().page_token(format!("{token}x")).send().await;
        expect::refused(broken, Code::InvalidArgument, ErrorReason::InvalidPageToken);
        let negative = registry.client.list_release_aliases().page_size(-1).send().await;
        expect::invalid(negative, &[("page_size", "INT32_GTE")]);
    }

    /// An alias is resolved to the release it points to and to itself; the constraints must fit.
    async fn an_alias_is_resolved(registry: &Harness) {
        let (_, aliases) = stock(registry).await;
        let alias = aliases.iter().find(|alias| (alias.model_name.as_str(), alias.alias.as_str()) == ("a", "z")).unwrap();
        let resolve = || registry.client.resolve_release("a").alias("z");
        let resolved = resolve().send_resolved().await.unwrap();
        assert_eq!((&resolved.release.id, resolved.alias.as_ref()), (&alias.release_id, Some(alias)));
        assert_eq!(resolved.release, registry.client.get_release(ReleaseRef::key("a", "2")).send().await.unwrap());
        for fits in [resolve().platform("linux/amd64"), resolve().quantization("")] {
            assert_eq!(fits.send_resolved().await.unwrap(), resolved);
        }
        for does_not in [resolve().platform("linux/arm64"), resolve().quantization("fp16")] {
            expect::refused(does_not.send().await, Code::NotFound, ErrorReason::ReleaseNotFound);
        }
        let missing = registry.client.resolve_release("a").alias("b").send().await;
        let error = expect::refused(missing, Code::NotFound, ErrorReason::AliasNotFound);
        assert_eq!(error.resource().map(|resource| resource.resource_name.as_str()), Some("a@b"));
        assert_eq!(registry.client.resolve_release("a").version("2").send_resolved().await.unwrap().alias, None);
        let latest = registry.client.resolve_release("a").alias("latest").send().await;
        expect::refused(latest, Code::NotFound, ErrorReason::AliasNotFound);
        let nobody = registry.client.resolve_release("nobody").alias("z").send().await;
        expect::refused(nobody, Code::NotFound, ErrorReason::ModelNotFound);
    }

    /// In a batch each alias has its own outcome, and each release comes with the alias that led to it.
    async fn aliases_are_resolved_in_a_batch(registry: &Harness) {
        let (_, aliases) = stock(registry).await;
        let queries = [
            ReleaseQuery::of("a").alias("z"), ReleaseQuery::of("a").alias("gone"), ReleaseQuery::of("B").alias("a"),
            ReleaseQuery::of("a").latest(), ReleaseQuery::of("a").alias("z").as_of_time(given::time(-1)),
            ReleaseQuery::of("a").alias("z").as_of_time(given::time(0)),
        ];
        let batch = registry.client.batch_resolve_releases(queries).send().await.unwrap();
        let [z, gone, of_other, latest, before, then]: [_; 6] = batch.outcomes.try_into().unwrap();
        for missing in [gone, before] {
            expect::refused(missing, Code::NotFound, ErrorReason::AliasNotFound);
        }
        let found = |model: &str, name: &str| aliases.iter().find(|alias| alias.model_name == model && alias.alias == name).cloned();
        let (a_z, b_a) = (found("a", "z"), found("B", "a"));
        assert_eq!(batch.aliases, [a_z.clone(), None, b_a.clone(), None, None, a_z.clone()]);
        for (release, alias) in [(z.unwrap(), &a_z), (of_other.unwrap(), &b_a), (latest.unwrap(), &a_z), (then.unwrap(), &a_z)] {
            assert_eq!(Some(release.id), alias.as_ref().map(|alias| alias.release_id.clone()));
        }
    }

    /// Only an alias has a past.
    async fn only_an_alias_has_a_past(registry: &Harness) {
        stock(registry).await;
        let mut request: pb::ResolveReleaseRequest = ReleaseQuery::of("a").version("1").into();
        request.as_of_time = Some(given::time(0));
        let answer = registry.client.call(request.clone()).send().await;
        expect::invalid(answer, &[("as_of_time", "ALIAS_ONLY")]);
        let first: pb::ResolveReleaseRequest = ReleaseQuery::of("a").alias("a").as_of_time(given::time(0)).into();
        let answer = registry.client.call(pb::BatchResolveReleasesRequest { requests: vec![first, request] }).send().await;
        expect::invalid(answer, &[("requests[1].as_of_time", "ALIAS_ONLY")]);
    }
}

/// The revision of the newest of them.
fn given_revision(aliases: &[ReleaseAlias]) -> i64 {
    aliases.iter().map(|alias| alias.revision).max().unwrap()
}
