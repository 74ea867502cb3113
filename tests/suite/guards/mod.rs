//! Guards: what must agree with the contract because a table or a page of it says so.

mod at_once;
mod client_tree;
mod compiled_once;
mod configuration;
mod masks;
mod sqlite;
mod status;
mod status_codes;
