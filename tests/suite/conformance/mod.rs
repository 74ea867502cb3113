//! What a caller may rely on, declared once and run on every database.

mod models;
mod names;
mod validation;
