//! Which names a model may have: what a path, a shell, a log or an eye could mistake is refused.

use registry_client::{ModelId, ModelRef};
use registry_tests::{conformance, expect, given};

/// Shapes that other systems read as something else.
const REFUSED: [&str; 46] = [
    "..", ".", "../a", "a/..", "a/../b", "a/./b", "/a", "a/", "a//b", "//", "/", "a\\b", "\\", "%2e%2e", "a%00", ".hidden",
    "a/.b", "-a", "_a", "a/-b", "a/_b", " a", "a ", "a b", "a\tb", "a\nb", "a\n", "a\r", "\u{7f}", "a\u{1}b", "a:b", "a@b", "a*",
    "a?b", "a#b", "a'b", "a\"b", "a;b", "$(a)", "a+b", "a,b", "a|b", "<a>", "~a", "a=b", "a&b",
];

/// Shapes that look like others.
const LOOK_ALIKES: [&str; 15] = [
    "caf\u{e9}",
    "cafe\u{301}",
    "\u{430}",
    "model\u{430}",
    "\u{ff41}bc",
    "a\u{200b}b",
    "a\u{200d}b",
    "a\u{202e}b",
    "\u{130}",
    "\u{131}",
    "\u{feff}a",
    "a\u{a0}b",
    "\u{2024}\u{2024}",
    "a\u{2215}b",
    "\u{1f600}",
];

/// Every shape that is fine.
const ALLOWED: [&str; 19] = [
    "a",
    "A",
    "0",
    "a.b",
    "a-b",
    "a_b",
    "a--b",
    "a..b",
    "a.",
    "a-",
    "a_",
    "a/b",
    "a/b/c/d",
    "CON",
    "NUL",
    "con.txt",
    "latest",
    "null",
    "llama-3-7b-companyA",
];

conformance! {
    /// Names that a path, a shell or a log could read as something else are refused, on both databases alike.
    async fn names_that_mean_something_elsewhere_are_refused(registry: &Harness) {
        for name in REFUSED {
            let answer = registry.client.create_model(name, "/m").send().await;
            let error = expect::invalid(answer, &[("model.name", "STRING_PATTERN")]);
            assert!(!error.message().chars().any(char::is_control), "{name:?} is repeated raw");
        }
        assert_eq!(given::revision(registry).await, 0);
    }

    /// Names are ASCII, so that no two of them look the same.
    async fn look_alikes_are_refused_as_names_and_kept_as_text(registry: &Harness) {
        for (number, text) in LOOK_ALIKES.into_iter().enumerate() {
            expect::invalid(registry.client.create_model(text, "/m").send().await, &[("model.name", "STRING_PATTERN")]);
            let create = registry.client.create_model(format!("m{number}"), text).display_name(text).description(text).tag(text);
            create.send().await.unwrap();
            let read = registry.client.get_model(format!("m{number}")).send().await.unwrap();
            assert_eq!((read.storage_path.as_str(), read.display_name.as_deref(), read.description.as_deref()), (text, Some(text), Some(text)));
            assert_eq!(read.tags, [text]);
        }
    }

    /// What the pattern allows is accepted, found under that name, and only under that name.
    async fn every_other_name_is_fine(registry: &Harness) {
        for name in ALLOWED {
            let created = given::model(registry, name).await;
            assert_eq!(registry.client.get_model(name).send().await.unwrap(), created);
        }
        let longest = format!("{}/{}", "a".repeat(127), "b".repeat(127));
        assert_eq!(given::model(registry, &longest).await.name, longest);
        let longer = registry.client.create_model(format!("{longest}b"), "/m").send().await;
        expect::invalid(longer, &[("model.name", "STRING_MAX_LEN")]);
        expect::invalid(registry.client.create_model("", "/m").send().await, &[("model.name", "REQUIRED")]);
    }

    /// A name in the form of a UUID could not be told from an id, so it is refused in every form a UUID has.
    async fn a_name_is_never_a_uuid(registry: &Harness) {
        let uuid = "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11";
        for name in [uuid.to_owned(), uuid.to_uppercase(), "00000000-0000-0000-0000-000000000000".to_owned()] {
            expect::invalid(registry.client.create_model(&name, "/m").send().await, &[("model.name", "NAME_NOT_UUID")]);
        }
        for name in ["0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e1", "0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11a", "x/0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11"] {
            given::model(registry, name).await;
        }
    }

    /// A name is looked up as a name and an id as an id; one is never taken for the other.
    async fn an_id_is_no_name(registry: &Harness) {
        let model = given::model(registry, "m").await;
        assert_eq!(registry.client.get_model(ModelId::from(&model)).send().await.unwrap(), model);
        expect::invalid(registry.client.get_model(ModelRef::by_id("m")).send().await, &[("model_ref.id", "STRING_UUID")]);
        let as_name = registry.client.get_model(ModelRef::by_name(&model.id)).send().await.unwrap_err();
        assert!(matches!(as_name.code(), registry_client::Code::NotFound | registry_client::Code::InvalidArgument), "{as_name}");
    }
}
