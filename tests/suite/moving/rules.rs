//! What an import refuses: whole streams, and single items.

use registry_client::pb::{self, transfer_item::Resource};
use registry_client::{Code, ErrorReason};
use registry_proto::v1::import_request::Options;
use registry_proto::v1::{ImportRequest, TransferItem};
use registry_tests::moving::{begin, counts, failures, import, model, options, release, run, send};
use registry_tests::{Harness, conformance, given, raw, rows};

fn kept() -> Options {
    Options { preserve_identity: true, ..options() }
}

async fn ends(registry: &Harness, messages: Vec<ImportRequest>) -> (Code, Option<ErrorReason>) {
    let (_, ended) = send(registry, messages).await;
    let status = ended.expect_err("a refusal");
    (status.code(), raw::reason(&status))
}

fn change(mut item: TransferItem, change: impl FnOnce(&mut pb::Release)) -> TransferItem {
    if let Some(Resource::Release(release)) = &mut item.resource {
        change(release);
    }
    item
}

conformance! {
    /// Options first and once, numbers without a gap, no more than there is room for: whatever else, and the stream ends.
    async fn a_stream_that_is_no_import_is_refused(registry: &Harness) {
        let invalid = (Code::InvalidArgument, Some(ErrorReason::InvalidField));
        let one = || run(1, &[model("m")]);
        for messages in [
            vec![],
            vec![ImportRequest { message: None }],
            vec![one()],
            vec![begin(Options::default())],
            vec![begin(Options { import_id: "x".into(), ..options() })],
            vec![begin(Options { on_conflict: 9, ..options() })],
            vec![begin(Options { source_revision: -1, ..options() })],
            vec![begin(Options { source_revision: (1 << 53) + 1, ..options() })],
            vec![begin(options()), begin(options())],
            vec![begin(options()), run(2, &[model("m")])],
            vec![begin(options()), run(0, &[model("m")])],
            vec![begin(options()), run(1, &[])],
            vec![begin(options()), run(1, &vec![model("m"); 501])],
            vec![begin(options()), ImportRequest { message: None }],
        ] {
            assert_eq!(ends(registry, messages).await, invalid);
        }
        assert!(registry.client.get_model("m").send().await.is_err());
        assert_eq!(ends(registry, vec![begin(options()), one(), run(3, &[model("n")])]).await, invalid);
        assert!(registry.client.get_model("n").send().await.is_err());
    }

    /// A message of several items has at most 1 MiB of them; one item may be larger.
    async fn a_message_has_only_so_much(registry: &Harness) {
        let large = |name: &str| {
            let mut item = model(name);
            if let Some(Resource::Model(model)) = &mut item.resource {
                model.labels = (0..120).map(|number| (format!("k{number}"), "x".repeat(4990))).collect();
            }
            item
        };
        let much = vec![begin(kept()), run(1, &[large("a"), large("b")])];
        assert_eq!(ends(registry, much).await, (Code::InvalidArgument, Some(ErrorReason::LimitExceeded)));
        let mut alone = large("a");
        if let Some(Resource::Model(model)) = &mut alone.resource {
            model.labels.values_mut().for_each(|value| *value = "\u{1f40b}".repeat(4990));
        }
        let answers = import(registry, kept(), &[alone]).await;
        assert_eq!(counts(&answers), [1, 0, 0, 0], "{:?}", failures(&answers));
    }

    /// An item that breaks a rule, or whose parent is not there, fails by itself; the others are stored. Everything that is wrong with it
    /// is told, by the names of its fields.
    async fn items_fail_by_themselves(registry: &Harness) {
        let nameless = match model("x") {
            TransferItem { resource: Some(Resource::Model(model)), .. } => {
                let model = pb::Model { name: String::new(), storage_path: String::new(), ..*model };
                registry_tests::moving::item(Resource::Model(Box::new(model)))
            }
            _ => unreachable!("a model"),
        };
        let items = [
            model("m"),
            nameless,
            TransferItem::default(),
            release("none", 1),
            release("m", 1),
            change(release("m", 2), |release| release.id = String::new()),
            change(release("m", 3), |release| release.digest = None),
            change(release("m", 4), |release| release.state = 0),
            change(release("m", 5), |release| release.delete_time = Some(given::time(1))),
            change(release("m", 6), |release| release.create_time = None),
            change(release("m", 7), |release| release.created_by = String::new()),
            change(release("m", 8), |release| release.number = 0),
            change(release("m", 9), |release| release.state_reason = Some("x".repeat(1025))),
            change(release("m", 10), |release| release.base_release_id = Some(uuid::Uuid::new_v4().to_string())),
            release("m", 11),
        ];
        let answers = import(registry, kept(), &items).await;
        assert_eq!(counts(&answers), [3, 0, 0, 12]);
        let told: Vec<_> = failures(&answers).into_iter().map(|(number, reason)| (number, reason.unwrap())).collect();
        use ErrorReason::{InvalidField, ModelNotFound, ReleaseNotFound};
        let invalid = [2, 3, 6, 7, 8, 9, 10, 11, 12, 13].map(|number| (number, InvalidField));
        let mut expected = [&invalid[..], &[(4, ModelNotFound), (14, ReleaseNotFound)]].concat();
        expected.sort();
        assert_eq!(told, expected);
        let status = answers[0].failures[0].status.clone().unwrap();
        assert!(status.message.contains("model.name"), "{status:?}");
    }

    /// With `fail_fast`, nothing of the message with the first failure is stored, and the import can go on with better items.
    async fn the_first_failure_can_end_it(registry: &Harness) {
        let fast = Options { fail_fast: true, ..kept() };
        let messages = vec![
            begin(fast.clone()),
            run(1, &[model("a")]),
            run(2, &[model("b"), release("none", 1), model("c")]),
            run(5, &[model("d")]),
        ];
        let (answers, ended) = send(registry, messages).await;
        let status = ended.unwrap_err();
        assert_eq!((status.code(), raw::reason(&status)), (Code::NotFound, Some(ErrorReason::ModelNotFound)));
        let last = answers.last().unwrap();
        assert_eq!((answers.len(), last.acknowledged_sequence, last.failures.len(), last.failures[0].sequence), (3, 1, 1, 3));
        assert!(registry.client.get_model("b").send().await.is_err());
        let (answers, ended) = send(registry, vec![begin(fast), run(2, &[model("b"), model("c")])]).await;
        ended.unwrap();
        assert_eq!(answers.iter().map(|answer| answer.acknowledged_sequence).collect::<Vec<_>>(), [1, 3]);
    }

    /// What is only validated is found to be good or bad as it would be, over several messages, and nothing is left of it.
    async fn what_is_only_validated_leaves_nothing(registry: &Harness) {
        given::model(registry, "there").await;
        let before = (rows::all(registry).await, rows::audit_entries(registry).await);
        let dry = Options { validate_only: true, ..kept() };
        let items = [model("m"), release("m", 1), release("m", 2), release("m", 1), model("there"), release("none", 1)];
        let answers = registry_tests::moving::import_by(registry, dry, &items, 1).await;
        assert_eq!(counts(&answers), [3, 0, 0, 3]);
        assert!(answers.iter().all(|answer| answer.revision == 0));
        let expected = [(4, ErrorReason::ReleaseAlreadyExists), (5, ErrorReason::ModelAlreadyExists), (6, ErrorReason::ModelNotFound)];
        assert_eq!(failures(&answers), expected.map(|(number, reason)| (number, Some(reason))));
        assert_eq!((rows::all(registry).await, rows::audit_entries(registry).await), before);
    }
}
