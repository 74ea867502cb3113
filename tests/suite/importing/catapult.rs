//! Catapult, era by era: what is good is taken over as it is.

use super::{Old, counts, digest, id, json, quoted, rules};
use registry_client::{DeploymentState, ModelRef, ModelSource, ReleaseRef, ReleaseState, pb};
use registry_tests::on_every_database;
use serde_json::json;

on_every_database! {
    /// What keeps to our rules is taken over to the last value, with its id and its times, and nothing is reported of it.
    async fn a_good_catapult_is_taken_over_as_it_is(database: Database) {
        let old = Old::catapult(database).await;
        let more = [("repository", "''"), ("company", "'ACME'"), ("description", "'über'"), ("tags", r#"'["b", "a"]'"#), ("metadata", r#"'{"n": 1.5, "legacy": {"x": null}}'"#), ("requires_gpu", "false"), ("server_type", "'vllm'"), ("source", "'orphaned'")];
        old.model(1, "team/erik", &more).await;
        old.version(2, 1, "1.0.0", &[("quantization", "'int8'"), ("size_bytes", "9223372036854775807"), ("is_release", "true"), ("release_notes", "''"), ("ceph_path", "'/ceph'"), ("mlflow_url", "'http://m'")]).await;
        old.version(3, 1, "1.1.0", &[("platform", "'linux/arm64'"), ("architecture", "'arm64'")]).await;
        old.artifact(4, 2, &[("model_id", &quoted(&id(1))), ("uploaded_by", "'ci'"), ("metadata", r#"'{"a": [1]}'"#)]).await;
        old.deployment(5, 3, &[("status", "'running'"), ("replicas", "0"), ("cluster", "'c'"), ("api_key_id", &quoted(&id(77)))]).await;
        let (registry, report) = old.imported(database).await;
        assert!(report.changes.is_empty() && report.left.is_empty(), "{report:?}");
        for table in ["models", "artifacts", "deployments"] {
            assert_eq!(counts(&report, table), [1, 0, 0, 0, 0], "{table}");
        }
        let model = registry.client.get_model(ModelRef::by_id(id(1))).send().await.unwrap();
        assert_eq!((model.name.as_str(), model.storage_path.as_str(), model.repository.as_deref()), ("team/erik", "s3://models", Some("")));
        assert_eq!((model.tags.as_slice(), json(model.metadata.as_ref())), (["a".to_owned(), "b".to_owned()].as_slice(), json!({"n": 1.5, "legacy": {"x": null}})));
        assert_eq!((model.requires_gpu, model.server_type.as_deref(), model.source()), (Some(false), Some("vllm"), ModelSource::Orphaned));
        let created = model.create_time.unwrap();
        assert_eq!((created.seconds, created.nanos, model.update_time, model.created_by.as_str()), (1_756_684_800, 1_000, model.create_time, "import:catapult"));
        let release = registry.client.get_release(ReleaseRef::by_id(id(2))).send().await.unwrap();
        assert_eq!((release.version.as_str(), release.quantization.as_deref(), release.digest.as_deref()), ("1.0.0", Some("int8"), Some(digest('a').as_str())));
        assert_eq!((release.size_bytes, release.release_notes.as_deref(), release.storage_path.as_deref()), (Some(i64::MAX), Some(""), Some("/ceph")));
        assert_eq!((release.state(), release.promote_time), (ReleaseState::Active, release.create_time));
        let draft = registry.client.get_release(ReleaseRef::by_id(id(3))).send().await.unwrap();
        assert_eq!((draft.state(), draft.promote_time, draft.platform.as_str()), (ReleaseState::Candidate, None, "linux/arm64"));
        let artifact = registry.client.call(pb::GetArtifactRequest { artifact_id: id(4) }).send().await.unwrap().artifact.unwrap();
        assert_eq!((artifact.release_id.as_deref(), artifact.checksum.as_str(), artifact.uploaded_by.as_deref()), (Some(id(2).as_str()), format!("sha256:{}", "b".repeat(64)).as_str(), Some("ci")));
        let deployment = registry.client.call(pb::GetDeploymentRequest { deployment_id: id(5) }).send().await.unwrap().deployment.unwrap();
        assert_eq!((deployment.state(), deployment.replicas, deployment.api_key_id.as_deref()), (DeploymentState::Running, Some(0), Some(id(77).as_str())));
        registry.stop().await;
    }

    /// Until 2025-11 models were images, and where an image was is where its files were.
    async fn the_first_era_is_recognised(database: Database) {
        let old = Old::empty(database).await;
        old.sql("CREATE TABLE images (id uuid PRIMARY KEY, name varchar(255), repository varchar(500) NOT NULL, description text, created_at timestamp, updated_at timestamp)").await;
        old.sql("CREATE TABLE releases (created_at timestamp, tag varchar(100), id uuid PRIMARY KEY, image_id uuid, version varchar(100), digest varchar(255), size_bytes bigint, platform varchar(50), architecture varchar(50), os varchar(50), metadata jsonb, ceph_path varchar(1000))").await;
        old.insert("images", &[("id", quoted(&id(1)))], &[("name", "'erik'"), ("repository", "'docker.io/warlockee/test'"), ("created_at", "'2025-09-01 13:53:31.596853'"), ("updated_at", "'2025-09-01 13:53:31.596853'")]).await;
        old.insert("releases", &[("id", quoted(&id(2))), ("image_id", quoted(&id(1))), ("digest", quoted(&digest('c')))], &[("version", "'1'"), ("tag", "'v1'"), ("platform", "'linux/amd64'"), ("created_at", "'2025-09-02 00:00:00'")]).await;
        let (registry, report) = old.imported(database).await;
        assert!(report.source.contains("images and releases"), "{}", report.source);
        assert_eq!(rules(&report, 1), ["storage_path_from_repository"]);
        let model = registry.client.get_model("erik").send().await.unwrap();
        assert_eq!((model.storage_path.as_str(), model.repository.as_deref(), model.description), ("docker.io/warlockee/test", Some("docker.io/warlockee/test"), None));
        assert_eq!((json(model.metadata.as_ref()), model.release_count), (json!({}), Some(1)));
        let release = registry.client.get_release(ReleaseRef::by_id(id(2))).send().await.unwrap();
        assert_eq!((release.state(), release.promote_time), (ReleaseState::Active, release.create_time));
        registry.stop().await;
    }

    /// From 2025-11 there were models and releases, with a storage path that could be missing.
    async fn the_second_era_is_recognised(database: Database) {
        let old = Old::catapult(database).await;
        old.sql("ALTER TABLE versions RENAME TO releases").await;
        old.model(1, "set", &[("repository", "'r'")]).await;
        old.model(2, "unset", &[("repository", "'r'"), ("storage_path", "NULL")]).await;
        let (registry, report) = old.imported(database).await;
        assert!(report.source.contains("models and releases"), "{}", report.source);
        assert_eq!((rules(&report, 1), rules(&report, 2)), (vec![], vec!["storage_path_from_repository"]));
        for (name, path) in [("set", "s3://models"), ("unset", "r")] {
            assert_eq!(registry.client.get_model(name).send().await.unwrap().storage_path, path);
        }
        registry.stop().await;
    }

    /// Entries of the audit log keep their words, and stay although they are old.
    async fn the_audit_log_is_taken_over(database: Database) {
        let old = Old::catapult(database).await;
        old.model(1, "m", &[]).await;
        let entry = |number: u32, kind: &str| [("id", quoted(&id(number))), ("resource_type", quoted(kind)), ("action", "'create_image'".to_owned()), ("created_at", "'1999-12-31 23:59:59'".to_owned())];
        old.insert("audit_logs", &entry(2, "model"), &[("resource_id", &quoted(&id(1))), ("details", r#"'{"b": 1}'"#), ("ip_address", "'10.0.0.5/32'"), ("api_key_name", "'ci'")]).await;
        old.insert("audit_logs", &entry(3, "image"), &[("details", r#"'{"n": 12345678901234567890.5}'"#)]).await;
        old.insert("audit_logs", &entry(4, "model"), &[("details", "'[1]'"), ("action", "'listed'")]).await;
        let (registry, report) = old.imported(database).await;
        assert_eq!(counts(&report, "audit_logs"), [3, 0, 0, 0, 0]);
        assert_eq!(rules(&report, 4), ["not_an_object"]);
        assert_eq!((rules(&report, 2), rules(&report, 3)), (vec![], vec!["number_as_text", "resource_type_in_details"]));
        let filter = pb::AuditFilter { methods: vec!["create_image".into()], ..Default::default() };
        let asks = pb::ListAuditEntriesRequest { filter: Some(filter), ..Default::default() };
        let entries = registry.client.call(asks).send().await.unwrap().entries;
        let ids: Vec<String> = entries.iter().map(|entry| entry.id.clone()).collect();
        assert_eq!(ids, [id(3), id(2)]);
        assert_eq!((entries[1].actor.as_str(), entries[1].client_address.as_deref(), entries[1].resource_id.as_deref()), ("ci", Some("10.0.0.5"), Some(id(1).as_str())));
        let details: serde_json::Value = serde_json::from_str(entries[0].imported_details.as_deref().unwrap()).unwrap();
        assert_eq!(details, json!({"n": "12345678901234567890.5", "legacy.resource_type": "image"}));
        let filter = pb::AuditFilter { methods: vec!["listed".into()], ..Default::default() };
        let asks = pb::ListAuditEntriesRequest { filter: Some(filter), ..Default::default() };
        let listed = registry.client.call(asks).send().await.unwrap().entries;
        assert_eq!(listed[0].imported_details.as_deref(), Some(r#"{"legacy.details":[1]}"#));
        assert_eq!((entries[0].resource_kind(), entries[1].resource_kind()), (pb::ResourceKind::Model, pb::ResourceKind::Model));
        registry.stop().await;
    }
}
