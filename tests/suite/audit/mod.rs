//! The audit log: who called what, from where, and how it ended. What changes of models and releases leave there is in
//! `mutations/audited.rs`.

mod failures;
mod flood;
mod gone;
mod keys;
mod lists;
mod removal;
mod secrets;
