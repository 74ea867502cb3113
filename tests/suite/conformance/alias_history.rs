//! Where an alias has pointed: its history, and what it stood for at an earlier time.

use registry_client::{Code, ErrorReason, ModelRef, Release, ReleaseAlias, ReleaseAliasMove};
use registry_tests::{Harness, conformance, expect, given};
use std::time::Duration;

const SECOND: i64 = 1_000_000;

async fn history(registry: &Harness, alias: &str) -> Vec<ReleaseAliasMove> {
    registry.client.list_release_alias_history("m", alias).send().await.unwrap().items
}

/// What the alias "stable" of "m" stood for at a time.
async fn at(registry: &Harness, micros: i64) -> Result<(String, ReleaseAlias), registry_client::Error> {
    let resolve = registry.client.resolve_release("m").alias("stable").as_of_time(given::time(micros));
    let resolved = resolve.send_resolved().await?;
    Ok((resolved.release.id, resolved.alias.expect("the alias")))
}

/// Two releases, and an alias that was created at 10 s, moved at 20 s, deleted at 30 s and created anew at 40 s. It is 50 s.
async fn eventful(registry: &Harness) -> (Release, Release, Vec<ReleaseAlias>) {
    given::model(registry, "m").await;
    let [one, two]: [Release; 2] = given::releases(registry, "m", 1..=2).await.try_into().unwrap();
    let mut states = Vec::new();
    for step in 1..=4 {
        registry.advance(Duration::from_secs(10));
        let set = |release: &Release| registry.client.set_release_alias(release, "stable");
        match step {
            1 => states.push(set(&one).reason("first").send().await.unwrap()),
            2 => states.push(set(&two).reason("better").send().await.unwrap()),
            3 => drop(registry.client.delete_release_alias("m", "stable").send().await.unwrap()),
            _ => states.push(set(&one).send().await.unwrap()),
        }
    }
    registry.advance(Duration::from_secs(10));
    (one, two, states)
}

conformance! {
    /// Every move is on record, the newest first, with where from, where to, when, by whom and why.
    async fn every_move_is_on_record(registry: &Harness) {
        let (one, two, _) = eventful(registry).await;
        let (one, two) = (Some(&one.id), Some(&two.id));
        let expected = [(6, 40, None, one, None), (5, 30, two, None, None), (4, 20, one, two, Some("better")), (3, 10, None, one, Some("first"))];
        let expected = expected.map(|(revision, seconds, from, to, reason)| ReleaseAliasMove {
            revision,
            move_time: Some(given::time(seconds * SECOND)),
            moved_by: "bootstrap-admin".into(),
            from_release_id: from.cloned(),
            to_release_id: to.cloned(),
            reason: reason.map(Into::into),
        });
        assert_eq!(history(registry, "stable").await, expected);
        for size in 1..=4 {
            let list = registry.client.list_release_alias_history("m", "stable").page_size(size);
            let pages = given::pages(list.pages()).await;
            assert_eq!(pages.len(), expected.len().div_ceil(usize::try_from(size).unwrap()), "{size}");
            assert_eq!(pages.into_iter().flat_map(|page| page.items).collect::<Vec<_>>(), expected, "{size}");
        }
    }

    /// The history of one alias is not that of another, of the same model or of another one.
    async fn each_alias_has_a_history_of_its_own(registry: &Harness) {
        let (one, _, _) = eventful(registry).await;
        given::alias(registry, &one, "stable-2").await;
        given::model(registry, "n").await;
        let other = given::release(registry, "n", "1").await;
        given::alias(registry, &other, "stable").await;
        assert_eq!((history(registry, "stable").await.len(), history(registry, "stable-2").await.len()), (4, 1));
        let of_other = registry.client.list_release_alias_history("n", "stable").send().await.unwrap().items;
        assert_eq!(of_other.iter().map(|moved| moved.to_release_id.as_ref()).collect::<Vec<_>>(), [Some(&other.id)]);
    }

    /// A deleted alias has a history; an alias that never was has none, which is not the same as an empty one.
    async fn a_deleted_alias_has_a_history(registry: &Harness) {
        let (_, _, _) = eventful(registry).await;
        registry.client.delete_release_alias("m", "stable").send().await.unwrap();
        let moves = history(registry, "stable").await;
        assert_eq!((moves.len(), moves[0].to_release_id.as_ref()), (5, None));
        let list = |model: &str, alias: &str| registry.client.list_release_alias_history(model, alias).send();
        expect::refused(list("m", "never").await, Code::NotFound, ErrorReason::AliasNotFound);
        expect::refused(list("m", "latest").await, Code::NotFound, ErrorReason::AliasNotFound);
        expect::refused(list("nobody", "stable").await, Code::NotFound, ErrorReason::ModelNotFound);
        expect::invalid(list("m", "").await, &[("alias", "REQUIRED")]);
        let model = registry.client.get_model("m").send().await.unwrap();
        let by_id = registry.client.list_release_alias_history(ModelRef::from(&model), "stable").send().await.unwrap();
        assert_eq!((by_id.items, by_id.next_page_token), (moves, None));
    }

    /// A walk through history goes on where it was, although the alias moves meanwhile.
    async fn a_walk_through_history_is_not_disturbed(registry: &Harness) {
        let (_, two, _) = eventful(registry).await;
        let moves = history(registry, "stable").await;
        let list = || registry.client.list_release_alias_history("m", "stable").page_size(2);
        let first = list().send().await.unwrap();
        given::alias(registry, &two, "stable").await;
        let second = list().page_token(first.next_page_token.unwrap()).send().await.unwrap();
        assert_eq!((first.items, second.items, second.next_page_token), (moves[..2].to_vec(), moves[2..].to_vec(), None));
    }

    /// At any earlier time the alias stands for what it stood for then, and is shown as it was then.
    async fn an_alias_stands_for_what_it_stood_for(registry: &Harness) {
        let (one, two, states) = eventful(registry).await;
        let [created, moved, again]: [ReleaseAlias; 3] = states.try_into().unwrap();
        let cases = [
            (10 * SECOND, &one, &created), (15 * SECOND, &one, &created), (20 * SECOND - 1, &one, &created),
            (20 * SECOND, &two, &moved), (20 * SECOND + 1, &two, &moved), (30 * SECOND - 1, &two, &moved),
            (40 * SECOND, &one, &again), (50 * SECOND, &one, &again), (1_000_000 * SECOND, &one, &again),
        ];
        for (micros, release, alias) in cases {
            assert_eq!(at(registry, micros).await.unwrap(), (release.id.clone(), alias.clone()), "at {micros}");
        }
        for micros in [-1_000_000 * SECOND, 0, 10 * SECOND - 1, 30 * SECOND, 35 * SECOND, 40 * SECOND - 1] {
            let error = expect::refused(at(registry, micros).await, Code::NotFound, ErrorReason::AliasNotFound);
            assert_eq!(error.resource().map(|resource| resource.resource_name.as_str()), Some("m@stable"), "at {micros}");
        }
    }

    /// What has been deleted or yanked since is not found, although the alias stood for it; back again it is.
    async fn what_is_gone_is_not_found_in_the_past(registry: &Harness) {
        let (_, two, _) = eventful(registry).await;
        let deleted = registry.client.delete_release(&two).send().await.unwrap().unwrap();
        expect::refused(at(registry, 25 * SECOND).await, Code::NotFound, ErrorReason::ReleaseNotFound);
        registry.client.undelete_release(&deleted).send().await.unwrap();
        assert_eq!(at(registry, 25 * SECOND).await.unwrap().0, two.id);
        registry.client.yank_release(&two).send().await.unwrap();
        expect::refused(at(registry, 25 * SECOND).await, Code::NotFound, ErrorReason::ReleaseNotFound);
        registry.client.delete_release(&two).send().await.unwrap();
        registry.client.purge_release(&two).send().await.unwrap();
        expect::refused(at(registry, 25 * SECOND).await, Code::NotFound, ErrorReason::ReleaseNotFound);
        let named = history(registry, "stable").await.into_iter().filter_map(|moved| moved.to_release_id);
        assert_eq!(named.filter(|id| *id == two.id).count(), 1);
    }

    /// The constraints count for the past as well.
    async fn the_past_has_constraints_too(registry: &Harness) {
        let (one, _, _) = eventful(registry).await;
        let resolve = || registry.client.resolve_release("m").alias("stable").as_of_time(given::time(10 * SECOND));
        assert_eq!(resolve().quantization("").platform("linux/amd64").send().await.unwrap().id, one.id);
        for does_not_fit in [resolve().quantization("fp16"), resolve().platform("linux/arm64")] {
            expect::refused(does_not_fit.send().await, Code::NotFound, ErrorReason::ReleaseNotFound);
        }
    }

    /// Moves while the clock stands have times of their own, in their order, and each can be asked for.
    async fn no_two_moves_have_one_time(registry: &Harness) {
        given::model(registry, "m").await;
        let releases = given::releases(registry, "m", 1..=2).await;
        let mut expected = Vec::new();
        for release in releases.iter().cycle().take(6) {
            let alias = given::alias(registry, release, "stable").await;
            assert_eq!(alias.update_time, Some(given::time(i64::try_from(expected.len()).unwrap())));
            expected.push(Some(release.id.clone()));
        }
        registry.client.delete_release_alias("m", "stable").send().await.unwrap();
        expected.push(None);
        let mut moves = history(registry, "stable").await;
        moves.reverse();
        assert_eq!(moves.iter().map(|moved| moved.to_release_id.clone()).collect::<Vec<_>>(), expected);
        let times: Vec<_> = (0..7).map(|micros| Some(given::time(micros))).collect();
        assert_eq!(moves.iter().map(|moved| moved.move_time).collect::<Vec<_>>(), times);
        for (micros, expected) in expected.into_iter().enumerate() {
            let found = at(registry, i64::try_from(micros).unwrap()).await.ok().map(|(id, _)| id);
            assert_eq!(found, expected, "at {micros}");
        }
    }
}
