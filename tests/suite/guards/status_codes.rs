//! docs/STATUS-CODES.md is what the contract says.

use registry_client::ErrorReason;
use registry_proto::reason::REASONS;
use std::path::PathBuf;

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/STATUS-CODES.md")
}

/// Rewrites the page when told to; then, as ever, compares.
#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests, not a setting of the server")]
fn the_page_is_what_the_contract_says() {
    let rendered = registry_tests::status_codes::render();
    if std::env::var_os("REGISTRY_REWRITE").is_some() {
        std::fs::create_dir_all(page().parent().unwrap()).unwrap();
        std::fs::write(page(), &rendered).unwrap();
    }
    let found = std::fs::read_to_string(page()).unwrap_or_default();
    assert!(
        found == rendered,
        "docs/STATUS-CODES.md is not what the contract says: REGISTRY_REWRITE=1 cargo test -p registry-tests status_codes"
    );
}

/// Every reason has a row, and every row a code that gRPC has and a meaning.
#[test]
fn every_reason_has_a_row() {
    let rendered = registry_tests::status_codes::render();
    let mut reasons = 0;
    for reason in (1..1000).filter_map(|number| ErrorReason::try_from(number).ok()) {
        reasons += 1;
        let row = rendered.lines().find(|line| line.starts_with(&format!("| `{}` |", reason.as_str_name())));
        let cells: Vec<&str> = row.unwrap_or_else(|| panic!("{} has no row", reason.as_str_name())).split(" | ").collect();
        assert!(super::status::code_names().any(|name| format!("`{name}`") == cells[1]), "{cells:?}");
        assert!(cells[2].len() > 20, "{cells:?}");
    }
    assert_eq!(reasons, REASONS.len());
}
