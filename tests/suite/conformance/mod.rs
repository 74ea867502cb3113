//! What a caller may rely on, declared once and run on every database.

mod batch;
mod denormalised;
mod masks;
mod models;
mod names;
mod releases;
mod requirements;
mod resolve;
mod transitions;
mod update_model;
mod update_release;
mod validation;
