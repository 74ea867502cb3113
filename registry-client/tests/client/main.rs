//! The client against a server that says what it is told to. Not here: what a real registry does with the requests.

mod connect;
mod coverage;
mod deadlines;
mod errors;
mod fake;
mod pages;
mod requests;
mod retries;
mod updates;
