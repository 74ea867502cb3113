//! The rules, as functions from a file to complaints. They read words, not Rust: simple enough to trust, and whoever
//! wants to deceive them can.

/// A file.
pub(super) struct Source {
    /// From the root of the workspace.
    pub(super) path: String,
    pub(super) text: String,
}

/// The longest a file may be: far more than is pleasant to read.
const LONGEST: usize = 600;

/// Everything that is wrong with a file.
pub(super) fn check(source: &Source) -> Vec<String> {
    let Source { path, text } = source;
    let mut found = Vec::new();
    if !text.starts_with("//!") {
        found.push(format!("{path}: does not begin with //!, saying what lives there"));
    }
    let lines = text.lines().count();
    if lines > LONGEST {
        found.push(format!("{path}: has {lines} lines, more than {LONGEST}"));
    }
    for (number, line) in text.lines().enumerate() {
        let at = format!("{path}:{}", number + 1);
        found.extend(notes(line).map(|note| format!("{at}: {note}: do it, or say it elsewhere")));
        let code = code(line);
        found.extend(wall(path, code).map(|what| format!("{at}: {what}")));
        found.extend(hidden(path, code).map(|what| format!("{at}: {what}")));
    }
    found
}

/// A line without its comment.
fn code(line: &str) -> &str {
    if line.trim_start().starts_with("//") { "" } else { line.split(" // ").next().unwrap_or_default() }
}

/// Whether a path of Rust begins with this name: not when it is the end of another word or part of a text.
fn names(code: &str, name: &str) -> bool {
    let part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '"');
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        !before.is_some_and(part) && (after.starts_with("::") || after.starts_with(';') || after.starts_with(" as "))
    })
}

/// Where the messages of the contract and tonic may be seen.
const DOOR: [&str; 4] = ["api/", "layer/", "serve.rs", "health/grpc.rs"];

/// What values need to be stored, and no query does: derives and conversions. Everything else of SeaORM is the store's.
const VALUES: [&str; 5] = ["DeriveValueType", "FromJsonQueryResult", "TryFromU64", "DbErr", "Value"];

/// Which room may not know which: (room, name of what it may not know).
const WALLS: [(&str, &str); 13] = [
    ("domain/", "crate::api"),
    ("domain/", "crate::layer"),
    ("domain/", "crate::service"),
    ("domain/", "crate::store"),
    ("domain/", "tokio"),
    ("service/", "crate::api"),
    ("service/", "crate::layer"),
    ("store/", "crate::api"),
    ("store/", "crate::layer"),
    ("store/", "crate::service"),
    ("layer/", "crate::service"),
    ("api/", "sqlx"),
    ("service/", "sqlx"),
];

/// What is named where it may not be.
fn wall(path: &str, code: &str) -> Option<String> {
    if path.starts_with("registry-client/src/") || path.starts_with("migration/") || path.starts_with("proto/src/") {
        return names(code, "registry_server").then(|| "registry_server is not known here".to_owned());
    }
    let room = path.strip_prefix("registry-server/src/")?;
    let within = |rooms: &[&str]| rooms.iter().any(|known| room.starts_with(known));
    if !within(&DOOR) && (names(code, "tonic") || names(code, "registry_proto")) {
        return Some(format!("messages and tonic are for {} only", DOOR.join(" ")));
    }
    if !within(&["store/"]) && names(code, "sea_orm") && !(within(&["domain/"]) && is_of_values(code)) {
        return Some(format!("SeaORM is for store/, and in domain/ only {}", VALUES.join(" ")));
    }
    if room != BEGINNING && begins(code) {
        return Some(format!("queries begin in {BEGINNING}, which knows who looks"));
    }
    // Who may come in is asked at the door, and known where the keys are.
    let at_the_door = room == "layer/authenticate.rs" && code.contains("crate::service::keyring::");
    let mut walls = WALLS.iter().filter(|(_, unknown)| !(at_the_door && *unknown == "crate::service"));
    let (_, unknown) = walls.find(|(of, unknown)| room.starts_with(of) && names(code, unknown))?;
    Some(format!("{unknown} is not known here"))
}

/// The only file that begins queries: whoever began one elsewhere would see what he may not.
const BEGINNING: &str = "store/visible.rs";

/// Whether a line begins a query, or asks with one that was built by hand. (One that is part of another is a condition on what that
/// finds, and `Query::select` alone asks nothing.)
fn begins(code: &str) -> bool {
    let find =
        |before: &str| before.ends_with("Entity") || before.ends_with('E') || before.ends_with("Self") || before.ends_with('>');
    let begun = code.match_indices("::find").any(|(at, _)| find(&code[..at]));
    begun || [".query_one(", ".query_all(", ".stream(", "find_by_statement"].iter().any(|words| code.contains(words))
}

/// Whether everything that a line takes from SeaORM is what values need.
fn is_of_values(code: &str) -> bool {
    code.split("sea_orm::")
        .skip(1)
        .all(|rest| VALUES.contains(&rest.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default()))
}

/// Fields that a conversion passes over without naming them. `(..)` takes nothing apart, and ranges are ranges.
fn hidden(path: &str, code: &str) -> Option<&'static str> {
    if !path.starts_with("registry-server/src/api/convert/") {
        return None;
    }
    let line = code.trim();
    let passes_over = [", .. }", "{ .. }", ", ..}", "..Default::default()", ", ..message", ", ..row"];
    (line == ".." || passes_over.iter().any(|words| line.contains(words)))
        .then_some("`..` hides fields: take messages and rows apart completely")
}

/// Words that promise work. Put together here, or this file would complain about itself.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

fn notes(line: &str) -> impl Iterator<Item = &'static str> + '_ {
    let holds = |note: &&'static str| line.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == *note);
    NOTES.into_iter().filter(holds)
}
