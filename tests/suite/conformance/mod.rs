//! What a caller may rely on, declared once and run on every database.

mod batch;
mod denormalised;
mod filters;
mod lists;
mod masks;
mod models;
mod names;
mod page_tokens;
mod release_filters;
mod release_lists;
mod releases;
mod requirements;
mod resolve;
mod text_filters;
mod transitions;
mod update_model;
mod update_release;
mod validation;
