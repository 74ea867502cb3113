//! What happens when something around the server fails: the database, the network, the callers.

mod answers;
mod clients;
mod crash;
mod full;
mod hostile;
mod locked;
mod panics;
#[cfg(feature = "postgres")]
mod postgres;
mod proxy;
