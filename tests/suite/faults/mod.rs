//! What happens when something around the server fails: the database, the network, the callers.
//!
//! That a panic hurts one call only is not tested here: no handler of the product panics on purpose, and a hook for
//! it would be one more way to fail.

mod answers;
mod clients;
mod crash;
mod full;
mod hostile;
mod locked;
#[cfg(feature = "postgres")]
mod postgres;
