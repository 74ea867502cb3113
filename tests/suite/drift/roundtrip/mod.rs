//! Every field that a caller may write is stored and comes back, one by one, found by reflection: a field that is
//! added to the contract is tested from then on.

mod fill;
mod resource;

use fill::{Filling, resource_fields};
use prost_reflect::{DynamicMessage, ReflectMessage, Value};
use registry_client::{Code, ErrorReason};
use registry_proto::field::{Field, Kind};
use registry_tests::conformance;
use resource::{Artifacts, Deployments, Models, Releases, Resource, ResourceKind};
use std::collections::BTreeSet;

/// What every change of a resource changes besides. (Who changed it last does not change: callers are not told apart.)
const BESIDES: [&str; 3] = ["update_time", "etag", "revision"];

/// What clearing a field leaves behind when that is not "nothing".
fn cleared(at: &Field) -> Cleared {
    match (fill::short(at), at.name) {
        ("Model", "storage_path") => Cleared::Refused,
        ("Artifact", "artifact_type" | "file_path" | "size_bytes") => Cleared::Refused,
        ("Model" | "Release" | "Artifact" | "Deployment", "metadata") => Cleared::ToEmptyObject,
        ("Model", "source") | ("Deployment", "health") => Cleared::To(Value::EnumNumber(1)),
        // `+` may stand in a version and not in a tag.
        ("Release", "tag") => Cleared::To(Value::String("1.0.0_cu12-fp16".to_owned())),
        _ => Cleared::ToNothing,
    }
}

enum Cleared {
    /// A model or an artifact is never without one.
    Refused,
    /// The document is never absent: {} stands for nothing said.
    ToEmptyObject,
    /// The value that "unspecified" means.
    To(Value),
    /// Unset, or the zero of a field without presence.
    ToNothing,
}

fn get(message: &DynamicMessage, name: &str) -> Value {
    // The items of a repeated field are a set in every resource.
    match message.get_field_by_name(name).expect("a field").into_owned() {
        Value::List(mut items) => {
            items.sort_by_key(|item| format!("{item:?}"));
            Value::List(items)
        }
        value => value,
    }
}

/// The fields in which two messages differ; absence differs from a zero.
fn differences(one: &DynamicMessage, other: &DynamicMessage) -> BTreeSet<String> {
    let fields = one.descriptor().fields().map(|field| field.name().to_owned()).collect::<Vec<_>>();
    let differ =
        |name: &String| get(one, name) != get(other, name) || one.has_field_by_name(name) != other.has_field_by_name(name);
    fields.into_iter().filter(differ).collect()
}

/// The same message without its other fields.
fn only(message: &DynamicMessage, names: &[&str]) -> DynamicMessage {
    let mut kept = DynamicMessage::new(message.descriptor());
    for name in names {
        kept.set_field_by_name(name, message.get_field_by_name(name).expect("a field").into_owned());
    }
    kept
}

fn writable(at: &&Field) -> bool {
    !at.output_only && at.name != "etag"
}

fn mutable(at: &&Field) -> bool {
    writable(at) && !at.immutable
}

/// Every writable field filled, created, and read back.
async fn everything_comes_back<K: ResourceKind>(resources: &Resource<'_, K>, filling: Filling) {
    let sent = resources.filled(filling);
    let id = resources.create(&sent).await.unwrap();
    let read = resources.get(&id).await;
    for at in resource_fields(K::NAME).filter(writable) {
        assert!(at.kind == Kind::Bool || sent.has_field_by_name(at.name), "{} was not filled", at.name);
        assert_eq!(get(&read, at.name), get(&sent, at.name), "{}.{}", K::NAME, at.name);
    }
}

/// Each mutable field alone, set and then cleared: nothing else changes.
async fn each_field_changes_alone<K: ResourceKind>(resources: &Resource<'_, K>) {
    let id = resources.create(&resources.filled(Filling::First)).await.unwrap();
    let others = only(&resources.filled(Filling::Second), &names(resource_fields(K::NAME).filter(mutable)));
    let mut before = resources.get(&id).await;
    for at in resource_fields(K::NAME).filter(mutable) {
        let changed =
            BTreeSet::from([at.name].map(str::to_owned)).into_iter().chain(BESIDES.map(str::to_owned)).collect::<BTreeSet<_>>();
        // Every field has another value in the request, and one is named.
        let after = resources.update(&id, &others, &[at.name]).await.unwrap();
        assert_eq!(differences(&before, &after), changed, "setting {}.{}", K::NAME, at.name);
        assert_eq!(get(&after, at.name), get(&others, at.name), "{}.{}", K::NAME, at.name);
        before = resources.get(&id).await;
        assert_eq!(differences(&before, &after), BTreeSet::new(), "the answer to the update of {}", at.name);
        let outcome = resources.update(&id, &DynamicMessage::new(others.descriptor()), &[at.name]).await;
        if matches!(cleared(at), Cleared::Refused) {
            let error = outcome.unwrap_err();
            assert_eq!((error.code(), error.violations()[0].field.as_str()), (Code::InvalidArgument, K::path(at.name).as_str()));
            continue;
        }
        let after = outcome.unwrap();
        assert_eq!(differences(&before, &after), changed, "clearing {}.{}", K::NAME, at.name);
        assert_is_cleared(&after, at);
        before = resources.get(&id).await;
        assert_eq!(differences(&before, &after), BTreeSet::new(), "the answer to the clearing of {}", at.name);
    }
}

fn assert_is_cleared(message: &DynamicMessage, at: &Field) {
    let descriptor = message.descriptor().get_field_by_name(at.name).unwrap();
    let expected = match cleared(at) {
        Cleared::To(value) => value,
        Cleared::ToEmptyObject | Cleared::ToNothing | Cleared::Refused => Value::default_value_for_field(&descriptor),
    };
    assert_eq!(get(message, at.name), expected, "cleared {}", at.name);
    if descriptor.supports_presence() {
        assert_eq!(message.has_field(&descriptor), matches!(cleared(at), Cleared::ToEmptyObject), "cleared {}", at.name);
    }
}

/// An immutable field keeps its value: the same one may be sent, another one and its name in a mask are refused.
async fn each_immutable_field_stays<K: ResourceKind>(resources: &Resource<'_, K>) {
    let first = resources.filled(Filling::First);
    let second = resources.filled(Filling::Second);
    let id = resources.create(&first).await.unwrap();
    let before = resources.get(&id).await;
    for at in resource_fields(K::NAME).filter(|at| at.immutable) {
        resources.update(&id, &only(&first, &[at.name]), &[K::ANOTHER]).await.expect("the same value");
        let before = resources.get(&id).await;
        for mask in [&[][..], &[K::ANOTHER][..]] {
            let error = resources.update(&id, &only(&second, &[at.name]), mask).await.unwrap_err();
            assert_eq!(error.reason(), Some(ErrorReason::ImmutableField), "{}: {error}", at.name);
            assert_eq!(error.metadata().get("path"), Some(&K::path(at.name)));
        }
        let named = resources.update(&id, &only(&second, &[at.name]), &[at.name]).await.unwrap_err();
        let reason = if at.set_once { ErrorReason::ImmutableField } else { ErrorReason::InvalidUpdateMask };
        assert_eq!(named.reason(), Some(reason), "{}: {named}", at.name);
        assert_eq!(differences(&before, &resources.get(&id).await), BTreeSet::new(), "{}", at.name);
    }
    let kept = names(resource_fields(K::NAME).filter(|at| at.immutable));
    let after = resources.get(&id).await;
    assert!(!kept.is_empty() && kept.iter().all(|name| get(&before, name) == get(&after, name)));
}

/// What only the server writes is what it would have been without the caller's word, on create and on update.
async fn each_output_only_field_is_the_servers<K: ResourceKind>(resources: &Resource<'_, K>) {
    let claims = resources.claims();
    let mut sent = resources.filled(Filling::First);
    let outputs = names(resource_fields(K::NAME).filter(|at| at.output_only || at.name == "etag"));
    assert!(outputs.len() > 8, "{outputs:?}");
    for name in &outputs {
        sent.set_field_by_name(name, get(&claims, name));
    }
    let id = resources.create(&sent).await.unwrap();
    let read = resources.get(&id).await;
    for name in &outputs {
        assert_ne!(get(&read, name), get(&claims, name), "{name} was taken from the caller");
        if *name == "etag" {
            continue; // an update takes it as a condition
        }
        let after = resources.update(&id, &only(&claims, &[*name]), &[K::ANOTHER]).await.unwrap();
        assert_ne!(get(&after, name), get(&claims, name), "{name} was taken from the caller");
        let error = resources.update(&id, &claims, &[*name]).await.unwrap_err();
        assert!(matches!(error.reason(), Some(ErrorReason::InvalidUpdateMask)) || *name == "etag", "{name}: {error}");
    }
}

fn names<'a>(fields: impl Iterator<Item = &'a Field>) -> Vec<&'static str> {
    fields.map(|at| at.name).collect()
}

conformance! {
    /// Whatever is sent comes back.
    async fn every_field_of_a_model_comes_back(registry: &Harness) {
        everything_comes_back(&Resource::<Models>::new(registry).await, Filling::First).await;
        everything_comes_back(&Resource::<Models>::new(registry).await, Filling::Second).await;
    }

    /// Whatever is sent comes back.
    async fn every_field_of_a_release_comes_back(registry: &Harness) {
        everything_comes_back(&Resource::<Releases>::new(registry).await, Filling::First).await;
        everything_comes_back(&Resource::<Releases>::new(registry).await, Filling::Second).await;
    }

    /// Whatever is sent comes back.
    async fn every_field_of_an_artifact_comes_back(registry: &Harness) {
        everything_comes_back(&Resource::<Artifacts>::new(registry).await, Filling::First).await;
        everything_comes_back(&Resource::<Artifacts>::new(registry).await, Filling::Second).await;
    }

    /// Whatever is sent comes back.
    async fn every_field_of_a_deployment_comes_back(registry: &Harness) {
        everything_comes_back(&Resource::<Deployments>::new(registry).await, Filling::First).await;
        everything_comes_back(&Resource::<Deployments>::new(registry).await, Filling::Second).await;
    }

    /// Texts as long as the contract lets them be, of characters of several bytes.
    async fn the_longest_texts_come_back(registry: &Harness) {
        everything_comes_back(&Resource::<Models>::new(registry).await, Filling::Longest).await;
        everything_comes_back(&Resource::<Releases>::new(registry).await, Filling::Longest).await;
        everything_comes_back(&Resource::<Artifacts>::new(registry).await, Filling::Longest).await;
        everything_comes_back(&Resource::<Deployments>::new(registry).await, Filling::Longest).await;
    }

    /// The mask says what is written, and nothing else does.
    async fn each_field_of_a_model_changes_alone(registry: &Harness) {
        each_field_changes_alone(&Resource::<Models>::new(registry).await).await;
    }

    /// The mask says what is written, and nothing else does.
    async fn each_field_of_a_release_changes_alone(registry: &Harness) {
        each_field_changes_alone(&Resource::<Releases>::new(registry).await).await;
    }

    /// The mask says what is written, and nothing else does.
    async fn each_field_of_an_artifact_changes_alone(registry: &Harness) {
        each_field_changes_alone(&Resource::<Artifacts>::new(registry).await).await;
    }

    /// The mask says what is written, and nothing else does.
    async fn each_field_of_a_deployment_changes_alone(registry: &Harness) {
        each_field_changes_alone(&Resource::<Deployments>::new(registry).await).await;
    }

    /// A name is for ever.
    async fn the_immutable_fields_of_a_model_stay(registry: &Harness) {
        each_immutable_field_stays(&Resource::<Models>::new(registry).await).await;
    }

    /// What was built is for ever.
    async fn the_immutable_fields_of_a_release_stay(registry: &Harness) {
        each_immutable_field_stays(&Resource::<Releases>::new(registry).await).await;
    }

    /// Which file it is is for ever.
    async fn the_immutable_fields_of_an_artifact_stay(registry: &Harness) {
        each_immutable_field_stays(&Resource::<Artifacts>::new(registry).await).await;
    }

    /// Callers do not write history.
    async fn the_output_only_fields_of_an_artifact_are_the_servers(registry: &Harness) {
        each_output_only_field_is_the_servers(&Resource::<Artifacts>::new(registry).await).await;
    }

    /// Where and when it was deployed is for ever.
    async fn the_immutable_fields_of_a_deployment_stay(registry: &Harness) {
        each_immutable_field_stays(&Resource::<Deployments>::new(registry).await).await;
    }

    /// Callers do not write history.
    async fn the_output_only_fields_of_a_deployment_are_the_servers(registry: &Harness) {
        each_output_only_field_is_the_servers(&Resource::<Deployments>::new(registry).await).await;
    }

    /// Callers do not write history.
    async fn the_output_only_fields_of_a_model_are_the_servers(registry: &Harness) {
        each_output_only_field_is_the_servers(&Resource::<Models>::new(registry).await).await;
    }

    /// Callers do not write history.
    async fn the_output_only_fields_of_a_release_are_the_servers(registry: &Harness) {
        each_output_only_field_is_the_servers(&Resource::<Releases>::new(registry).await).await;
    }
}
