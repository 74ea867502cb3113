//! Messages with a value in every field, made of the field's name, number and rules.

use prost_reflect::{DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use registry_proto::field::{FIELDS, Field};
use std::sync::LazyLock;

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(registry_proto::FILE_DESCRIPTOR_SET).expect("the contract"));

/// Which values: no field has the same one in two fillings, if it has two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filling {
    First,
    Second,
    /// Texts without a pattern as long as they may be.
    Longest,
}

/// Two values for each field with a pattern, because nothing here makes texts of patterns.
const PATTERNED: &[(&str, &str, [&str; 2])] = &[
    ("Model", "name", ["llama-3/7B_a.b", "mistral"]),
    ("Model", "server_type", ["vllm", "triton-2"]),
    ("Release", "version", ["1.0.0+cu12", "v2"]),
    ("Release", "tag", ["_latest.1-x", "stable"]),
    (
        "Release",
        "digest",
        [
            "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            "sha512:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        ],
    ),
    ("Release", "quantization", ["fp16", "int4.q_K-M"]),
    ("Release", "platform", ["linux/arm64/v8", "windows/amd64"]),
    ("Artifact", "name", ["iris 1.0 \u{1f40b}.whl", "..hidden"]),
    ("Artifact", "artifact_type", ["wheel", "x-2.0_a"]),
    (
        "Artifact",
        "checksum",
        [
            "blake3:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            "sha512:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        ],
    ),
];

/// The last part of the name of the message.
pub(super) fn short(at: &Field) -> &'static str {
    at.message.rsplit('.').next().unwrap_or_default()
}

pub(super) fn resource_fields(message: &'static str) -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().filter(move |at| short(at) == message)
}

pub(super) fn descriptor(message: &str) -> MessageDescriptor {
    POOL.get_message_by_name(&format!("modelregistry.v1.{message}")).expect("a message of the contract")
}

/// The value of a field with a pattern.
pub(super) fn patterned(at: &Field, filling: Filling) -> &'static str {
    let [first, second] = PATTERNED
        .iter()
        .find(|(message, name, _)| *message == short(at) && *name == at.name)
        .map(|(.., values)| *values)
        .unwrap_or_else(|| panic!("{}.{} has a pattern: give it two values in PATTERNED", at.message, at.name));
    if filling == Filling::Second { second } else { first }
}

/// A message with every field set that `wanted` wants; fields of fields are all set.
pub(super) fn filled(message: &MessageDescriptor, filling: Filling, wanted: &dyn Fn(&Field) -> bool) -> DynamicMessage {
    let mut filled = DynamicMessage::new(message.clone());
    for at in FIELDS.iter().filter(|at| at.message == message.full_name() && wanted(at)) {
        let descriptor = message.get_field_by_name(at.name).expect("a field of the table");
        filled.set_field(&descriptor, value(&descriptor, at, filling));
    }
    filled
}

fn value(descriptor: &FieldDescriptor, at: &Field, filling: Filling) -> Value {
    if descriptor.is_list() {
        return Value::List((0..3).map(|item| single(descriptor, at, filling, item)).collect());
    }
    if !descriptor.is_map() {
        return single(descriptor, at, filling, 0);
    }
    let Kind::Message(entry) = descriptor.kind() else { panic!("a map has entries") };
    let pair = |item: i64| {
        (MapKey::String(format!("key {item}/{filling:?}")), single(&entry.map_entry_value_field(), at, filling, item))
    };
    Value::Map((0..3).map(pair).collect())
}

fn single(descriptor: &FieldDescriptor, at: &Field, filling: Filling, item: i64) -> Value {
    let number = i64::from(at.number) * 1000 + item + if filling == Filling::First { 0 } else { 500 };
    match descriptor.kind() {
        Kind::String => Value::String(text(at, filling, item)),
        Kind::Bool => Value::Bool(filling != Filling::First),
        Kind::Int32 => Value::I32(i32::try_from(number).expect("a small number")),
        Kind::Int64 => Value::I64(number << 33),
        Kind::Double => Value::F64(1.0 / f64::from(u32::try_from(number).expect("a small number"))),
        Kind::Enum(values) => Value::EnumNumber(enum_value(&values, filling)),
        Kind::Message(message) => Value::Message(message_value(&message, at, filling, number)),
        kind => panic!("{}.{}: {kind:?} is a kind of field that nothing here can fill", at.message, at.name),
    }
}

/// The last value or the one before it: an unspecified one stands for an earlier one.
fn enum_value(values: &EnumDescriptor, filling: Filling) -> i32 {
    let numbers: Vec<i32> = values.values().map(|value| value.number()).collect();
    assert!(numbers.len() > 3, "{} has too few values to tell them apart", values.full_name());
    numbers[numbers.len() - if filling == Filling::First { 1 } else { 2 }]
}

fn text(at: &Field, filling: Filling, item: i64) -> String {
    if at.pattern.is_some() {
        return patterned(at, filling).to_owned();
    }
    let text = format!("{} {item} {} \u{1f40b}'\"%_\\ {filling:?}", at.number, at.name);
    let most = at.max_len.map_or(usize::MAX, |most| usize::try_from(most).expect("a length"));
    match filling {
        Filling::Longest if most != usize::MAX => "\u{1f40b}".repeat(most),
        _ => text.chars().take(most).collect(),
    }
}

fn message_value(message: &MessageDescriptor, at: &Field, filling: Filling, number: i64) -> DynamicMessage {
    match message.full_name() {
        "google.protobuf.Timestamp" | "google.protobuf.Duration" => {
            let mut time = DynamicMessage::new(message.clone());
            time.set_field_by_name("seconds", Value::I64(1_500_000_000 + number));
            time.set_field_by_name("nanos", Value::I32(123_456_000));
            time
        }
        "google.protobuf.Struct" => object(message, at, filling),
        _ => filled(message, filling, &|_| true),
    }
}

/// One of every kind of JSON, inside each other.
fn object(message: &MessageDescriptor, at: &Field, filling: Filling) -> DynamicMessage {
    use prost_types::value::Kind::{BoolValue, ListValue, NullValue, NumberValue, StringValue, StructValue};
    let json = |kind| prost_types::Value { kind: Some(kind) };
    let members = |members: Vec<(&str, prost_types::Value)>| prost_types::Struct {
        fields: members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
    };
    let list = vec![
        json(NumberValue(0.1)),
        json(NumberValue(-1e300)),
        json(BoolValue(false)),
        json(NullValue(0)),
        json(StructValue(members(vec![]))),
    ];
    let inner =
        members(vec![("list", json(ListValue(prost_types::ListValue { values: list }))), ("", json(StringValue(String::new())))]);
    let outer = members(vec![
        ("name", json(StringValue(format!("{} {filling:?} \u{1f40b} \" \\ \n", at.name)))),
        ("\u{1f40b} key", json(StructValue(inner))),
        ("number", json(NumberValue(9_007_199_254_740_991.0))),
    ]);
    let mut object = DynamicMessage::new(message.clone());
    object.transcode_from(&outer).expect("an object");
    object
}
