//! Revisions: those that come along, and what followers are told.

use super::fill;
use registry_client::pb;
use registry_client::{Code, ErrorReason};
use registry_proto::v1::import_request::Options;
use registry_tests::moving::{Under, counts, everything, export, failures, import, model, options, restoring};
use registry_tests::{Harness, conformance, given, raw, watching};

conformance! {
    /// An empty registry goes on counting where the other one was, whoever follows is told to begin again, and the next change is after
    /// everything that came.
    async fn an_empty_registry_goes_on_counting(registry: &Harness) {
        fill(registry).await;
        let all = export(registry, everything()).await;
        let target = Harness::start(registry.database).await;
        let under = Under::way(&target, restoring(&all)).await;
        assert!(under.begun.keeps_revisions);
        drop(under);
        let answers = import(&target, restoring(&all), &all.items).await;
        assert!(answers.iter().all(|answer| answer.keeps_revisions && answer.revision > all.source_revision || answer.revision == 0));
        let info = target.client.server_info().send().await.unwrap();
        assert!(info.current_revision > all.source_revision && info.compacted_revision == all.source_revision);
        let early = pb::ListEventsRequest { after_revision: 1, ..Default::default() };
        let refused = target.client.call(early).send().await.unwrap_err();
        assert_eq!(refused.reason(), Some(ErrorReason::RevisionCompacted));
        let model = given::model(&target, "next").await;
        assert_eq!(model.revision, info.current_revision + 1);
        target.stop().await;
    }

    /// Who only says that something will come, moves no counter, nor does an import into a registry that was emptied.
    async fn options_move_no_counter(registry: &Harness) {
        let before = given::revision(registry).await;
        let far = 1 << 53;
        let under = Under::way(registry, Options { preserve_identity: true, source_revision: far, ..options() }).await;
        assert!(under.begun.keeps_revisions, "it would");
        drop(under);
        assert_eq!(given::revision(registry).await, before);
        let own = given::model(registry, "own").await;
        assert_eq!(own.revision, before + 1);
        registry.client.delete_model(&own).send().await.unwrap();
        registry.client.purge_model(registry_client::ModelId::new(&own.id)).send().await.unwrap();
        let options = Options { preserve_identity: true, source_revision: far, ..options() };
        let answers = import(registry, options, &[model("m")]).await;
        assert_eq!((counts(&answers), answers[0].keeps_revisions), ([1, 0, 0, 0], false), "it held something before");
        assert!(given::revision(registry).await < far);
    }

    /// Who watches while a registry is filled is told of everything that comes, in order, and of nothing twice.
    async fn a_watcher_sees_what_comes(registry: &Harness) {
        given::model(registry, "before").await;
        let mut watcher = watching::watch(&registry.client, watching::after(0)).await;
        let names: Vec<String> = (0..250).map(|number| format!("m{number}")).collect();
        let items: Vec<_> = names.iter().map(|name| model(name)).collect();
        import(registry, Options { preserve_identity: true, ..options() }, &items).await;
        let events = watcher.through(given::revision(registry).await).await;
        let told: Vec<&str> = events.iter().skip(1).map(|event| event.resource_name.as_str()).collect();
        assert_eq!(told, names);
    }

    /// Revisions that come along must be some that the other registry could have had.
    async fn a_revision_must_be_one_of_theirs(registry: &Harness) {
        let mut item = model("m");
        let mut at = |revision| {
            if let Some(pb::transfer_item::Resource::Model(model)) = &mut item.resource {
                model.revision = revision;
            }
            item.clone()
        };
        let items = [at(0), at(8), at(-1), at(7)];
        let answers = import(registry, Options { preserve_identity: true, source_revision: 7, ..options() }, &items).await;
        let invalid = |number| (number, Some(ErrorReason::InvalidField));
        assert_eq!(failures(&answers), [invalid(1), invalid(2), invalid(3)]);
        assert_eq!(registry.client.get_model("m").send().await.unwrap().revision, 7);
    }

    /// Others write while something is imported: both get revisions of their own, and nobody waits for the other to end.
    async fn others_write_meanwhile(registry: &Harness) {
        let mut under = Under::way(registry, Options { preserve_identity: true, ..options() }).await;
        let mut revisions = Vec::new();
        for number in 0..5 {
            let answer = under.take(number + 1, &[model(&format!("m{number}"))]).await.unwrap();
            assert_eq!(counts(std::slice::from_ref(&answer)), [1, 0, 0, 0]);
            revisions.push(answer.revision);
            revisions.push(given::model(registry, &format!("own{number}")).await.revision);
        }
        assert!(revisions.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{revisions:?}");
    }

    /// A key that is revoked ends an import, and an export.
    async fn a_revoked_key_ends_it(registry: &Harness) {
        let refused = async {
            let channel = tonic::transport::Endpoint::from_shared(registry.endpoint()).unwrap().connect().await.unwrap();
            let mut stub = registry_proto::v1::transfer_service_client::TransferServiceClient::new(channel);
            stub.export(everything()).await.map(drop).unwrap_err()
        }
        .await;
        assert_eq!((refused.code(), raw::reason(&refused)), (Code::Unauthenticated, Some(ErrorReason::Unauthenticated)));
    }
}
