//! Aliases: creating, moving and deleting them, and what keeps them from it.

use registry_client::{Code, Error, ErrorReason, Release, ReleaseAlias, ReleaseId, ReleaseQuery, ReleaseRef, ReleaseState};
use registry_tests::{Harness, conformance, expect, given, rows};
use std::fmt::Debug;
use std::time::Duration;

/// A model with that many releases.
async fn releases(registry: &Harness, model: &str, count: i32) -> Vec<Release> {
    given::model(registry, model).await;
    given::releases(registry, model, 1..=count).await
}

/// The alias is not where it was expected: it is here.
#[track_caller]
fn moved<T: Debug>(answer: Result<T, Error>, to: Option<&ReleaseAlias>) {
    let error = expect::refused(answer, Code::Aborted, ErrorReason::AliasMoved);
    assert_eq!(expect::fact(&error, "currentReleaseId"), to.map_or("", |alias| &alias.release_id));
    assert_eq!(expect::fact(&error, "currentRevision"), to.map_or(0, |alias| alias.revision).to_string());
    assert_eq!(error.current_release_id(), to.map(|alias| ReleaseId::new(&alias.release_id)));
}

conformance! {
    /// An alias is created, and then moved: it remembers when, and where it came from. The releases themselves stay.
    async fn an_alias_is_created_and_moved(registry: &Harness) {
        let [one, two]: [Release; 2] = releases(registry, "m", 2).await.try_into().unwrap();
        registry.advance(Duration::from_secs(1));
        let created = registry.client.set_release_alias(&one, "stable").send().await.unwrap();
        let expected = ReleaseAlias {
            model_id: one.model_id.clone(),
            model_name: "m".into(),
            alias: "stable".into(),
            release_id: one.id.clone(),
            previous_release_id: None,
            create_time: Some(given::time(1_000_000)),
            update_time: Some(given::time(1_000_000)),
            updated_by: one.updated_by.clone(),
            revision: 3,
        };
        assert_eq!(created, expected);
        registry.advance(Duration::from_secs(1));
        let moved = registry.client.set_release_alias(ReleaseRef::key("m", "2"), "stable").send().await.unwrap();
        let (release_id, previous_release_id) = (two.id.clone(), Some(one.id.clone()));
        let update_time = Some(given::time(2_000_000));
        assert_eq!(moved, ReleaseAlias { release_id, previous_release_id, update_time, revision: 4, ..created });
        assert_eq!(registry.client.list_release_aliases().send().await.unwrap().items, [moved]);
        assert_eq!(registry.client.get_release(&one).send().await.unwrap(), one);
        let pointed_to = Release { aliases: vec!["stable".into()], ..two };
        assert_eq!(registry.client.get_release(&pointed_to).send().await.unwrap(), pointed_to);
    }

    /// Each model has aliases of its own.
    async fn models_have_aliases_of_their_own(registry: &Harness) {
        let (m, n) = (releases(registry, "m", 1).await, releases(registry, "n", 1).await);
        for release in [&m[0], &n[0]] {
            let set = registry.client.set_release_alias(release, "stable").expected_absent();
            assert_eq!(set.send().await.unwrap().model_id, release.model_id);
        }
        for release in [&m[0], &n[0]] {
            assert_eq!(registry.client.resolve_release(&release.model_name).alias("stable").send().await.unwrap().id, release.id);
        }
    }

    /// Where it points already, it stays as it is: no revision, no history.
    async fn the_same_release_changes_nothing(registry: &Harness) {
        let one = releases(registry, "m", 1).await.remove(0);
        let alias = given::alias(registry, &one, "stable").await;
        registry.advance(Duration::from_secs(1));
        let before = rows::all(registry).await;
        let set = || registry.client.set_release_alias(&one, "stable").reason("again");
        assert_eq!(set().send().await.unwrap(), alias);
        assert_eq!(set().expected_release(&one).send().await.unwrap(), alias);
        assert_eq!(set().validate_only().send().await.unwrap(), ReleaseAlias { revision: 0, ..alias.clone() });
        moved(set().expected_absent().send().await, Some(&alias));
        let mut after = rows::all(registry).await;
        // Answers are kept for whoever asks again.
        after.insert("answers".into(), before["answers"].clone());
        assert_eq!(after, before);
    }

    /// It moves only from where the caller believes it to be; else the error says where it is.
    async fn it_moves_only_from_where_it_is_expected(registry: &Harness) {
        let [one, two, three]: [Release; 3] = releases(registry, "m", 3).await.try_into().unwrap();
        let set = |release: &Release| registry.client.set_release_alias(release, "stable");
        moved(set(&one).expected_release(&one).send().await, None);
        let alias = set(&one).expected_absent().send().await.unwrap();
        for refused in [set(&two).expected_absent(), set(&two).expected_release(&three), set(&one).expected_release(&two)] {
            moved(refused.clone().validate_only().send().await, Some(&alias));
            moved(refused.send().await, Some(&alias));
        }
        let alias = set(&two).expected_release(&one).send().await.unwrap();
        assert_eq!((&alias.release_id, alias.previous_release_id.as_ref()), (&two.id, Some(&one.id)));
        // A caller that expects nothing of it moves it from anywhere.
        let alias = set(&three).send().await.unwrap();
        let delete = || registry.client.delete_release_alias("m", "stable");
        moved(delete().expected_release(&two).send().await, Some(&alias));
        moved(delete().expected_release(&two).allow_missing().send().await, Some(&alias));
        assert_eq!(delete().expected_release(&three).send().await.unwrap(), Some(alias.revision + 1));
        moved(set(&one).expected_release(&three).send().await, None);
    }

    /// A release in any state can be pointed to, but for a yanked one; a deleted one cannot.
    async fn what_can_be_pointed_to(registry: &Harness) {
        given::model(registry, "m").await;
        for state in [ReleaseState::Candidate, ReleaseState::Active, ReleaseState::Deprecated, ReleaseState::Archived] {
            let release = given::release_in(registry, "m", state.as_str_name(), state).await;
            given::alias(registry, &release, "stable").await;
            assert_eq!(registry.client.resolve_release("m").alias("stable").send().await.unwrap().id, release.id);
        }
        let deleted = given::release(registry, "m", "deleted").await;
        registry.client.delete_release(&deleted).send().await.unwrap();
        let yanked = given::release_in(registry, "m", "yanked", ReleaseState::Yanked).await;
        let before = rows::all(registry).await;
        let set = |by: ReleaseRef| registry.client.set_release_alias(by, "stable").send();
        let error =
            expect::refused(set((&yanked).into()).await, Code::FailedPrecondition, ErrorReason::InvalidStateTransition);
        assert_eq!(expect::fact(&error, "currentState"), "YANKED");
        expect::refused(set((&deleted).into()).await, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
        expect::refused(set(ReleaseRef::key("m", "deleted").into()).await, Code::NotFound, ErrorReason::ReleaseNotFound);
        expect::refused(set(ReleaseRef::key("m", "gone").into()).await, Code::NotFound, ErrorReason::ReleaseNotFound);
        assert_eq!(rows::all(registry).await, before);
        registry.client.delete_model("m").force().send().await.unwrap();
        let archived = registry.client.list_releases().show_deleted().send().await.unwrap().items.remove(2);
        expect::refused(set((&archived).into()).await, Code::FailedPrecondition, ErrorReason::ResourceDeleted);
    }

    /// A release that aliases point to is not yanked: they are named. Every other step can be taken.
    async fn a_release_with_an_alias_is_not_yanked(registry: &Harness) {
        let one = releases(registry, "m", 1).await.remove(0);
        for alias in ["stable", "canary"] {
            given::alias(registry, &one, alias).await;
        }
        for state in [ReleaseState::Deprecated, ReleaseState::Archived] {
            let stepped = registry.client.transition_release(&one, state).send().await.unwrap();
            assert_eq!(stepped.aliases, ["canary", "stable"]);
        }
        let before = rows::all(registry).await;
        let yank = || registry.client.yank_release(&one);
        for answer in [yank().send().await, yank().validate_only().send().await] {
            let error = expect::refused(answer, Code::FailedPrecondition, ErrorReason::ResourceInUse);
            assert_eq!(error.blockers(), ["m@canary", "m@stable"]);
        }
        assert_eq!(rows::all(registry).await, before);
        for alias in ["stable", "canary"] {
            registry.client.delete_release_alias("m", alias).send().await.unwrap();
        }
        assert_eq!(yank().send().await.unwrap().state(), ReleaseState::Yanked);
    }

    /// "latest" is none, and the others keep to their rules: all that is wrong is told at once.
    async fn an_alias_keeps_to_its_rules(registry: &Harness) {
        let one = releases(registry, "m", 1).await.remove(0);
        let too_long = "a".repeat(129);
        let cases = [
            ("", "REQUIRED"), ("latest", "STRING_NOT_IN"), ("Stable", "STRING_PATTERN"), ("1st", "STRING_PATTERN"),
            ("-a", "STRING_PATTERN"), ("a-", "STRING_PATTERN"), ("a_b", "STRING_PATTERN"), ("a b", "STRING_PATTERN"),
            ("ä", "STRING_PATTERN"), (&too_long, "STRING_MAX_LEN"),
        ];
        for (alias, rule) in cases {
            let answer = registry.client.set_release_alias(&one, alias).send().await;
            expect::invalid(answer, &[("alias", rule)]);
        }
        let set = registry.client.set_release_alias(ReleaseRef::by_id("m"), "latest").expected_release(ReleaseId::new("n"));
        let expected = [
            ("release_ref.id", "STRING_UUID"), ("alias", "STRING_NOT_IN"), ("expected_release_id", "STRING_UUID"), ("reason", "STRING_MAX_LEN"),
        ];
        expect::invalid(set.reason("r".repeat(1025)).send().await, &expected);
        assert_eq!(given::revision(registry).await, 2);
        for alias in ["a", "z", "a--b", "a1", "latest-1", &"a".repeat(128)] {
            assert_eq!(registry.client.set_release_alias(&one, alias).reason("r".repeat(1024)).send().await.unwrap().alias, alias);
        }
    }

    /// A deleted alias is gone, and the release is not; whoever allows it to be missing is told that there was none.
    async fn an_alias_is_deleted(registry: &Harness) {
        let one = releases(registry, "m", 1).await.remove(0);
        let alias = given::alias(registry, &one, "stable").await;
        let delete = |alias: &str| registry.client.delete_release_alias("m", alias);
        assert_eq!(delete("stable").send().await.unwrap(), Some(alias.revision + 1));
        assert_eq!(registry.client.get_release(&one).send().await.unwrap(), one);
        for missing in ["stable", "never", "latest", "Not One"] {
            expect::refused(delete(missing).send().await, Code::NotFound, ErrorReason::AliasNotFound);
            expect::refused(delete(missing).expected_release(&one).send().await, Code::NotFound, ErrorReason::AliasNotFound);
            assert_eq!(delete(missing).allow_missing().send().await.unwrap(), None);
        }
        assert_eq!(given::revision(registry).await, alias.revision + 1);
        let nobody = registry.client.delete_release_alias("nobody", "stable").allow_missing().send().await;
        expect::refused(nobody, Code::NotFound, ErrorReason::ModelNotFound);
    }

    /// An alias that was deleted can be created again, and then is new.
    async fn an_alias_is_created_again(registry: &Harness) {
        let [one, two]: [Release; 2] = releases(registry, "m", 2).await.try_into().unwrap();
        for release in [&one, &two] {
            given::alias(registry, release, "stable").await;
        }
        registry.client.delete_release_alias("m", "stable").send().await.unwrap();
        registry.advance(Duration::from_secs(1));
        let again = registry.client.set_release_alias(&one, "stable").expected_absent().send().await.unwrap();
        let time = Some(given::time(1_000_000));
        assert_eq!((again.create_time, again.update_time, again.previous_release_id), (time, time, None));
    }

    /// Every answer that holds a release holds the aliases that point to it, in the order of their bytes.
    async fn every_release_says_which_aliases_it_has(registry: &Harness) {
        let [one, two]: [Release; 2] = releases(registry, "m", 2).await.try_into().unwrap();
        for alias in ["b", "a0", "z", "ab", "a", "a-b"] {
            given::alias(registry, &two, alias).await;
        }
        let client = &registry.client;
        let query = ReleaseQuery::of("m").version("2");
        let basic = registry_client::ReleaseView::Basic;
        let answers = [
            client.get_release(&two).send().await.unwrap(),
            client.get_release(ReleaseRef::key("m", "2")).view(basic).send().await.unwrap(),
            client.batch_get_releases([&one, &two]).send().await.unwrap().remove(1),
            client.list_releases().send().await.unwrap().items.remove(0),
            client.list_releases().model("m").view(registry_client::ReleaseView::Full).send().await.unwrap().items.remove(0),
            client.resolve_release("m").latest().send().await.unwrap(),
            client.resolve_release("m").alias("z").send().await.unwrap(),
            client.batch_resolve_releases([query]).send().await.unwrap().outcomes.remove(0).unwrap(),
            client.update_release(&two).release_notes("n").send().await.unwrap(),
            client.deprecate_release(&two).send().await.unwrap(),
            client.undelete_release(&two).send().await.unwrap(),
        ];
        for answer in answers {
            assert_eq!((answer.id, answer.aliases), (two.id.clone(), ["a", "a-b", "a0", "ab", "b", "z"].map(Into::into).into()));
        }
        assert_eq!(client.get_release(&one).send().await.unwrap().aliases, Vec::<String>::new());
    }
}
