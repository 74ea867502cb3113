//! The lists that are not read from an index in their order, each with the reason, and what bounds them.

use registry_tests::Database;
use std::collections::BTreeMap;

/// Lists of which the names begin so and the filter is one of these, and why they may do what they do.
struct Exception {
    begins: &'static str,
    filters: &'static [&'static str],
    #[expect(dead_code, reason = "for whoever reads the table")]
    why: &'static str,
}

const BEARERS: &str = "What bears the tag or the label is found by that, and sorted: bounded by how much bears it. An order of its own would need the \
                       time of creation in every tag and label.";
const SELECTIVE: &str = "What has the value is found by that, and sorted: bounded by how much has it. An index for each order would cost every write.";
const FEW: &str = "Bounded by a limit of the contract, or by what one model or release has.";

/// On SQLite. On PostgreSQL there is an index for each list, and whether it is used is up to what its planner has counted.
const EXCEPTIONS: &[Exception] = &[
    Exception {
        begins: "models",
        filters: &["tag", "tags_all", "tags_any", "label", "label_any", "label_exists", "label_not", "any_of"],
        why: BEARERS,
    },
    Exception {
        begins: "models",
        filters: &["company", "companies", "base_model", "server_type", "task", "name_prefix", "within"],
        why: SELECTIVE,
    },
    Exception { begins: "releases, all", filters: &["label", "label_exists", "tag", "any_of"], why: BEARERS },
    Exception { begins: "releases, all", filters: &["base", "company", "digest"], why: SELECTIVE },
    Exception { begins: "releases, of a model, order 3", filters: &["create_time"], why: FEW },
    Exception { begins: "artifacts, all", filters: &["checksum"], why: SELECTIVE },
    Exception { begins: "deployments, all", filters: &["company", "environment"], why: SELECTIVE },
    Exception { begins: "aliases, all", filters: &["within"], why: SELECTIVE },
    Exception { begins: "aliases, of a release", filters: &["none"], why: FEW },
    Exception { begins: "events, all", filters: &["model"], why: FEW },
];

impl Exception {
    fn is_of(&self, question: &str) -> bool {
        let Self { begins, filters, why: _ } = self;
        let filter = question.rsplit(", ").next().unwrap_or_default();
        question.starts_with(begins) && filters.contains(&filter)
    }
}

/// Every complaint is of an exception, and every filter in the table is one that something is complained of.
pub(super) fn compare(database: Database, complaints: &BTreeMap<String, Vec<String>>) {
    let exceptions = if database == Database::Sqlite { EXCEPTIONS } else { &[] };
    let excepted = |question: &str| exceptions.iter().any(|exception| exception.is_of(question));
    let wrong: Vec<_> = complaints.iter().filter(|(question, wrong)| !wrong.is_empty() && !excepted(question)).collect();
    let told: Vec<_> = wrong.iter().map(|(question, wrong)| format!("{question}:\n{}", wrong.join("\n\n"))).collect();
    assert!(wrong.is_empty(), "{} of {} lists:\n{}", wrong.len(), complaints.len(), told.join("\n\n"));
    for filter in exceptions.iter().flat_map(|exception| exception.filters) {
        let used = complaints.iter().any(|(question, wrong)| !wrong.is_empty() && question.ends_with(filter));
        assert!(used, "{filter} is no exception any more");
    }
}
