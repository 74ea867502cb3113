//! Random filters over random models: the server and a few lines of Rust must agree on which models match.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use registry_client::pb::label_selector::{Condition, Values};
use registry_client::{LabelSelector, Model, ModelFilter, ModelSource};
use registry_tests::{Harness, conformance, given};
use std::time::Duration;

const MODELS: usize = 200;
const FILTERS: usize = 250;

/// Few enough texts that two often meet, and each of them one that a database could get wrong.
const TEXTS: [&str; 12] = ["", "a", "A", "ab", "aB", "É", "é", "%", "_", "\\", "a%b", "'"];
const WORDS: [&str; 6] = ["vllm", "tts", "stt", "a", "onnx", "b-c"];
const NAMES: [&str; 8] = ["a", "A", "a-", "a.", "a_", "ab/", "b", "B"];

/// What is random, from one seed.
struct Dice(StdRng);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    fn often(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one(&mut self, of: &[&str]) -> String {
        let index = self.below(of.len());
        of[index].to_owned()
    }

    fn some(&mut self, of: &[&str]) -> Option<String> {
        self.often(60).then(|| self.one(of))
    }

    fn few(&mut self, of: &[&str]) -> Vec<String> {
        (0..self.below(4)).map(|_| self.one(of)).collect()
    }

    /// One or more.
    fn several(&mut self, of: &[&str]) -> Vec<String> {
        (0..=self.below(3)).map(|_| self.one(of)).collect()
    }
}

fn model(dice: &mut Dice, number: usize) -> Model {
    Model {
        name: format!("{}{number}", dice.one(&NAMES)),
        storage_path: "/m".into(),
        repository: dice.some(&TEXTS),
        company: dice.some(&TEXTS),
        base_model: dice.some(&TEXTS),
        parameter_count: dice.some(&TEXTS),
        description: dice.some(&TEXTS),
        task: dice.some(&TEXTS),
        server_type: dice.some(&WORDS),
        tags: dice.few(&TEXTS[1..]),
        labels: (0..dice.below(3)).map(|_| (dice.one(&WORDS), dice.one(&TEXTS))).collect(),
        source: i32::try_from(1 + dice.below(3)).unwrap(),
        is_custom_base_model: dice.often(50),
        requires_gpu: Some(dice.often(50)),
        ..Model::default()
    }
}

fn selector(dice: &mut Dice) -> LabelSelector {
    let condition = match dice.below(4) {
        0 => Condition::Equals(dice.one(&TEXTS)),
        1 => Condition::NotEquals(dice.one(&TEXTS)),
        2 => Condition::Any(Values { values: dice.several(&TEXTS) }),
        _ => Condition::Exists(dice.often(50)),
    };
    LabelSelector { key: dice.one(&WORDS), condition: Some(condition) }
}

fn filter(dice: &mut Dice, depth: usize) -> ModelFilter {
    let mut filter = ModelFilter::default();
    let time = |dice: &mut Dice| Some(given::time(i64::try_from(dice.below(MODELS / 5)).unwrap() * 1_000_000));
    for _ in 0..dice.below(4) {
        match dice.below(16) {
            0 => filter.companies = dice.several(&TEXTS),
            1 => filter.base_models = dice.several(&TEXTS),
            2 => filter.parameter_counts = dice.several(&TEXTS),
            3 => filter.server_types = dice.several(&WORDS),
            4 => filter.tasks = dice.several(&TEXTS),
            5 => filter.sources = vec![i32::try_from(1 + dice.below(3)).unwrap(), ModelSource::Manual.into()],
            6 => filter.tags_all = dice.several(&TEXTS),
            7 => filter.tags_any = dice.several(&TEXTS),
            8 => filter.tags_none = dice.several(&TEXTS),
            9 => filter.is_custom_base_model = Some(dice.often(50)),
            10 => filter.requires_gpu = Some(dice.often(50)),
            11 => filter.name_prefix = dice.one(&NAMES),
            12 => filter.text_query = dice.one(&TEXTS),
            13 => (filter.create_time_from, filter.update_time_before) = (time(dice), time(dice)),
            14 => (filter.create_time_before, filter.update_time_from) = (time(dice), time(dice)),
            _ => filter.labels = vec![selector(dice)],
        }
    }
    if depth > 0 {
        filter.any_of = (0..dice.below(3)).map(|_| self::filter(dice, depth - 1)).collect();
        filter.none_of = (0..dice.below(2)).map(|_| self::filter(dice, depth - 1)).collect();
    }
    filter
}

fn among(value: Option<&String>, wanted: &[String]) -> bool {
    wanted.is_empty() || value.is_some_and(|value| wanted.contains(value))
}

fn selected(model: &Model, selector: &LabelSelector) -> bool {
    let value = model.labels.get(&selector.key);
    match selector.condition.as_ref().unwrap() {
        Condition::Equals(wanted) => value == Some(wanted),
        Condition::NotEquals(wanted) => value.is_some_and(|value| value != wanted),
        Condition::Any(Values { values }) => value.is_some_and(|value| values.contains(value)),
        Condition::Exists(exists) => value.is_some() == *exists,
    }
}

/// What the contract says of each field of a filter.
fn matches(model: &Model, filter: &ModelFilter) -> bool {
    let text = filter.text_query.to_ascii_lowercase();
    let searched = [
        Some(&model.name),
        model.description.as_ref(),
        model.repository.as_ref(),
        model.company.as_ref(),
        model.base_model.as_ref(),
    ];
    let moment = |time: Option<prost_types::Timestamp>| time.map(|time| (time.seconds, time.nanos));
    let (created, updated) = (moment(model.create_time), moment(model.update_time));
    let has = |tag: &String| model.tags.contains(tag);
    among(model.company.as_ref(), &filter.companies)
        && among(model.base_model.as_ref(), &filter.base_models)
        && among(model.parameter_count.as_ref(), &filter.parameter_counts)
        && among(model.server_type.as_ref(), &filter.server_types)
        && among(model.task.as_ref(), &filter.tasks)
        && (filter.sources.is_empty() || filter.sources.contains(&model.source))
        && filter.tags_all.iter().all(has)
        && (filter.tags_any.is_empty() || filter.tags_any.iter().any(has))
        && !filter.tags_none.iter().any(has)
        && filter.is_custom_base_model.is_none_or(|custom| custom == model.is_custom_base_model)
        && filter.requires_gpu.is_none_or(|gpu| Some(gpu) == model.requires_gpu)
        && model.name.starts_with(&filter.name_prefix)
        && (text.is_empty() || searched.into_iter().flatten().any(|found| found.to_ascii_lowercase().contains(&text)))
        && filter.create_time_from.is_none_or(|from| created >= moment(Some(from)))
        && filter.create_time_before.is_none_or(|before| created < moment(Some(before)))
        && filter.update_time_from.is_none_or(|from| updated >= moment(Some(from)))
        && filter.update_time_before.is_none_or(|before| updated < moment(Some(before)))
        && filter.labels.iter().all(|selector| selected(model, selector))
        && (filter.any_of.is_empty() || filter.any_of.iter().any(|filter| matches(model, filter)))
        && !filter.none_of.iter().any(|filter| matches(model, filter))
}

/// The names of all models that match, from pages of 97, sorted.
async fn answered(registry: &Harness, filter: &ModelFilter) -> Vec<String> {
    let pages = given::pages(registry.client.list_models().filter(filter.clone()).page_size(97).pages()).await;
    let mut names: Vec<String> = pages.into_iter().flat_map(|page| page.items).map(|model| model.name).collect();
    names.sort();
    names
}

conformance! {
    /// Whatever models there are and whatever is asked, the server finds the models that the contract says match.
    async fn the_server_agrees_with_the_contract_on_any_filter(registry: &Harness) {
        let seed: u64 = rand::random();
        let dice = &mut Dice(StdRng::seed_from_u64(seed));
        let mut models = Vec::new();
        for number in 0..MODELS {
            if number % 5 == 0 {
                registry.advance(Duration::from_secs(1));
            }
            models.push(registry.client.create_model_from(model(dice, number)).send().await.unwrap());
            if dice.often(20) {
                let index = dice.below(models.len());
                let name = models[index].name.clone();
                models[index] = registry.client.update_model(name).description(format!("{number}")).send().await.unwrap();
            }
        }
        let mut matched = 0;
        for _ in 0..FILTERS {
            let filter = filter(dice, 2);
            let mut expected: Vec<String> =
                models.iter().filter(|model| matches(model, &filter)).map(|model| model.name.clone()).collect();
            expected.sort();
            matched += usize::from(!expected.is_empty() && expected.len() < MODELS);
            assert_eq!(answered(registry, &filter).await, expected, "seed {seed}: {filter:?}");
        }
        assert!(matched > FILTERS / 10, "seed {seed}: only {matched} of the filters told models apart");
    }
}
