//! What the tests stand on: a real server on a port of its own, a database of its own, and the real client.
//!
//! May not: reach around the door, except in [`Harness::sql`], which is for changing the database behind the
//! server's back.

pub mod attacks;
pub mod audited;
pub mod bench;
pub mod binary;
pub mod cluster;
pub mod collector;
pub mod configuration;
pub mod crash;
pub mod ctl;
mod database;
pub mod expect;
pub mod followed;
pub mod frames;
pub mod frozen;
pub mod given;
pub mod guesses;
mod harness;
pub mod held;
pub mod http;
pub mod journey;
pub mod keys;
pub mod linearizable;
pub mod memory;
pub mod metrics_page;
pub mod moves;
pub mod moving;
pub mod old;
pub mod proxy;
pub mod raw;
pub mod replicas;
pub mod rich;
pub mod rows;
pub mod s3;
pub mod scraped;
pub mod shut;
pub mod status_codes;
pub mod tls;
pub mod transcript;
pub mod unfinished;
pub mod wait;
pub mod watching;
pub mod wire;

pub use database::{Database, Fresh, run_sql};
pub use harness::Harness;

/// Declares scenarios once; each runs on SQLite and, with the feature `postgres`, on PostgreSQL, with a server
/// and a database of its own.
#[macro_export]
macro_rules! conformance {
    ($($(#[$meta:meta])* async fn $name:ident($registry:ident: &Harness) $body:block)+) => {
        $($(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "not every scenario needs everything its file imports")]
            use super::*;

            async fn scenario($registry: &$crate::Harness) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let registry = $crate::Harness::start($crate::Database::Sqlite).await;
                scenario(&registry).await;
                registry.stop().await;
            }

            #[cfg(feature = "postgres")]
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let registry = $crate::Harness::start($crate::Database::Postgres).await;
                scenario(&registry).await;
                registry.stop().await;
            }
        })+
    };
}

/// Declares tests that need a database and no server, or a server of their own making: each runs on SQLite and,
/// with the feature `postgres`, on PostgreSQL.
#[macro_export]
macro_rules! on_every_database {
    ($($(#[$meta:meta])* async fn $name:ident($database:ident: Database) $body:block)+) => {
        $($(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "not every test needs everything its file imports")]
            use super::*;

            async fn test($database: $crate::Database) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                test($crate::Database::Sqlite).await;
            }

            #[cfg(feature = "postgres")]
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                test($crate::Database::Postgres).await;
            }
        })+
    };
}
