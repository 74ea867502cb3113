//! The registry server: one gRPC server in front of SQLite or PostgreSQL.
//!
//! `api` parses and converts, `service` decides, `store` holds the queries, `domain` the values and rules;
//! `layer` is around every call, and `serve` puts it all together. Each room's module says what it may not do.

pub mod api;
mod audit;
mod cache;
mod chain;
pub mod command;
pub mod config;
pub mod cores;
pub mod domain;
pub mod first_key;
mod health;
mod housekeeping;
pub mod import;
mod in_process;
pub mod layer;
pub mod listener;
pub mod metrics;
pub mod refusals;
#[cfg(feature = "sabotage")]
pub mod sabotage;
mod seldom;
pub mod serve;
pub mod service;
pub mod shares;
pub mod storage;
pub mod store;
mod systemd;
pub mod telemetry;
pub mod tls;
