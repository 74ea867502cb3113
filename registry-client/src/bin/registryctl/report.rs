//! What is said of a failure: what failed, which fields are wrong, why in the words of the contract, what to do, and how to find the call in
//! the log of the server. May not: print a secret; no failure holds one.

use registry_client::{Code, Error, ErrorReason};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::text;

/// For people, without the end of the last line.
pub fn text(failure: &Failure) -> String {
    let head = console::style("error:").for_stderr().red().bold();
    let mut lines = vec![format!("{head} {}", text::plain(&headline(failure)))];
    if let Some(error) = registry(failure) {
        // The only one is what the headline says.
        for violation in error.violations().iter().filter(|_| error.violations().len() > 1) {
            lines.push(format!("  {}: {}", text::plain(&violation.field), text::plain(&violation.description)));
        }
        for blocker in in_the_way(error) {
            lines.push(format!("  in the way: {}", text::plain(blocker)));
        }
        if let Some(reason) = error.reason_name() {
            lines.push(format!("  reason: {}", text::plain(short(reason))));
        }
    }
    if let Some(hint) = hint(failure) {
        lines.push(format!("  hint: {}", text::plain(&hint)));
    }
    if let Some(id) = registry(failure).and_then(Error::request_id) {
        lines.push(format!("  request: {}", text::plain(id)));
    }
    lines.join("\n")
}

/// One of many, in one line: what is wrong, and the reason in the words of the contract.
pub fn line(error: &Error) -> String {
    let reason = error.reason_name().map(|reason| format!(" ({})", short(reason))).unwrap_or_default();
    text::plain(&format!("{}{reason}", error.message())).into_owned()
}

/// For programs: one object in one line.
pub fn json(failure: &Failure) -> String {
    let mut object = json!({"message": headline(failure), "exitCode": Exit::from(failure).code()});
    let mut set = |key: &str, value: Value| {
        if let Some(object) = object.as_object_mut() {
            object.insert(key.to_owned(), value);
        }
    };
    if let Some(error) = registry(failure) {
        set("code", json!(code(error.code())));
        if let Some(reason) = error.reason_name() {
            set("reason", json!(reason));
        }
        if !error.metadata().is_empty() {
            set("metadata", json!(error.metadata()));
        }
        let violations = error.violations().iter();
        let violations: Vec<Value> = violations
            .map(|violation| json!({"field": violation.field, "reason": violation.reason, "description": violation.description}))
            .collect();
        if !violations.is_empty() {
            set("violations", json!(violations));
        }
        if !in_the_way(error).is_empty() {
            set("blockers", json!(in_the_way(error)));
        }
        if let Some(id) = error.request_id() {
            set("requestId", json!(id));
        }
    }
    if let Some(hint) = hint(failure) {
        set("hint", json!(hint));
    }
    text::json(json!({"error": object}).to_string())
}

/// What the registry has answered, or what came of asking it.
fn registry(failure: &Failure) -> Option<&Error> {
    match failure {
        Failure::Registry(error) | Failure::Unreachable { error, .. } => Some(error),
        Failure::File { .. } | Failure::Refused(_) | Failure::Usage(_) => None,
        Failure::Missing(_)
        | Failure::Damaged(_)
        | Failure::Declined(_)
        | Failure::Output(_)
        | Failure::Untold(_)
        | Failure::Interrupted => None,
    }
}

fn headline(failure: &Failure) -> String {
    match failure {
        Failure::Registry(error) if error.violations().len() > 1 => {
            format!("{} fields are not as they must be", error.violations().len())
        }
        Failure::Registry(error) => match error.violations() {
            [violation] => format!("{}: {}", violation.field, violation.description),
            _ if !error.message().is_empty() => error.message().to_owned(),
            _ => failure.to_string(),
        },
        failure => failure.to_string(),
    }
}

/// What still needs the thing. Of a step that does not lead anywhere, the message says enough.
fn in_the_way(error: &Error) -> &[String] {
    if error.reason() == Some(ErrorReason::ResourceInUse) { error.blockers() } else { &[] }
}

/// As gRPC writes it, for example NOT_FOUND.
pub fn code(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_uppercase());
    }
    name
}

fn short(reason: &str) -> &str {
    reason.strip_prefix("ERROR_REASON_").unwrap_or(reason)
}

/// What to do, where that is known.
fn hint(failure: &Failure) -> Option<String> {
    match failure {
        Failure::Unreachable { error, .. } if error.outcome_unknown() || error.code() == Code::DeadlineExceeded => of(error),
        Failure::Unreachable { .. } => {
            Some("is the registry running there? --endpoint, --context and REGISTRY_ENDPOINT say where it is".to_owned())
        }
        Failure::Registry(error) => of(error),
        Failure::File { .. } | Failure::Refused(_) | Failure::Usage(_) => None,
        Failure::Missing(_)
        | Failure::Damaged(_)
        | Failure::Declined(_)
        | Failure::Output(_)
        | Failure::Untold(_)
        | Failure::Interrupted => None,
    }
}

fn of(error: &Error) -> Option<String> {
    if error.outcome_unknown() {
        return Some("the change may have been made all the same: look before you repeat it".to_owned());
    }
    let particular = |key: &str| error.metadata().get(key).map(String::as_str).unwrap_or_default();
    let hint = match error.reason() {
        None => return without_reason(error),
        Some(ErrorReason::Unauthenticated) => {
"is the key right? It comes from --api-key-file, from REGISTRY_API_KEY, or from what `registryctl login` has remembered".to_owned()
        }
        Some(ErrorReason::RoleRequired) => format!("it takes a key with the role {}", particular("requiredRole")),
        Some(ErrorReason::OutsidePrefixes) => "`registryctl keys whoami` tells which names the key may use".to_owned(),
        Some(ErrorReason::ModelAlreadyExists | ErrorReason::ReleaseAlreadyExists) if particular("deleted") == "true" => {
            format!("what has the name is soft-deleted: undelete or purge id:{}", particular("id"))
        }
        Some(ErrorReason::ModelAlreadyExists | ErrorReason::ReleaseAlreadyExists) => {
            format!("it is id:{}", particular("id"))
        }
        Some(ErrorReason::EtagMismatch) => "somebody has changed it meanwhile: read it again, and decide again".to_owned(),
        Some(ErrorReason::TransactionConflict) => "nothing was changed: repeat the command".to_owned(),
        Some(ErrorReason::AliasMoved) => match error.current_release_id() {
            Some(id) => format!("it points to id:{id} now"),
            None => "there is no such alias now".to_owned(),
        },
        Some(ErrorReason::ResourceInUse) => {
            "remove what is in the way first, or say --force where the command has it".to_owned()
        }
        Some(ErrorReason::ResourceDeleted) => "it is soft-deleted: undelete it first".to_owned(),
        Some(ErrorReason::InvalidStateTransition) if particular("targetState").ends_with("PURGED") => "delete it first".to_owned(),
        Some(ErrorReason::AmbiguousReference) => {
            let ids = particular("candidates").split(',').map(|id| format!("id:{}", id.trim())).collect::<Vec<_>>().join(", ");
            format!("say --quantization or --platform, or one of {ids}")
        }
        Some(ErrorReason::RevisionCompacted) => "those events are no longer kept: begin without a revision".to_owned(),
        Some(ErrorReason::RateLimited | ErrorReason::TooManyStreams) => "wait a moment, and repeat the command".to_owned(),
        Some(ErrorReason::Internal) => "this is a bug of the server: its log names the cause with the request below".to_owned(),
        Some(_) => return None,
    };
    Some(hint)
}

/// Where nobody who speaks the contract has answered.
fn without_reason(error: &Error) -> Option<String> {
    match error.code() {
        Code::Unimplemented => Some("is it a registry, and not an older one than this program?".to_owned()),
        Code::DeadlineExceeded => Some("--timeout allows for more".to_owned()),
        _ => None,
    }
}
