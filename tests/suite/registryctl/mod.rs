//! `registryctl`: files that hold a registry, and registries that come out of them.

mod commands;
mod exits;
mod round_trip;
mod transcripts;
