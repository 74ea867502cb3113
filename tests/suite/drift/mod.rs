//! Drift: contract, entities, migrations and the live database agree, or a test here or the server itself says
//! which field or column does not.

mod contract;
mod database;
mod roundtrip;
mod schema;
mod snapshot;
mod startup;
mod tampering;
