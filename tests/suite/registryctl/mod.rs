//! `registryctl`: files that hold a registry, and registries that come out of them.

mod commands;
mod round_trip;
