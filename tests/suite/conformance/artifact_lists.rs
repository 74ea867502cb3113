//! Lists of artifacts: of one release, of one model, of all; filtered, page by page, the newest first.

use super::filters::texts;
use registry_client::{Artifact, ArtifactFilter, Code, ErrorReason, ListArtifacts, ReleaseRef};
use registry_tests::{Harness, conformance, expect, given};
use std::collections::BTreeSet;
use std::time::Duration;

async fn names(list: ListArtifacts) -> Vec<String> {
    let page = list.include_total_size().page_size(1000).send().await.unwrap();
    assert_eq!(page.total_size, i64::try_from(page.items.len()).ok());
    page.items.into_iter().map(|artifact| artifact.name).collect()
}

/// Of two models and their releases, named after what they belong to, a second apart.
async fn five(registry: &Harness) {
    for model in ["m", "n"] {
        given::model(registry, model).await;
    }
    let of_m = given::releases(registry, "m", [1, 2]).await;
    let of_n = given::releases(registry, "n", [1]).await;
    for (name, release) in [("m-1", &of_m[0]), ("m-2", &of_m[1]), ("n-1", &of_n[0])] {
        registry.advance(Duration::from_secs(1));
        given::artifact(registry, release, name).await;
    }
    for model in ["m", "n"] {
        registry.advance(Duration::from_secs(1));
        given::artifact(registry, model, model).await;
    }
}

conformance! {
    /// A model lists its own artifacts and those of its releases, a release its own, and both together what is in both.
    async fn artifacts_are_listed_by_what_they_belong_to(registry: &Harness) {
        five(registry).await;
        let list = || registry.client.list_artifacts();
        let one = || ReleaseRef::key("m", "1");
        assert_eq!(names(list()).await, ["n", "m", "n-1", "m-2", "m-1"]);
        assert_eq!(names(list().model("m")).await, ["m", "m-2", "m-1"]);
        assert_eq!(names(list().release(one())).await, ["m-1"]);
        assert_eq!(names(list().model("m").release(one())).await, ["m-1"]);
        assert_eq!(names(list().model("n").release(one())).await, [""; 0]);
    }

    /// The list of what is not there is an error and not an empty list. What is soft-deleted is there by its id.
    async fn the_artifacts_of_what_is_missing_are_an_error(registry: &Harness) {
        let list = || registry.client.list_artifacts();
        expect::refused(list().model("none").send().await, Code::NotFound, ErrorReason::ModelNotFound);
        expect::refused(list().release(ReleaseRef::key("none", "1")).send().await, Code::NotFound, ErrorReason::ReleaseNotFound);
        let model = given::model(registry, "m").await;
        let release = given::release(registry, "m", "1").await;
        assert_eq!(list().release(&release).send().await.unwrap().items, []);
        given::artifact(registry, &release, "a").await;
        registry.client.delete_model("m").force().send().await.unwrap();
        expect::refused(list().model("m").send().await, Code::NotFound, ErrorReason::ModelNotFound);
        expect::refused(list().release(ReleaseRef::key("m", "1")).send().await, Code::NotFound, ErrorReason::ReleaseNotFound);
        for list in [list().model(&model), list().release(&release), list()] {
            assert_eq!((names(list.clone()).await.len(), names(list.show_deleted()).await.len()), (0, 1));
        }
    }

    /// Each condition alone lets through exactly what it says, and together they let through what all of them do.
    async fn each_condition_on_artifacts(registry: &Harness) {
        given::model(registry, "m").await;
        let wheel = |name: &str| given::wheel(&registry.client, "m", name);
        let artifacts = [
            wheel("iris-1.whl").platform("any").python_version("3.11"),
            wheel("iris-2.tar").artifact_type("tarball").platform("linux_x86_64").checksum(given::digest(2)),
            wheel("Iris-3.whl").python_version("3.12").checksum(format!("blake3:{:064x}", 7)),
            wheel("\u{1f40b}"),
        ];
        for create in artifacts {
            registry.advance(Duration::from_secs(1));
            create.send().await.unwrap();
        }
        let f = ArtifactFilter::default;
        let cases: Vec<(ArtifactFilter, &[&str])> = vec![
            (f(), &["\u{1f40b}", "Iris-3.whl", "iris-2.tar", "iris-1.whl"]),
            (ArtifactFilter { artifact_types: texts(&["wheel"]), ..f() }, &["\u{1f40b}", "Iris-3.whl", "iris-1.whl"]),
            (ArtifactFilter { artifact_types: texts(&["tarball", "none"]), ..f() }, &["iris-2.tar"]),
            (ArtifactFilter { platforms: texts(&["any", "linux_x86_64"]), ..f() }, &["iris-2.tar", "iris-1.whl"]),
            (ArtifactFilter { platforms: texts(&[""]), ..f() }, &[]),
            (ArtifactFilter { python_versions: texts(&["3.11"]), ..f() }, &["iris-1.whl"]),
            (ArtifactFilter { checksums: vec![given::digest(7)], ..f() }, &["\u{1f40b}", "iris-1.whl"]),
            (ArtifactFilter { checksums: vec![given::digest(2), format!("blake3:{:064x}", 7)], ..f() }, &["Iris-3.whl", "iris-2.tar"]),
            (ArtifactFilter { name_prefix: "iris-".into(), ..f() }, &["iris-2.tar", "iris-1.whl"]),
            (ArtifactFilter { name_prefix: "iris_".into(), ..f() }, &[]),
            (ArtifactFilter { name_prefix: "%".into(), ..f() }, &[]),
            (ArtifactFilter { name_prefix: "\u{1f40b}".into(), ..f() }, &["\u{1f40b}"]),
            (ArtifactFilter { artifact_types: texts(&["wheel"]), platforms: texts(&["any", "linux_x86_64"]), ..f() }, &["iris-1.whl"]),
        ];
        for (filter, expected) in cases {
            assert_eq!(names(registry.client.list_artifacts().filter(filter.clone())).await, expected, "{filter:?}");
        }
        let many = ArtifactFilter { platforms: vec!["p".into(); 101], ..f() };
        expect::invalid(registry.client.list_artifacts().filter(many).send().await, &[("filter.platforms", "REPEATED_MAX_ITEMS")]);
        expect::invalid(registry.client.list_artifacts().page_size(-1).send().await, &[("page_size", "INT32_GTE")]);
    }

    /// The pages together are the whole list, each artifact once, the id breaking the tie of one moment; whatever is written
    /// meanwhile.
    async fn a_walk_over_artifacts_is_not_disturbed(registry: &Harness) {
        given::model(registry, "m").await;
        for number in 0..60 {
            if number % 20 == 0 {
                registry.advance(Duration::from_secs(1));
            }
            given::artifact(registry, "m", &number.to_string()).await;
        }
        let all = registry.client.list_artifacts().page_size(1000).send().await.unwrap();
        let mut sorted = all.items.clone();
        let time = |artifact: &Artifact| artifact.create_time.map(|time| (time.seconds, time.nanos));
        sorted.sort_by(|a, b| (time(b), &b.id).cmp(&(time(a), &a.id)));
        assert_eq!((all.items.len(), &all.items, all.next_page_token), (60, &sorted, None));
        let there: BTreeSet<String> = all.items.into_iter().map(|artifact| artifact.id).collect();
        let (mut seen, mut token, mut round) = (Vec::new(), None::<String>, 0);
        loop {
            let list = registry.client.list_artifacts().model("m").show_deleted().page_size(7);
            let page = if let Some(token) = &token { list.page_token(token) } else { list }.send().await.unwrap();
            assert_eq!(page.revision, all.revision);
            seen.extend(page.items.iter().map(|artifact| artifact.id.clone()));
            token = page.next_page_token;
            if token.is_none() {
                break;
            }
            given::artifact(registry, "m", &format!("new-{round}")).await;
            registry.client.delete_artifact(&page.items[3]).send().await.unwrap();
            round += 1;
        }
        assert_eq!(seen.len(), 60);
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), there);
    }

    /// A token belongs to its list: another filter, another model or other deletions are another list; a size is not.
    async fn a_token_belongs_to_its_list(registry: &Harness) {
        five(registry).await;
        let list = || registry.client.list_artifacts().model("m").page_size(1);
        let token = list().send().await.unwrap().next_page_token.unwrap();
        let filter = ArtifactFilter { name_prefix: "m".into(), ..Default::default() };
        let others = [
            list().filter(filter),
            list().model("n"),
            list().show_deleted(),
            list().release(ReleaseRef::key("m", "1")),
            registry.client.list_artifacts(),
        ];
        for other in others {
            let answer = other.page_token(&token).send().await;
            expect::refused(answer, Code::InvalidArgument, ErrorReason::PageTokenMismatch);
        }
        expect::refused(list().page_token("x").send().await, Code::InvalidArgument, ErrorReason::InvalidPageToken);
        let next = list().page_size(9).include_total_size().page_token(&token).send().await.unwrap();
        assert_eq!(next.items.iter().map(|artifact| &*artifact.name).collect::<Vec<_>>(), ["m-2", "m-1"]);
        assert_eq!(next.total_size, Some(3));
    }

    /// Large documents cut the pages at about 2 MiB.
    async fn a_page_of_artifacts_ends_at_two_mebibytes(registry: &Harness) {
        given::model(registry, "m").await;
        let large = serde_json::json!({"large": "x".repeat(60_000)});
        for number in 0..40 {
            given::wheel(&registry.client, "m", &number.to_string()).metadata(large.clone()).send().await.unwrap();
        }
        let pages = given::pages(registry.client.list_artifacts().page_size(1000).pages()).await;
        assert_eq!(pages.iter().map(|page| page.items.len()).collect::<Vec<_>>(), [34, 6]);
    }
}
