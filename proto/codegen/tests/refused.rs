//! The generator refuses a contract that it could not keep, and says which element is to blame.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use protox::file::{ChainFileResolver, File, FileResolver};
use registry_codegen::{Contract, Error, files_below, generate_from, proto_dir};

const FILE: &str = "modelregistry/v1/made_up.proto";

/// A file that is not on disk.
struct MadeUp(String);

impl FileResolver for MadeUp {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == FILE { File::from_source(name, &self.0) } else { Err(protox::Error::file_not_found(name)) }
    }
}

/// What the generator says of a contract with these elements.
fn verdict(elements: &str) -> Result<(), Error> {
    let source = format!(
        r#"syntax = "proto3";
        package modelregistry.v1;
        import "buf/validate/validate.proto";
        import "google/api/field_behavior.proto";
        import "google/protobuf/any.proto";
        import "google/protobuf/duration.proto";
        import "google/protobuf/field_mask.proto";
        import "modelregistry/v1/annotations.proto";
        {elements}"#
    );
    let mut resolver = ChainFileResolver::new();
    resolver.add(MadeUp(source));
    resolver.add(files_below(proto_dir()));
    let contract = Contract::compile(resolver, &[FILE.to_owned()])?;
    generate_from(&contract).map(|_| ())
}

/// What it says of a request with these fields.
fn verdict_on_request(fields: &str) -> Result<(), Error> {
    verdict(&format!(
        "service S {{ rpc Do(DoRequest) returns (DoResponse) {{ option (policy) = {{min_role: ROLE_VIEWER}}; }} }}
        enum Color {{ COLOR_UNSPECIFIED = 0; }}
        message DoResponse {{}}
        message DoRequest {{ {fields} }}"
    ))
}

#[track_caller]
fn assert_refused(verdict: Result<(), Error>, sentence: &str) {
    assert_eq!(verdict.map_err(|error| error.to_string()), Err(sentence.to_owned()));
}

#[test]
fn a_sound_contract_is_accepted() {
    verdict_on_request("string a = 1 [(google.api.field_behavior) = REQUIRED, (buf.validate.field).string.min_len = 1];")
        .unwrap();
    verdict_on_request("string a = 1 [(google.api.field_behavior) = OPTIONAL, (buf.validate.field).string.not_in = \"b\"];")
        .unwrap();
    verdict_on_request(
        "google.protobuf.Duration a = 1 [
            (google.api.field_behavior) = OPTIONAL,
            (buf.validate.field).duration = {gte: {seconds: 1} lte: {seconds: 2 nanos: 5}}
        ];",
    )
    .unwrap();
}

#[test]
fn a_rule_without_code_is_refused() {
    for (rule, name) in [
        ("string a = 1 [(google.api.field_behavior) = OPTIONAL, (buf.validate.field).string.in = \"b\"];", "string.in"),
        (
            "google.protobuf.Duration a = 1 [
                (google.api.field_behavior) = OPTIONAL,
                (buf.validate.field).duration.lt = {seconds: 1}
            ];",
            "duration.lt",
        ),
        ("string a = 1 [(google.api.field_behavior) = OPTIONAL, (buf.validate.field).string.ip = true];", "string.ip"),
        ("string a = 1 [(google.api.field_behavior) = OPTIONAL, (buf.validate.field).required = true];", "required"),
        ("int32 a = 1 [(google.api.field_behavior) = OPTIONAL, (buf.validate.field).int32.lt = 7];", "int32.lt"),
        ("bytes a = 1 [(google.api.field_behavior) = OPTIONAL, (buf.validate.field).bytes.min_len = 7];", "bytes.min_len"),
        (
            "repeated string a = 1 [(google.api.field_behavior) = OPTIONAL, (buf.validate.field).repeated.unique = true];",
            "repeated.unique",
        ),
        ("string a = 1 [(google.api.field_behavior) = OPTIONAL, (buf.validate.field).ignore = IGNORE_ALWAYS];", "ignore"),
    ] {
        let sentence = format!("modelregistry.v1.DoRequest.a: the generator has no code for the validation rule `{name}`");
        assert_refused(verdict_on_request(rule), &sentence);
    }
}

#[test]
fn an_option_without_code_is_refused() {
    assert_refused(
        verdict("message A { option (buf.validate.message).cel = {id: \"x\" expression: \"true\"}; }"),
        "modelregistry.v1.A: the generator has no code for the option `buf.validate.message`",
    );
}

#[test]
fn only_a_resource_that_can_be_updated_is_partial() {
    let partial = "[(google.api.field_behavior) = OPTIONAL, (partial) = true]";
    for (field, sentence) in [
        (format!("string a = 1 {partial};"), "only a message that callers send can be `partial`"),
        (format!("google.protobuf.Duration a = 1 {partial};"), "is `partial`, and only a resource with an Update method can be"),
    ] {
        assert_refused(verdict_on_request(&field), &format!("modelregistry.v1.DoRequest.a: {sentence}"));
    }
}

#[test]
fn a_method_without_a_policy_is_refused() {
    assert_refused(
        verdict("service S { rpc Do(DoRequest) returns (DoResponse); } message DoRequest {} message DoResponse {}"),
        "modelregistry.v1.S.Do: has no policy: say who may call it with `option (modelregistry.v1.policy)`",
    );
    assert_refused(
        verdict(
            "service S { rpc Do(DoRequest) returns (DoResponse) { option (policy) = {audited: true}; } }
            message DoRequest {} message DoResponse {}",
        ),
        "modelregistry.v1.S.Do: has a policy without `min_role`, and is not public",
    );
}

#[test]
fn a_field_without_a_behaviour_is_refused() {
    assert_refused(
        verdict("message A { string b = 1; }"),
        "modelregistry.v1.A.b: has no field behaviour: say REQUIRED, OPTIONAL or OUTPUT_ONLY",
    );
    assert_refused(
        verdict("message A { string b = 1 [(google.api.field_behavior) = OPTIONAL, (google.api.field_behavior) = REQUIRED]; }"),
        "modelregistry.v1.A.b: REQUIRED, OPTIONAL and OUTPUT_ONLY exclude each other",
    );
    assert_refused(
        verdict("message A { string b = 1 [(google.api.field_behavior) = INPUT_ONLY]; }"),
        "modelregistry.v1.A.b: the generator has no code for the field behaviour INPUT_ONLY",
    );
    assert_refused(
        verdict("message A { string b = 1 [(google.api.field_behavior) = OPTIONAL, (set_once) = true]; }"),
        "modelregistry.v1.A.b: only an IMMUTABLE field can be `set_once`",
    );
}

#[test]
fn what_requests_and_responses_cannot_hold_is_refused() {
    assert_refused(
        verdict_on_request("string a = 1 [(google.api.field_behavior) = OUTPUT_ONLY];"),
        "modelregistry.v1.DoRequest.a: a field of a request cannot be OUTPUT_ONLY",
    );
    assert_refused(
        verdict_on_request("google.protobuf.Any a = 1 [(google.api.field_behavior) = OPTIONAL];"),
        "modelregistry.v1.DoRequest.a: the generator has no code for google.protobuf.Any in a request",
    );
    assert_refused(
        verdict_on_request("float a = 1 [(google.api.field_behavior) = OPTIONAL];"),
        "modelregistry.v1.DoRequest.a: the generator has no code for fields of this type",
    );
    assert_refused(
        verdict_on_request("Color a = 1 [(google.api.field_behavior) = OPTIONAL];"),
        "modelregistry.v1.DoRequest.a: is an enum that callers send: say `defined_only: true`",
    );
    assert_refused(
        verdict_on_request("google.protobuf.FieldMask update_mask = 1 [(google.api.field_behavior) = OPTIONAL];"),
        "modelregistry.v1.DoRequest.update_mask: an update mask belongs into Update…Request, next to the resource it is about",
    );
    assert_refused(
        verdict_on_request("DoRequest a = 1 [(google.api.field_behavior) = OPTIONAL];"),
        "modelregistry.v1.DoRequest: holds itself, and only a …Filter can: its depth is limited",
    );
}

#[test]
fn rules_that_contradict_their_field_are_refused() {
    assert_refused(
        verdict_on_request("string a = 1 [(google.api.field_behavior) = REQUIRED];"),
        "modelregistry.v1.DoRequest.a: is a REQUIRED string whose rules accept an empty one: say `min_len: 1`",
    );
    assert_refused(
        verdict_on_request("bool a = 1 [(google.api.field_behavior) = REQUIRED];"),
        "modelregistry.v1.DoRequest.a: cannot be REQUIRED: that it is unset cannot be told",
    );
    assert_refused(
        verdict_on_request("int64 a = 1 [(google.api.field_behavior) = OPTIONAL, (buf.validate.field).int32.gte = 1];"),
        "modelregistry.v1.DoRequest.a: the rule `int32.gte` does not fit the type of the field",
    );
    assert_refused(
        verdict_on_request(
            "google.protobuf.FieldMask a = 1 [
                (google.api.field_behavior) = OPTIONAL,
                (buf.validate.field).duration.gte = {seconds: 1}
            ];",
        ),
        "modelregistry.v1.DoRequest.a: the rule `duration.gte` does not fit the type of the field",
    );
    assert_refused(
        verdict_on_request(
            "string a = 1 [(google.api.field_behavior) = OPTIONAL, (buf.validate.field).string.pattern = \"[a-z]+\"];",
        ),
        "modelregistry.v1.DoRequest.a: its pattern must begin with ^ and end with $",
    );
    assert_refused(
        verdict(
            "message A { string b = 1 [(google.api.field_behavior) = OUTPUT_ONLY, (buf.validate.field).string.min_len = 1]; }",
        ),
        "modelregistry.v1.A.b: is OUTPUT_ONLY and has a rule, which nothing would check",
    );
}

#[test]
fn a_request_that_does_not_tell_its_method_is_refused() {
    assert_refused(
        verdict(
            "service S {
                rpc Do(DoRequest) returns (DoResponse) { option (policy) = {min_role: ROLE_VIEWER}; }
                rpc DoAgain(DoRequest) returns (DoResponse) { option (policy) = {min_role: ROLE_VIEWER}; }
            }
            message DoRequest {} message DoResponse {}",
        ),
        "modelregistry.v1.S.DoAgain: another method has the same request, and a request tells its method",
    );
    assert_refused(
        verdict(
            "service S { rpc Do(google.protobuf.Any) returns (DoResponse) { option (policy) = {min_role: ROLE_VIEWER}; } }
            message DoResponse {}",
        ),
        "modelregistry.v1.S.Do: its request is not a message of this package",
    );
}

#[test]
fn a_standard_field_of_another_type_is_refused() {
    for field in ["request_id", "validate_only"] {
        assert_refused(
            verdict_on_request(&format!("int64 {field} = 1 [(google.api.field_behavior) = OPTIONAL];")),
            &format!("modelregistry.v1.DoRequest.{field}: must be a plain string, or a plain bool if it is `validate_only`"),
        );
    }
}

#[test]
fn an_error_reason_without_a_code_is_refused() {
    assert_refused(
        verdict("enum ErrorReason { ERROR_REASON_UNSPECIFIED = 0; /* Something happened. */ ERROR_REASON_X = 1; }"),
        "modelregistry.v1.ERROR_REASON_X: its comment must begin with the gRPC code, as in `Code NOT_FOUND.`",
    );
}

#[test]
fn a_contract_that_does_not_compile_is_refused() {
    assert!(matches!(verdict("message A { Nowhere b = 1; }"), Err(Error::Compile(_))));
}
