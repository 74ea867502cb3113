//! `registry-server import modelforge`: every row of every version becomes a model that can be found, and what had to be changed is told.

use registry_client::{Model, ModelFilter, ModelView};
use registry_tests::old::{OldFile, all, member, stored};
use registry_tests::{Harness, on_every_database};
use std::collections::BTreeMap;

const BEFORE: &str =
    "CREATE TABLE fine_tuned_models (id INTEGER PRIMARY KEY AUTOINCREMENT, model_name TEXT NOT NULL, base_model TEXT NOT NULL,
    task TEXT NOT NULL, description TEXT, creation_date TEXT NOT NULL, model_path TEXT NOT NULL)";

/// (id, name, description, date, path): all of what nobody checked.
const ROWS: &str = "INSERT INTO fine_tuned_models (id, model_name, base_model, task, description, creation_date, model_path) VALUES
    (1, 'one', 'qwen/Qwen2.5-3B', 'text-generation', 'Fine-tuned qwen (Custom Model)', '2025-06-13T10:00:00.123456', '/models/one'),
    (2, 'dup', 'b', 't', 'Fine-tuned b for t (Recommended Model)', '2025-07-01', '/models/a'),
    (5, 'dup', 'b', 't', '', '2025-07-01T10:00:00+05:30', '/models/b'),
    (10, 'dup', 'c', 't', NULL, 'unknown', ''),
    (11, 'модель-ünïcode', 'b', '', 'x (Custom Model)', '1751364000', 'C:\\models\\x'),
    (12, '', '', '', NULL, '01/07/2025', '/models/e')";

/// One with something in it, for documents.
pub(crate) async fn some() -> OldFile {
    OldFile::of(&[BEFORE, ROWS]).await
}

/// Every model, by the id that its row had.
async fn models(registry: &Harness) -> BTreeMap<String, Model> {
    let list = registry.client.list_models().view(ModelView::Full).show_deleted();
    all(list.items())
        .await
        .into_iter()
        .map(|model| (format!("{}/{}", model.labels["legacy.table"], model.labels["legacy.id"]), model))
        .collect()
}

fn micros(model: &Model) -> i64 {
    let time = model.create_time.as_ref().expect("a time");
    time.seconds * 1_000_000 + i64::from(time.nanos) / 1000
}

/// What it is, without what two registries never have in common.
fn content(model: &Model) -> Model {
    Model { etag: String::new(), revision: 0, ..model.clone() }
}

on_every_database! {
    /// Also with the name of another one, a date that is none, no path and a name that is no name here.
    async fn every_row_becomes_a_model(database: Database) {
        let (old, fresh) = (OldFile::of(&[BEFORE, ROWS]).await, database.fresh().await);
        let imported = old.import(&fresh.url(), "modelforge", &[]).await;
        assert_eq!((imported.code, imported.rows("fine_tuned_models")), (Some(0), [6, 6, 0, 0]), "{imported:?}");
        let registry = Harness::on(database, fresh).await.unwrap();
        let models = models(&registry).await;
        let of = |id: &str| &models[&format!("fine_tuned_models/{id}")];

        let names: Vec<&str> = ["1", "2", "5", "10"].map(|id| of(id).name.as_str()).to_vec();
        assert_eq!(names, ["one", "dup", "dup-5", "dup-10"]);
        assert_eq!((of("11").name.as_str(), of("11").display_name()), ("n-code", "модель-ünïcode"));
        assert!(of("12").name.starts_with("unnamed-"), "{}", of("12").name);

        let one = of("1");
        assert_eq!((one.base_model(), one.task(), one.storage_path.as_str()), ("qwen/Qwen2.5-3B", "text-generation", "/models/one"));
        assert_eq!((one.description(), one.created_by.as_str()), ("Fine-tuned qwen (Custom Model)", "import:modelforge"));
        assert_eq!((of("5").description.as_deref(), of("10").description.as_deref()), (Some(""), None));
        assert_eq!(of("11").storage_path, "C:\\models\\x");
        assert_eq!(of("10").storage_path, "modelforge:fine_tuned_models/10");

        let times = ["1", "2", "5", "10", "11", "12"].map(|id| micros(of(id)));
        assert_eq!(times, [1_749_808_800_123_456, 1_751_328_000_000_000, 1_751_344_200_000_000, 0, 1_751_364_000_000_000, 0]);
        let kept = ["1", "10", "11", "12"].map(|id| member(&of(id).metadata, "legacy.creation_date").unwrap().to_owned());
        assert_eq!(kept, ["2025-06-13T10:00:00.123456", "unknown", "1751364000", "01/07/2025"]);

        let keys = |rule: &str| imported.changes(rule).into_iter().map(|(key, _, _)| key).collect::<Vec<_>>();
        assert_eq!(keys("time_unreadable"), ["10", "12"]);
        assert_eq!(keys("unix_seconds"), ["11"]);
        assert_eq!(keys("empty_storage_path"), ["10"]);
        assert_eq!(keys("name_taken"), ["5", "10"]);
        assert_eq!(keys("name_refused"), ["11", "12"]);
        assert_eq!(keys("custom_by_description"), ["1", "11"]);
        let filter = ModelFilter { is_custom_base_model: Some(true), ..ModelFilter::default() };
        let custom = all(registry.client.list_models().filter(filter).items()).await;
        assert_eq!(custom.len(), 2);
        registry.stop().await;
    }

    /// The flag is what the description says, where the column that was added later says no; and where it says yes, it is yes.
    async fn a_flag_that_says_no_is_not_trusted(database: Database) {
        let flags = "UPDATE fine_tuned_models SET is_custom_base_model = CASE id WHEN 2 THEN 1 WHEN 5 THEN NULL WHEN 12 THEN 'true' ELSE 0 END";
        let column = "ALTER TABLE fine_tuned_models ADD COLUMN is_custom_base_model BOOLEAN DEFAULT 0";
        let (old, fresh) = (OldFile::of(&[BEFORE, ROWS, column, flags]).await, database.fresh().await);
        let imported = old.import(&fresh.url(), "modelforge", &[]).await;
        assert_eq!(imported.changes("null_is_false"), [("5".to_owned(), None, Some("false".to_owned()))]);
        let was = imported.changes("custom_by_description");
        let changed = |key: &str| (key.to_owned(), Some("false".to_owned()), Some("true".to_owned()));
        assert_eq!(was, [changed("1"), changed("11")]);
        let registry = Harness::on(database, fresh).await.unwrap();
        let models = models(&registry).await;
        let custom = models.values().filter(|model| model.is_custom_base_model).map(|model| model.labels["legacy.id"].as_str());
        let mut custom: Vec<&str> = custom.collect();
        custom.sort_unstable();
        assert_eq!(custom, ["1", "11", "12", "2"]);
        registry.stop().await;
    }

    /// Whatever the order of the columns. What somebody has added is kept.
    async fn other_columns_change_nothing(database: Database) {
        let (plain, fresh) = (OldFile::of(&[BEFORE, ROWS]).await, database.fresh().await);
        plain.import(&fresh.url(), "modelforge", &[]).await;
        let registry = Harness::on(database, fresh).await.unwrap();
        let expected = models(&registry).await;
        registry.stop().await;

        let table = "CREATE TABLE fine_tuned_models (owner TEXT, model_path TEXT NOT NULL, creation_date TEXT NOT NULL, task TEXT NOT NULL,
            description TEXT, base_model TEXT NOT NULL, model_name TEXT NOT NULL, id INTEGER PRIMARY KEY, gpu REAL)";
        let extra = "UPDATE fine_tuned_models SET owner = 'me', gpu = 1.5 WHERE id = 2";
        let (old, fresh) = (OldFile::of(&[table, ROWS, extra]).await, database.fresh().await);
        let imported = old.import(&fresh.url(), "modelforge", &[]).await;
        assert_eq!(imported.code, Some(0), "{imported:?}");
        let registry = Harness::on(database, fresh).await.unwrap();
        let mut found = models(&registry).await;
        let with_extra = found.get_mut("fine_tuned_models/2").unwrap().metadata.as_mut().unwrap();
        let extra = ["legacy.owner", "legacy.gpu"].map(|name| with_extra.fields.remove(name).unwrap().kind.unwrap());
        assert_eq!(extra, ["me", "1.5"].map(|text| prost_types::value::Kind::StringValue(text.to_owned())));
        for (key, model) in &expected {
            assert_eq!(content(&found[key]), content(model), "{key}");
        }
        registry.stop().await;
    }

    /// Version 2 beside version 1 in one file: what it deleted is deleted, what it forgot to say is true, and what was its training is.
    async fn both_versions_of_one_file(database: Database) {
        let table = "CREATE TABLE models (id VARCHAR PRIMARY KEY, name VARCHAR NOT NULL, base_model VARCHAR NOT NULL, task VARCHAR NOT NULL,
            path VARCHAR NOT NULL, strategy VARCHAR, provider VARCHAR, created_at DATETIME, updated_at DATETIME, compute_profile VARCHAR,
            config TEXT, is_active BOOLEAN)";
        let id = |number: u32| format!("00000000-0000-4000-8000-00000000000{number}");
        let insert = format!(
            "INSERT INTO models VALUES
            ('{}', 'b_finetuned', 'b', 't', '/2/1', 'sft', 'unsloth', '2025-11-10 10:00:00.000001', '2025-11-11 10:00:00.000001', 'low_end',
                '{{\"lr\": 0.0002, \"seed\": 12345678901234567890}}', 0),
            ('{}', 'b_finetuned', 'b', 't', '/2/2', 'dpo', NULL, '2025-11-12 10:00:00.000001', NULL, NULL, 'no JSON', 1),
            ('{}', 'one', 'b', 't', '/2/3', NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            id(1),
            id(2),
            id(3)
        );
        let (old, fresh) = (OldFile::of(&[BEFORE, ROWS, table, &insert]).await, database.fresh().await);
        let imported = old.import(&fresh.url(), "modelforge", &[]).await;
        assert_eq!((imported.code, imported.rows("fine_tuned_models"), imported.rows("models")), (Some(0), [6, 6, 0, 0], [3, 3, 0, 0]));
        let registry = Harness::on(database, fresh).await.unwrap();
        let models = models(&registry).await;
        let of = |number: u32| &models[&format!("models/{}", id(number))];
        assert_eq!([1, 2, 3].map(|number| of(number).id.clone()), [1, 2, 3].map(id));
        assert_eq!([1, 2, 3].map(|number| of(number).name.as_str()), ["b_finetuned-00000000", "b_finetuned", "one-00000000"]);

        let deleted = of(1);
        assert_eq!(deleted.delete_time, deleted.update_time);
        assert!(deleted.purge_time.is_some() && of(2).delete_time.is_none() && of(3).delete_time.is_none());
        registry.client.undelete_model(deleted).send().await.unwrap();
        let training = deleted.training.as_ref().unwrap();
        assert_eq!((training.strategy(), training.provider(), training.compute_profile()), ("sft", "unsloth", "low_end"));
        let config = training.hyperparameters.clone();
        assert_eq!(member(&config, "seed"), Some("12345678901234567890"));
        assert_eq!(config.unwrap().fields.len(), 2);
        assert_eq!(member(&of(2).metadata, "legacy.config"), Some("no JSON"));
        assert_eq!(of(2).training.as_ref().map(|training| training.strategy()), Some("dpo"));
        assert_eq!((of(3).training.as_ref(), micros(of(3))), (None, 0));
        let keys = |rule: &str| imported.changes(rule).into_iter().map(|(key, _, _)| key).collect::<Vec<_>>();
        assert_eq!((keys("null_is_active"), keys("not_json"), keys("number_as_text")), (vec![id(3)], vec![id(2)], vec![id(1)]));
        registry.stop().await;
    }

    /// A dry run tells the same and writes nothing; a second run finds everything there. The old file is as it was.
    async fn again_and_on_trial(database: Database) {
        let (old, fresh) = (OldFile::of(&[BEFORE, ROWS]).await, database.fresh().await);
        let before = old.bytes();
        let url = fresh.url();
        let trial = old.import(&url, "modelforge", &["--dry-run"]).await;
        let registry = Harness::on(database, fresh).await.unwrap();
        assert!(models(&registry).await.is_empty());
        let mut first = None;
        let registry = registry.restart_after(|_| async { first = Some(old.import(&url, "modelforge", &[]).await) }).await.unwrap();
        let first = first.unwrap();
        assert_eq!((trial.rows("fine_tuned_models"), &trial.report["changes"]), (first.rows("fine_tuned_models"), &first.report["changes"]));
        let once = stored(&registry).await;
        let mut again = None;
        let registry = registry.restart_after(|_| async { again = Some(old.import(&url, "modelforge", &[]).await) }).await.unwrap();
        assert_eq!(again.unwrap().rows("fine_tuned_models"), [6, 0, 6, 0]);
        assert_eq!(stored(&registry).await, once);
        assert_eq!(old.bytes(), before);
        registry.stop().await;
    }

    /// What is none is refused, with what was found instead.
    async fn another_database_is_refused(database: Database) {
        let (old, fresh) = (OldFile::of(&["CREATE TABLE bookmarks (id TEXT, name TEXT)"]).await, database.fresh().await);
        let imported = old.import(&fresh.url(), "modelforge", &[]).await;
        assert_eq!(imported.code, Some(1));
        for words in ["fine_tuned_models (id, model_name, base_model, task, model_path)", "found main.bookmarks"] {
            assert!(imported.log.contains(words), "{words:?} is not in {}", imported.log);
        }
    }
}
