//! Texts that are attacks on whoever takes them for paths: refused with the field, or stored as they are. Nothing is ever opened.

use registry_client::{Artifact, ArtifactFilter, Code, ErrorReason};
use registry_tests::{conformance, expect, given};

/// Shapes that have led out of stores of files.
const SHAPES: [&str; 24] = [
    "../../etc/passwd",
    "..\\..\\windows\\system32",
    "/etc/passwd",
    "//host/share",
    "C:\\boot.ini",
    "%2e%2e%2fetc%2fpasswd",
    "..%2f..%2fetc",
    "..%c0%af..%c0%afetc",
    "%252e%252e/",
    "....//....//etc",
    "a/../../b",
    "a/./b",
    "~/.ssh/id_rsa",
    "file:///etc/passwd",
    "/proc/self/environ",
    "/dev/zero",
    "link -> /etc/passwd",
    "sha256/ab/cd",
    "\u{202e}gpj.exe",
    "\u{ff0e}\u{ff0e}\u{ff0f}etc",
    "a\r\nb: c",
    "$(reboot)",
    "'; DROP TABLE artifacts; --",
    "CON",
];

/// Names that are no names of files, with what the rules say of them.
const NO_NAMES: [(&str, &str); 21] = [
    ("", "REQUIRED"),
    (".", "STRING_PATTERN"),
    ("..", "STRING_PATTERN"),
    ("/", "STRING_PATTERN"),
    ("a/b", "STRING_PATTERN"),
    ("/a", "STRING_PATTERN"),
    ("a/", "STRING_PATTERN"),
    ("../a", "STRING_PATTERN"),
    ("a\\b", "STRING_PATTERN"),
    ("..\\a", "STRING_PATTERN"),
    (" ", "STRING_PATTERN"),
    (" a", "STRING_PATTERN"),
    ("a ", "STRING_PATTERN"),
    (". ", "STRING_PATTERN"),
    (".. ", "STRING_PATTERN"),
    ("a\nb", "STRING_PATTERN"),
    ("a\n", "STRING_PATTERN"),
    ("\t", "STRING_PATTERN"),
    ("a\u{7f}", "STRING_PATTERN"),
    ("a\u{85}b", "STRING_PATTERN"),
    ("a\0", "STRING_NUL"),
];

/// Names that look odd, and are names of files.
const NAMES: [&str; 14] =
    ["a", ".a", "..a", "...", ". a", ".. a", "a b", "a.", "a..", "%2e%2e%2f", "C:", "~", "\u{1f40b}.whl", "\u{ff0f}"];

/// Ways to write the scheme of what the registry holds.
const RESERVED: [&str; 6] =
    ["registry://artifacts/x", "REGISTRY:x", "Registry://", "registry:", " registry:x", "\n\tregistry:/x"];

conformance! {
    /// Every field that is a label takes every shape, and gives it back to the byte.
    async fn hostile_texts_are_labels(registry: &Harness) {
        given::model(registry, "m").await;
        for (number, shape) in SHAPES.into_iter().enumerate() {
            let create = given::wheel(&registry.client, "m", &format!("file-{number}")).file_path(shape).platform(shape);
            let create = create.python_version(shape).uploaded_by(shape).metadata(serde_json::json!({ shape: shape }));
            let made = create.send().await.unwrap();
            let told = (&*made.file_path, made.platform.as_deref(), made.python_version.as_deref(), made.uploaded_by.as_deref());
            assert_eq!(told, (shape, Some(shape), Some(shape), Some(shape)));
            assert_eq!(registry.client.get_artifact(&made).send().await.unwrap(), made);
            let filter = ArtifactFilter { platforms: vec![shape.into()], python_versions: vec![shape.into()], ..Default::default() };
            assert_eq!(registry.client.list_artifacts().filter(filter).send().await.unwrap().items, std::slice::from_ref(&made));
            let moved = registry.client.update_artifact(&made).file_path(format!("{shape}/new")).send().await.unwrap();
            assert_eq!(moved.file_path, format!("{shape}/new"));
        }
        assert_eq!(registry.client.list_artifacts().include_total_size().send().await.unwrap().total_size, i64::try_from(SHAPES.len()).ok());
    }

    /// The fields with a vocabulary take none of them, and say so.
    async fn hostile_texts_are_no_types_and_no_checksums(registry: &Harness) {
        given::model(registry, "m").await;
        for shape in SHAPES {
            let create = || given::wheel(&registry.client, "m", "a");
            expect::invalid(create().artifact_type(shape).send().await, &[("artifact.artifact_type", "STRING_PATTERN")]);
            expect::invalid(create().checksum(shape).send().await, &[("artifact.checksum", "STRING_PATTERN")]);
            expect::invalid(registry.client.get_artifact(shape).send().await, &[("artifact_id", "STRING_UUID")]);
        }
        assert_eq!(registry.client.list_artifacts().send().await.unwrap().items, []);
    }

    /// No text may hold a NUL, whichever field it is in.
    async fn a_nul_is_refused_everywhere(registry: &Harness) {
        given::model(registry, "m").await;
        let nul = || "a\0b".to_owned();
        let all = Artifact {
            name: nul(),
            artifact_type: nul(),
            file_path: nul(),
            size_bytes: Some(1),
            checksum: nul(),
            platform: Some(nul()),
            python_version: Some(nul()),
            uploaded_by: Some(nul()),
            ..Default::default()
        };
        let fields = ["name", "artifact_type", "file_path", "checksum", "platform", "python_version", "uploaded_by"];
        let told: Vec<String> = fields.iter().map(|field| format!("artifact.{field}")).collect();
        let told: Vec<(&str, &str)> = told.iter().map(|field| (&**field, "STRING_NUL")).collect();
        expect::invalid(registry.client.create_artifact_from("m", all).send().await, &told);
        let prefix = ArtifactFilter { name_prefix: nul(), ..Default::default() };
        expect::invalid(registry.client.list_artifacts().filter(prefix).send().await, &[("filter.name_prefix", "STRING_NUL")]);
    }

    /// A name is that of a file, and no path.
    async fn a_name_is_no_path(registry: &Harness) {
        given::model(registry, "m").await;
        for (name, rule) in NO_NAMES {
            expect::invalid(given::wheel(&registry.client, "m", name).send().await, &[("artifact.name", rule)]);
        }
        for name in NAMES {
            assert_eq!(given::artifact(registry, "m", name).await.name, name);
        }
        let longest = "\u{1f40b}".repeat(255);
        assert_eq!(given::artifact(registry, "m", &longest).await.name, longest);
        let filter = ArtifactFilter { name_prefix: "..".into(), ..Default::default() };
        let found = registry.client.list_artifacts().filter(filter).send().await.unwrap().items;
        assert_eq!(found.iter().map(|artifact| &*artifact.name).collect::<Vec<_>>(), [".. a", "...", "..a"]);
    }

    /// No caller gives a file the path of what the registry holds, neither at first nor later.
    async fn the_scheme_of_the_registry_is_its_own(registry: &Harness) {
        given::model(registry, "m").await;
        let artifact = given::artifact(registry, "m", "a").await;
        let told = [("artifact.file_path", "FILE_PATH_RESERVED")];
        for path in RESERVED {
            expect::invalid(given::wheel(&registry.client, "m", "b").file_path(path).send().await, &told);
            expect::invalid(registry.client.update_artifact(&artifact).file_path(path).send().await, &told);
        }
        assert_eq!(registry.client.list_artifacts().send().await.unwrap().items, std::slice::from_ref(&artifact));
        for (number, path) in ["registry", "registry/x", "registry-x:y", "s3://registry:x", "xregistry:"].into_iter().enumerate() {
            given::wheel(&registry.client, "m", &format!("c{number}")).file_path(path).send().await.unwrap();
        }
    }

    /// The longest paths there are differ where they differ, also in their last character.
    async fn long_paths_are_told_apart(registry: &Harness) {
        given::model(registry, "m").await;
        let random: String = (0..999_u32).map(|at| char::from_u32(0x1_0000 + at.wrapping_mul(2_654_435_761) % 0x5_0000).unwrap_or('x')).collect();
        for last in ["a", "b"] {
            let path = format!("{random}{last}");
            let made = given::wheel(&registry.client, "m", last).file_path(&path).send().await.unwrap();
            assert_eq!(made.file_path, path);
        }
        let again = given::wheel(&registry.client, "m", "c").file_path(format!("{random}a")).send().await;
        expect::refused(again, Code::AlreadyExists, ErrorReason::ArtifactAlreadyExists);
    }
}
