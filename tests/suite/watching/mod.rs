//! Watching under load, and while something is wrong: with the servers' order of commits, with how they hear of one
//! another, and with those who watch.

mod many;
#[cfg(feature = "postgres")]
mod replicas;
mod unread;
