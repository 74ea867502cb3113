//! A real model registry inside of a test: the server itself, on a free port of this machine, with a database and a directory of its own
//! that are gone when the test is. It starts in some tens of milliseconds, and one test knows nothing of the others.
//!
//! For `[dev-dependencies]` only: it brings the whole server along, which the client does not.
//!
//! ```
//! use registry_client::{Client, Error, ErrorReason};
//! use registry_testing::TestRegistry;
//!
//! /// What is tested.
//! async fn promote(client: &Client, model: &str) -> Result<String, Error> {
//!     let newest = client.resolve_release(model).latest().send().await?;
//!     client.set_release_alias(&newest, "production").send().await?;
//!     Ok(newest.version)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = TestRegistry::start().await?;
//! let client = registry.client().await?;
//!
//! client.create_model("iris", "s3://models/iris/").send().await?;
//! let nothing = promote(&client, "iris").await.unwrap_err();
//! assert_eq!(nothing.reason(), Some(ErrorReason::ReleaseNotFound));
//!
//! client.create_release("iris", "1.0.0").digest(registry_testing::digest(1)).send().await?;
//! assert_eq!(promote(&client, "iris").await?, "1.0.0");
//! # Ok(())
//! # }
//! ```
//!
//! A test that is about failures stops the registry and starts it again, on the same port and with what it held:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use registry_client::RetryPolicy;
//! use registry_testing::TestRegistry;
//!
//! let mut registry = TestRegistry::start().await?;
//! let client = registry.client().await?.with_retry(RetryPolicy::none());
//! client.create_model("iris", "s3://models/iris/").send().await?;
//!
//! registry.stop().await;
//! assert!(client.get_model("iris").send().await.is_err());
//! registry.start_again().await?;
//! assert!(client.with_retry(RetryPolicy::default()).get_model("iris").send().await.is_ok());
//! # Ok(())
//! # }
//! ```
//!
//! What no registry does by itself, such as failing one call with one reason, a fake does: `registry_client::Registry`.
//!
//! The server has threads of its own, so it outlives the runtime of a test and can be shared by several. Do not pause the clock of
//! Tokio in a test that uses it: the network does not wait for a clock that jumps.

mod registry;

pub use registry::{StartError, TestRegistry};

/// A digest that a release can have: another one for each number.
#[must_use]
pub fn digest(number: u64) -> String {
    format!("sha256:{number:064x}")
}
