//! The suite: what the registry promises, on every database it promises it for.

mod binary;
mod conformance;
mod drift;
mod faults;
mod guards;
mod races;
mod tidy;
mod watching;
