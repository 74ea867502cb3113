//! The suite: what the registry promises, on every database it promises it for.

mod conformance;
mod drift;
mod guards;
mod races;
mod tidy;
