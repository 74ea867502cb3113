//! What our rules refuse is changed by one of the importer's, and told.

use super::{Old, counts, digest, id, json, quoted, rules};
use registry_client::{DeploymentState, ModelRef, ReleaseRef, ReleaseState, pb};
use registry_tests::{Harness, on_every_database};
use serde_json::json;

async fn release(registry: &Harness, number: u32) -> pb::Release {
    registry.client.get_release(ReleaseRef::by_id(id(number))).send().await.unwrap()
}

async fn model(registry: &Harness, number: u32) -> pb::Model {
    registry.client.get_model(ModelRef::by_id(id(number))).send().await.unwrap()
}

on_every_database! {
    /// A name that is refused becomes the nearest one that nobody has, and is still shown.
    async fn refused_names_become_good_ones(database: Database) {
        let old = Old::catapult(database).await;
        old.model(1, " spaces ", &[]).await;
        old.model(2, "spaces", &[]).await;
        old.model(3, "Spaces", &[]).await;
        old.model(4, "", &[]).await;
        old.model(5, "org/name:with@v1", &[]).await;
        let (registry, report) = old.imported(database).await;
        assert_eq!(counts(&report, "models"), [5, 0, 0, 0, 0]);
        assert_eq!((model(&registry, 2).await.name, model(&registry, 3).await.name), ("spaces".into(), "Spaces".into()));
        let renamed = model(&registry, 1).await;
        assert!(renamed.name.starts_with("spaces-"), "{}", renamed.name);
        assert_eq!((renamed.display_name.as_deref(), json(renamed.metadata.as_ref())), (Some(" spaces "), json!({"legacy.name": " spaces "})));
        assert!(model(&registry, 4).await.name.starts_with("unnamed-"));
        assert_eq!(model(&registry, 5).await.name, "org/name-with-v1");
        for (number, rule) in [(1, vec!["name_refused"]), (2, vec![]), (3, vec![]), (4, vec!["name_refused"]), (5, vec!["name_refused"])] {
            assert_eq!(rules(&report, number), rule, "{number}");
        }
        registry.stop().await;
    }

    /// Numbers that a double cannot hold, sets that were lists, and what has no place, are kept as text.
    async fn what_has_no_place_is_kept(database: Database) {
        let old = Old::catapult(database).await;
        old.sql("ALTER TABLE models ADD COLUMN cost_center text").await;
        old.model(1, "m", &[("metadata", r#"'{"big": 9007199254740993, "one": 1}'"#), ("tags", r#"'["a", "a", ""]'"#), ("storage_path", "''"), ("source", "'magic'"), ("cost_center", "'42'")]).await;
        let (registry, report) = old.imported(database).await;
        let stored = model(&registry, 1).await;
        let expected = json!({
            "big": "9007199254740993", "one": 1.0, "legacy.cost_center": "42", "legacy.source": "magic", "legacy.storage_path": "",
            "legacy.tags": ["a", "a", ""],
        });
        assert_eq!(json(stored.metadata.as_ref()), expected);
        assert_eq!((stored.tags, stored.storage_path), (vec!["a".to_owned()], "unknown".to_owned()));
        assert_eq!(rules(&report, 1), ["empty_storage_path", "extra_column", "number_as_text", "source_unknown", "tags_are_a_set"]);
        registry.stop().await;
    }

    /// Releases that say the same are one, with everything below them; those that do not are told apart by their version.
    async fn twins_are_merged_or_told_apart(database: Database) {
        let old = Old::catapult(database).await;
        old.model(1, "m", &[]).await;
        old.version(2, 1, "1.0", &[]).await;
        old.version(3, 1, "1.0", &[]).await;
        old.version(4, 1, "1.0", &[("digest", &quoted(&digest('d')))]).await;
        old.version(5, 1, " 1.0", &[("quantization", "''")]).await;
        old.artifact(6, 3, &[]).await;
        old.deployment(7, 3, &[("status", "'failed'")]).await;
        let (registry, report) = old.imported(database).await;
        assert_eq!((counts(&report, "versions"), counts(&report, "artifacts")), ([3, 1, 0, 0, 0], [1, 0, 0, 0, 0]));
        let (first, other, spelled) = (release(&registry, 2).await, release(&registry, 4).await, release(&registry, 5).await);
        assert_eq!((first.version.as_str(), first.artifact_count, first.live_deployment_count), ("1.0", Some(1), Some(1)));
        assert!(other.version.starts_with("1.0+") && spelled.version.starts_with("1.0+") && other.version != spelled.version);
        assert_eq!(json(other.metadata.as_ref())["legacy.version"], "1.0");
        assert_eq!((rules(&report, 3), rules(&report, 4)), (vec!["identical_twin", "identical_twin"], vec!["twin"]));
        let twins = json(first.metadata.as_ref())["legacy.twins"].clone();
        assert_eq!((&twins[0]["id"], twins[0]["created_at"].as_str().unwrap().ends_with(".000003")), (&json!(id(3)), true), "{twins}");
        let folded = report.left.iter().find(|left| left.key == id(3)).unwrap();
        assert_eq!((folded.fate, folded.reason.clone()), ("merged", format!("{} stands for it", id(2))));
        assert_eq!((rules(&report, 6), rules(&report, 7)), (vec!["identical_twin"], vec!["identical_twin"]));
        registry.stop().await;
    }

    /// Who need not be spelled otherwise keeps the key, the name or the path, also if somebody before him would get the same.
    async fn who_has_a_good_one_keeps_it(database: Database) {
        let old = Old::catapult(database).await;
        old.model(1, "m", &[]).await;
        old.version(2, 1, " 1.0", &[]).await;
        old.version(3, 1, "1.0", &[]).await;
        old.version(4, 1, "2.0", &[("quantization", "''")]).await;
        old.version(5, 1, "2.0", &[]).await;
        old.artifact(6, 3, &[("name", "'a/b'"), ("file_path", "'registry:x'")]).await;
        old.artifact(7, 3, &[("name", "'a-b'"), ("file_path", "'legacy:registry:x'")]).await;
        let (registry, report) = old.imported(database).await;
        for (number, version) in [(3, "1.0"), (5, "2.0")] {
            assert_eq!((release(&registry, number).await.version.as_str(), rules(&report, number)), (version, vec![]));
        }
        assert_eq!((rules(&report, 2), rules(&report, 4)), (vec!["spelling", "twin"], vec!["spelling", "twin"]));
        assert_eq!(json(release(&registry, 2).await.metadata.as_ref()), json!({"legacy.version": " 1.0"}));
        assert_eq!((rules(&report, 6), rules(&report, 7)), (vec!["name_taken", "path_taken"], vec![]));
        registry.stop().await;
    }

    /// What is of nothing that is there is left out, and no fault.
    async fn what_lost_its_parent_is_left_out(database: Database) {
        let old = Old::catapult(database).await;
        old.model(1, "m", &[]).await;
        old.version(2, 9, "1", &[]).await;
        old.artifact(3, 2, &[]).await;
        old.artifact(4, 8, &[("release_id", "NULL"), ("model_id", &quoted(&id(9)))]).await;
        old.deployment(5, 8, &[]).await;
        let (registry, report) = old.imported(database).await;
        assert!(report.complete);
        assert_eq!((counts(&report, "versions"), counts(&report, "artifacts")), ([0, 0, 0, 1, 0], [0, 0, 0, 2, 0]));
        assert_eq!(counts(&report, "deployments"), [0, 0, 0, 1, 0]);
        assert!(report.left.iter().all(|left| left.reason.contains("is not there")), "{:?}", report.left);
        registry.stop().await;
    }

    /// What is put in the place of something is what is told.
    async fn what_is_told_is_what_is_there(database: Database) {
        let old = Old::catapult(database).await;
        old.model(1, "m", &[]).await;
        let promoted = ("is_release", "true");
        old.version(2, 1, "1", &[("status", "NULL"), ("digest", "'none'"), promoted]).await;
        let upper = "B".repeat(64);
        old.artifact(3, 2, &[("checksum", &quoted(&upper)), ("size_bytes", "-1")]).await;
        old.artifact(4, 2, &[("checksum", &quoted(&"c".repeat(128))), ("checksum_type", "NULL")]).await;
        old.artifact(5, 2, &[("checksum", &quoted(&format!("blake3:{}", "d".repeat(64))))]).await;
        let (registry, report) = old.imported(database).await;
        let told = |number: u32, rule: &str| {
            let change = report.changes.iter().find(|change| change.key == id(number) && change.rule == rule).unwrap_or_else(|| panic!("{rule}"));
            (change.from.clone(), change.to.clone())
        };
        assert_eq!(rules(&report, 2), ["digest_refused", "no_digest"]);
        assert_eq!(told(2, "no_digest"), (None, Some("CANDIDATE".to_owned())));
        assert!(!json(release(&registry, 2).await.metadata.as_ref()).as_object().unwrap().contains_key("legacy.status"));
        assert_eq!(told(3, "checksum_case"), (Some(upper.clone()), Some(format!("sha256:{}", upper.to_lowercase()))));
        assert_eq!(told(3, "number_out_of_range"), (Some("-1".to_owned()), Some("0".to_owned())));
        assert_eq!(told(4, "checksum_type_unknown"), (None, Some("sha512".to_owned())));
        assert_eq!(told(5, "checksum_type_wrong"), (Some("sha256".to_owned()), Some("blake3".to_owned())));
        registry.stop().await;
    }

    /// What has no digest is a candidate; words that nobody knows are kept beside the state that stands for them.
    async fn states_follow_from_what_is_known(database: Database) {
        let old = Old::catapult(database).await;
        old.model(1, "m", &[]).await;
        let promoted = ("is_release", "true");
        let cases = [
            (2, "'sha256:test'", "'active'", ReleaseState::Candidate, vec!["digest_refused", "no_digest"]),
            (3, &quoted(&digest('A').to_uppercase()), "'active'", ReleaseState::Active, vec!["digest_case"]),
            (4, &quoted(&digest('a')), "NULL", ReleaseState::Active, vec!["status_null"]),
            (5, &quoted(&digest('a')), "'broken'", ReleaseState::Deprecated, vec!["status_unknown"]),
            (6, &quoted(&digest('a')), "'archived'", ReleaseState::Archived, vec![]),
        ];
        for (number, digest, status, ..) in &cases {
            old.version(*number, 1, &number.to_string(), &[("digest", digest), ("status", status), promoted]).await;
        }
        let (registry, report) = old.imported(database).await;
        for (number, _, _, state, changed) in cases {
            assert_eq!((release(&registry, number).await.state(), rules(&report, number)), (state, changed), "{number}");
        }
        let placeholder = release(&registry, 2).await;
        assert_eq!((placeholder.digest.as_deref(), placeholder.promote_time), (None, placeholder.create_time));
        assert_eq!(json(placeholder.metadata.as_ref()), json!({"legacy.digest": "sha256:test", "legacy.status": "active"}));
        registry.stop().await;
    }

    /// Artifacts: bad checksums, names and paths that are taken, a soft-deleted one, parents that disagree or are missing.
    async fn artifacts_get_what_they_must_have(database: Database) {
        let old = Old::catapult(database).await;
        old.model(1, "m", &[]).await;
        old.model(2, "n", &[]).await;
        old.version(3, 1, "1", &[]).await;
        old.artifact(10, 3, &[("checksum", "'d41d8cd98f00b204e9800998ecf8427e'"), ("checksum_type", "'md5'")]).await;
        old.artifact(11, 3, &[("name", "'10.whl'"), ("file_path", "'s3://files/10'")]).await;
        old.artifact(12, 3, &[("name", "'10.whl'"), ("deleted_at", "'2025-10-01 00:00:00'"), ("file_path", "'s3://files/10'")]).await;
        old.artifact(13, 3, &[("model_id", &quoted(&id(2))), ("size_bytes", "-1")]).await;
        old.artifact(14, 3, &[("release_id", "NULL"), ("model_id", &quoted(&id(2))), ("name", "'dir/file'")]).await;
        old.artifact(15, 3, &[("release_id", "NULL")]).await;
        let (registry, report) = old.imported(database).await;
        assert_eq!(counts(&report, "artifacts"), [5, 0, 0, 1, 0]);
        assert_eq!((report.left[0].key.as_str(), report.left[0].reason.as_str()), (id(15).as_str(), "it belongs to no model"));
        assert_eq!((rules(&report, 10), rules(&report, 11)), (vec!["checksum_refused"], vec!["name_taken", "path_taken"]));
        assert_eq!((rules(&report, 12), rules(&report, 13)), (vec![], vec!["model_of_release", "number_out_of_range"]));
        assert_eq!(rules(&report, 14), ["file_name_refused"]);
        let of_model = registry.client.call(pb::GetArtifactRequest { artifact_id: id(14) }).send().await.unwrap().artifact.unwrap();
        assert_eq!((of_model.name.as_str(), of_model.model_name.as_str(), of_model.release_id), ("dir-file", "n", None));
        let deleted = registry.client.call(pb::GetArtifactRequest { artifact_id: id(12) }).send().await.unwrap().artifact.unwrap();
        assert!(deleted.delete_time.is_some() && deleted.purge_time.unwrap().seconds > deleted.delete_time.unwrap().seconds);
        registry.stop().await;
    }

    /// Deployments: each word for a state, and the end of those that have ended.
    async fn deployments_get_a_state(database: Database) {
        let old = Old::catapult(database).await;
        old.model(1, "m", &[]).await;
        old.version(2, 1, "1", &[]).await;
        use DeploymentState::{Deploying, Failed, Pending, Running, Stopped, Stopping, Terminated};
        let cases = [
            ("'success'", Running, vec!["status_success"]),
            ("NULL", Running, vec!["status_null"]),
            ("'in_progress'", Deploying, vec!["status_in_progress"]),
            ("'deploying'", Deploying, vec![]),
            ("'stopping'", Stopping, vec![]),
            ("'stopped'", Stopped, vec![]),
            ("'failed'", Failed, vec![]),
            ("'who knows'", Pending, vec!["status_unknown"]),
            ("'terminated'", Terminated, vec!["termination_unknown"]),
        ];
        for (number, (status, ..)) in (10..).zip(&cases) {
            old.deployment(number, 2, &[("status", status)]).await;
        }
        old.deployment(30, 2, &[("status", "'running'"), ("terminated_at", "'2025-12-01 00:00:00'"), ("host_port", "99999")]).await;
        let (registry, report) = old.imported(database).await;
        let get = async |number| registry.client.call(pb::GetDeploymentRequest { deployment_id: id(number) }).send().await.unwrap().deployment.unwrap();
        for (number, (word, state, changed)) in (10..).zip(cases) {
            let deployment = get(number).await;
            assert_eq!((deployment.state(), rules(&report, number)), (state, changed), "{word}");
            assert_eq!(deployment.terminate_time.is_some(), state == Terminated, "{word}");
        }
        assert_eq!((get(30).await.state(), rules(&report, 30)), (Terminated, vec!["number_out_of_range", "terminated_by_time"]));
        registry.stop().await;
    }

    /// What there is no place for is counted and told, row by row.
    async fn what_is_left_out_is_told(database: Database) {
        let old = Old::catapult(database).await;
        old.insert("evaluations", &[("id", quoted(&id(9)))], &[]).await;
        let (registry, report) = old.imported(database).await;
        assert_eq!(counts(&report, "evaluations"), [0, 0, 0, 1, 0]);
        assert_eq!((report.left[0].table, report.left[0].key.as_str()), ("evaluations", id(9).as_str()));
        registry.stop().await;
    }
}
