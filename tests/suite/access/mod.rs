//! Who may call what, and how callers are told apart.

mod keys;
mod matrix;
mod revocation;
mod tricks;
