//! `Debug` of the messages that hold a secret. Prints everything but that.

#[rustfmt::skip]
#[path = "generated/redact.rs"]
mod generated;
