//! What a caller may rely on, declared once and run on every database.

mod batch;
mod deadlines;
mod denormalised;
mod documents;
mod dry_run;
mod errors;
mod filters;
mod lists;
mod masks;
mod models;
mod names;
mod oracle;
mod page_tokens;
mod release_filters;
mod release_lists;
mod releases;
mod requirements;
mod resolve;
mod soft_deleted;
mod system;
mod text_filters;
mod transitions;
mod update_model;
mod update_release;
mod validation;
mod views;
