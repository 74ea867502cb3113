//! docs/CONFIGURATION.md is what the definition of the flags says, and every setting has one name.

use registry_server::config::settings;
use std::path::PathBuf;

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/CONFIGURATION.md")
}

/// Rewrites the page when told to; then, as ever, compares.
#[test]
fn the_page_is_what_the_flags_say() {
    let rendered = registry_tests::configuration::render();
    if std::env::var_os("REGISTRY_REWRITE").is_some() {
        std::fs::write(page(), &rendered).unwrap();
    }
    let found = std::fs::read_to_string(page()).unwrap_or_default();
    assert!(
        found == rendered,
        "docs/CONFIGURATION.md is not what the flags say: REGISTRY_REWRITE=1 cargo test -p registry-tests guards::configuration"
    );
}

/// Key, flag and variable are one name; each setting is explained, below a heading, and has a row.
#[test]
fn every_setting_has_one_name() {
    let page = registry_tests::configuration::render();
    let all = settings();
    assert!(all.len() >= 40, "{} settings", all.len());
    for setting in all {
        let key = setting.key();
        assert_eq!(setting.flag(), key.replace('_', "-"));
        assert_eq!(setting.variable(), format!("REGISTRY_{}", key.to_uppercase()));
        assert!(setting.help().len() > 15, "{key}: {}", setting.help());
        assert_ne!(setting.area(), "Options", "{key} is below no heading");
        assert_eq!(page.matches(&format!("\n| `{key}` | ")).count(), 1, "{key}");
    }
}
