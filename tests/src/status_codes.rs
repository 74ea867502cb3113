//! The page that lists every error reason, written from the contract so that it cannot say anything else.

use registry_proto::reason::{REASONS, Reason};
use std::fmt::Write;

const INTRODUCTION: &str = "\
# Status codes

Every error of this API is a gRPC status whose details hold a `google.rpc.ErrorInfo` with the domain `modelregistry` and one of
the reasons below. A program branches on the reason; the code says what kind of failure it is, and the message is for people and
may be reworded at any time. A message has at most 512 bytes and the details have at most 4 KiB in all.

This page is written from the contract (`proto/modelregistry/v1/errors.proto`): change that, then run
`REGISTRY_REWRITE=1 cargo test -p registry-tests status_codes`.

| Reason | Code | Meaning |
|---|---|---|
";

/// The page, in Markdown.
#[must_use]
pub fn render() -> String {
    REASONS.iter().fold(INTRODUCTION.to_owned(), |mut page, reason| {
        row(&mut page, reason);
        page
    })
}

fn row(page: &mut String, reason: &Reason) {
    let Reason { value: _, name, code, doc } = reason;
    // The code has a column of its own; a bar would end the cell.
    let meaning =
        doc.strip_prefix(&format!("Code {code}")).unwrap_or(doc).trim_start_matches(['.', ';', ' ']).replace('|', "\\|");
    let mut letters = meaning.chars();
    let meaning: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let _ = writeln!(page, "| `{name}` | `{code}` | {meaning} |");
}
