//! What a caller may rely on, declared once and run on every database.

mod masks;
mod models;
mod names;
mod releases;
mod update_model;
mod validation;
