//! The executable as its users have it: arguments, environment, files, signals, log.

#[cfg(feature = "grpcurl")]
mod grpcurl;
mod log;
mod reflection;
mod secrets;
mod start;
mod stop;
