//! The executable as its users have it: arguments, environment, files, signals, log.

mod canaries;
mod cores;
mod drain;
mod first_key;
#[cfg(feature = "grpcurl")]
mod grpcurl;
mod log;
mod reflection;
mod secrets;
mod start;
mod stop;
