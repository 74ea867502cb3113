//! What every call passes through, outermost first: catch panic → trace → revision → code mapping → deadline
//! → closed set of methods.
//!
//! May not: know resources or the database beyond its newest revision.

mod codes;
mod deadline;
mod method;
mod panics;
mod revision;
mod trace;

pub use deadline::MAX_DEADLINE;

use crate::store::Store;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;

/// Puts the layers around the routes. The last one added is the outermost.
pub fn around(routes: Router, store: &Store) -> Router {
    routes
        .layer(from_fn(method::known))
        .layer(from_fn(deadline::enforce))
        .layer(from_fn(codes::correct))
        .layer(from_fn_with_state(store.clone(), revision::announce))
        .layer(from_fn(trace::call))
        .layer(CatchPanicLayer::custom(panics::answer))
}
